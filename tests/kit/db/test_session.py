"""The unit of work: all or nothing, again after a conflict, and a clear word when the database is away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from claudetools.domains.clients import Tag
from claudetools.kit.db import session as unit_of_work
from claudetools.kit.db.engine import is_sqlite
from claudetools.kit.db.migrate import upgrade
from claudetools.kit.db.session import ATTEMPTS, Database
from claudetools.kit.problems import Unavailable
from tests.databases import Kind
from tests.mariadb import MariaServer


@pytest.fixture
async def database(
    database_url: str, reset_database: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    async def at_once(_: int) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(unit_of_work, "_pause", at_once)
    reset_database(database_url)
    opened = Database(database_url)
    yield opened
    await opened.close()


async def names(database: Database) -> list[str]:
    async def unit(session: AsyncSession) -> list[str]:
        return list(await session.scalars(select(Tag.name).order_by(Tag.name)))

    return await database.read(unit)


def adds(name: str) -> Callable[[AsyncSession], Any]:
    async def unit(session: AsyncSession) -> None:
        session.add(Tag(name=name))

    return unit


async def test_a_unit_is_all_or_nothing(database: Database) -> None:
    async def fails(session: AsyncSession) -> None:
        session.add(Tag(name="lost"))
        await session.flush()
        raise ValueError("no")

    await database.write(adds("kept"))
    with pytest.raises(ValueError, match="no"):
        await database.write(fails)
    assert await names(database) == ["kept"]


async def test_a_commit_that_fails_leaves_nothing_behind(database: Database) -> None:
    def fail(_: object) -> None:
        raise ConnectionResetError("in the middle of COMMIT")

    event.listen(database.writer.sync_engine, "commit", fail)
    with pytest.raises(ConnectionResetError):
        await database.write(adds("unknown"))
    event.remove(database.writer.sync_engine, "commit", fail)
    await database.write(adds("next"))
    assert await names(database) == ["next"]


async def test_a_read_changes_nothing(database: Database) -> None:
    async def writes(session: AsyncSession) -> None:
        session.add(Tag(name="lost"))
        await session.flush()

    with pytest.raises(OperationalError) if is_sqlite(database.reader) else nullcontext():
        await database.read(writes)
    assert await names(database) == []


def conflict(code: int) -> OperationalError:
    return OperationalError("UPDATE", {}, Exception(code, "conflict"))


@pytest.mark.parametrize(
    "error", [StaleDataError("stale"), conflict(1213), conflict(1205), conflict(1020), conflict(2013)]
)
async def test_a_conflict_runs_the_unit_again(database: Database, error: Exception) -> None:
    runs = 0

    async def unit(session: AsyncSession) -> int:
        nonlocal runs
        runs += 1
        session.add(Tag(name=f"run {runs}"))
        await session.flush()
        if runs < 3:
            raise error
        return runs

    assert await database.write(unit) == 3
    assert await names(database) == ["run 3"]


async def test_without_end_a_conflict_is_unavailable(database: Database) -> None:
    runs = 0

    async def unit(session: AsyncSession) -> None:
        nonlocal runs
        runs += 1
        raise conflict(1213)

    with pytest.raises(Unavailable):
        await database.write(unit)
    assert runs == ATTEMPTS


async def test_any_other_error_is_not_repeated(database: Database) -> None:
    runs = 0

    async def unit(session: AsyncSession) -> None:
        nonlocal runs
        runs += 1
        raise conflict(1064)

    with pytest.raises(OperationalError):
        await database.write(unit)
    assert runs == 1


async def test_a_connection_lost_at_commit_is_not_repeated(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = 0

    async def lost(_: AsyncSession) -> None:
        raise conflict(2013)

    async def unit(session: AsyncSession) -> None:
        nonlocal runs
        runs += 1

    monkeypatch.setattr(AsyncSession, "commit", lost)
    with pytest.raises(Unavailable):
        await database.write(unit)
    assert runs == 1


async def test_counting_at_once_loses_nothing(database: Database) -> None:
    await database.write(adds("counter"))

    async def count(session: AsyncSession) -> None:
        tag = (await session.scalars(select(Tag))).one()
        await asyncio.sleep(0)
        tag.usage_count += 1

    async def persistently() -> None:
        while True:
            try:
                return await database.write(count)
            except Unavailable:
                continue

    await asyncio.gather(*(persistently() for _ in range(12)))

    async def total(session: AsyncSession) -> int:
        return int(await session.scalar(select(func.sum(Tag.usage_count))) or 0)

    assert await database.read(total) == 12


async def test_two_databases_on_one_store_take_turns(database: Database, database_url: str) -> None:
    other = Database(database_url)
    await database.write(adds("counter"))

    async def count(session: AsyncSession) -> None:
        await session.execute(update(Tag).values(usage_count=Tag.usage_count + 1))

    try:
        await asyncio.gather(*(each.write(count) for each in (database, other) * 10))
        async with other.reader.connect() as connection:
            assert (await connection.execute(select(Tag.usage_count))).scalar_one() == 20
    finally:
        await other.close()


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    writing, done = asyncio.Event(), asyncio.Event()

    async def slow(session: AsyncSession) -> None:
        session.add(Tag(name="slow"))
        await session.flush()
        writing.set()
        await done.wait()

    write = asyncio.create_task(database.write(slow))
    await writing.wait()
    assert await names(database) == []
    done.set()
    await write
    assert await names(database) == ["slow"]


async def test_a_cancelled_unit_leaves_nothing_and_frees_its_connection(database: Database) -> None:
    writing = asyncio.Event()

    async def stuck(session: AsyncSession) -> None:
        session.add(Tag(name=str(uuid4())))
        await session.flush()
        writing.set()
        await asyncio.Event().wait()

    for _ in range(3):
        writing.clear()
        task = asyncio.create_task(database.write(stuck))
        await writing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await database.write(adds("after"))
    assert await names(database) == ["after"]


async def test_a_database_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def at_once(_: int) -> None:
        return None

    monkeypatch.setattr(unit_of_work, "_pause", at_once)
    away = Database(f"mariadb+asyncmy://root@localhost/x?unix_socket={tmp_path}/none")
    try:
        with pytest.raises(Unavailable):
            await away.write(adds("x"))
        with pytest.raises(Unavailable):
            await names(away)
    finally:
        await away.close()


async def test_it_goes_on_after_the_server_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_: int) -> None:
        return None

    monkeypatch.setattr(unit_of_work, "_pause", at_once)
    with MariaServer() as server:
        url = server.create_database("shop")
        await upgrade(url)
        database = Database(url)
        try:
            await database.write(adds("before"))
            server.kill()
            with pytest.raises(Unavailable):
                await names(database)
            with pytest.raises(Unavailable):
                await database.write(adds("lost"))
            server.restart()
            assert await names(database) == ["before"]
            await database.write(adds("after"))
            assert await names(database) == ["after", "before"]
        finally:
            await database.close()


def test_sqlite_needs_a_file() -> None:
    with pytest.raises(ValueError, match="needs a file"):
        Database("sqlite+aiosqlite://")


async def test_sqlite_is_set_up_for_durable_writes(fresh_database: Callable[[Kind], str]) -> None:
    database = Database(fresh_database("sqlite"))
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    try:
        async with database.writer.connect() as connection:
            for pragma, value in expected.items():
                assert (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one() == value
            version = (await connection.exec_driver_sql("SELECT sqlite_version()")).scalar_one()
            assert tuple(map(int, version.split("."))) >= (3, 51, 3)
    finally:
        await database.close()


async def test_mariadb_is_strict(fresh_database: Callable[[Kind], str]) -> None:
    database = Database(fresh_database("mariadb"))
    try:
        async with database.writer.connect() as connection:
            row = (
                await connection.exec_driver_sql(
                    "SELECT @@sql_mode, @@tx_isolation, @@time_zone, @@character_set_client"
                )
            ).one()
        assert "STRICT_ALL_TABLES" in row[0]
        assert tuple(row[1:]) == ("READ-COMMITTED", "+00:00", "utf8mb4")
    finally:
        await database.close()
