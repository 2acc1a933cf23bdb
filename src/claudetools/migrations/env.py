"""Alembic environment: runs the migrations on the URL given in the configuration's attributes."""

import asyncio
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, LargeBinary
from sqlalchemy.dialects.mysql import TINYBLOB

from claudetools import domains
from claudetools.kit.audit import events
from claudetools.kit.db.base import Base
from claudetools.kit.db.engine import writer_engine
from claudetools.kit.db.types import Instant
from claudetools.kit.http import idempotency_keys

WITH_TABLES = (domains, events, idempotency_keys)
"""Modules that are imported so that the metadata knows their tables."""


def render_item(kind: str, item: object, context: AutogenContext) -> str | Literal[False]:
    """Write the project's own column types by their short names."""
    if kind == "type" and isinstance(item, Instant):
        context.imports.add("from claudetools.kit.db.types import Instant")
        return "Instant()"
    return False


def is_other_type(context: MigrationContext, _: object, __: object, found: object, declared: object) -> bool | None:
    """Return False for types that only read differently: MariaDB names a short BLOB after its size."""
    return False if isinstance(declared, LargeBinary) and isinstance(found, TINYBLOB) else None


def run(connection: Connection) -> None:
    """Run the migrations on an open connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        compare_type=is_other_type,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    """Open the database and run the migrations on it."""
    engine = writer_engine(context.config.attributes["url"])
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(main())
