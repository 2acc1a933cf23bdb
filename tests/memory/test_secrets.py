"""Secrets that pass through are nowhere afterwards: not in the database, not in its files, not in the logs."""

import json
import logging
from typing import Any

import pytest

from tests.databases import Kind
from tests.memory.contents import database_bytes, everything
from tests.memory.firm import Firm, call_tool

PASSWORD = "Wq7-kestrel-Vantage-93"
API_KEY = "ghp_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"[:36]
PRIVATE_KEY_BODY = "MIIEowIBAAKCAQEAv3l0Zk9Qd2x5U3RpY2tZQmFja3VwS2V5RGF0YQ"
PRIVATE_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{PRIVATE_KEY_BODY}\n-----END RSA PRIVATE KEY-----"
PRIVATE = "the board will sell the branch"
SECRETS = [PASSWORD, API_KEY, PRIVATE_KEY_BODY, PRIVATE]
TEXT = (
    f"Log in to srv-01 with password={PASSWORD} and the token {API_KEY}.\n{PRIVATE_KEY}\n"
    f"<private>{PRIVATE}</private> The gateway of the Hamburg branch is 10.20.0.1."
)
PLACE = {"cwd": "/srv/acme", "prompt_id": "p-1"}


def hook_bodies() -> list[dict[str, Any]]:
    call = {"tool_name": "Bash", "tool_input": {"command": f"mysql -u root -p{PASSWORD} -e 'show tables'"}}
    shown = {"stdout": TEXT, "stderr": ""}
    return [
        {"hook_event_name": "UserPromptSubmit", "prompt": TEXT},
        {
            "hook_event_name": "PostToolUse",
            **call,
            "tool_use_id": "t-1",
            "tool_response": shown,
        },
        {"hook_event_name": "PostToolUseFailure", **call, "tool_use_id": "t-2", "error": TEXT},
        {
            "hook_event_name": "PostToolUse",
            "tool_name": "Write",
            "tool_use_id": "t-3",
            "tool_input": {"file_path": "/srv/.env", "content": TEXT},
        },
        {"hook_event_name": "Stop", "last_assistant_message": TEXT},
        {"hook_event_name": "SubagentStop", "agent_id": "a1", "agent_type": "x", "last_assistant_message": TEXT},
        {"hook_event_name": "PostCompact", "compact_summary": TEXT},
        {"hook_event_name": "SessionEnd", "reason": "other"},
    ]


async def send_secrets(firm: Firm) -> None:
    """Let secrets pass through every way into memory."""
    client = await firm.client("Acme")
    await firm.bind(client, cwd="/srv/acme")
    machine = await firm.machine(firm.owner)
    for body in hook_bodies():
        await machine.hook(body["hook_event_name"], "s-1", **body, **PLACE)
        arguments = {key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()}
        await call_tool(machine.caller, "hook_any", {**arguments, "session_id": "s-2", **PLACE})
    message = {"role": "user", "content": TEXT}
    line = {"type": "user", "uuid": "u-1", "promptId": "p-1", "message": message}
    await machine.send(
        {"key": "s-3", "session_id": "s-3", "offset": 0, "next_offset": 9, "lines": [line], "cwd": "/srv/acme"}
    )
    turns = [{"id": role, "role": role, "text": TEXT} for role in ("user", "assistant", "tool", "Anna")]
    given: list[tuple[str, Any]] = [
        ("/memory/ingest", {"conversation_id": "c", "client_id": str(client), "turns": turns}),
        ("/memory/remember", {"text": TEXT, "client_id": str(client), "tags": [f"password={PASSWORD}", API_KEY]}),
        ("/memory/recall", {"query": TEXT, "client_id": str(client)}),
        (
            "/conversation-contexts",
            {
                "title": f"password={PASSWORD}",
                "dense_summary": TEXT,
                "key_decisions": [TEXT[:400]],
                "current_state": {"password": PASSWORD, "note": TEXT},
                "tags": [API_KEY],
                "client_id": str(client),
            },
        ),
    ]
    memory = context = ""
    for path, body in given:
        reply = await firm.owner.post(path, body)
        assert reply.status_code in (200, 201), reply.text
        memory = reply.json()["memory"]["id"] if path.endswith("remember") else memory
        context = reply.json()["id"] if path.endswith("contexts") else context
    assert (await firm.owner.patch(f"/memory/{memory}", json={"text": f"Now: {TEXT}"})).status_code == 200
    change = {"dense_summary": f"Now: {TEXT}"}
    assert (await firm.owner.patch(f"/conversation-contexts/{context}", json=change)).status_code == 200
    await call_tool(machine.caller, "remember", {"text": f"From the tool: {TEXT}", "session": "s-1"})
    await call_tool(machine.caller, "recall", {"query": TEXT, "session": "s-1"})


