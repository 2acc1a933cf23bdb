"""What was deleted since a backup was taken, so that restoring it does not bring that back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.transcripts import TranscriptTurn
from claudetools.domains.memory.items import MemoryDeletion, delete_items
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.records.context_tags import ContextTag
from claudetools.kit.audit.events import Action, AuditEvent
from claudetools.kit.db.base import Record
from claudetools.kit.db.session import Database


@dataclass(frozen=True, slots=True)
class Deletions:
    """Deleted records by resource and id, in the order in which they were deleted, and what memory was told to forget.

    `memories` are ids of items, and of transcripts whose turns were deleted.
    """

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
        await database.write(lambda session: _forget(session, deletions.memories))
    waiting, done = list(deletions.records), len(deletions.memories)
    while waiting:
        left = [(resource, id) for resource, id in waiting if not await _delete(database, models.get(resource), id)]
        done += len(waiting) - len(left)
        if len(left) == len(waiting):
            break
        waiting = left
    kept = tuple(f"{resource} {id}" for resource, id in waiting)
    return Reapplied(done, kept)


async def _forget(session: AsyncSession, ids: tuple[UUID, ...]) -> None:
    gone = {str(id) for id in ids}
    given = await session.execute(select(MemoryInjection.id, MemoryInjection.items))
    named = [id for id, items in given if any(item["id"] in gone for item in items)]
    await session.execute(delete(MemoryInjection).where(MemoryInjection.id.in_(named)))
    await session.execute(delete(TranscriptTurn).where(TranscriptTurn.transcript_id.in_(ids)))
    await session.execute(delete(MemoryInjection).where(MemoryInjection.transcript_id.in_(ids)))
    await delete_items(session, ids)


async def _delete(database: Database, model: type[Record] | None, id: UUID) -> bool:
    """Delete a record if it is there; return whether it is gone."""
    if model is None:
        return True

    async def unit(session: AsyncSession) -> None:
        row = await session.get(model, id)
        if row is not None:
            await session.delete(row)
        await session.execute(delete(ContextTag).where(ContextTag.record_id == id))

    try:
        await database.write(unit)
    except IntegrityError:
        return False
    return True
