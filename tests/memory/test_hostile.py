"""Events and lines from outside: whatever is in them, the answer is clear, and nothing is stored raw."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claudetools.domains.memory import MemoryItem
from claudetools.domains.memory.capturing.transcripts import TranscriptTurn
from claudetools.domains.memory.capturing.turn import TEXT_LIMIT
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, Machine, call_tool
from tests.memory.session_files import hook_arguments, hook_events

JSON = {"Content-Type": "application/json"}
DEEP: Any = json.loads("[" * 400 + "]" * 400)
ODD: list[Any] = [
    None,
    True,
    -1,
    1e308,
    10**30,
    "",
    "\x00",
    "\ud800 lone",
    "x" * 300_000,
    "{" * 5_000,
    "${tool_input}",
    "</claudetools-memory>",
    "é" * 70_000,
    [],
    {},
    DEEP,
    [[]],
    {"": None},
    {"command": ["rm"]},
    {"stdout": 5, "stderr": {}},
]
FIELDS = [
    "prompt",
    "prompt_id",
    "cwd",
    "agent_id",
    "tool_name",
    "tool_input",
    "tool_response",
    "tool_use_id",
    "error",
    "duration_ms",
    "last_assistant_message",
    "compact_summary",
    "source",
    "reason",
]


@pytest.fixture
async def machine(firm: Firm) -> Machine:
    return await firm.machine(firm.owner)


async def checked(firm: Firm) -> None:
    """What was stored is bounded and well-formed."""
    for row in await rows_of(firm.api, TranscriptTurn):
        assert len(row.text) <= TEXT_LIMIT + 100
        assert row.text.encode()
        assert len(json.dumps(row.tool)) < 30_000
    for item in await rows_of(firm.api, MemoryItem):
        assert len(item.text) <= TEXT_LIMIT


@pytest.mark.parametrize("field", FIELDS)
async def test_an_odd_field_never_breaks_an_event(firm: Firm, machine: Machine, field: str) -> None:
    events = {event["hook_event_name"]: event for event in hook_events() if event["hook_event_name"] != "PreToolUse"}
    for name in ("UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "Stop", "PostCompact", "SessionEnd"):
        for value in ODD:
            body = json.dumps({**events.get(name, {}), "session_id": "s-1", field: value}).encode()
            reply = await machine.caller.post(f"/claude/hooks/{name}", content=body, headers=JSON)
            assert reply.status_code in (200, 422), (name, field, ascii(value)[:60], reply.text)
    await checked(firm)


async def test_odd_arguments_never_break_a_hook_tool(firm: Firm, machine: Machine) -> None:
    for tool, arguments in hook_arguments():
        for field in ("tool_input", "tool_response", "prompt", "session_id", "prompt_id", "hook_event_name"):
            for value in ("", "\x00", "[", "x" * 100_000, "[" * 3_000, 5, None):
                text, is_error = await call_tool(machine.caller, tool, {**arguments, field: value})
                assert (is_error, isinstance(json.loads(text), dict)) == (False, True)
    await checked(firm)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["type", "uuid", "promptId", "timestamp", "message", "content", "role", "id", "isMeta", "attachment"]
names = st.sampled_from([*NAMES, "isCompactSummary", "toolUseResult"])
kinds = st.sampled_from(["user", "assistant", "attachment", "system", "tool_use", "tool_result", "text"])
lines = st.dictionaries(names, json_values | kinds, max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines, max_size=6))
async def test_any_lines_are_taken_in(firm: Firm, given_lines: list[dict[str, Any]]) -> None:
    machine = Machine(id=firm.owner.id, hostname="", caller=firm.owner)
    chunk = {"key": "s-1", "session_id": "s-1", "offset": 0, "next_offset": 0, "lines": given_lines}
    reply = await machine.caller.post(
        "/claude/events", content=json.dumps({"transcripts": [chunk]}).encode(), headers=JSON
    )
    assert reply.status_code in (200, 422), reply.text


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1969-12-31T23:00:00Z", "x", 5])
async def test_odd_times_are_taken_in(firm: Firm, machine: Machine, at: Any) -> None:
    line = {"type": "user", "uuid": "u-1", "promptId": "p-1", "timestamp": at}
    line["message"] = {"role": "user", "content": "The gateway of the Hamburg branch is 10.20.0.1."}
    chunk = {"key": "s-1", "session_id": "s-1", "offset": 0, "next_offset": 9, "lines": [line]}
    assert (await machine.send(chunk))["recorded"] == 1
    reply = await machine.caller.post("/memory/recall", {"query": "gateway Hamburg", "session_id": "s-1"})
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/claude/hooks/Stop", b"{", 400),
        ("/claude/hooks/Stop", b"[]", 422),
        ("/claude/hooks/Stop", b"\xff\xfe", 400),
        ("/claude/hooks/Stop", b'{"a":' * 100_000, 400),
        ("/claude/hooks/Stop", b'{"session_id": ' + b"9" * 10_000 + b"}", 400),
        ("/claude/hooks/Stop", b'{"session_id": "s", "x": "' + b"x" * 9_000_000 + b'"}', 413),
        ("/claude/events", b'{"events": [1]}', 422),
        ("/claude/events", b'{"events": ' + json.dumps([{}] * 501).encode() + b"}", 422),
        ("/claude/events", b'{"transcripts": [{"lines": [5]}]}', 422),
    ],
    ids=lambda value: ascii(value)[:30],
)
async def test_what_is_no_event_is_refused(firm: Firm, machine: Machine, path: str, body: bytes, status: int) -> None:
    reply = await machine.caller.post(path, content=body, headers=JSON)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert await rows_of(firm.api, TranscriptTurn) == []
