"""The plugin in the real client: it is valid, installs and goes without a trace, and its sync uploads a session."""

import json
import os
import sys
from pathlib import Path

import pytest

import claudetools
from tests.claude.stub_server import TOKEN, StubServer
from tests.e2e.client import Machine
from tests.e2e.model_stub import ModelStub, Text, ToolUse, in_turn

PLUGIN = Path(claudetools.__file__).parent / "claude" / "plugin"
PROJECT = Path(__file__).resolve().parents[2]
WITH_OUR_PROGRAMS = {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}

WITHOUT_OUR_PROGRAMS = {"PATH": os.pathsep.join(["/usr/bin", "/bin"])}


@pytest.fixture
def machine(claude_code: Path, tmp_path: Path) -> Machine:
    return Machine(claude_code, tmp_path)


@pytest.mark.parametrize("folder", [PLUGIN, PROJECT], ids=["plugin", "repository"])
def test_the_client_finds_nothing_to_complain_about(machine: Machine, folder: Path) -> None:
    with ModelStub() as model:
        assert "Validation passed" in machine.command(
            "plugin", "validate", "--strict", str(folder), model_url=model.url
        )


def test_it_installs_from_the_package_and_goes_without_a_trace(machine: Machine) -> None:
    with ModelStub() as model:
        for command in (
            ["marketplace", "add", str(PLUGIN)],
            [
                "install",
                "claudetools@claudetools",
                "--config",
                "endpoint=http://127.0.0.1:9",
                "--config",
                "token=t0ken",
            ],
        ):
            machine.command("plugin", *command, model_url=model.url)
        settings = machine.config_dir / "settings.json"
        assert json.loads(settings.read_text())["enabledPlugins"] == {"claudetools@claudetools": True}
        assert "t0ken" not in settings.read_text()
        for command in (["uninstall", "claudetools@claudetools"], ["marketplace", "remove", "claudetools"]):
            machine.command("plugin", *command, model_url=model.url)
    assert not any(json.loads(settings.read_text()).values())
    assert "t0ken" not in (machine.config_dir / ".credentials.json").read_text()


def test_a_session_is_uploaded_when_it_ends(machine: Machine) -> None:
    script = in_turn([ToolUse("Bash", {"command": "echo vlan 40"})], [Text("The voice VLAN is 40.")])
    with StubServer() as server, ModelStub(script) as model:
        machine.configure_plugin(server.url, TOKEN)
        (turn,) = machine.run(["Which VLAN?"], model.url, plugin_dir=PLUGIN, env=WITH_OUR_PROGRAMS)
        assert turn.answer == "The voice VLAN is 40."
        key = turn.result["session_id"]
        server.wait_until(lambda: "The voice VLAN is 40." in json.dumps(server.lines(key)))
        sent = server.lines(key)
    assert [line["type"] for line in sent] == ["user", "assistant", "user", "assistant"]
    assert [line["message"]["content"] for line in sent[:1]] == ["Which VLAN?"]


def test_a_session_that_was_killed_is_uploaded_when_the_next_one_starts(machine: Machine) -> None:
    with StubServer() as server, ModelStub(in_turn([Text("The printers are on VLAN 30.")])) as model:
        machine.configure_plugin(server.url, TOKEN)
        with machine.session(model.url, plugin_dir=PLUGIN, env=WITHOUT_OUR_PROGRAMS) as session:
            session.send("And the printers?")
            session.kill()
        assert not server.lines(session.session_id)
        machine.run(["Hello"], model.url, plugin_dir=PLUGIN, env=WITH_OUR_PROGRAMS)
        server.wait_until(lambda: "VLAN 30" in json.dumps(server.lines(session.session_id)))
