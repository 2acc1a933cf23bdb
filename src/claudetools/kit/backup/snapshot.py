"""A copy of a database in a SQLite file, as it was at one instant, taken while others write to it.

The file's schema is made by the migrations, at the revision of the database that is copied, so a copy of MariaDB and
one of SQLite are alike, and neither depends on what the present models say. Values are kept as SQLite stores them.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite3
from sqlalchemy import Connection, TextClause, Uuid, inspect, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection

from claudetools.kit.db.engine import writer_engine
from claudetools.kit.db.migrate import current_revision, upgrade

REVISION_TABLE = "alembic_version"
BATCH = 500
Progress = Callable[[int, int], None]
"""Is told how many of how many rows are done; what it raises ends the copying."""


class SnapshotFailed(Exception):
    """The database cannot be copied as it is. The message says why."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a copy does without: the rows of `tables`, and the bytes in `columns` (by table), which become empty."""

    tables: frozenset[str] = frozenset()
    columns: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was copied: the revision of the schema, and how many rows each table had at that instant."""

    revision: str
    rows: dict[str, int]


async def take_snapshot(url: str, image: Path, left_out: LeftOut, progress: Progress) -> Snapshot:
    """Copy the database at `url` into the new SQLite file `image`.

    Raises:
        SnapshotFailed: the database is empty, or its tables are not those of its revision.
    """
    revision = await current_revision(url)
    if revision is None:
        raise SnapshotFailed("The database is empty: there is nothing to back up.")
    await make_schema(image, revision)
    if make_url(url).get_backend_name() == "sqlite":
        rows = _copy_sqlite(Path(str(make_url(url).database)), image, left_out, progress)
    else:
        rows = await _copy_mariadb(url, image, left_out, progress)
    return Snapshot(revision, rows)


async def make_schema(image: Path, revision: str) -> None:
    """Make a SQLite file with the schema of `revision`, and no row in it."""
    await upgrade(f"sqlite+aiosqlite:///{image}", revision)
    image.chmod(0o600)
    connection = open_image(image)
    try:
        for table in tables_of(connection):
            connection.execute(f'DELETE FROM "{table}"')  # noqa: S608 - a name of our own migrations
    finally:
        connection.close()


def open_image(image: Path) -> Any:
    """Return a connection to a SQLite file of our own: nobody else has it, and it may go if the process does."""
    connection = sqlite3.connect(str(image), isolation_level=None)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def tables_of(connection: Any, schema: str = "main") -> list[str]:
    """Return the tables in an open SQLite file, but for the migrations' own."""
    found = connection.execute(
        f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table' "  # noqa: S608 - `main` or `source`
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> ? ORDER BY name",
        (REVISION_TABLE,),
    )
    return [name for (name,) in found]


def columns_of(connection: Any, table: str) -> list[str]:
    """Return the columns of a table in an open SQLite file."""
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _copy_sqlite(source: Path, image: Path, left_out: LeftOut, progress: Progress) -> dict[str, int]:
    """Copy by one transaction that reads both files: its first read fixes what it sees of the source (WAL)."""
    connection = open_image(image)
    try:
        connection.execute("ATTACH ? AS source", (str(source),))
        connection.execute("BEGIN")
        tables = tables_of(connection)
        _require_same(tables, tables_of(connection, "source"))
        counted = {
            table: connection.execute(f'SELECT COUNT(*) FROM source."{table}"').fetchone()[0]  # noqa: S608 - as above
            for table in tables
            if table not in left_out.tables
        }
        done, total = 0, sum(counted.values())
        for table, count in counted.items():
            columns = columns_of(connection, table)
            emptied = left_out.columns.get(table, frozenset())
            names = ", ".join(f'"{name}"' for name in columns)
            values = ", ".join(
                f"CASE WHEN \"{name}\" IS NULL THEN NULL ELSE x'' END" if name in emptied else f'"{name}"'
                for name in columns
            )
            connection.execute(f'INSERT INTO main."{table}" ({names}) SELECT {values} FROM source."{table}"')  # noqa: S608
            done += count
            progress(done, total)
        connection.execute("COMMIT")
        return counted | dict.fromkeys(left_out.tables & set(tables), 0)
    finally:
        connection.close()


