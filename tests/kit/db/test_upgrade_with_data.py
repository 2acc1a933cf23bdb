"""An upgrade keeps the rows that are there, also those that refer to a table that is made anew."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData, func, select, text

from claudetools.kit.db.engine import writer_engine
from claudetools.kit.db.migrate import downgrade, upgrade
from tests.databases import Kind

BEFORE_SECRETS = "0008"
GIVEN: dict[str, dict[str, Any]] = {
    "api_users": {"role": "owner", "client_access": "all"},
    "login_sessions": {},
    "refresh_tokens": {},
    "clients": {"type": "msp_client"},
    "user_client_access": {"level": "read"},
    "infrastructure": {"asset_type": "other", "status": "active"},
    "credentials": {"kind": "password"},
    "credential_versions": {},
    "credential_links": {"infrastructure_id": "infrastructure"},
    "credential_permissions": {"level": "view", "role": "technician"},
    "share_links": {},
    "data_keys": {"state": "active"},
    "jobs": {"state": "done"},
    "audit_events": {"action": "create"},
}
"""Tables, each after those that it refers to, with what their types do not tell; a table's name is its row's id."""
BY_TYPE: dict[type, Callable[[], Any]] = {
    bytes: lambda: bytes(32),
    datetime: lambda: datetime(2026, 5, 1, 12),  # noqa: DTZ001 - as the databases keep it
    dict: dict,
    UUID: uuid4,
    int: lambda: 1,
    bool: lambda: True,
}


def fill(connection: Connection) -> dict[str, int]:
    """Add a row to each table, and return how many rows each has."""
    metadata = MetaData()
    metadata.reflect(connection, only=GIVEN)
    made: dict[str, Any] = {}
    for name, given in GIVEN.items():
        needed = [column for column in metadata.tables[name].c if not column.nullable]
        row = {column.name: value(column, made) for column in needed} | {k: made.get(v, v) for k, v in given.items()}
        connection.execute(metadata.tables[name].insert(), row)
        made[name] = row.get("id")
    return counts(connection)


def value(column: sa.Column[Any], made: dict[str, Any]) -> Any:
    """Return a value that a column takes."""
    key = next(iter(column.foreign_keys), None)
    if key is not None:
        return made[key.column.table.name]
    if "TEXT" in str(column.type).upper():
        return "{}"  # As MariaDB keeps JSON.
    return BY_TYPE.get(column.type.python_type, lambda: uuid4().hex)()


def counts(connection: Connection) -> dict[str, int]:
    return {name: connection.scalar(select(func.count()).select_from(text(name))) or 0 for name in GIVEN}


async def test_an_upgrade_with_data_loses_no_row(fresh_database: Callable[[Kind], str], database_kind: Kind) -> None:
    url = fresh_database(database_kind)
    await downgrade(url, BEFORE_SECRETS)
    engine = writer_engine(url)
    async with engine.begin() as connection:
        before = await connection.run_sync(fill)
    assert set(before.values()) == {1}
    await upgrade(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(counts) == before
    await downgrade(url, BEFORE_SECRETS)
    async with engine.connect() as connection:
        assert await connection.run_sync(counts) == before
    await engine.dispose()
    await upgrade(url)
