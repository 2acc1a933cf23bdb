"""The job that finds records which memory does not hold as they are: after an upgrade, an import, or a statement that
passed the session by."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.items import MemoryItem, delete_items
from claudetools.domains.memory.records.indexed_records import AT_ONCE, index_rows
from claudetools.domains.memory.records.recallable import RECALLABLE
from claudetools.kit.db.base import Record

PAGE = 1_000


async def index_missing(engine: MemoryEngine) -> None:
    """Index what is missing or older than its record, and forget what is left of records that are gone.

    Raises:
        Unavailable: the database is away; what was done stays, and the same call goes on from there.
    """
    for model in RECALLABLE:
        after: UUID | None = None
        while page := await engine.database.read(partial(_page, model=model, after=after)):
            after = page[-1][0]
            behind = [id for id, is_behind in page if is_behind]
            for first in range(0, len(behind), AT_ONCE):
                ids = set(behind[first : first + AT_ONCE])
                await engine.database.write(partial(index_rows, model=model, ids=ids))
        while await engine.database.write(partial(_forget_orphans, model=model)):
            pass


async def _page(session: AsyncSession, model: type[Record], after: UUID | None) -> list[tuple[UUID, bool]]:
    """Return the ids of the next records, each with whether memory is behind it."""
    statement = select(model.id, model.updated_at).order_by(model.id).limit(PAGE)
    if after is not None:
        statement = statement.where(model.id > after)
    records = (await session.execute(statement)).all()
    ids = [id for id, _ in records]
    items = await session.execute(
        select(MemoryItem.source_id, func.max(MemoryItem.said_at))
        .where(MemoryItem.source_table == model.__tablename__, MemoryItem.source_id.in_(ids))
        .group_by(MemoryItem.source_id)
    )
    known = dict(items.all())
    return [(id, id not in known or known[id] < updated_at) for id, updated_at in records]


async def _forget_orphans(session: AsyncSession, model: type[Record]) -> int:
    rows: Sequence[UUID] = (
        await session.scalars(
            select(MemoryItem.id)
            .where(
                MemoryItem.source_table == model.__tablename__,
                ~select(model.id).where(model.id == MemoryItem.source_id).exists(),
            )
            .limit(PAGE)
        )
    ).all()
    await delete_items(session, rows)
    return len(rows)
