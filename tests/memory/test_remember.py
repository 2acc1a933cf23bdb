"""Remembering on purpose: repeated, corrected, retired, pinned, rated, deleted."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory import MemoryItem
from tests.fixtures.people import Caller
from tests.memory.firm import Firm, ingest, recall, remember, texts

OLD = "The gateway of the Hamburg branch is 10.20.0.1."
NEW = "The gateway of the Hamburg branch is 10.20.0.254 since the move."


async def change(caller: Caller, id: object, **fields: Any) -> dict[str, Any]:
    reply = await caller.patch(f"/memory/{id}", json=fields)
    assert reply.status_code == 200, reply.text
    memory: dict[str, Any] = reply.json()
    return memory


async def active(firm: Firm, word: str) -> list[str]:
    """The texts of all memories that hold and have the word in them."""

    async def unit(session: AsyncSession) -> list[str]:
        holding = select(MemoryItem.text).where(MemoryItem.retired_at.is_(None))
        return [text for text in await session.scalars(holding) if word in text]

    return await firm.api.services.database.read(unit)


async def test_a_memory_reads_back_as_it_was_given(firm: Firm) -> None:
    client = await firm.client("Acme")
    project = await firm.project(client, "network")
    memory = await remember(
        firm.owner, OLD, client, kind="decision", project_id=str(project), tags=["wan"], importance=0.9
    )
    assert (await firm.owner.get(f"/memory/{memory['id']}")).json() == memory
    assert (memory["text"], memory["kind"], memory["tags"]) == (OLD, "decision", ["wan"])
    assert (memory["client_id"], memory["project_id"], memory["importance"]) == (str(client), str(project), 0.9)
    assert memory["user_id"] == str(firm.owner.id)


@pytest.mark.parametrize("repeated", [OLD, f"  {OLD}\n", OLD.upper(), OLD.rstrip("."), OLD.replace(" ", "  ")])
async def test_what_is_known_already_is_strengthened(firm: Firm, repeated: str) -> None:
    client = await firm.client("Acme")
    first = await remember(firm.owner, OLD, client, importance=0.5)
    reply = await firm.owner.post("/memory/remember", {"text": repeated, "client_id": str(client)})
    assert reply.json()["is_new"] is False
    again = reply.json()["memory"]
    assert (again["id"], again["text"]) == (first["id"], OLD)
    assert again["importance"] > first["importance"]
    assert await texts(firm.owner, "gateway Hamburg", client) == [OLD]


@pytest.mark.parametrize(
    "other",
    [
        "The gateway of the Hamburg branch is 10.20.0.2.",
        "The gateway of the Hamburg branch is not 10.20.0.1.",
        "The gateway of the Bremen branch is 10.20.0.1.",
        "The branch of the Hamburg gateway is 10.20.0.1.",
    ],
)
async def test_what_differs_in_a_word_is_another_memory(firm: Firm, other: str) -> None:
    client = await firm.client("Acme")
    first = await remember(firm.owner, OLD, client)
    second = await remember(firm.owner, other, client)
    assert (second["id"] != first["id"], second["text"]) == (True, other)


async def test_the_same_note_is_another_memory_elsewhere(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    ids = {(await remember(firm.owner, OLD, client))["id"] for client in (acme, globex, None)}
    ids.add((await remember(firm.owner, OLD, acme, kind="fact"))["id"])
    technician = await firm.technician()
    ids.add((await remember(technician, OLD))["id"])
    assert len(ids) == 5


async def test_an_item_of_a_conversation_is_not_what_remembering_strengthens(firm: Firm) -> None:
    client = await firm.client("Acme")
    await ingest(firm.owner, "chat", [OLD], client_id=client)
    assert (await remember(firm.owner, OLD, client))["source_table"] == "memory_items"


async def test_a_superseded_memory_is_recalled_only_as_of_then(firm: Firm) -> None:
    client = await firm.client("Acme")
    old = await remember(firm.owner, OLD, client)
    new = await remember(firm.owner, NEW, client, supersedes=[old["id"]])
    assert await texts(firm.owner, "gateway Hamburg", client) == [NEW]
    was = (await firm.owner.get(f"/memory/{old['id']}")).json()
    assert was["superseded_by_id"] == new["id"]
    assert was["retired_at"] is not None
    assert await texts(firm.owner, "gateway Hamburg", client, as_of=old["said_at"]) == [OLD]


async def test_what_is_another_clients_cannot_be_superseded(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    foreign = await remember(firm.owner, OLD, globex)
    technician = await firm.technician(acme)
    for caller, id, status in (
        (technician, foreign["id"], 404),
        (technician, str(uuid4()), 404),
        (firm.owner, foreign["id"], 409),
    ):
        body = {"text": NEW, "client_id": str(acme), "supersedes": [id]}
        assert (await caller.post("/memory/remember", body)).status_code == status
    assert await texts(firm.owner, "gateway Hamburg", acme) == []
    assert await texts(firm.owner, "gateway Hamburg", globex) == [OLD]


async def test_a_correction_replaces_the_old_text_everywhere(firm: Firm) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(client, cwd="/srv/acme")
    old = await remember(firm.owner, OLD, client, kind="fact", tags=["wan"])
    new = await change(firm.owner, old["id"], text=NEW)
    assert (new["text"], new["kind"], new["tags"]) == (NEW, "fact", ["wan"])
    assert new["id"] != old["id"]
    assert await texts(firm.owner, "gateway Hamburg 10.20.0.1", client) == [NEW]
    context = await machine.prompt("s-1", "What is the gateway of the Hamburg branch?", cwd="/srv/acme")
    assert "10.20.0.254" in context
    assert OLD not in context
    assert OLD not in await machine.tool("recall", query="gateway Hamburg 10.20.0.1", session="s-1")
    assert await texts(firm.owner, "gateway Hamburg", client, as_of=old["said_at"]) == [OLD]


async def test_a_correction_reaches_every_memory_that_says_the_same(firm: Firm) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(client, cwd="/srv/acme")
    place = {"cwd": "/srv/acme", "prompt_id": "p-1"}
    await machine.prompt("s-1", "What is the gateway of the Hamburg branch and who looks after it?", **place)
    answer = f"{OLD} The branch is looked after by Petra."
    await machine.hook("Stop", "s-1", last_assistant_message=answer, **place)
    await machine.hook("SessionEnd", "s-1", reason="other", **place)
    (best, *_) = (await recall(firm.owner, "gateway Hamburg branch", client, budget_tokens=None))["items"]
    assert OLD in best["text"]
    assert len(await active(firm, "10.20.0.1")) > 2
    await change(firm.owner, best["id"], text=f"{NEW} The branch is looked after by Petra.")
    assert {"10.20.0.1." in text for text in await active(firm, "Hamburg")} == {False}
    assert "10.20.0.1." not in (await firm.owner.get("/conversation-contexts")).text
    context = await machine.prompt("s-2", "What is the gateway of the Hamburg branch?", **place)
    assert "10.20.0.254" in context
    assert "10.20.0.1." not in context


async def test_a_memory_is_retired_and_brought_back(firm: Firm) -> None:
    client = await firm.client("Acme")
    memory = await remember(firm.owner, OLD, client)
    assert (await change(firm.owner, memory["id"], is_retired=True))["retired_at"] is not None
    assert await texts(firm.owner, "gateway Hamburg", client) == []
    assert (await change(firm.owner, memory["id"], is_retired=False))["retired_at"] is None
    assert await texts(firm.owner, "gateway Hamburg", client) == [OLD]


async def test_a_memory_is_pinned_and_weighed(firm: Firm) -> None:
    client = await firm.client("Acme")
    memory = await remember(firm.owner, OLD, client)
    changed = await change(firm.owner, memory["id"], is_pinned=True, importance=0.2)
    assert (changed["id"], changed["is_pinned"], changed["importance"]) == (memory["id"], True, 0.2)
    assert changed["version"] > memory["version"]


async def test_doubt_lowers_and_confirmation_restores_the_score(firm: Firm) -> None:
    client = await firm.client("Acme")
    note = "The gateway of the {} branch stands in rack four."
    first, second = [await remember(firm.owner, note.format(name), client) for name in ("Kiel", "Jena")]

    async def order() -> list[str]:
        return [item["id"] for item in (await recall(firm.owner, "gateway branch rack", client))["items"]]

    await change(firm.owner, first["id"], is_confirmed=False)
    assert await order() == [second["id"], first["id"]]
    await change(firm.owner, first["id"], is_confirmed=True)
    await change(firm.owner, second["id"], is_confirmed=False)
    assert await order() == [first["id"], second["id"]]


async def test_feedback_moves_the_score_both_ways(firm: Firm) -> None:
    client = await firm.client("Acme")
    note = "The gateway of the {} branch stands in rack four."
    good, bad = [await remember(firm.owner, note.format(name), client) for name in ("Kiel", "Jena")]
    for memory, useful in ((good, True), (bad, False)):
        reply = await firm.owner.post(f"/memory/{memory['id']}/feedback", {"useful": useful, "session_id": "s-1"})
        assert reply.status_code == 200, reply.text
        assert reply.json()["feedback"] == (1 if useful else -1)
    items = (await recall(firm.owner, "gateway branch rack", client))["items"]
    assert [item["id"] for item in items] == [good["id"], bad["id"]]
    assert items[0]["parts"]["usage"] > 0 > items[1]["parts"]["usage"]


async def test_a_deleted_memory_is_gone_also_after_a_restart(firm: Firm) -> None:
    client = await firm.client("Acme")
    memory = await remember(firm.owner, OLD, client)
    assert (await firm.owner.delete(f"/memory/{memory['id']}")).status_code == 204
    for _ in range(2):
        assert await texts(firm.owner, "gateway Hamburg", client) == []
        assert (await recall(firm.owner, "gateway Hamburg", client))["considered"] == 0
        assert (await firm.owner.get(f"/memory/{memory['id']}")).status_code == 404
        assert firm.api.services.memory.size == 0
        await firm.api.forget()
    assert (await firm.owner.delete(f"/memory/{memory['id']}")).status_code == 404


async def test_a_deleted_memory_does_not_come_back_when_its_session_goes_on(firm: Firm) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(client, cwd="/srv/acme")
    place = {"cwd": "/srv/acme", "prompt_id": "p-1"}
    await machine.prompt("s-1", "Our contact at the landlord is Petra Sonnenschein, room 114.", **place)
    for item in (await recall(firm.owner, "contact landlord Petra", client, budget_tokens=None))["items"]:
        assert (await firm.owner.delete(f"/memory/{item['id']}")).status_code == 204
    await machine.hook(
        "UserPromptSubmit", "s-1", prompt="Our contact at the landlord is Petra Sonnenschein, room 114.", **place
    )
    await machine.hook("Stop", "s-1", last_assistant_message="Noted, I wrote it to the handover file.", **place)
    found = await texts(firm.owner, "contact landlord Petra Sonnenschein", client, kinds=["prompt", "fact"])
    assert found == []


async def test_deleting_the_successor_leaves_the_old_memory_retired(firm: Firm) -> None:
    client = await firm.client("Acme")
    old = await remember(firm.owner, OLD, client)
    new = await change(firm.owner, old["id"], text=NEW)
    assert (await firm.owner.delete(f"/memory/{new['id']}")).status_code == 204
    was = (await firm.owner.get(f"/memory/{old['id']}")).json()
    assert was["superseded_by_id"] is None
    assert was["retired_at"] is not None
    assert await texts(firm.owner, "gateway Hamburg", client) == []


async def test_a_foreign_memory_cannot_be_told_from_an_unknown_one(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    foreign = (await remember(firm.owner, OLD, globex))["id"]
    technician = await firm.technician(acme)
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"text": NEW}),
        ("PATCH", "", {"is_retired": True}),
        ("DELETE", "", None),
        ("POST", "/feedback", {"useful": False}),
    ):
        replies = []
        for id in (foreign, uuid4()):
            reply = await technician.request(method, f"/memory/{id}{path}", json=body)
            shown = {key: value for key, value in reply.json().items() if key not in ("request_id", "instance")}
            replies.append((reply.status_code, shown))
        assert replies[0] == replies[1]
        assert replies[0][0] == 404
    assert await texts(firm.owner, "gateway Hamburg", globex) == [OLD]


async def test_whoever_may_only_read_a_client_cannot_change_its_memory(firm: Firm) -> None:
    acme = await firm.client("Acme")
    project = await firm.project(acme, "network")
    memory = await remember(firm.owner, OLD, acme)
    reader = await firm.technician(acme, level="read")
    assert (await reader.get(f"/memory/{memory['id']}")).status_code == 200
    assert (await reader.patch(f"/memory/{memory['id']}", json={"text": NEW})).status_code == 403
    assert (await reader.delete(f"/memory/{memory['id']}")).status_code == 403
    for place in ({"client_id": str(acme)}, {"project_id": str(project)}):
        assert (await reader.post("/memory/remember", {"text": NEW, **place})).status_code == 403
    assert await texts(firm.owner, "gateway Hamburg", acme) == [OLD]


async def test_a_session_writes_to_its_client_only_as_long_as_its_person_may(firm: Firm) -> None:
    acme = await firm.client("Acme")
    technician = await firm.technician(acme)
    machine = await firm.machine(technician)
    await firm.bind(acme, cwd="/srv/acme")
    await machine.prompt("s-1", "Which gateway do we use at this branch?", cwd="/srv/acme")
    grants = [{"client_id": str(acme), "level": "read"}]
    assert (await firm.owner.patch(f"/users/{technician.id}", json={"clients": grants})).status_code == 200
    reply = await machine.caller.post("/memory/remember", {"text": OLD, "session_id": "s-1"})
    assert reply.status_code == 403
    assert await texts(firm.owner, "gateway Hamburg", acme, kinds=["note"]) == []


@pytest.mark.parametrize("text", ["", "ab", "   \n  ", "x" * 8_001, "<private>the whole note</private>"])
async def test_a_note_that_says_nothing_is_refused(firm: Firm, text: str) -> None:
    client = await firm.client("Acme")
    memory = await remember(firm.owner, OLD, client)
    for reply in (
        await firm.owner.post("/memory/remember", {"text": text, "client_id": str(client)}),
        await firm.owner.patch(f"/memory/{memory['id']}", json={"text": text}),
    ):
        assert reply.status_code == 422, reply.text
        assert reply.json()["errors"][0]["pointer"] == "/text"
    assert await texts(firm.owner, "gateway Hamburg", client) == [OLD]


async def test_a_machine_cannot_claim_more_trust_than_it_has(firm: Firm) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    assert (await remember(firm.owner, OLD, client))["trust"] == 3
    assert (await remember(machine.caller, NEW, client))["trust"] == 2
    body = {"text": NEW, "client_id": str(client), "trust": 3}
    assert (await machine.caller.post("/memory/remember", body)).status_code == 422


async def test_what_a_session_remembers_is_traceable_to_it(firm: Firm) -> None:
    acme = await firm.client("Acme")
    machine = await firm.machine(firm.owner, "ws-anna")
    await firm.bind(acme, cwd="/srv/acme")
    await machine.prompt("s-1", "Which gateway do we use at this branch?", cwd="/srv/acme")
    await machine.tool("remember", text=OLD, session="s-1")
    (item,) = (await recall(firm.owner, "gateway Hamburg", acme, kinds=["fact"]))["items"]
    assert item["source"]["machine"] == "ws-anna"
    session = (await firm.owner.get(f"/sessions/{item['source']['session_id']}")).json()
    assert session["claude_session_ids"] == ["s-1"]
