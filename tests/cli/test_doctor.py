from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import PROGRAM, Account, RunningServer, free_port


def by_name(account: Account, status: int, **variables: str) -> dict[str, dict[str, Any]]:
    done = account.run("doctor", "--json", **variables)
    assert done.status == status, done.everything
    assert done.data["ok"] == (status == 0)
    return {check["name"]: check for check in done.data["checks"]}


@pytest.fixture
def healthy(owner: Account, server: RunningServer) -> Account:
    owner.install_client()
    (owner.programs / "claudetools-sync").symlink_to(PROGRAM.with_name("claudetools-sync"))
    owner.must("connect", server.endpoint)
    return owner


def test_all_is_well_and_nothing_is_left_behind(healthy: Account, server: RunningServer) -> None:
    token = healthy.connection["token"]
    before = server.read("/api/memory/stats", token)
    sessions = server.read("/api/sessions?total=true", token)["total"]
    checks = by_name(healthy, 0)
    backup = checks.pop("Backup")
    assert backup["ok"] is True or "claudetools backup create" in backup["remedy"]
    assert {name: check["ok"] for name, check in checks.items()} == dict.fromkeys(
        [
            "Connection",
            "Claude Code",
            "Plugin",
            "Sync program",
            "Server",
            "Token",
            "Clock",
            "Round trip",
            "Transcripts",
        ],
        True,
    )
    after = server.read("/api/memory/stats", token)
    for figure in ("items", "turns", "sessions"):
        assert after[figure] == before[figure]
    assert server.read("/api/sessions?total=true", token)["total"] == sessions
    printed = healthy.must("doctor").output
    assert printed.count("ok  ") == len(checks) + (backup["ok"] is True)
    assert token not in printed


def test_a_backup_that_was_proved_is_told(healthy: Account, server: RunningServer) -> None:
    healthy.must("backup", "create", CLAUDETOOLS_HOME=str(server.data))
    backup = by_name(healthy, 0)["Backup"]
    assert backup["ok"] is True
    assert "proved to restore" in backup["detail"]


def test_a_server_that_is_down(healthy: Account) -> None:
    healthy.connection_file.write_text(
        healthy.connection_file.read_text().replace(healthy.connection["endpoint"], f"http://127.0.0.1:{free_port()}")
    )
    checks = by_name(healthy, 1)
    for name in ("Server", "Token", "Round trip"):
        assert checks[name]["ok"] is False
        assert checks[name]["remedy"]
    assert checks["Claude Code"]["ok"] is True


def test_a_token_that_has_ended(healthy: Account, server: RunningServer) -> None:
    checks = by_name(healthy, 1, CLAUDETOOLS_ENDPOINT=server.endpoint, CLAUDETOOLS_TOKEN="ct_machine_a_b_c")
    assert checks["Server"]["ok"] is True
    assert checks["Token"]["ok"] is False
    assert "claudetools connect" in checks["Token"]["remedy"]


def test_a_plugin_that_is_off_missing_or_speaks_to_another_server(healthy: Account) -> None:
    state = healthy.programs / "state.json"
    text = state.read_text()
    state.write_text(text.replace('"enabled": true', '"enabled": false'))
    assert "switched off" in by_name(healthy, 1)["Plugin"]["detail"]
    state.write_text(text.replace(healthy.connection["endpoint"], "http://127.0.0.1:1"))
    assert "http://127.0.0.1:1" in by_name(healthy, 1)["Plugin"]["detail"]
    state.write_text("{}")
    assert "not installed" in by_name(healthy, 1)["Plugin"]["detail"]


def test_without_the_client(connected: Account) -> None:
    checks = by_name(connected, 1)
    assert checks["Claude Code"]["ok"] is False
    assert checks["Round trip"]["ok"] is True


def test_a_connection_file_that_others_can_read(healthy: Account) -> None:
    healthy.connection_file.chmod(0o644)
    check = by_name(healthy, 1)["Connection"]
    assert check["remedy"] == f"chmod 600 {healthy.connection_file}"


def test_an_old_client_is_named(healthy: Account) -> None:
    program = healthy.programs / "claude"
    program.write_text(program.read_text().replace("2.1.330 (", "2.1.99 ("))
    check = by_name(healthy, 0)["Claude Code"]
    assert check["ok"] is None
    assert "2.1.99" in check["detail"]


def test_transcripts_that_wait(healthy: Account) -> None:
    folder = healthy.home / ".claude" / "projects" / "-x"
    folder.mkdir(parents=True)
    Path(folder, "11111111-2222-4333-8444-555555555555.jsonl").write_text('{"type": "user"}\n')
    check = by_name(healthy, 0)["Transcripts"]
    assert check["ok"] is None
    assert "import claude" in check["remedy"]
