"""A failure at any point of a write leaves what was there before: every unit is one transaction."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from sqlalchemy import event

from claudetools.domains.memory import MemoryItem
from tests.fixtures.application import Application
from tests.memory.contents import everything, rows_of
from tests.memory.firm import Firm, Machine, ingest, remember
from tests.memory.session_files import MAIN, PLACE, SUBAGENT

TABLES = (
    "sessions",
    "transcripts",
    "transcript_turns",
    "memory_items",
    "memory_clock",
    "memory_deletions",
    "memory_injections",
    "conversation_contexts",
    "machine_folders",
)


class PowerCutError(Exception):
    """What happens instead of the statement."""


@contextmanager
def power_cut(app: Application, step: int) -> Iterator[None]:
    """Fail instead of the given one of all writing statements and commits; 0 is the first."""
    engine, left = app.services.database.writer.sync_engine, step

    def count() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise PowerCutError

    def before_statement(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            count()

    def before_commit(connection: Any) -> None:
        count()

    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", before_statement)
        event.remove(engine, "commit", before_commit)


async def state(app: Application) -> list[str]:
    return sorted(value for value in await everything(app) if value.split(".", 1)[0] in TABLES)


async def prompt(firm: Firm, machine: Machine) -> httpx2.Response:
    body = {"session_id": "s-9", "prompt": "Which voice VLAN does sw-core-01 use?", "prompt_id": "p-9", **PLACE}
    return await machine.caller.post("/claude/hooks/UserPromptSubmit", body)


async def piece(firm: Firm, machine: Machine) -> httpx2.Response:
    chunk = {**SUBAGENT.piece(0, len(SUBAGENT.lines)), "git_remote": "git@git.acme.test:network.git"}
    return await machine.caller.post("/claude/events", {"transcripts": [chunk]})


async def conversation(firm: Firm, machine: Machine) -> httpx2.Response:
    turns = [{"id": f"t{n}", "session": f"{n % 2}", "role": "user", "text": f"Unit {n} is up."} for n in range(6)]
    return await machine.caller.post("/memory/ingest", {"conversation_id": "chat", "turns": turns})


async def correction(firm: Firm, machine: Machine) -> httpx2.Response:
    item, *_ = await facts(firm)
    return await firm.owner.patch(f"/memory/{item.id}", json={"text": "The voice VLAN on sw-core-01 is 41."})


async def superseding(firm: Firm, machine: Machine) -> httpx2.Response:
    older = [str(item.id) for item in (await facts(firm))[:3]]
    body = {"text": "It is VLAN 41.", "client_id": await client_of(firm), "supersedes": older}
    return await firm.owner.post("/memory/remember", body)


async def deletion(firm: Firm, machine: Machine) -> httpx2.Response:
    item, *_ = await facts(firm)
    return await firm.owner.delete(f"/memory/{item.id}")


async def facts(firm: Firm) -> list[MemoryItem]:
    items = [item for item in await rows_of(firm.api, MemoryItem) if item.transcript_id and item.client_id]
    return sorted(items, key=lambda item: str(item.id))


async def assignment(firm: Firm, machine: Machine) -> httpx2.Response:
    sessions = (await machine.caller.get("/sessions", params={"title": "Claude Code in elsewhere"})).json()["items"]
    return await machine.caller.post(f"/sessions/{sessions[0]['id']}/assign", {"client_id": await client_of(firm)})


async def client_of(firm: Firm) -> Any:
    return (await firm.owner.get("/clients")).json()["items"][0]["id"]


@pytest.mark.parametrize("write", [prompt, piece, conversation, correction, superseding, deletion, assignment])
async def test_a_write_that_fails_anywhere_leaves_no_trace(
    firm: Firm, write: Callable[[Firm, Machine], Awaitable[httpx2.Response]]
) -> None:
    machine = await firm.machine(firm.owner)
    await firm.bind(await firm.client("Acme"), cwd=PLACE["cwd"])
    await machine.send(MAIN.piece(0, len(MAIN.lines)))
    await machine.prompt("s-8", "Which voice VLAN does sw-core-02 use?", cwd="/srv/elsewhere")
    await machine.hook("SessionEnd", "s-8", reason="other", cwd="/srv/elsewhere")
    before = await state(firm.api)
    status, steps = 500, 0
    while status >= 300:
        with power_cut(firm.api, steps):
            status = (await write(firm, machine)).status_code
        if status >= 300:
            assert (status, await state(firm.api)) == (500, before), steps
            steps += 1
    assert steps > 2
    assert await state(firm.api) != before
    await firm.api.services.memory.refresh()
    assert firm.api.services.memory.size == len(await rows_of(firm.api, MemoryItem))


async def test_after_a_failure_the_same_call_can_be_repeated(firm: Firm) -> None:
    client = await firm.client("Acme")
    await remember(firm.owner, "The voice VLAN is 40.", client)
    with power_cut(firm.api, 3):
        body = {"conversation_id": "chat", "turns": [{"id": "t0", "role": "user", "text": "Unit 7 runs on srv-7."}]}
        assert (await firm.owner.post("/memory/ingest", body)).status_code == 500
    assert (await ingest(firm.owner, "chat", ["Unit 7 runs on srv-7."]))["recorded"] == 1
