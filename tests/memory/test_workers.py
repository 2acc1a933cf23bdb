"""Several workers on one database: each knows at once what another one wrote, and none spoils another's work."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory import MemoryEngine, MemoryItem
from claudetools.domains.memory import engine as engine_module
from claudetools.domains.memory.capturing.transcripts import TranscriptTurn
from claudetools.domains.memory.items import CLOCK_ID, MemoryClock, next_change
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.fixtures.application import Application, running_application
from tests.fixtures.people import Caller
from tests.memory.contents import differences, recorded, rows_of
from tests.memory.firm import Firm, Machine, ingest, recall, remember, texts
from tests.memory.session_files import MAIN, SUBAGENT

NOTE = "The gateway of the Hamburg branch is 10.20.0.1."


@dataclass(frozen=True)
class Workers:
    """Two applications on one database."""

    firm: Firm
    first: Application
    second: Application

    def at(self, worker: Application, caller: Caller) -> Caller:
        """The same caller at one of the workers."""
        return Caller(http=worker.http, token=caller.token)

    def both(self, caller: Caller) -> tuple[Caller, Caller]:
        return self.at(self.first, caller), self.at(self.second, caller)

    def machine_at(self, worker: Application, machine: Machine) -> Machine:
        return replace(machine, caller=self.at(worker, machine.caller))


@pytest.fixture
async def workers(database_kind: Kind, fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Workers]:
    url = fresh_database(database_kind)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running_application(url, tmp_path / "home"))
        second = await stack.enter_async_context(running_application(url, tmp_path / "home"))
        yield Workers(await Firm.of(first), first, second)


async def test_what_one_worker_wrote_the_other_recalls_at_its_next_call(workers: Workers) -> None:
    client = await workers.firm.client("Acme")
    one, two = workers.both(workers.firm.owner)
    for number, (writer, reader) in enumerate(itertools.islice(itertools.cycle([(one, two), (two, one)]), 6)):
        note = f"The gateway of branch {number} is 10.20.{number}.1."
        assert note not in await texts(reader, f"gateway branch {number}", client)
        memory = await remember(writer, note, client)
        assert note in await texts(reader, f"gateway branch {number}", client)
        changed = await writer.patch(
            f"/memory/{memory['id']}", json={"text": f"Branch {number} was closed, gateway gone."}
        )
        assert changed.status_code == 200
        assert note not in await texts(reader, f"gateway branch {number}", client)
        assert (await writer.delete(f"/memory/{changed.json()['id']}")).status_code == 204
        found = await recall(reader, f"gateway branch {number}", client)
        assert (found["items"], found["considered"]) == ([], 0)
    assert workers.first.services.memory.size == workers.second.services.memory.size


async def test_sessions_and_conversations_are_known_to_both(workers: Workers) -> None:
    client = await workers.firm.client("Acme")
    one, two = workers.both(workers.firm.owner)
    await ingest(one, "chat", [{"id": "t0", "role": "assistant", "text": NOTE}], client_id=client)
    assert await texts(two, "gateway Hamburg", client) == [NOTE]
    assert (await ingest(two, "chat", [NOTE], client_id=client))["repeated"] == 1
    machine = await workers.firm.machine(workers.firm.owner)
    await workers.firm.bind(client, cwd="/srv/acme")
    context = await workers.machine_at(workers.second, machine).prompt(
        "s-1", "What is the gateway of the Hamburg branch?", cwd="/srv/acme"
    )
    assert NOTE in context


def session_events(count: int = 20) -> list[dict[str, Any]]:
    place = {"session_id": "s-1", "cwd": "/srv/acme", "prompt_id": "p-1"}
    calls = [
        {
            "hook_event_name": "PostToolUse",
            "tool_name": "Bash",
            "tool_use_id": f"toolu_{number}",
            "tool_input": {"command": f"systemctl restart unit-{number}"},
            "tool_response": {"stdout": f"unit-{number} restarted", "stderr": ""},
            **place,
        }
        for number in range(count)
    ]
    return [{"hook_event_name": "UserPromptSubmit", "prompt": "Restart all units of srv-01, please.", **place}, *calls]


def transcript_of(events: list[dict[str, Any]]) -> dict[str, Any]:
    prompt, *calls = events
    lines: list[dict[str, Any]] = [
        {"type": "user", "uuid": "u-0", "promptId": "p-1", "timestamp": "2026-03-01T10:00:00.000Z"}
    ]
    lines[0]["message"] = {"role": "user", "content": prompt["prompt"]}
    for number, call in enumerate(calls):
        at = f"2026-03-01T10:00:{number + 1:02}.000Z"
        use = {"type": "tool_use", "id": call["tool_use_id"], "name": "Bash", "input": call["tool_input"]}
        result = {"type": "tool_result", "tool_use_id": call["tool_use_id"], "content": call["tool_response"]["stdout"]}
        lines += [
            {
                "type": "assistant",
                "uuid": f"a-{number}",
                "timestamp": at,
                "message": {"id": f"m-{number}", "role": "assistant", "content": [use]},
            },
            {
                "type": "user",
                "uuid": f"r-{number}",
                "promptId": "p-1",
                "timestamp": at,
                "message": {"role": "user", "content": [result]},
                "toolUseResult": call["tool_response"],
            },
        ]
    return {"key": "s-1", "session_id": "s-1", "offset": 0, "next_offset": 9_999, "cwd": "/srv/acme", "lines": lines}


async def send_all(machines: list[Machine], events: list[dict[str, Any]]) -> list[int]:
    """Send all events at once, in turn to each machine; return the statuses."""
    calls = [
        machine.caller.post(f"/claude/hooks/{event['hook_event_name']}", event)
        for machine, event in zip(itertools.cycle(machines), events, strict=False)
    ]
    return [reply.status_code for reply in await asyncio.gather(*calls)]


@pytest.mark.parametrize("count", [1, 2], ids=["one worker", "two workers"])
async def test_parallel_hooks_of_a_session_lose_and_double_nothing(workers: Workers, count: int) -> None:
    firm = workers.firm
    client = await firm.client("Acme")
    await firm.bind(client, cwd="/srv/acme")
    machine = await firm.machine(firm.owner)
    machines = [workers.machine_at(worker, machine) for worker in (workers.first, workers.second)][:count]
    events = session_events()
    assert set(await send_all(machines, events)) == {200}
    turns = await rows_of(workers.first, TranscriptTurn)
    assert sorted(turn.key for turn in turns) == sorted(["prompt:p-1", *(f"tool:toolu_{n}" for n in range(20))])
    assert set(await send_all(machines, events)) == {200}
    assert len(await rows_of(workers.first, TranscriptTurn)) == len(events)
    await machines[0].send(transcript_of(events))
    healed = await recorded(workers.first)
    assert len(healed["transcript_turns"]) == len(events)
    (digest,) = [item for item in healed["memory_items"] if item["kind"] == "digest" and item["group_key"]]
    assert len(digest["turn_ids"]) == len(events)
    changes = {item["turn_ids"][0] for item in healed["memory_items"] if item["kind"] == "change"}
    # Twelve, and one more for every eight turns.
    assert changes == {f"tool:toolu_{number}" for number in range(14)}
    for worker in (workers.first, workers.second):
        found = await recall(workers.at(worker, firm.owner), "anything", client)
        assert found["considered"] == len(healed["memory_items"])


async def test_the_same_transcript_at_two_workers_at_once_is_there_once(workers: Workers) -> None:
    firm = workers.firm
    await firm.bind(await firm.client("Acme"), cwd="/home/tech/acme")
    machine = await firm.machine(firm.owner)
    body = {"transcripts": [file.piece(0, len(file.lines)) for file in (MAIN, SUBAGENT)]}
    callers = [workers.at(worker, machine.caller) for worker in (workers.first, workers.second)] * 3
    replies = await asyncio.gather(*(caller.post("/claude/events", body) for caller in callers))
    assert [reply.status_code for reply in replies] == [200] * len(callers)
    at_once = await recorded(workers.first)
    assert (await callers[0].post("/claude/events", body)).json()["recorded"] == 0
    assert differences(at_once, await recorded(workers.first)) == []


async def test_the_same_turns_at_two_workers_at_once_are_there_once(workers: Workers) -> None:
    client = await workers.firm.client("Acme")
    callers = [*workers.both(workers.firm.owner)] * 4
    notes = [f"Unit {number} runs on srv-{number:02}." for number in range(30)]
    replies = await asyncio.gather(*(ingest(caller, "chat", notes, client_id=client) for caller in callers))
    assert sum(reply["recorded"] for reply in replies) == len(notes)
    assert sorted(await texts(callers[0], "unit runs srv", client)) == sorted(notes)


async def test_the_votes_of_people_at_two_workers_at_once_count_once_each(workers: Workers) -> None:
    client = await workers.firm.client("Acme")
    memory = await remember(workers.firm.owner, NOTE, client)
    people = [workers.firm.owner, *[await workers.firm.technician(client) for _ in range(3)]]
    callers = [caller for person in people for caller in workers.both(person)]
    replies = await asyncio.gather(
        *(caller.post(f"/memory/{memory['id']}/feedback", {"useful": True}) for caller in callers)
    )
    assert {reply.status_code for reply in replies} == {200}
    assert (await callers[0].get(f"/memory/{memory['id']}")).json()["feedback"] == len(people)


async def test_corrections_at_two_workers_at_once_leave_one(workers: Workers) -> None:
    client = await workers.firm.client("Acme")
    await remember(workers.firm.owner, NOTE, client)
    callers = workers.both(workers.firm.owner)
    notes = [NOTE.replace("0.1.", f"0.{host}.") for host in range(20, 28)]
    stale = [{"id": "t1", "role": "assistant", "text": f"As known: {NOTE}"}]
    await asyncio.gather(
        *(remember(callers[number % 2], note, client) for number, note in enumerate(notes)),
        *(ingest(callers[number % 2], f"chat-{number}", stale, client_id=client) for number in range(4)),
    )
    for caller in callers:
        found = await texts(caller, "gateway Hamburg", client)
        assert len(found) == 1
        assert found[0] in notes


async def test_change_numbers_become_visible_in_order_and_none_is_skipped(workers: Workers) -> None:
    """A number is visible only with all numbers below it, although transactions end in any order."""
    databases = [worker.services.database for worker in (workers.first, workers.second)]
    client = await workers.firm.client("Acme")
    base = await remember(workers.firm.owner, NOTE, client)
    count, done = 40, asyncio.Event()

    async def change(number: int) -> int:
        async def unit(session: AsyncSession) -> int:
            await asyncio.sleep(0)
            value = await next_change(session)
            await asyncio.sleep(0)
            return value

        return await databases[number % 2].write(unit)

    async def clock(session: AsyncSession) -> int:
        return await session.scalar(select(MemoryClock.value).where(MemoryClock.id == CLOCK_ID)) or 0

    async def watch() -> list[int]:
        seen = []
        while not done.is_set():
            seen.append(await databases[0].read(clock))
        return seen

    watching = asyncio.create_task(watch())
    taken = await asyncio.gather(*(change(number) for number in range(count)))
    done.set()
    seen = await watching
    first = min(taken)
    assert sorted(taken) == list(range(first, first + count))
    assert seen == sorted(seen)
    assert base["id"]


async def test_an_index_that_is_filled_while_others_write_ends_complete(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "PAGE", 7)
    client = await workers.firm.client("Acme")
    writers = [*workers.both(workers.firm.owner)] * 3
    reader = MemoryEngine(workers.second.services.database, None, workers.second.services.memory.redactor)
    # A new engine announces itself to its database; the application keeps its own.
    workers.second.services.database.services["memory"] = workers.second.services.memory
    done = asyncio.Event()

    async def write(caller: Caller, number: int) -> None:
        notes = [f"Unit {number}-{each} runs on srv-{each:02}." for each in range(20)]
        await ingest(caller, f"chat-{number}", notes, client_id=client)
        for each in range(4):
            memory = await remember(caller, f"Rack {number}-{each} is locked.", client)
            if each % 2:
                assert (await caller.delete(f"/memory/{memory['id']}")).status_code == 204

    async def refresh() -> None:
        while not done.is_set():
            await reader.refresh()

    refreshing = asyncio.create_task(refresh())
    await asyncio.gather(*(write(caller, number) for number, caller in enumerate(writers)))
    done.set()
    await refreshing
    await reader.refresh()
    stored = {str(item.id) for item in await rows_of(workers.first, MemoryItem)}
    assert set(reader._index._home) == stored
    assert len(stored) == len(writers) * 22


async def test_many_items_of_one_change_are_all_taken_in(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "PAGE", 7)
    client = await workers.firm.client("Acme")
    notes = [f"Unit {number} runs on srv-{number:02}." for number in range(50)]
    one, two = workers.both(workers.firm.owner)
    await ingest(one, "chat", notes, client_id=client)
    assert sorted(await texts(two, "unit runs srv", client)) == sorted(notes)
