"""Records that were drawn from a memory: they follow it until a person edits them, and it goes with them."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.items import MemoryItem, delete_items
from claudetools.kit.resource.declare import Values
from claudetools.kit.resource.scope import Actor, scoped

CUT = "transcripts that a memory was taken out of"


async def keep_edited(session: AsyncSession, actor: Actor, row: Any, values: Values) -> None:
    """Before a change, let the record speak for itself; memory then holds it instead of what it was drawn from."""
    values["is_generated"] = False


async def forget_memory(session: AsyncSession, actor: Actor, row: Any) -> None:
    """Delete with a record the memory that it was drawn from, so that neither comes back, also not in a digest."""
    item = await session.scalar(scoped(actor, MemoryItem).where(MemoryItem.id == row.memory_id))
    if item is not None:
        await delete_items(session, [item.id])
        session.info.setdefault(CUT, []).append((actor, item.transcript_id))
