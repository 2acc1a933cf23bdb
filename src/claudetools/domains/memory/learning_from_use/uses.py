"""What became of a memory in a session that was given it: used or not, and what its person said of it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Integer, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.memory.items import MemoryItem, next_change
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, Instant
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import Actor


class MemoryUse(Base):
    """One row for an item, a person and a session, however often it was given, used or rated there.

    `vote` is 1, -1 or 0; a vote outside of any session has no transcript.
    """

    __tablename__ = "memory_uses"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    item_id: Mapped[UUID] = mapped_column(Id, ForeignKey("memory_items.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    transcript_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("transcripts.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant, default=now)
    was_given: Mapped[bool] = mapped_column(Boolean, default=False)
    is_used: Mapped[bool] = mapped_column(Boolean, default=False)
    was_heeded: Mapped[bool | None] = mapped_column(Boolean)
    """Of a warning that was given: whether nothing of what it warns of went wrong in the session after it."""
    vote: Mapped[int] = mapped_column(Integer, default=0)


def use_id(item: UUID, user: UUID, session_key: str) -> UUID:
    """Return the id of what became of an item in a person's session; `session_key` is empty for no session."""
    return derived_id(item, f"use:{user}:{session_key}")


async def use_of(
    session: AsyncSession, actor: Actor, item: MemoryItem, session_key: str, transcript: UUID | None
) -> MemoryUse:
    """Return the row of an item in the actor's session, made where there is none."""
    id = use_id(item.id, actor.user_id, session_key)
    await session.flush()
    # Who comes second waits here, and then meets the row and the counts as they are.
    await session.refresh(item, with_for_update=True)
    row = await session.get(MemoryUse, id, populate_existing=True)
    if row is None:
        row = MemoryUse(
            id=id,
            item_id=item.id,
            user_id=actor.user_id,
            transcript_id=transcript,
            at=now(),
            was_given=False,
            is_used=False,
            vote=0,
        )
        session.add(row)
    return row


async def count_use(session: AsyncSession, item: MemoryItem, row: MemoryUse) -> bool:
    """Mark that an item was used in a session; return False if that was known."""
    if row.is_used:
        return False
    row.is_used = True
    item.usage_count += 1
    item.last_used_at = now()
    return True


async def weigh_again(session: AsyncSession, item: MemoryItem) -> None:
    """Count for how many sessions in a row an item was given in vain, and let every index know of its weight."""
    await session.flush()
    last_used = select(func.max(MemoryUse.at)).where(MemoryUse.item_id == item.id, MemoryUse.is_used)
    used_at = await session.scalar(last_used)
    vain = select(func.count()).where(MemoryUse.item_id == item.id, MemoryUse.was_given, ~MemoryUse.is_used)
    since = max(filter(None, (used_at, item.confirmed_at)), default=None)
    item.unused_count = await session.scalar(vain if since is None else vain.where(MemoryUse.at > since)) or 0
    with session.no_autoflush:
        item.change_sequence = await next_change(session)
    await session.flush()
