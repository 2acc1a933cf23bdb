"""After a correction the old statement is given to nobody any more, whichever way the correction came in."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from claudetools.domains.memory import MemoryItem, TranscriptTurn
from tests.fixtures.people import Caller
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, Machine, recall, remember, texts

PLACE = {"cwd": "/srv/acme"}
OLD = "The gateway of the Hamburg branch is 10.20.0.1."
NEW = "The gateway of the Hamburg branch is 10.20.0.254."


@pytest.fixture
async def acme(firm: Firm) -> UUID:
    client = await firm.client("Acme")
    await firm.bind(client, **PLACE)
    return client


@pytest.fixture
async def machine(firm: Firm, acme: UUID) -> Machine:
    return await firm.machine(firm.owner, "ws-anna")


async def said(caller: Caller, text: str, client: UUID, **more: Any) -> dict[str, Any]:
    """Remember a fact and return the whole answer."""
    reply = await caller.post("/memory/remember", {"text": text, "kind": "fact", "client_id": str(client), **more})
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def read(firm: Firm, id: str) -> dict[str, Any]:
    memory: dict[str, Any] = (await firm.owner.get(f"/memory/{id}")).json()
    return memory


async def talk(machine: Machine, session: str, prompt: str, answer: str, *, ends: bool = True) -> None:
    """A session with one prompt and one answer."""
    place = {"prompt_id": f"p-{session}", **PLACE}
    await machine.prompt(session, prompt, **place)
    await machine.hook("Stop", session, last_assistant_message=answer, **place)
    if ends:
        await machine.hook("SessionEnd", session, reason="other", **place)


async def test_what_says_otherwise_of_the_same_is_superseded_and_told(firm: Firm, acme: UUID, machine: Machine) -> None:
    globex = await firm.client("Globex")
    foreign = (await said(firm.owner, OLD, globex))["memory"]
    old = await said(firm.owner, OLD, acme)
    assert (old["superseded"], old["contradicts"]) == ([], [])
    other = await said(firm.owner, "The gateway of the Bremen branch is 10.30.0.1.", acme)
    assert (other["superseded"], other["contradicts"]) == ([], [])
    new = await said(firm.owner, NEW, acme)
    assert (new["superseded"], new["contradicts"]) == ([old["memory"]["id"]], [])
    was = await read(firm, old["memory"]["id"])
    assert (was["superseded_by_id"], was["retired_at"]) == (new["memory"]["id"], new["memory"]["said_at"])
    assert OLD not in await texts(firm.owner, "gateway Hamburg", acme)
    assert (await texts(firm.owner, "gateway Hamburg", acme, as_of=old["memory"]["said_at"])) == [OLD]
    assert (await read(firm, foreign["id"]))["retired_at"] is None
    told = await machine.tool("remember", text="DC01 runs Windows Server 2019.", client="Acme")
    first = told.removeprefix("Remembered: ")
    told = await machine.tool("remember", text="DC01 runs Windows Server 2022.", client="Acme")
    assert told.splitlines()[1:] == [f"Superseded: {first}"]


async def test_the_history_of_a_memory_is_its_chain(firm: Firm, acme: UUID) -> None:
    said_so = [await said(firm.owner, OLD.replace("0.1.", f"0.{last}."), acme) for last in (1, 2, 3)]
    chain = [answer["memory"] for answer in said_so]
    await said(firm.owner, "The gateway of the Bremen branch is 10.30.0.1.", acme)
    for memory in chain:
        history = (await firm.owner.get(f"/memory/{memory['id']}/history")).json()["items"]
        assert [item["id"] for item in history] == [item["id"] for item in chain]
    stranger = await firm.technician()
    assert (await stranger.get(f"/memory/{chain[0]['id']}/history")).status_code == 404


async def test_lower_trust_contradicts_and_confirming_settles_it(firm: Firm, acme: UUID, machine: Machine) -> None:
    old = (await said(firm.owner, OLD, acme))["memory"]
    answer = await said(machine.caller, NEW, acme)
    assert (answer["superseded"], answer["contradicts"]) == ([], [old["id"]])
    new = answer["memory"]
    items = (await recall(firm.owner, "gateway Hamburg", acme))["items"]
    assert {item["id"]: item["contradicted_by_id"] for item in items} == {old["id"]: new["id"], new["id"]: old["id"]}
    assert f"(contradicted by [{new['id'][-8:]}])" in next(item["text"] for item in items if item["id"] == old["id"])
    score = items[0]["score"]
    assert (await firm.owner.patch(f"/memory/{old['id']}", json={"is_confirmed": True})).status_code == 200
    items = (await recall(firm.owner, "gateway Hamburg", acme))["items"]
    assert [(item["id"], item["contradicted_by_id"]) for item in items] == [(old["id"], None), (new["id"], old["id"])]
    assert items[0]["score"] >= score
    # What a person confirmed is not corrected by what is only said.
    third = await said(firm.owner, "The gateway of the Hamburg branch is 10.20.0.99.", acme)
    assert third["superseded"] == [new["id"]]
    assert third["contradicts"] == [old["id"]]
    assert (await firm.owner.patch(f"/memory/{old['id']}", json={"is_retired": True})).status_code == 200
    assert (await read(firm, third["memory"]["id"]))["contradicted_by_id"] is None


async def test_a_correction_reaches_other_conversations_and_records(firm: Firm, acme: UUID, machine: Machine) -> None:
    await talk(machine, "s-1", "Which gateway does the Hamburg branch have?", f"{OLD} It was set by the provider.")
    await talk(machine, "s-2", f"Please note: {OLD} Also check the printers there.", "The printers work.")
    decision = await firm.owner.post("/decision-logs", {"client_id": str(acme), "decision_text": OLD})
    report = f"{OLD} The rack stands in the cellar, room 12. Keys hang at the reception, ask for Petra in the morning."
    await remember(firm.owner, report, acme)
    context = {"client_id": str(acme), "title": "Hamburg", "dense_summary": report, "context_type": "general"}
    made = await firm.owner.post("/conversation-contexts", context)
    assert (decision.status_code, made.status_code) == (201, 201), made.text
    old = (await said(firm.owner, OLD, acme, kind="lesson"))["memory"]
    new = (await firm.owner.patch(f"/memory/{old['id']}", json={"text": NEW})).json()
    left = [
        row
        for row in await rows_of(firm.api, MemoryItem)
        if row.retired_at is None and "10.20.0.1." in row.text and row.contradicted_by_id is None
    ]
    assert left == []
    # Whoever wrote more than the wrong sentence keeps the rest, and is told of the correction.
    whole = [row for row in await rows_of(firm.api, MemoryItem) if row.text.endswith("in the morning.")]
    assert {row.source_table for row in whole} == {"memory_items", "conversation_contexts"}
    assert {(row.retired_at, str(row.contradicted_by_id)) for row in whole} == {(None, new["id"])}
    given = await machine.prompt("s-3", "What is the gateway of the Hamburg branch?", **PLACE)
    assert NEW in given
    assert OLD not in given.partition(NEW)[0]
    assert given.count(OLD) == given.count(f"(contradicted by [{new['id'][-8:]}]) {OLD}")


async def test_what_was_corrected_stays_so_when_old_transcripts_arrive(
    firm: Firm, acme: UUID, machine: Machine
) -> None:
    lines = [
        {"type": "user", "uuid": "u-1", "promptId": "p-1", "timestamp": "2026-01-05T10:00:00Z",
         "message": {"role": "user", "content": f"Remember this for later: {OLD}"}},
        {"type": "assistant", "uuid": "u-2", "timestamp": "2026-01-05T10:00:05Z",
         "message": {"id": "m-1", "role": "assistant", "content": [{"type": "text", "text": f"Noted. {OLD}"}]}},
    ]  # fmt: skip
    chunk = {"key": "s-1", "session_id": "s-1", "offset": 0, "next_offset": 900, "lines": lines, **PLACE}
    await machine.send(chunk)
    before = await texts(firm.owner, "gateway Hamburg", acme)
    assert any(OLD in text for text in before)
    await said(firm.owner, NEW, acme)

    async def shown() -> list[str]:
        found = await texts(firm.owner, "gateway Hamburg", acme)
        return [text for text in found if "10.20.0.1." in text]

    assert await shown() == []
    # The same transcript again, and the same talk in one that was not known.
    await machine.send({**chunk, "next_offset": 800}, {**chunk, "key": "s-2", "session_id": "s-2"})
    assert await shown() == []
    # An answer from stale knowledge says it once more.
    await talk(machine, "s-3", "Which gateway does Hamburg have?", f"As noted: {OLD}")
    assert await shown() == []
    assert (await texts(firm.owner, "gateway Hamburg", acme))[0] == NEW
    then = await texts(firm.owner, "gateway Hamburg", acme, as_of="2026-01-06T00:00:00Z")
    assert any(OLD in text for text in then)
    assert NEW not in then


async def test_a_person_may_change_their_mind_back(firm: Firm, acme: UUID, machine: Machine) -> None:
    await said(firm.owner, OLD, acme)
    new = await said(firm.owner, NEW, acme)
    back = await said(firm.owner, OLD, acme)
    assert (back["is_new"], back["superseded"]) == (True, [new["memory"]["id"]])
    assert await texts(firm.owner, "gateway Hamburg", acme) == [OLD]
    await talk(machine, "s-1", "Which gateway does the Hamburg branch have?", f"As noted: {OLD}")
    assert any("As noted" in text for text in await texts(firm.owner, "gateway Hamburg", acme))


SITES = ("Kiel", "Jena", "Ulm", "Trier", "Celle", "Fulda", "Hagen", "Goslar", "Passau", "Emden", "Gera", "Worms")


async def by_supersedes(firm: Firm, acme: UUID, machine: Machine, old: str, new: str) -> None:
    memory = (await said(firm.owner, old, acme))["memory"]
    await said(firm.owner, new, acme, supersedes=[memory["id"]])


async def by_patch(firm: Firm, acme: UUID, machine: Machine, old: str, new: str) -> None:
    memory = (await said(firm.owner, old, acme))["memory"]
    assert (await firm.owner.patch(f"/memory/{memory['id']}", json={"text": new})).status_code == 200


async def by_tool(firm: Firm, acme: UUID, machine: Machine, old: str, new: str) -> None:
    memory = (await said(machine.caller, old, acme))["memory"]
    assert "is superseded by" in await machine.tool("correct", id=memory["id"], text=new)


async def by_talk(firm: Firm, acme: UUID, machine: Machine, old: str, new: str) -> None:
    await talk(
        machine, f"old {old[-14:]}".replace(" ", "-"), f"For the record: we are on site. {old}", "Noted, thank you."
    )
    await talk(machine, f"new {new[-14:]}".replace(" ", "-"), f"{new}", "Noted, I will use that one.")


async def by_decision(firm: Firm, acme: UUID, machine: Machine, old: str, new: str) -> None:
    made = await firm.owner.post("/decision-logs", {"client_id": str(acme), "decision_text": old})
    path = f"/decision-logs/{made.json()['id']}"
    reply = await firm.owner.patch(path, json={"decision_text": new}, headers={"If-Match": made.headers["ETag"]})
    assert reply.status_code == 200, reply.text


WAYS: list[Callable[[Firm, UUID, Machine, str, str], Awaitable[None]]] = [
    by_supersedes,
    by_patch,
    by_tool,
    by_talk,
    by_decision,
]


async def test_after_any_correction_the_old_is_injected_never_and_the_new_first(
    firm: Firm, acme: UUID, machine: Machine
) -> None:
    rng = random.Random(5)
    pairs = []
    for number, site in enumerate(SITES):
        host, way = rng.randrange(2, 200), WAYS[number % len(WAYS)]
        old = f"The gateway of the {site} branch is 10.{number}.0.{host}."
        new = f"The gateway of the {site} branch is now 10.{number}.0.{host + 40}."
        if rng.random() < 0.5:
            await talk(machine, f"before-{number}", f"Which gateway does {site} have?", f"I looked it up. {old}")
        await way(firm, acme, machine, old, new)
        if rng.random() < 0.5:
            await talk(machine, f"after-{number}", f"Which gateway does {site} have again?", f"As known: {old}")
        pairs.append((site, old, new, way.__name__))
    for site, old, new, way in pairs:
        ask = f"What is the gateway of the {site} branch?"
        items = (await recall(firm.owner, ask, acme, budget_tokens=None, limit=50, kinds=None))["items"]
        assert [item["text"] for item in items if old in item["text"]] == [], way
        first = next(item["text"] for item in items if site in item["text"] and item["kind"] != "prompt")
        assert new in first, way
        given = await machine.prompt(f"ask-{site}", ask, **PLACE)
        assert new in given, way
        assert old not in given, way


async def test_two_corrections_at_once_leave_one(firm: Firm, acme: UUID) -> None:
    await said(firm.owner, OLD, acme)
    hosts = range(50, 58)
    await asyncio.gather(*(said(firm.owner, OLD.replace("0.1.", f"0.{host}."), acme) for host in hosts))
    assert len(await texts(firm.owner, "gateway Hamburg", acme)) == 1


async def test_a_correction_says_when_it_held_before(firm: Firm, acme: UUID) -> None:
    made = await firm.owner.post("/decision-logs", {"client_id": str(acme), "decision_text": "We use Veeam at Acme."})
    (first,) = (await recall(firm.owner, "Veeam Acme", acme))["items"]
    path = f"/decision-logs/{made.json()['id']}"
    changed = {"decision_text": "We use Acronis at Acme."}
    reply = await firm.owner.patch(path, json=changed, headers={"If-Match": made.headers["ETag"]})
    assert reply.status_code == 200, reply.text
    assert await texts(firm.owner, "backup Acme", acme) == ["We use Acronis at Acme."]
    assert await texts(firm.owner, "backup Acme", acme, as_of=first["source"]["at"]) == ["We use Veeam at Acme."]
    history = (await firm.owner.get(f"/memory/{first['id']}/history")).json()["items"]
    assert [item["text"] for item in history] == ["We use Veeam at Acme.", "We use Acronis at Acme."]
    assert (await firm.owner.delete(path)).status_code == 204
    assert await rows_of(firm.api, MemoryItem) == []


async def test_what_was_forgotten_does_not_return_with_its_transcript(firm: Firm, acme: UUID, machine: Machine) -> None:
    line = {"type": "user", "uuid": "u-1", "promptId": "p-1", "timestamp": "2026-01-05T10:00:00Z"}
    piece = {"key": "s-1", "session_id": "s-1", "offset": 0, "next_offset": 900, **PLACE}
    chunk = {**piece, "lines": [{**line, "message": {"role": "user", "content": f"Remember this for later: {OLD}"}}]}
    await machine.send(chunk)
    assert await texts(firm.owner, "gateway Hamburg", acme)
    assert (await firm.owner.post("/memory/forget", {"client_id": str(acme)})).status_code == 200
    await machine.send({**chunk, "next_offset": 800})
    assert await texts(firm.owner, "gateway Hamburg", acme) == []
    assert await rows_of(firm.api, TranscriptTurn) == []
    await machine.prompt("s-1", f"New start: {NEW}", prompt_id="p-2", **PLACE)
    assert any(NEW in text for text in await texts(firm.owner, "gateway Hamburg", acme))
