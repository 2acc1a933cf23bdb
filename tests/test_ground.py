"""The ground the other tests stand on: databases of their own, a server that can be killed, and no way out."""

import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests import prerequisites
from tests.databases import Databases, Kind
from tests.mariadb import MariaServer, MariaTemplate

INSERT = text("INSERT INTO guest_book (id) VALUES (1)")
COUNT = text("SELECT COUNT(*) FROM guest_book")


async def change(url: str) -> None:
    """Commit a table and a row, as a migration would not have left them."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS guest_book (id INTEGER)"))
        await connection.execute(INSERT)
    await engine.dispose()


async def tables(url: str) -> list[str]:
    engine = create_async_engine(url)
    query = "SELECT name FROM sqlite_master WHERE type = 'table'" if "sqlite" in url else "SHOW TABLES"
    async with engine.connect() as connection:
        names = [str(name) for name in (await connection.execute(text(query))).scalars()]
    await engine.dispose()
    return names


async def test_a_fresh_database_is_migrated(fresh_database: Callable[[Kind], str], database_kind: Kind) -> None:
    assert "alembic_version" in await tables(fresh_database(database_kind))


async def test_fresh_databases_of_one_test_are_apart(fresh_database: Callable[[Kind], str]) -> None:
    first, second = fresh_database("sqlite"), fresh_database("sqlite")
    await change(first)
    assert "guest_book" in await tables(first)
    assert "guest_book" not in await tables(second)


async def test_a_sqlite_database_in_use_is_reset(databases: Databases, fresh_database: Callable[[Kind], str]) -> None:
    url = fresh_database("sqlite")
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        before = await tables(url)
        await change(url)
        databases.reset(url)
        names = (await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))).scalars().all()
    await engine.dispose()
    assert sorted(map(str, names)) == sorted(before)


def test_a_mariadb_database_is_put_back_as_it_was(mariadb: MariaServer) -> None:
    url = mariadb.create_database("put_back")
    mariadb.execute(
        "put_back",
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER REFERENCES parent (id))",
        "CREATE TABLE record (id INTEGER)",
        "CREATE TRIGGER keep BEFORE DELETE ON record FOR EACH ROW SIGNAL SQLSTATE '45000'",
        "CREATE TABLE role (name VARCHAR(20))",
        "INSERT INTO role VALUES ('owner')",
    )
    template = MariaTemplate(mariadb, url)
    mariadb.execute(
        "put_back",
        "INSERT INTO parent VALUES (1)",
        "INSERT INTO child VALUES (1, 1)",
        "INSERT INTO record VALUES (1)",
        "UPDATE role SET name = 'nobody'",
        "INSERT INTO role VALUES ('guest')",
    )
    template.reset()
    counts = "SELECT (SELECT COUNT(*) FROM parent), (SELECT COUNT(*) FROM child), (SELECT COUNT(*) FROM record)"
    assert mariadb.execute("put_back", counts) == [(0, 0, 0)]
    assert mariadb.execute("put_back", "SELECT name FROM role") == [("owner",)]


def test_what_was_committed_outlives_a_killed_mariadb_server(mariadb: MariaServer) -> None:
    assert mariadb.pid  # the shared server is there, so this machine can run a second one
    with MariaServer() as server:
        server.create_database("shop")
        server.execute("shop", "CREATE TABLE visit (id INTEGER PRIMARY KEY)", "INSERT INTO visit VALUES (1)")
        folder = server.socket.parent
        server.kill()
        with pytest.raises(RuntimeError, match="not running"):
            _ = server.pid
        server.restart()
        assert server.execute("shop", "SELECT id FROM visit") == [(1,)]
        assert stat.S_ISSOCK(server.socket.stat().st_mode)
    assert not folder.exists()


def test_a_connection_to_another_machine_is_refused() -> None:
    with socket.socket() as sock, pytest.raises(pytest.fail.Exception, match="only loopback"):
        sock.connect(("192.0.2.1", 80))


def test_a_look_up_of_another_machine_is_refused() -> None:
    with pytest.raises(pytest.fail.Exception, match="only loopback"):
        socket.getaddrinfo("claudetools.invalid", 80)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(("ci", "outcome"), [("true", "1 error"), ("", "1 skipped")])
def test_what_is_missing_fails_in_ci_and_is_left_out_elsewhere(ci: str, outcome: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(mariadb): pass\n")
    (tmp_path / "conftest.py").write_text(
        "import tests.conftest\n"
        "from tests.conftest import mariadb\n"
        "tests.conftest.mariadb_is_missing = lambda: 'no MariaDB server'\n"
    )
    root = Path(__file__).resolve().parent.parent
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -rs -p no:cacheprovider\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "."],
        cwd=tmp_path,
        env={"CI": ci, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout
    assert "no MariaDB server" in done.stdout


@pytest.mark.parametrize(("ci", "status"), [("true", 1), ("1", 1), ("false", 0), ("", 0)])
def test_what_could_not_be_installed_is_named(
    ci: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def install() -> None:
        raise prerequisites.PrerequisiteError("the shelf is empty")

    lacking = prerequisites.Prerequisite(
        name="a printer", missing=lambda: "plug a printer in", install=install, leaves_out="the tests of invoices"
    )
    monkeypatch.setattr(prerequisites, "PREREQUISITES", (lacking,))
    monkeypatch.setenv("CI", ci)
    assert prerequisites.main() == status
    printed = capsys.readouterr().out
    for words in ("a printer", "plug a printer in", "the shelf is empty", "the tests of invoices"):
        assert words in printed


def test_what_is_there_is_not_installed_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def install() -> None:
        pytest.fail("installed what was there")

    there = prerequisites.Prerequisite(name="a printer", missing=lambda: None, install=install, leaves_out="nothing")
    monkeypatch.setattr(prerequisites, "PREREQUISITES", (there,))
    monkeypatch.setenv("CI", "true")
    assert prerequisites.main() == 0
    assert capsys.readouterr().out == ""
