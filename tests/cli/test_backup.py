"""`claudetools backup`: whoever runs the server can make backups of it, prove them and put one back."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite3
import pytest

from claudetools.kit.db.migrate import downgrade
from tests.cli.running import PROGRAM, Account, RunningServer
from tests.mariadb import run_async

DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.001


@pytest.fixture
def data(server: RunningServer, account: Account, tmp_path: Path) -> Path:
    """A data folder that has been used: a copy, so that nothing is running on it; `account` works with it."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.copytree(server.data / "keys", folder / "keys")
    source, copy = sqlite3.connect(server.data / "claudetools.db"), sqlite3.connect(folder / "claudetools.db")
    source.backup(copy)
    # Other tests let the server make backups too.
    copy.execute("DELETE FROM backup_log")
    copy.commit()
    source.close()
    copy.close()
    account.variables["CLAUDETOOLS_HOME"] = str(folder)
    return folder


def asked(database: Path, statement: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database)
    try:
        found = list(connection.execute(statement))
        connection.commit()
        return found
    finally:
        connection.close()


def mark(data: Path, name: str) -> None:
    """Leave a trace in the database that tells one state of it from another."""
    asked(data / "claudetools.db", f"UPDATE api_users SET display_name = '{name}'")


def trace(data: Path) -> list[tuple[Any, ...]]:
    return asked(data / "claudetools.db", "SELECT DISTINCT display_name FROM api_users")


def there(folder: Path, pattern: str) -> list[Path]:
    """Return what matches, also while it comes and goes."""
    try:
        return list(folder.glob(pattern))
    except FileNotFoundError:
        return []


