"""Which state of which database an index stands for, and whether a database is that state or a later one of it.

The number of the newest change alone does not tell: a database that was restored from a backup counts on from there,
and soon has passed the number with other changes. So the last changes themselves are compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.items import CLOCK_ID, MemoryClock, MemoryDeletion, MemoryItem

REMEMBERED = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A state of a database.

    sequence is its newest change; items and deletions are the ids last changed and last deleted up to it, each with
    the number of its change.
    """

    sequence: int
    items: Mapping[str, int]
    deletions: Mapping[str, int]


async def stamp_of(session: AsyncSession, *, sequence: int) -> Stamp:
    """Return the stamp of the state up to a change."""
    number = MemoryItem.change_sequence
    items = select(MemoryItem.id, number).where(number <= sequence).order_by(number.desc(), MemoryItem.id)
    gone = MemoryDeletion.change_sequence
    deletions = select(MemoryDeletion.item_id, gone).where(gone <= sequence).order_by(gone.desc())
    return Stamp(
        sequence=sequence,
        items={str(id): change for id, change in await session.execute(items.limit(REMEMBERED))},
        deletions={str(id): change for id, change in await session.execute(deletions.limit(REMEMBERED))},
    )


async def is_state_of(session: AsyncSession, *, stamp: Stamp) -> bool:
    """Return whether the database has been in the state of the stamp."""
    clock = await session.scalar(select(MemoryClock.value).where(MemoryClock.id == CLOCK_ID)) or 0
    if clock < stamp.sequence or not (stamp.items or stamp.deletions):
        return False
    ids, gone = [UUID(id) for id in stamp.items], [UUID(id) for id in (*stamp.items, *stamp.deletions)]
    items = select(MemoryItem.id, MemoryItem.change_sequence).where(MemoryItem.id.in_(ids))
    deletions = select(MemoryDeletion.item_id, MemoryDeletion.change_sequence).where(MemoryDeletion.item_id.in_(gone))
    now = {str(id): change for id, change in await session.execute(items)}
    deleted = {str(id): change for id, change in await session.execute(deletions)}
    return all(max(now.get(id, 0), deleted.get(id, 0)) >= change for id, change in stamp.items.items()) and all(
        deleted.get(id, 0) >= change for id, change in stamp.deletions.items()
    )
