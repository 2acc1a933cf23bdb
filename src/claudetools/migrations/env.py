"""Alembic environment: runs the migrations on the URL given in the configuration's attributes."""

import asyncio
import platform
from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext, MigrationInfo
from sqlalchemy import Connection, LargeBinary, delete, event, insert, inspect, select
from sqlalchemy.dialects.mysql import TINYBLOB
from sqlalchemy.exc import IntegrityError

from claudetools import __version__, domains
from claudetools.domains.ops import SchemaMigration
from claudetools.kit.audit import checkpoints, events, lanes
from claudetools.kit.clock import now
from claudetools.kit.crypto import data_keys
from claudetools.kit.crypto.envelope import Sealed
from claudetools.kit.db.base import Base
from claudetools.kit.db.engine import is_sqlite, writer_engine
from claudetools.kit.db.types import Instant
from claudetools.kit.http import idempotency_keys

WITH_TABLES = (domains, data_keys, checkpoints, events, lanes, idempotency_keys)
"""Modules that are imported so that the metadata knows their tables."""
applied: dict[str, datetime] = {}
"""When each revision was applied in this run, also those from before there was a table to note it in."""


def render_item(kind: str, item: object, context: AutogenContext) -> str | Literal[False]:
    """Write the project's own column types by their short names."""
    for own in (Instant, Sealed):
        if kind == "type" and isinstance(item, own):
            context.imports.add(f"from {own.__module__} import {own.__name__}")
            return f"{own.__name__}()"
    return False


def is_other_type(context: MigrationContext, _: object, __: object, found: object, declared: object) -> bool | None:
    """Return False for types that only read differently: MariaDB names a short BLOB after its size."""
    return False if isinstance(declared, LargeBinary) and isinstance(found, TINYBLOB) else None


def note_revisions(ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: object) -> None:
    """Make the table of revisions, as soon as there is one, say what the database holds after a step."""
    applied.update(dict.fromkeys(step.up_revision_ids, now()))
    assert ctx.connection is not None
    assert ctx.script is not None
    if not inspect(ctx.connection).has_table(SchemaMigration.__tablename__):
        return
    held = {script.revision: script.doc for script in ctx.script.iterate_revisions(tuple(heads), "base")}
    noted = set(ctx.connection.scalars(select(SchemaMigration.revision)))
    ctx.connection.execute(delete(SchemaMigration).where(SchemaMigration.revision.in_(noted - held.keys())))
    for revision in held.keys() - noted:
        at = applied.get(revision)
        row = {
            "revision": revision,
            "description": held[revision],
            "applied_at": at,
            "applied_by": None if at is None else f"claudetools {__version__} on {platform.node()}"[:200],
        }
        ctx.connection.execute(insert(SchemaMigration).values(row))


def run(connection: Connection) -> None:
    """Run the migrations on an open connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        compare_type=is_other_type,
        render_item=render_item,
        on_version_apply=note_revisions,
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    """Open the database and run the migrations on it."""
    engine = writer_engine(context.config.attributes["url"])
    if is_sqlite(engine):
        event.listen(engine.sync_engine, "connect", let_tables_be_replaced)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
            if is_sqlite(engine) and (await connection.exec_driver_sql("PRAGMA foreign_key_check")).first() is not None:
                raise IntegrityError(
                    "PRAGMA foreign_key_check", None, Exception("a migration left dangling references")
                )
    finally:
        await engine.dispose()


def let_tables_be_replaced(connection: Any, _: object) -> None:
    """Let SQLite drop a table for its successor without deleting, or minding, what refers to its rows."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


asyncio.run(main())