async def send_faults(firm: Firm) -> None:
    """Let secrets pass through requests that are refused."""
    machine = await firm.machine(firm.owner)
    for path, body in (
        ("/claude/hooks/Unknown", {"session_id": "s", "prompt": TEXT}),
        (f"/claude/hooks/{PASSWORD}", {"session_id": "s"}),
        ("/claude/hooks/Stop", {"session_id": TEXT}),
        ("/claude/events", {"events": [{"hook_event_name": TEXT}]}),
        ("/claude/events", {"transcripts": [{"key": TEXT, "lines": [TEXT]}]}),
        ("/memory/remember", {"text": TEXT, "kind": TEXT}),
        ("/memory/ingest", {"conversation_id": "c", "turns": [{"id": "1", "role": "user", "text": [TEXT]}]}),
        ("/memory/recall", {"query": TEXT, "client_id": TEXT, TEXT: 1}),
    ):
        reply = await machine.caller.post(path, body)
        assert reply.status_code == 422, (path, reply.text)
        await call_tool(machine.caller, "remember", {"text": TEXT, "kind": TEXT})
        await call_tool(machine.caller, "hook_prompt", {"hook_event_name": TEXT, "prompt": TEXT})


def logged(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> str:
    records = "\n".join(f"{record.msg} {record.args} {record.exc_text}" for record in caplog.records)
    output = capsys.readouterr()
    return records + output.out + output.err


def assert_clean(text: str, where: str) -> None:
    for secret in SECRETS:
        assert secret not in text, f"{secret!r} is in {where}"


async def test_no_secret_is_stored_or_logged(
    firm: Firm,
    database_url: str,
    database_kind: Kind,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    await send_secrets(firm)
    stored = await everything(firm.api)
    assert sum("10.20.0.1" in value for value in stored) > 20
    for value in stored:
        assert_clean(value, value[:60])
    if database_kind == "sqlite":
        parts = [part.decode("latin-1") for part in database_bytes(database_url)]
        assert any("10.20.0.1" in part for part in parts)
        for part in parts:
            assert_clean(part, "the database file")
    assert_clean(logged(caplog, capsys), "the log")


async def test_no_secret_of_a_refused_request_is_stored_or_logged(
    firm: Firm, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    await send_faults(firm)
    for value in await everything(firm.api):
        assert_clean(value, value[:60])
    log = logged(caplog, capsys)
    for secret in SECRETS[1:]:
        assert secret not in log


async def test_no_secret_is_logged_when_storing_fails(
    firm: Firm,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    client = await firm.client("Acme")
    await firm.bind(client, cwd="/srv/acme")
    machine = await firm.machine(firm.owner)

    async def fails(*_: Any) -> int:
        raise RuntimeError("the store is broken")

    monkeypatch.setattr("claudetools.domains.memory.capturing.recording.put_items", fails)
    for body in hook_bodies()[:-1]:
        event = {**body, "session_id": "s-1", **PLACE}
        assert (await machine.caller.post(f"/claude/hooks/{body['hook_event_name']}", event)).status_code == 500
        await call_tool(machine.caller, "hook_any", event)
    for value in await everything(firm.api):
        assert_clean(value, value[:60])
    assert_clean(logged(caplog, capsys), "the log")
