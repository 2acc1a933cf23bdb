"""Records that state something and are edited: what they said before stays, for questions about the past."""

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.contradictions import prospects_of, settle
from claudetools.domains.memory.engine import engine_of, partition_of
from claudetools.domains.memory.indexed_records import IndexedRecord, Recallable, index_record, item_id
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.restating import supersede
from claudetools.domains.memory.writing import ItemDraft
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import Actor, scoped

# What belongs to the row itself, and not to what it says.
_OWN = frozenset({"id", "created_at", "updated_at", "version"})


async def index_statement(session: AsyncSession, actor: Actor, row: IndexedRecord, content: Recallable) -> None:
    """Make a record that states something recallable, in favour of what it said before and of what else it corrects."""
    id, engine = item_id(row.id), engine_of(session)
    former = await _keep_former(session, actor, row, content)
    draft = ItemDraft(id=id, kind=content.kind, text=content.text, said_at=row.updated_at)
    prospects = await prospects_of(engine, partition_of(row.client_id, row.user_id), [draft])
    await index_record(session, actor, row, content)
    if former is not None:
        item = await session.scalar(scoped(actor, MemoryItem).where(MemoryItem.id == id))
        if item is not None:
            await supersede(session, actor, former, item)
    await settle(session, actor, prospects)


async def _keep_former(
    session: AsyncSession, actor: Actor, row: IndexedRecord, content: Recallable
) -> MemoryItem | None:
    """Store beside the item of a record what it said so far, if that differs; None where there is nothing to keep."""
    item = await session.scalar(scoped(actor, MemoryItem).where(MemoryItem.id == item_id(row.id)))
    if item is None or item.retired_at is not None or item.text == content.text:
        return None
    id = derived_id(item.id, f"former:{item.content_hash.hex()}")
    if await session.scalar(scoped(actor, MemoryItem).where(MemoryItem.id == id)) is not None:
        return None
    columns = (column.key for column in inspect(MemoryItem).column_attrs if column.key not in _OWN)
    former = MemoryItem(id=id, **{name: getattr(item, name) for name in columns})
    session.add(former)
    await session.flush()
    return former