async def _copy_mariadb(url: str, image: Path, left_out: LeftOut, progress: Progress) -> dict[str, int]:
    """Copy row by row from the snapshot of one transaction; a change of the schema meanwhile ends it (error 1412)."""
    engine = writer_engine(url)
    connection = open_image(image)
    try:
        async with engine.connect() as opened:
            source = await opened.execution_options(isolation_level="REPEATABLE READ")
            await source.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            described = await source.run_sync(_describe)
            tables = tables_of(connection)
            _require_same(tables, described)
            copied = [table for table in tables if table not in left_out.tables]
            counted = {
                table: int((await source.scalar(text(f"SELECT COUNT(*) FROM `{table}`"))) or 0)  # noqa: S608 - as above
                for table in copied
            }
            done, total = 0, sum(counted.values())
            connection.execute("BEGIN")
            for table in copied:
                emptied = left_out.columns.get(table, frozenset())
                columns = described[table]
                into = _insertion(table, columns)
                async for batch in _batches(source, table, columns, emptied):
                    connection.executemany(into, batch)
                    done += len(batch)
                    progress(done, total)
            connection.execute("COMMIT")
            return counted | dict.fromkeys(left_out.tables & set(tables), 0)
    finally:
        connection.close()
        await engine.dispose()


async def read_table(url: str, table: str) -> list[dict[str, Any]]:
    """Return all rows of a small table, with values as SQLite stores them; none where there is no such table."""
    engine = writer_engine(url)
    try:
        async with engine.connect() as source:
            columns = (await source.run_sync(_describe)).get(table)
            if columns is None:
                return []
            rows = await source.execute(_selection(source, table, columns))
            return [{n: as_sqlite(v, is_id=columns[n]) for n, v in zip(columns, row, strict=True)} for row in rows]
    finally:
        await engine.dispose()


def _describe(connection: Connection) -> dict[str, dict[str, bool]]:
    """Return the columns of each table, with whether MariaDB keeps UUIDs in it."""
    inspector = inspect(connection)
    return {
        table: {column["name"]: isinstance(column["type"], Uuid) for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
        if table != REVISION_TABLE
    }


async def _batches(
    source: AsyncConnection, table: str, columns: dict[str, bool], emptied: Iterable[str]
) -> AsyncIterator[list[tuple[Any, ...]]]:
    result = await source.stream(_selection(source, table, columns), execution_options={"yield_per": BATCH})
    blank = [name in emptied for name in columns]
    ids = list(columns.values())
    async for rows in result.partitions(BATCH):
        yield [
            tuple(
                b"" if is_blank and value is not None else as_sqlite(value, is_id=is_id)
                for value, is_blank, is_id in zip(row, blank, ids, strict=True)
            )
            for row in rows
        ]


def _selection(source: AsyncConnection, table: str, columns: Iterable[str]) -> TextClause:
    """Return the query for all rows: as text, without types, so that values come as the driver gives them."""
    quote = source.dialect.identifier_preparer.quote
    return text(f"SELECT {', '.join(map(quote, columns))} FROM {quote(table)}")  # noqa: S608 - names of our migrations


def as_sqlite(value: Any, *, is_id: bool) -> Any:
    """Return what SQLite stores for a value that the MariaDB driver gives."""
    match value:
        case str() if is_id:
            return value.replace("-", "").lower()
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case bytearray() | memoryview():
            return bytes(value)
        case None | bool() | int() | float() | str() | bytes():
            return value
    raise SnapshotFailed(f"A value of type {type(value).__name__} has no form in a backup.")


def _insertion(table: str, columns: Iterable[str]) -> str:
    names = [f'"{name}"' for name in columns]
    return f'INSERT INTO "{table}" ({", ".join(names)}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608 - as above


def _require_same(expected: Iterable[str], found: Iterable[str]) -> None:
    if missing := sorted(set(expected) ^ set(found)):
        raise SnapshotFailed(f"The tables are not those of the database's revision: {', '.join(missing[:5])}.")
