import json
import shutil
import stat
from http import HTTPStatus
from pathlib import Path

from tests.cli.running import LOGIN, PASSWORD, PROGRAM, Account, RunningServer, free_port
from tests.e2e.client import QUIET


def test_the_plugin_gets_address_and_token_and_nobody_else_the_token(owner: Account, server: RunningServer) -> None:
    owner.install_client()
    done = owner.must("connect", server.endpoint, **LOGIN)
    token = owner.connection["token"]
    sync = str(PROGRAM.with_name("claudetools-sync"))
    assert owner.client_state["options"] == {"endpoint": server.endpoint, "token": token, "sync_program": sync}
    assert Path(owner.client_state["path"], ".claude-plugin", "plugin.json").is_file()
    for secret in (token, PASSWORD):
        assert secret not in json.dumps(owner.client_calls)
        assert secret not in done.everything
        assert secret not in server.log
    assert "the plugin is installed" in done.output


def test_a_plugin_that_was_switched_off_or_comes_from_elsewhere(owner: Account, server: RunningServer) -> None:
    owner.install_client()
    state = {"path": "/another/installation", "enabled": False}
    (owner.programs / "state.json").write_text(json.dumps(state))
    owner.must("connect", server.endpoint)
    assert owner.client_state["enabled"] is True
    assert owner.client_state["path"] != "/another/installation"


def test_without_the_client_it_says_so_and_goes_on(owner: Account, server: RunningServer) -> None:
    done = owner.must("connect", server.endpoint)
    assert "not found on the PATH" in done.output
    assert owner.connection_file.exists()


def test_the_plugin_is_left_alone_if_asked(owner: Account, server: RunningServer) -> None:
    owner.install_client()
    owner.must("connect", server.endpoint, "--no-plugin")
    assert not (owner.programs / "state.json").exists()


def test_a_client_that_fails_is_named(owner: Account, server: RunningServer) -> None:
    owner.install_client()
    program = owner.programs / "claude"
    program.write_text(program.read_text().replace('state.setdefault("enabled", True)', 'sys.exit("disk full")'))
    done = owner.run("connect", server.endpoint)
    assert done.status == 1
    assert "`claude plugin install claudetools@claudetools` failed: disk full" in done.errors


def test_disconnect_takes_everything_back(owner: Account, server: RunningServer) -> None:
    owner.install_client()
    owner.must("connect", server.endpoint)
    token = owner.connection["token"]
    owner.must("disconnect")
    assert owner.client_state == {}
    assert not owner.connection_file.exists()
    assert server.call("/api/clients", token)[0] == HTTPStatus.UNAUTHORIZED
    again = owner.must("disconnect")
    assert "there was none" in again.output
    assert owner.run("status").status == 1


def test_disconnect_from_a_server_that_is_gone(account: Account) -> None:
    account.connection_file.parent.mkdir(parents=True)
    text = json.dumps({"endpoint": f"http://127.0.0.1:{free_port()}", "token": "ct_machine_a_b_c"})
    account.connection_file.write_text(text)
    done = account.must("disconnect")
    assert "did not end it" in done.output
    assert not account.connection_file.exists()


def test_the_real_client_is_set_up_and_left_clean(owner: Account, server: RunningServer, claude_code: Path) -> None:
    (owner.programs / "claude").symlink_to(claude_code)
    (owner.programs / "claudetools-sync").symlink_to(PROGRAM.with_name("claudetools-sync"))
    node = shutil.which("node")
    assert node
    owner.variables |= {**QUIET, "PATH": f"{owner.environment['PATH']}:{Path(node).parent}"}
    for _ in range(2):
        owner.must("connect", server.endpoint)
    token = owner.connection["token"]
    settings, secrets = (owner.home / ".claude" / name for name in ("settings.json", ".credentials.json"))
    assert json.loads(settings.read_text())["enabledPlugins"] == {"claudetools@claudetools": True}
    assert server.endpoint in settings.read_text()
    assert token not in settings.read_text()
    assert token in secrets.read_text()
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    checks = {check["name"]: check["ok"] for check in owner.must("doctor", "--json").data["checks"]}
    assert checks["Claude Code"] is True
    assert checks["Plugin"] is True
    owner.must("disconnect")
    assert not any(json.loads(settings.read_text()).values())
    assert token not in secrets.read_text()
