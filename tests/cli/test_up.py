import re
import shlex
import shutil
import signal
import socket
import stat
from http import HTTPStatus
from pathlib import Path

import pysqlite3.dbapi2 as sqlite3
import pytest

from tests.cli.conftest import NewServer
from tests.cli.running import OWNER, PASSWORD, Account, RunningServer, free_port
from tests.mariadb import MariaServer


def refused(account: Account, data: Path, **variables: str) -> str:
    """Start a server that must not start; return the one line that says why."""
    given = {"CLAUDETOOLS_HOME": str(data), "CLAUDETOOLS_PORT": str(free_port()), **variables}
    done = account.run("up", **given)
    assert done.status == 1, done.everything
    assert len(done.errors.strip().splitlines()) == 1
    return done.errors


@pytest.fixture
def data(server: RunningServer, tmp_path: Path) -> Path:
    """A data folder that has been used: a copy, so that nothing is running on it."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    shutil.copytree(server.data / "keys", folder / "keys")
    source, copy = sqlite3.connect(server.data / "claudetools.db"), sqlite3.connect(folder / "claudetools.db")
    source.backup(copy)
    source.close()
    copy.close()
    return folder


def test_the_first_start_makes_everything_and_the_second_keeps_it(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server(tmp_path)
    server.start()
    first = server.output
    password = re.search(r"Password +(\S{20,})", first)
    assert password
    assert "owner@localhost" in first
    assert server.endpoint in first
    assert f"{server.endpoint}/api/docs" in first
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.data / "keys" / "root.key").stat().st_mode) == 0o600

    line = next(line.strip() for line in first.splitlines() if " connect http" in line)
    connected = server.account.shell(line)
    assert connected.status == 0, connected.everything
    token = server.account.connection["token"]
    status, client = server.call("/api/clients", token, "POST", {"name": "Kept"})
    assert status == HTTPStatus.CREATED
    server.stop()
    assert "Application shutdown complete" in server.log

    server.start()
    assert "Password" not in server.output
    assert "Owner" not in server.output
    assert server.read(f"/api/clients/{client['id']}", token)["name"] == "Kept"
    by_password = server.account.run(
        "token", "list", "--endpoint", server.endpoint,
        CLAUDETOOLS_OWNER_EMAIL="owner@localhost", CLAUDETOOLS_OWNER_PASSWORD=password[1],
    )  # fmt: skip
    assert by_password.status == 0, by_password.errors
    for secret in (password[1], token, (server.data / "keys" / "root.key").read_text().strip()):
        assert secret not in server.log
    assert connected.everything.count(token) == 0


def test_the_connect_line_is_short_where_the_data_is_in_the_folder(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server(tmp_path)
    server.data = server.account.work / ".local"
    server.start()
    line = next(line.strip() for line in server.output.splitlines() if " connect http" in line)
    assert "CLAUDETOOLS_HOME" not in line
    connected = server.account.shell(line)
    assert connected.status == 0, connected.everything
    assert "with the root key in .local" in connected.output


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_to(by: signal.Signals, new_server: NewServer, tmp_path: Path) -> None:
    server = new_server(tmp_path)
    server.start("--workers", "2") if by is signal.SIGTERM else server.start()
    assert server.stop(by) in (0, -by, 130)
    assert "Application shutdown complete" in server.log
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", server.port)):
        pass


def test_the_demo_is_loaded_once_and_recalled(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server(tmp_path)
    server.start("--demo", "--demo-scale", "0.03")
    assert "port 25" in server.output
    [counted] = [line for line in server.output.splitlines() if line.startswith("Sample data: 12 clients")]
    server.account.must("connect", server.endpoint, CLAUDETOOLS_HOME=str(server.data))
    tried = next(line.strip() for line in server.output.splitlines() if "claudetools recall" in line)
    assert "get vpn ipsec tunnel summary" in server.account.must(*shlex.split(tried)[1:]).output
    token = server.account.connection["token"]
    for line in server.output.splitlines():
        if line.strip().startswith("GET /api/"):
            assert server.read(line.split()[1].replace("format=text", "format=json"), token)
    before = server.read("/api/memory/stats", token)
    server.stop()
    server.start("--demo", "--demo-scale", "0.03")
    assert "port 25" in server.output
    assert counted in server.output
    after = server.read("/api/memory/stats", token)
    assert (after["items"], after["turns"]) == (before["items"], before["turns"])
    assert server.read("/api/clients?total=true", token)["total"] == 12


def test_a_demo_does_not_mix_with_real_clients(account: Account, data: Path) -> None:
    database = sqlite3.connect(data / "claudetools.db")
    columns = "id, name, type, is_active, created_at, updated_at, version"
    database.execute(
        f"INSERT INTO clients ({columns}) VALUES (lower(hex(randomblob(16))), 'Real', 'msp_client', 1, "
        "'2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', 1)"
    )
    database.commit()
    database.close()
    done = account.run("up", "--demo", CLAUDETOOLS_HOME=str(data), CLAUDETOOLS_PORT=str(free_port()))
    assert done.status == 1
    assert "real clients" in done.errors
    assert done.output == ""


def test_a_lost_key_is_never_replaced_over_data(account: Account, data: Path) -> None:
    (data / "keys" / "root.key").unlink()
    assert "Restore the key" in refused(account, data)
    assert not list((data / "keys").glob("*root*"))


def test_a_key_that_others_can_read_is_refused(account: Account, data: Path) -> None:
    (data / "keys" / "root.key").chmod(0o644)
    assert "chmod 600" in refused(account, data)


def test_a_damaged_key_is_refused(account: Account, data: Path) -> None:
    (data / "keys" / "root.key").write_text("not a key\n")
    assert "damaged" in refused(account, data)
    assert (data / "keys" / "root.key").read_text() == "not a key\n"


def test_a_newer_database_is_refused_and_left_alone(account: Account, data: Path) -> None:
    database = sqlite3.connect(data / "claudetools.db")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    assert "newer version" in refused(account, data)
    assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]
    database.close()


def test_a_file_that_is_no_database_is_refused_and_left_alone(account: Account, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "claudetools.db").write_text("a shopping list, far too long to be an empty database " * 20)
    assert "cannot be used" in refused(account, data)
    assert (data / "claudetools.db").read_text().startswith("a shopping list")
    assert not (data / "keys").exists()


def test_a_shared_folder_of_others_is_left_as_it_is(account: Account, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "letter.txt").write_text("dear all")
    assert "holds other files" in refused(account, shared)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o755
    assert [path.name for path in shared.iterdir()] == ["letter.txt"]


def test_a_file_in_place_of_the_folder_is_refused(account: Account, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "is not a folder" in refused(account, tmp_path / "data")


def test_a_port_that_another_program_uses(account: Account, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = account.run("up", CLAUDETOOLS_HOME=str(tmp_path / "data"), CLAUDETOOLS_PORT=port)
    assert done.status == 1
    assert f"Another program uses port {port}" in done.errors
    assert not (tmp_path / "data").exists()


def test_a_second_server_on_the_same_port(server: RunningServer, account: Account, tmp_path: Path) -> None:
    done = account.run("up", CLAUDETOOLS_HOME=str(tmp_path / "data"), CLAUDETOOLS_PORT=str(server.port))
    assert done.status == 1
    assert "runs at" in done.errors
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLAUDETOOLS_PORT", "eighty"),
        ("CLAUDETOOLS_HOST", "192.0.2.1"),
        ("CLAUDETOOLS_OWNER_PASSWORD", "too-short"),
        ("CLAUDETOOLS_OWNER_EMAIL", "nobody"),
        ("CLAUDETOOLS_DATABASE_URL", "not an address"),
        ("CLAUDETOOLS_DATABASE_URL", "mariadb+asyncmy://user:hush-hush@127.0.0.1:9/none"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, account: Account, tmp_path: Path) -> None:
    said = refused(account, tmp_path / "data", **{name: value})
    assert name in said or "database" in said
    assert "too-short" not in said
    assert "hush-hush" not in said


def test_wrong_usage_has_its_own_status(account: Account) -> None:
    assert account.run("up", "--workers", "none").status == 2
    assert account.run("fly").status == 2


def test_the_owner_can_be_given_by_the_environment(server: RunningServer) -> None:
    assert OWNER in server.output
    assert PASSWORD not in server.output
    assert PASSWORD not in server.log


def test_on_mariadb(new_server: NewServer, mariadb: MariaServer, tmp_path: Path) -> None:
    server = new_server(tmp_path)
    server.account.variables["CLAUDETOOLS_DATABASE_URL"] = mariadb.create_database("command_line")
    server.start()
    server.account.must("connect", server.endpoint, CLAUDETOOLS_HOME=str(server.data))
    server.account.must("remember", "The crane of hall 4 was serviced.")
    server.stop()
    server.start()
    assert "Password" not in server.output
    assert "hall 4" in server.account.must("recall", "the crane in hall 4").output
    server.stop()
    assert not (server.data / "claudetools.db").exists()
    (server.data / "keys" / "root.key").unlink()
    assert "Restore the key" in refused(server.account, server.data)