def kill(account: Account, until: Callable[[], object], *arguments: str) -> None:
    """Kill a command as soon as `until` says so, if it has not ended before."""
    with subprocess.Popen(
        [str(PROGRAM), *arguments],
        cwd=account.work,
        env=account.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        ends_at = time.monotonic() + DEADLINE_SECONDS
        try:
            while process.poll() is None and not until():
                assert time.monotonic() < ends_at
                time.sleep(POLL_SECONDS)
        finally:
            process.send_signal(signal.SIGKILL)


def test_create_list_verify_and_restore(account: Account, data: Path) -> None:
    mark(data, "Before")
    made = account.must("backup", "create", "--json").data
    assert made["ok"] is True
    [listed] = account.must("backup", "list", "--json").data
    assert (listed["path"], listed["state"], listed["type"], listed["rows"]) == (
        made["path"], "good", "manual", made["rows"],
    )  # fmt: skip
    assert "as it should be" in account.must("backup", "verify", made["path"]).output
    mark(data, "After")
    done = account.must("backup", "restore", made["path"], "--yes", "--json").data
    assert trace(data) == [("Before",)]
    assert asked(Path(done["replaced"]), "SELECT DISTINCT display_name FROM api_users") == [("After",)]
    assert asked(data / "claudetools.db", "SELECT verification FROM backup_log") == []


def test_what_cannot_be_opened_is_not_restored(account: Account, data: Path) -> None:
    path = Path(account.must("backup", "create", "--json").data["path"])
    mark(data, "After")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    checked = account.run("backup", "verify", str(path), "--json")
    assert (checked.status, checked.data["ok"]) == (1, False)
    refused = account.run("backup", "restore", str(path), "--yes")
    assert refused.status == 1
    assert "is not restored" in refused.errors
    path.write_bytes(content)
    key = data / "keys" / "root.key"
    key.rename(data / "root.key")
    assert "Restore it from your key backup" in account.run("backup", "verify", str(path)).errors
    assert account.run("backup", "restore", str(path), "--yes").status == 1
    assert trace(data) == [("After",)]


def test_into_a_new_home_with_the_keys_folder(account: Account, data: Path, tmp_path: Path) -> None:
    mark(data, "Saved")
    path = account.must("backup", "create", "--json").data["path"]
    new = tmp_path / "new"
    new.mkdir(mode=0o700)
    for folder in ("keys", "backups"):
        shutil.copytree(data / folder, new / folder)
    account.variables["CLAUDETOOLS_HOME"] = str(new)
    account.must("backup", "restore", str(new / "backups" / Path(path).name), "--yes")
    assert trace(new) == [("Saved",)]


def test_while_the_server_runs_one_can_back_up_but_not_restore(local: Account, server: RunningServer) -> None:
    made = local.must("backup", "create", "--json").data
    assert made["ok"] is True
    restore = ("backup", "restore", made["path"], "--yes")
    assert "A program has" in local.run(*restore).errors
    local.variables["CLAUDETOOLS_PORT"] = str(server.port)
    assert "Stop it first" in local.run(*restore).errors


def test_kill_in_the_middle_of_a_backup_leaves_none(account: Account, data: Path) -> None:
    folder = data / "backups"
    for stage in ("copy.db", "backup*.part", "backup", "proof.db"):
        kill(account, partial(there, folder, f".scratch-*/{stage}"), "backup", "create")
        assert there(folder, ".scratch-*"), "the kill came too late"
        assert account.must("backup", "list", "--json").data == []
        assert there(folder, "*.ctb*") == []
    made = account.must("backup", "create", "--json").data
    [listed] = account.must("backup", "list", "--json").data
    assert listed["path"] == made["path"]
    assert there(folder, ".scratch-*") == []


def test_kill_in_the_middle_of_restoring_leaves_the_old_or_the_new(account: Account, data: Path) -> None:
    mark(data, "Before")
    path = account.must("backup", "create", "--json").data["path"]
    seen = set()
    stages = ("backups/.scratch-*", "backups/.scratch-*/restored.db", "*.db.restoring", "*.db.replaced-*")
    for number, stage in enumerate(stages):
        mark(data, f"After {number}")
        for left in data.glob("*.replaced-*"):
            left.unlink()
        kill(account, partial(there, data, stage), "backup", "restore", path, "--yes")
        assert asked(data / "claudetools.db", "PRAGMA integrity_check") == [("ok",)]
        [(name,)] = trace(data)
        assert name in (f"After {number}", "Before")
        seen.add(name)
    assert seen - {"Before"}, "every kill came too late"
    account.must("backup", "restore", path, "--yes")
    assert trace(data) == [("Before",)]


def test_an_upgrade_backs_up_first(account: Account, data: Path) -> None:
    url = f"sqlite+aiosqlite:///{data / 'claudetools.db'}"
    run_async(downgrade(url, "0010"))
    (data / "backups").write_text("in the way")
    refused = account.run("db", "upgrade")
    assert refused.status == 1
    assert "was not upgraded" in refused.errors
    assert "--no-backup" in refused.errors
    assert asked(data / "claudetools.db", "SELECT version_num FROM alembic_version") == [("0010",)]
    (data / "backups").unlink()
    done = account.must("db", "upgrade")
    assert "before the upgrade from schema 0010" in done.output
    [listed] = account.must("backup", "list", "--json").data
    assert (listed["type"], listed["revision"], listed["state"]) == ("pre_migration", "0010", "good")
    logged = "SELECT verification FROM backup_log WHERE type = 'pre_migration'"
    assert asked(data / "claudetools.db", logged) == [("passed",)]
    run_async(downgrade(url, "0010"))
    account.must("db", "upgrade", "--no-backup")
    assert len(account.must("backup", "list", "--json").data) == 1


def test_a_schedule_is_made_by_the_server(owner: Account, server: RunningServer) -> None:
    made = owner.must(
        "backup", "schedule", "--endpoint", server.endpoint, "--cron", "30 1 * * *", "--keep", "7", "--json"
    ).data
    assert (made["retention_count"], made["destination"], made["is_enabled"]) == (7, ".", True)
