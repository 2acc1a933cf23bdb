"""Giving a session without a client to one: everything remembered from it goes along."""

from typing import Any
from uuid import UUID, uuid4

from claudetools.domains.memory import ConversationContext, MemoryItem
from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.recalling.injections import MemoryInjection
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, Machine, texts
from tests.memory.session_files import MAIN, SUBAGENT

ASK = "voice VLAN sw-core-01"


async def session_of(machine: Machine) -> str:
    (session,) = (await machine.caller.get("/sessions")).json()["items"]
    id: str = session["id"]
    return id


async def test_all_of_a_session_moves_to_its_client(firm: Firm) -> None:
    acme = await firm.client("Acme")
    project = await firm.project(acme, "network")
    author, colleague = await firm.technician(acme), await firm.technician(acme)
    machine = await firm.machine(author)
    for file in (MAIN, SUBAGENT):
        await machine.send(file.piece(0, len(file.lines)))
    await machine.prompt(MAIN.session_id, "Which VLAN is the voice VLAN on sw-core-01?", prompt_id="p-9")
    await machine.tool("remember", text="The uplink of sw-core-01 is port 48.", session=MAIN.session_id)
    await machine.hook("SessionEnd", MAIN.session_id, reason="other")
    before = await texts(author, ASK)
    assert len(before) > 3
    assert await texts(colleague, ASK, acme) == []
    body = {"client_id": str(acme), "project_id": str(project)}
    reply = await author.post(f"/sessions/{await session_of(machine)}/assign", body)
    assert reply.status_code == 200, reply.text
    assert (reply.json()["client_id"], reply.json()["project_id"]) == (str(acme), str(project))
    assert sorted(await texts(colleague, ASK, acme)) == sorted(before)
    assert await texts(author, ASK) == []
    for model in (Transcript, MemoryItem, ConversationContext, MemoryInjection):
        rows = [row for row in await rows_of(firm.api, model) if getattr(row, "transcript_id", 0) is not None]
        assert {row.client_id for row in rows if not isinstance(row, MemoryInjection) or row.transcript_id} == {acme}
    assert "port 48" in " ".join(await texts(colleague, "uplink sw-core-01", acme))
    await firm.api.forget()
    assert sorted(await texts(colleague, ASK, acme)) == sorted(before)
    assert await texts(author, ASK) == []
    contexts = (await colleague.get(f"/conversation-contexts/recall?client_id={acme}&q=voice VLAN")).json()["items"]
    assert len(contexts) == 1


async def test_what_comes_after_goes_to_the_client_too(firm: Firm) -> None:
    acme = await firm.client("Acme")
    author, colleague = await firm.technician(acme), await firm.technician(acme)
    machine = await firm.machine(author)
    await machine.send(MAIN.piece(0, 20))
    reply = await author.post(f"/sessions/{await session_of(machine)}/assign", {"client_id": str(acme)})
    assert reply.status_code == 200
    await machine.send(MAIN.piece(20, len(MAIN.lines)), SUBAGENT.piece(0, len(SUBAGENT.lines)))
    assert {row.client_id for row in await rows_of(firm.api, Transcript)} == {acme}
    assert {row.client_id for row in await rows_of(firm.api, MemoryItem)} == {acme}
    assert await texts(colleague, ASK, acme)


async def test_a_session_that_finds_its_binding_later_moves_by_itself(firm: Firm) -> None:
    acme = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await machine.send(MAIN.piece(0, 30))
    assert {row.client_id for row in await rows_of(firm.api, MemoryItem)} == {None}
    await firm.bind(acme, cwd="/home/tech/acme")
    await machine.send(MAIN.piece(30, 31))
    for model in (Transcript, MemoryItem, ConversationContext):
        assert {row.client_id for row in await rows_of(firm.api, model)} == {acme}
    assert await texts(firm.owner, ASK) == []
    assert await texts(firm.owner, ASK, acme)


async def test_only_ones_own_unassigned_session_can_be_given_away(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    project = await firm.project(globex, "network")
    author, colleague = await firm.technician(acme), await firm.technician(acme)
    machine = await firm.machine(author)
    await machine.prompt("s-1", "Which VLAN is the voice VLAN on sw-core-01?")
    id = await session_of(machine)

    async def status(caller: Any, session: object, client: UUID, **more: str) -> int:
        reply = await caller.post(f"/sessions/{session}/assign", {"client_id": str(client), **more})
        code: int = reply.status_code
        return code

    assert await status(colleague, id, acme) == 404
    assert await status(author, id, globex) == 404
    assert await status(author, id, uuid4()) == 404
    assert await status(author, id, acme, project_id=str(project)) == 404
    assert await status(firm.owner, id, acme, project_id=str(project)) == 422
    assert {row.client_id for row in await rows_of(firm.api, Transcript)} == {None}
    assert await status(author, id, acme) == 200
    assert await status(author, id, acme) == 409
