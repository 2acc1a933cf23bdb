"""Receiving transcript files: in any pieces, any number of times, beside the hooks, everything is there once."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory import ConversationContext, MemoryItem
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn
from claudetools.domains.memory.items import MemoryDeletion
from claudetools.domains.memory.records.context_snippets import ContextSnippet
from claudetools.domains.memory.records.decision_logs import DecisionLog
from claudetools.domains.work import WorkSession
from tests.fixtures.application import Application
from tests.memory.contents import differences, recorded, rows_of
from tests.memory.firm import Firm, Machine, hook_tool, texts
from tests.memory.session_files import MAIN, PLACE, SUBAGENT, File, hook_arguments, hook_events

DRAWN = (ConversationContext, ContextSnippet, DecisionLog)
RECORDED_EVENTS = {
    "UserPromptSubmit",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "SubagentStop",
    "PostCompact",
    "SessionStart",
    "SessionEnd",
}


@pytest.fixture
async def machine(firm: Firm) -> Machine:
    await firm.bind(await firm.client("Acme"), cwd=PLACE["cwd"])
    return await firm.machine(firm.owner, "ws-anna")


async def emptied(app: Application, machine: Machine) -> None:
    """Remove all that sessions left, and nothing else."""

    async def unit(session: AsyncSession) -> None:
        for model in (MemoryDeletion, *DRAWN, MemoryItem, Transcript, WorkSession):
            await session.execute(delete(model))

    await app.services.database.write(unit)


async def send(machine: Machine, *files: File, cuts: tuple[int, ...] = ()) -> None:
    for file in files:
        for piece in file.pieces([cut for cut in cuts if cut < len(file.lines)]):
            answer = await machine.send(piece)
            assert answer["cursors"][file.key]["offset"] == piece["next_offset"]


async def test_a_session_is_there_with_all_it_said(firm: Firm, machine: Machine) -> None:
    await send(machine, MAIN, SUBAGENT)
    found = await recorded(firm.api)
    assert [row["key"] for row in found["transcripts"] if row["client_id"]] != []
    assert {row["key"] for row in found["transcripts"]} == {MAIN.key, SUBAGENT.key}
    assert len({(row["transcript_id"], row["key"]) for row in found["transcript_turns"]}) == len(
        found["transcript_turns"]
    )
    assert {row["kind"] for row in found["transcript_turns"]} == {"prompt", "answer", "tool", "summary"}
    assert any(row["kind"] == "failure" and "command not found" in row["text"] for row in found["memory_items"])
    (context,) = found["conversation_contexts"]
    assert context["dense_summary"]


@pytest.mark.parametrize("file", [MAIN, SUBAGENT], ids=["session", "subagent"])
async def test_wherever_a_file_is_cut_the_content_is_the_same(firm: Firm, machine: Machine, file: File) -> None:
    await send(machine, file)
    whole = await recorded(firm.api)
    assert whole["memory_items"]
    for cut in range(1, len(file.lines)):
        await emptied(firm.api, machine)
        await send(machine, file, cuts=(cut,))
        assert differences(await recorded(firm.api), whole) == [], f"cut before line {cut}"


@pytest.mark.parametrize("seed", range(4))
async def test_cut_into_many_pieces_the_content_is_the_same(firm: Firm, machine: Machine, seed: int) -> None:
    await send(machine, MAIN, SUBAGENT)
    whole = await recorded(firm.api)
    await emptied(firm.api, machine)
    cuts = range(1, 100) if seed == 0 else sorted(random.Random(seed).sample(range(1, 75), 12))
    await send(machine, MAIN, SUBAGENT, cuts=tuple(cuts))
    assert differences(await recorded(firm.api), whole) == []


async def test_the_file_of_an_old_client_which_names_no_prompts_is_grouped_by_them_wherever_it_is_cut(
    firm: Firm, machine: Machine
) -> None:
    old = replace(MAIN, lines=[{name: line[name] for name in line if name != "promptId"} for line in MAIN.lines])
    await send(machine, old)
    whole = await recorded(firm.api)
    turns = whole["transcript_turns"]
    asked = {row["line_uuid"] for row in turns if row["kind"] == "prompt"}
    assert len(asked) > 1
    assert {row["prompt_id"] for row in turns} == asked
    await emptied(firm.api, machine)
    await send(machine, old, cuts=(20, 24, 27, 40, 55))
    assert differences(await recorded(firm.api), whole) == []


async def test_a_piece_that_is_sent_again_adds_nothing(firm: Firm, machine: Machine) -> None:
    await send(machine, MAIN, cuts=(20, 40))
    whole = await recorded(firm.api)
    for first, end in ((40, len(MAIN.lines)), (20, 40), (15, 45), (33, 50), (0, len(MAIN.lines))):
        answer = await machine.send(MAIN.piece(first, end))
        assert answer["recorded"] == 0
        assert answer["cursors"][MAIN.key]["offset"] == MAIN.starts[-1]
        assert differences(await recorded(firm.api), whole) == []


@pytest.mark.parametrize("first", range(1, len(MAIN.lines), 4))
async def test_a_piece_may_begin_anywhere_in_what_is_there(firm: Firm, machine: Machine, first: int) -> None:
    await send(machine, MAIN)
    whole = await recorded(firm.api)
    assert (await machine.send(MAIN.piece(first, len(MAIN.lines))))["recorded"] == 0
    assert differences(await recorded(firm.api), whole) == []


async def test_a_gap_is_refused_and_named(firm: Firm, machine: Machine) -> None:
    await machine.send(MAIN.piece(0, 10))
    before = await recorded(firm.api)
    reply = await machine.caller.post("/claude/events", {"transcripts": [MAIN.piece(20, 30)]})
    assert reply.status_code == 422
    (error,) = reply.json()["errors"]
    assert (error["code"], str(MAIN.starts[10]) in error["message"]) == ("gap", True)
    assert differences(await recorded(firm.api), before) == []


async def test_a_file_that_was_replaced_by_a_shorter_one_is_taken_in_from_its_beginning(
    firm: Firm, machine: Machine
) -> None:
    await send(machine, MAIN)
    answer = await machine.send(MAIN.piece(0, 12))
    assert answer["cursors"][MAIN.key]["offset"] == MAIN.starts[12]
    cursors = (await machine.caller.get("/claude/cursors")).json()["cursors"]
    assert cursors[MAIN.key]["offset"] == MAIN.starts[12]
    await machine.send(MAIN.piece(12, 30))


async def test_cursors_tell_what_is_there(firm: Firm, machine: Machine) -> None:
    assert (await machine.caller.get("/claude/cursors")).json()["cursors"] == {}
    await machine.send(MAIN.piece(0, 30))
    await machine.send(SUBAGENT.piece(0, 5))
    own = (await machine.caller.get("/claude/cursors")).json()
    assert {key: cursor["offset"] for key, cursor in own["cursors"].items()} == {
        MAIN.key: MAIN.starts[30],
        SUBAGENT.key: SUBAGENT.starts[5],
    }
    assert own["cursors"][MAIN.key]["last_uuid"] == next(
        line["uuid"] for line in reversed(MAIN.lines[:30]) if "uuid" in line
    )
    assert (await firm.owner.get(f"/claude/machines/{machine.id}/cursor")).json() == own
    colleague = await firm.machine(await firm.technician())
    assert (await colleague.caller.get("/claude/cursors")).json()["cursors"] == {}
    assert (await colleague.caller.get(f"/claude/machines/{machine.id}/cursor")).json()["cursors"] == {}


async def by_hooks(machine: Machine) -> None:
    for event in hook_events():
        if event["hook_event_name"] in RECORDED_EVENTS:
            fields = {key: value for key, value in event.items() if key != "session_id"}
            await machine.hook(event["hook_event_name"], event["session_id"], **fields)


async def by_mcp(machine: Machine) -> None:
    for tool, arguments in hook_arguments():
        await hook_tool(machine.caller, tool, **arguments)


async def by_batch(machine: Machine) -> None:
    events = [event for event in hook_events() if event["hook_event_name"] in RECORDED_EVENTS]
    await machine.send(events=events)


async def by_transcript(machine: Machine) -> None:
    await send(machine, MAIN, SUBAGENT)


@pytest.mark.parametrize("way", [by_hooks, by_mcp, by_batch])
async def test_the_same_events_twice_store_once(firm: Firm, machine: Machine, way: Callable[[Machine], Any]) -> None:
    await way(machine)
    once = await recorded(firm.api)
    assert len(once["transcript_turns"]) > 10
    await way(machine)
    assert differences(await recorded(firm.api), once) == []


@pytest.mark.parametrize("way", [by_hooks, by_mcp, by_batch])
async def test_hooks_and_transcript_store_once_in_either_order(
    firm: Firm, machine: Machine, way: Callable[[Machine], Any]
) -> None:
    await by_transcript(machine)
    alone = len(await rows_of(firm.api, TranscriptTurn))
    await way(machine)
    transcript_first = await recorded(firm.api)
    assert len(transcript_first["transcript_turns"]) == alone
    await emptied(firm.api, machine)
    await way(machine)
    await by_transcript(machine)
    assert differences(await recorded(firm.api), transcript_first) == []


async def test_the_same_whether_it_came_over_http_or_mcp(firm: Firm, machine: Machine) -> None:
    said = []
    for way in (by_hooks, by_mcp):
        await way(machine)
        turns = (await recorded(firm.api))["transcript_turns"]
        said.append({(turn["key"], turn["text"]) for turn in turns if turn["kind"] != "tool"})
        await emptied(firm.api, machine)
    assert said[0] == said[1] != set()


async def test_what_was_recorded_is_recalled_at_once(firm: Firm, machine: Machine) -> None:
    await by_transcript(machine)
    (client,) = {row.client_id for row in await rows_of(firm.api, Transcript)}
    assert any("sw-core-01" in text for text in await texts(firm.owner, "voice VLAN sw-core-01", client))


async def test_a_key_must_belong_to_its_session(firm: Firm, machine: Machine) -> None:
    for change in (
        {"key": "other"},
        {"agent_id": "a1"},
        {"next_offset": 0, "offset": 5},
        {"key": "a/b"},
        {"offset": -1},
    ):
        reply = await machine.caller.post("/claude/events", {"transcripts": [{**MAIN.piece(0, 5), **change}]})
        assert reply.status_code == 422, change
    assert await rows_of(firm.api, Transcript) == []


async def test_a_long_answer_after_much_work_is_read_in_its_order(firm: Firm, machine: Machine) -> None:
    def line(number: int, kind: str, content: object, **more: object) -> dict[str, object]:
        at = f"2026-03-02T10:{number // 60:02}:{number % 60:02}.000Z"
        message = {"role": kind, "id": f"m{number}", "content": content}
        return {"type": kind, "uuid": f"u{number}", "timestamp": at, "promptId": "p1", "message": message, **more}

    lines = [line(0, "user", "Patch the new switch")]
    for number in range(1, 240, 2):
        use = {
            "type": "tool_use",
            "id": f"t{number}",
            "name": "Bash",
            "input": {"command": f"snmpset ifAlias.{number}"},
        }
        lines.append(line(number, "assistant", [use]))
        result = {"type": "tool_result", "tool_use_id": f"t{number}", "content": "Error: denied", "is_error": True}
        lines.append(line(number + 1, "user", [result]))
    rows = [f"- Port {number} of the switch is patched to room {number + 100}" for number in range(60)]
    lines.append(line(300, "assistant", [{"type": "text", "text": "All ports:\n\n" + "\n".join(rows)}]))
    place = {"key": "patching", "session_id": "patching", "offset": 0, "next_offset": 1, "cwd": "/home/tech/acme"}
    await machine.send({**place, "lines": lines})
    asked = {"query": "Which port of the switch is patched to which room?", "budget_tokens": 4_000, "cwd": place["cwd"]}
    reply = (await machine.caller.post("/memory/recall", asked)).json()
    answers = [item["text"] for item in reply["items"] if item["kind"] == "answer"]
    assert answers
    for text in answers:
        ports = [int(row.split()[2]) for row in text.splitlines() if row.startswith("- Port")]
        assert ports == sorted(ports)
    assert max(text.count("- Port") for text in answers) > 20
