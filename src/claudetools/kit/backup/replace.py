"""Putting the rows of a backup into MariaDB, in place of those that are there."""

from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Uuid, inspect, text

from claudetools.kit.backup.snapshot import BATCH, REVISION_TABLE, columns_of, open_image, tables_of
from claudetools.kit.db.engine import writer_engine


async def replace_rows(url: str, image: Path) -> None:
    """Replace all rows of the MariaDB database at `url`, whose schema is that of `image`, by one transaction.

    Raises:
        DBAPIError: the database refuses; it is as it was before.
    """
    engine = writer_engine(url)
    source = open_image(image)
    try:
        async with engine.begin() as target:
            described = await target.run_sync(_id_columns)
            # For this connection alone, which nobody else is given.
            await target.exec_driver_sql("SET SESSION foreign_key_checks = 0")
            for table in described:
                await target.exec_driver_sql(f"DELETE FROM `{table}`")  # noqa: S608 - a name of our own migrations
            for table in tables_of(source):
                columns = columns_of(source, table)
                names, values = ", ".join(f"`{n}`" for n in columns), ", ".join(f":v{n}" for n in columns)
                insertion = text(f"INSERT INTO `{table}` ({names}) VALUES ({values})")  # noqa: S608 - as above
                rows = source.execute(f"SELECT {names} FROM `{table}`")  # noqa: S608 - as above
                while batch := rows.fetchmany(BATCH):
                    await target.execute(insertion, [_as_mariadb(columns, row, described[table]) for row in batch])
    finally:
        source.close()
        await engine.dispose()


def _id_columns(connection: Connection) -> dict[str, frozenset[str]]:
    """Return the columns of each table in which MariaDB keeps UUIDs."""
    inspector = inspect(connection)
    return {
        table: frozenset(c["name"] for c in inspector.get_columns(table) if isinstance(c["type"], Uuid))
        for table in inspector.get_table_names()
        if table != REVISION_TABLE
    }


def _as_mariadb(columns: list[str], row: tuple[Any, ...], ids: frozenset[str]) -> dict[str, Any]:
    return {
        f"v{name}": str(UUID(value)) if name in ids and value is not None else value
        for name, value in zip(columns, row, strict=True)
    }
