"""Records that state something and are edited: what they said before stays, for questions about the past."""

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.writing import ItemDraft
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import Actor, scoped

# What belongs to the row itself, and not to what it says.
_OWN = frozenset({"id", "created_at", "updated_at", "version"})


async def keep_former(session: AsyncSession, actor: Actor, draft: ItemDraft) -> MemoryItem | None:
    """Store what a record said so far beside its item, before `draft` takes that item's place.

    Returns what was stored; None where the record says nothing else than before, or no longer held.
    """
    item = await session.scalar(scoped(actor, MemoryItem).where(MemoryItem.id == draft.id))
    if item is None or item.retired_at is not None or item.text == draft.text:
        return None
    id = derived_id(item.id, f"former:{item.content_hash.hex()}")
    if await session.scalar(scoped(actor, MemoryItem).where(MemoryItem.id == id)) is not None:
        return None
    columns = (column.key for column in inspect(MemoryItem).column_attrs if column.key not in _OWN)
    former = MemoryItem(id=id, **{name: getattr(item, name) for name in columns})
    session.add(former)
    await session.flush()
    return former
