"""What a session is given is its client's alone: by every way, whatever a body claims, and whatever was kept before."""

import json
from uuid import UUID

import pytest

from claudetools.domains.memory import MemoryItem
from claudetools.domains.memory.engine import partition_of
from claudetools.domains.memory.recall_index.index import Query
from claudetools.domains.memory.recalling import flooding
from claudetools.domains.memory.recalling.lookup import items_by_id
from claudetools.domains.memory.writing import ItemDraft, Origin, put_items
from claudetools.kit.clock import now
from claudetools.kit.ids import new_id
from tests.fixtures.people import Person
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, Machine, call_tool, ingest, recall, remember, texts

ASK = "What is the gateway of the Hamburg branch?"
SECRET = "zx81mark"
FOREIGN = f"{ASK} The gateway of the Hamburg branch is 10.20.0.1, {SECRET}."
FLOOD = 10_000


async def denials(firm: Firm) -> int:
    reply = await firm.owner.get("/audit/events", params={"action": "denied"})
    return len(reply.json()["items"])


async def test_m3_the_best_match_of_another_client_comes_back_by_no_way(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    project = await firm.project(globex, "branch")
    here, there = await firm.technician(acme), await firm.technician(globex)
    machine = await firm.machine(here)
    await firm.bind(acme, cwd="/srv/acme")
    await remember(here, "The gateway of the Bremen branch is 10.30.0.1.", acme)
    foreign = (await remember(there, FOREIGN, globex))["id"]
    await ingest(there, "chat", [FOREIGN], client_id=globex)
    mine, tagged = {"client_id": str(globex)}, {"title": ASK, "tags": ["gateway"]}
    for path, body in (
        ("/conversation-contexts", {**mine, **tagged, "dense_summary": FOREIGN}),
        ("/context-snippets", {**mine, **tagged, "category": "fact", "dense_content": FOREIGN}),
        ("/decision-logs", {**mine, "decision_text": FOREIGN, "impact": "high"}),
        ("/project-states", {"project_id": str(project), "summary": FOREIGN, "blockers": [FOREIGN]}),
    ):
        reply = await there.post(path, body)
        assert reply.status_code == 201, reply.text
    assert SECRET in (await there.get(f"/search?q={SECRET}")).text
    await recall(there, ASK, globex)

    given = [
        await machine.prompt("s-1", FOREIGN.replace(SECRET, ""), cwd="/srv/acme"),
        await machine.prompt("s-2", "Where were we?", cwd="/srv/acme"),
        json.dumps(await machine.hook("SessionStart", "s-1", source="compact", cwd="/srv/acme")),
        await machine.tool("recall", query=ASK, session="s-1", budget_tokens=8_000),
        (await call_tool(machine.caller, "get_memory", {"id": foreign, "session": "s-1"}))[0],
        (await call_tool(machine.caller, "get_memory", {"id": foreign[-8:]}))[0],
        (await call_tool(machine.caller, "recall", {"query": ASK, "client": "Globex"}))[0],
    ]
    for place in ({"client_id": str(acme)}, {"cwd": "/srv/acme"}, {"session_id": "s-1"}, {"cwd": "/srv/globex"}, {}):
        given += [json.dumps(await recall(here, ASK, budget_tokens=None, limit=limit, **place)) for limit in (1, 500)]
    paths = [
        "/conversation-contexts/recall?q=gateway",
        "/context-snippets/by-tags?tags=gateway",
        "/context-snippets/top-relevant",
        "/decision-logs/by-impact/high",
        "/search?q=Hamburg&limit=100",
        f"/clients/{acme}/brief?format=text",
        f"/clients/{acme}/runbook",
        "/memory/injections?limit=500",
        "/memory/stats",
        *(f"/{name}/export.csv" for name in ("conversation-contexts", "context-snippets", "decision-logs")),
        *(f"/{name}" for name in ("conversation-contexts", "context-snippets", "decision-logs", "project-states")),
    ]
    for path in paths:
        reply = await here.get(path)
        assert reply.status_code == 200, (path, reply.text)
        given.append(reply.text)
    for path in (f"/memory/{foreign}", f"/clients/{globex}/brief", f"/conversation-contexts/recall?client_id={globex}"):
        reply = await here.get(path)
        assert reply.status_code == 404, path
        assert SECRET not in reply.text
    assert [text for text in given if SECRET in text or foreign in text] == []
    # Each of the two doors holds by itself: what is ranked, and what is read of what was ranked.
    memory, partition = firm.api.services.memory, partition_of(acme, here.id)
    found = await memory.search(Query(text=ASK, partitions=frozenset({partition}), now=now()))
    assert found.hits
    assert foreign not in [hit.id for hit in found.hits]
    ids = [UUID(foreign)]
    assert await memory.database.read(lambda session: items_by_id(session, partition, ids)) == {}


async def test_m4_a_session_bound_to_one_client_writes_and_reads_no_other(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine = await firm.machine(firm.owner)
    await firm.bind(acme, cwd="/srv/acme")
    await machine.prompt("s-1", "We look at the branch.", cwd="/srv/acme", client_id=str(globex))
    note = {"text": FOREIGN, "client_id": str(globex), "session_id": "s-1"}
    question = {"query": ASK, "client_id": str(globex), "session_id": "s-1"}
    for path, body in (("/memory/remember", note), ("/memory/recall", question)):
        before = await denials(firm)
        reply = await machine.caller.post(path, body)
        assert reply.status_code == 403, reply.text
        assert await denials(firm) == before + 1
    for tool, arguments in (("remember", {"text": FOREIGN}), ("recall", {"query": ASK})):
        before = await denials(firm)
        _, is_error = await call_tool(machine.caller, tool, {**arguments, "client": "Globex", "session": "s-1"})
        assert is_error
        assert await denials(firm) == before + 1
    stranger = await firm.machine(await firm.technician(acme))
    before = await denials(firm)
    reply = await stranger.caller.post("/memory/remember", {"text": FOREIGN, "client_id": str(globex)})
    assert reply.status_code == 404
    assert await denials(firm) == before + 1
    assert {row.client_id for row in await rows_of(firm.api, MemoryItem)} <= {acme}


async def test_m5_what_was_answered_to_one_is_not_kept_for_another(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    here, there = await firm.technician(acme), await firm.technician(globex)
    for number, (person, client) in enumerate(((here, acme), (there, globex))):
        await remember(person, f"The gateway of the Hamburg branch is 10.{number}.0.1.", client)
        await firm.bind(client, cwd=f"/srv/{number}")
    machines = [await firm.machine(here), await firm.machine(there)]
    key = {"Idempotency-Key": "the-same-key"}
    for _ in range(2):
        for number, (person, client) in enumerate(((here, acme), (there, globex))):
            body = {"query": ASK, "client_id": str(client)}
            answers = [
                (await person.post("/memory/recall", body, headers=key)).text,
                json.dumps(await recall(person, ASK, client)),
                await machines[number].tool("recall", query=ASK, client=("Acme", "Globex")[number]),
            ]
            assert all(f"10.{number}.0.1" in answer for answer in answers)
            assert not any(f"10.{1 - number}.0.1" in answer for answer in answers)
    for session in ("s-1", "s-2"):
        for number, machine in enumerate(machines):
            given = await machine.prompt(session, ASK, cwd=f"/srv/{number}")
            assert (f"10.{number}.0.1" in given, f"10.{1 - number}.0.1" in given) == (True, False)


async def test_m6_a_session_that_changes_hands_is_given_nothing_of_the_other(firm: Firm) -> None:
    """A session without a client is assigned in the middle: what it is given follows, and what it said moves."""
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine = await firm.machine(firm.owner)
    other = await firm.machine(firm.owner)
    await remember(firm.owner, "The gateway of the Hamburg branch is 10.0.0.1.", acme)
    await remember(firm.owner, "The gateway of the Hamburg branch is 10.1.0.1.", globex)
    await remember(firm.owner, "The gateway of the Hamburg branch is 10.2.0.1, noted at home.")
    first = await machine.prompt("s-1", ASK, cwd="/tmp/x")
    assert ("10.2.0.1" in first, "10.0.0.1" in first, "10.1.0.1" in first) == (True, False, False)
    work = next(iter((await firm.owner.get("/sessions")).json()["items"]))["id"]
    assigned = await firm.owner.post(f"/sessions/{work}/assign", {"client_id": str(acme)})
    assert assigned.status_code == 200, assigned.text
    second = await machine.prompt("s-1", ASK, cwd="/tmp/x")
    assert ("10.0.0.1" in second, "10.1.0.1" in second, "10.2.0.1" in second) == (True, False, False)
    await machine.hook("SessionEnd", "s-1", cwd="/tmp/x")
    await firm.bind(globex, cwd="/srv/globex")
    third = await other.prompt("s-2", "Where were we with the gateway of the Hamburg branch?", cwd="/srv/globex")
    assert ("10.1.0.1" in third, "10.0.0.1" in third, "10.2.0.1" in third) == (True, False, False)


async def flood(firm: Firm, client: UUID, machine: Machine, person: Person) -> None:
    origin = Origin(
        client_id=client,
        project_id=None,
        machine_id=machine.id,
        user_id=person.id,
        source_table="memory_items",
        source_id=new_id(),
    )
    drafts = [
        ItemDraft(id=new_id(), kind="note", text=f"The gateway of the Hamburg branch is host {n}.", said_at=now())
        for n in range(FLOOD)
    ]
    await firm.api.services.database.write(lambda session: put_items(session, origin, drafts))


async def test_m9_the_flood_of_one_machine_does_not_drown_the_others(firm: Firm) -> None:
    acme = await firm.client("Acme")
    await firm.bind(acme, cwd="/srv/acme")
    flooder, honest = await firm.technician(acme), await firm.technician(acme)
    attacker, machine = await firm.machine(flooder), await firm.machine(honest)
    notes = [
        "The gateway of the Hamburg branch is 10.20.0.1, reached through the provider's modem.",
        "The Hamburg branch lost its gateway twice in June, since the modem was too hot.",
    ]
    for note in notes:
        await remember(machine.caller, note, acme)
    before = await texts(machine.caller, ASK, acme, kinds=["note"])
    assert set(before) == set(notes)
    await flood(firm, acme, attacker, flooder)
    given = await machine.prompt("s-1", ASK, cwd="/srv/acme")
    assert [note for note in notes if note not in given] == [], given[:3000]
    lines = [line for line in given.splitlines() if line.startswith("- ")]
    flooded = [line for line in lines if "is host" in line]
    assert 0 < len(flooded) <= len(lines) / 2 + 1
    injected = (await honest.get("/memory/injections?limit=1")).json()["items"][0]["items"]
    assert {row["id"] for row in injected if not row.get("is_pointer")}


async def test_m9_a_machine_may_note_so_much_a_day(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flooding, "NOTES_A_DAY", 3)
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    person = await firm.technician(acme, globex)
    machine = await firm.machine(person)
    for number in range(3):
        await remember(machine.caller, f"Note number {number} of this day.", acme)
    note = {"text": "One note too many.", "client_id": str(acme)}
    reply = await machine.caller.post("/memory/remember", note)
    assert reply.status_code == 429
    assert "3 memories" in reply.json()["detail"]
    assert "too many" not in json.dumps(await texts(person, "note", acme))
    # What is known already is strengthened, and others go on.
    await remember(machine.caller, "Note number 1 of this day.", acme)
    await remember(machine.caller, "A note for another client.", globex)
    await remember(person, "A note that the person writes.", acme)
    await remember((await firm.machine(person)).caller, "A note from another machine.", acme)
