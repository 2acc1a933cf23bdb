"""What was deleted since a backup was taken, so that restoring it does not bring that back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.items import MemoryDeletion, delete_items
from claudetools.kit.audit.events import Action, AuditEvent
from claudetools.kit.db.base import Record
from claudetools.kit.db.session import Database


@dataclass(frozen=True, slots=True)
class Deletions:
    """Deleted records by resource and id, in the order in which they were deleted, and deleted memories by id."""

    records: tuple[tuple[str, UUID], ...] = ()
    memories: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Reapplied:
    """How many deletions were made again, and which records could not be deleted because others refer to them."""

    count: int
    kept: tuple[str, ...]


async def deletions_since(database: Database, at: datetime) -> Deletions:
    """Return what was deleted in a database of the present schema from `at` on."""

    async def unit(session: AsyncSession) -> Deletions:
        events = select(AuditEvent.resource, AuditEvent.record_id).where(
            AuditEvent.action == Action.DELETE, AuditEvent.at >= at, AuditEvent.record_id.is_not(None)
        )
        records = [(resource, id) for resource, id in await session.execute(events.order_by(AuditEvent.id)) if id]
        memories = await session.scalars(select(MemoryDeletion.item_id).where(MemoryDeletion.at >= at))
        return Deletions(tuple(records), tuple(memories))

    return await database.read(unit)


async def reapply(database: Database, deletions: Deletions, models: Mapping[str, type[Record]]) -> Reapplied:
    """Delete again what was deleted. `models` are the tables by the names of their resources.

    It is done record by record, so that the audit log of the restored database tells of each.
    """
    if deletions.memories:
        await database.write(lambda session: delete_items(session, deletions.memories))
    waiting, done = list(deletions.records), len(deletions.memories)
    while waiting:
        left = [(resource, id) for resource, id in waiting if not await _delete(database, models.get(resource), id)]
        done += len(waiting) - len(left)
        if len(left) == len(waiting):
            break
        waiting = left
    kept = tuple(f"{resource} {id}" for resource, id in waiting)
    return Reapplied(done, kept)


async def _delete(database: Database, model: type[Record] | None, id: UUID) -> bool:
    """Delete a record if it is there; return whether it is gone."""
    if model is None:
        return True

    async def unit(session: AsyncSession) -> None:
        row = await session.get(model, id)
        if row is not None:
            await session.delete(row)

    try:
        await database.write(unit)
    except IntegrityError:
        return False
    return True
