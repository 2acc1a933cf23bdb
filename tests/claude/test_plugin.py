"""What the plugin's files promise to the client and expect of the server."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

import claudetools
from tests.claude.conftest import FIXTURES

PLUGIN = Path(claudetools.__file__).parent / "claude" / "plugin"
PROJECT = Path(__file__).resolve().parents[2]
ARGUMENTS = {
    "hook_prompt": {"permission_mode", "prompt"},
    "hook_own_tool": {"tool_name", "tool_input", "tool_use_id"},
    "hook_tool": {"tool_name", "tool_input", "tool_use_id", "agent_id", "duration_ms"},
    "hook_tool_failure": {"tool_name", "tool_input", "tool_use_id", "agent_id", "error"},
    "hook_stop": {"last_assistant_message"},
    "hook_subagent_stop": {"agent_id", "agent_type", "last_assistant_message"},
    "hook_compact": {"trigger", "compact_summary"},
    "hook_session_start": {"source"},
    "hook_session_end": {"reason"},
}
COMMON = {"hook_event_name", "session_id", "transcript_path", "cwd", "prompt_id"}


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def hooks() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (event, group.get("matcher", ""), hook)
        for event, groups in read(PLUGIN / "hooks" / "hooks.json")["hooks"].items()
        for group in groups
        for hook in group["hooks"]
    ]


TOOL_HOOKS = [
    pytest.param(*each, id=f"{each[0]} {each[1]}".strip()) for each in hooks() if each[2]["type"] == "mcp_tool"
]


def test_hooks_call_the_plugins_own_server() -> None:
    (name,) = read(PLUGIN / ".mcp.json")["mcpServers"]
    plugin = read(PLUGIN / ".claude-plugin" / "plugin.json")["name"]
    assert {hook["server"] for _, _, hook in hooks() if hook["type"] == "mcp_tool"} == {f"plugin:{plugin}:{name}"}


def test_every_hook_tool_is_called_with_what_the_server_needs() -> None:
    called: dict[str, set[str]] = {}
    for _, _, hook in hooks():
        if hook["type"] == "mcp_tool":
            called.setdefault(hook["tool"], set(hook["input"])).intersection_update(hook["input"])
    assert set(called) == set(ARGUMENTS)
    assert [tool for tool, names in called.items() if not names >= COMMON | ARGUMENTS[tool]] == []


@pytest.mark.parametrize(("event", "matcher", "hook"), TOOL_HOOKS)
def test_a_hook_passes_on_fields_that_the_client_has(event: str, matcher: str, hook: dict[str, Any]) -> None:
    events = [json.loads(line) for line in (FIXTURES / "hook_events.jsonl").read_text().splitlines()]
    seen = {name for each in events if each["hook_event_name"] == event for name in each}
    if "ToolUse" in event:
        # Every event of a tool that a subagent uses names the agent.
        seen |= {"agent_id", "agent_type"}
    assert set(hook["input"]) <= seen
    assert all(template == f"${{{name}}}" for name, template in hook["input"].items())


@pytest.mark.parametrize(("event", "matcher", "hook"), TOOL_HOOKS)
def test_no_hook_holds_the_user_for_more_than_a_second(event: str, matcher: str, hook: dict[str, Any]) -> None:
    assert 0 < hook["timeout"] <= 1


def test_file_contents_are_not_sent_twice() -> None:
    by_matcher = {matcher: hook["input"] for _, matcher, hook in hooks() if hook.get("tool") == "hook_tool"}
    assert "tool_response" in by_matcher["Bash"]
    assert "tool_response" not in by_matcher["Write|Edit|MultiEdit|NotebookEdit"]


def test_the_token_is_a_secret_option_and_nothing_is_filled_in() -> None:
    options = read(PLUGIN / ".claude-plugin" / "plugin.json")["userConfig"]
    assert options["token"]["sensitive"] is True
    assert "default" not in options["token"]
    (server,) = read(PLUGIN / ".mcp.json")["mcpServers"].values()
    assert server["headers"] == {"Authorization": "Bearer ${user_config.token}"}
    assert server["url"] == "${user_config.endpoint}/mcp"


@pytest.mark.parametrize("folder", [PROJECT, PLUGIN], ids=["repository", "plugin"])
def test_the_marketplaces_lead_to_the_plugin(folder: Path) -> None:
    (entry,) = read(folder / ".claude-plugin" / "marketplace.json")["plugins"]
    assert (folder / entry["source"]).resolve() == PLUGIN.resolve()
    assert entry["name"] == read(PLUGIN / ".claude-plugin" / "plugin.json")["name"]


def test_the_plugin_has_the_version_of_the_package() -> None:
    assert read(PLUGIN / ".claude-plugin" / "plugin.json")["version"] == claudetools.__version__


COMMANDS = sorted({hook["command"] for _, _, hook in hooks() if hook["type"] == "command"})


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_hooks_are_silent_with_and_without_the_program(command: str, tmp_path: Path) -> None:
    def run() -> tuple[int, str, str]:
        done = subprocess.run(
            ["/bin/sh", "-c", command], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert run() == (0, "", "")
    program = tmp_path / "claudetools-sync"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/started\nexit 3\n')
    program.chmod(0o755)
    assert run() == (0, "", "")
    assert (tmp_path / "started").read_text() == "--detach\n"


def test_the_sync_starts_when_a_session_starts_and_ends() -> None:
    assert {(event, matcher) for event, matcher, hook in hooks() if hook["type"] == "command"} == {
        ("SessionStart", "startup|resume"),
        ("SessionEnd", ""),
    }


@pytest.mark.parametrize("path", sorted(PLUGIN.glob("**/*.md")), ids=lambda path: str(path.relative_to(PLUGIN)))
def test_texts_for_the_model_are_within_what_the_client_shows(path: Path) -> None:
    text = path.read_text()
    if path.name != "README.md":
        _, front, body = text.split("---\n", 2)
        assert "description: " in front
        assert len(front) < 1_000
        assert body.strip()
