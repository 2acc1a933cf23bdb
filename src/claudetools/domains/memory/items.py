"""Memory items: every recallable piece, and the change sequence that keeps each worker's index in step."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    and_,
    delete,
    literal_column,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.memory.holding_back.instructing import QuarantineReason
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, choice
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import TenantColumn

CLOCK_ID = 1


ITEMS = "memory-items"
"""What memories are called in the audit trail. It holds what people did with them, never what they say."""


class MemoryItem(Record):
    """One recallable piece of text with its origin, its weight and its validity.

    An item that is not assigned to a client is seen only by its person and by administrators. One in quarantine is
    seen by nobody but those who review it; once released, it says who released it and why it was held.
    """

    __tablename__ = "memory_items"
    __tenant__ = TenantColumn("client_id", author="user_id", held="quarantined_at")
    __table_args__ = (
        Index("ix_memory_items_source", "source_table", "source_id"),
        Index("ix_memory_items_newest", "client_id", "kind", "said_at"),
        Index("ix_memory_items_overruled", "client_id", "superseded_by_id"),
        # SQLite would read all that is not held back by an index on it, where a few ids are asked for.
        Index(
            "ix_memory_items_quarantined_at",
            "quarantined_at",
            sqlite_where=literal_column("quarantined_at").is_not(None),
        ),
        Record.__table_args__,
    )

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"))
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    transcript_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("transcripts.id", ondelete="CASCADE"), index=True)
    group_key: Mapped[str | None] = mapped_column(String(200))
    source_table: Mapped[str] = mapped_column(String(64))
    source_id: Mapped[UUID] = mapped_column(Id)
    turn_ids: Mapped[list[str]] = mapped_column(Json, default=list)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    title: Mapped[str] = mapped_column(String(300), default="")
    speaker: Mapped[str] = mapped_column(String(100), default="")
    text: Mapped[str] = mapped_column(LongText)
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    said_at: Mapped[datetime] = mapped_column(Instant, index=True)
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    importance: Mapped[float] = mapped_column(Double, default=0.5)
    trust: Mapped[int] = mapped_column(Integer, default=2)
    confidence: Mapped[float] = mapped_column(Double, default=1.0)
    is_pinned: Mapped[bool] = mapped_column(Boolean, default=False)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)
    superseded_by_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("memory_items.id", ondelete="SET NULL"), index=True
    )
    contradicted_by_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("memory_items.id", ondelete="SET NULL"), index=True
    )
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    unused_count: Mapped[int] = mapped_column(Integer, default=0)
    quarantined_at: Mapped[datetime | None] = mapped_column(Instant)
    quarantine_reason: Mapped[QuarantineReason | None] = mapped_column(choice(QuarantineReason))
    reviewed_at: Mapped[datetime | None] = mapped_column(Instant)
    reviewed_by_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    usage_count: Mapped[int] = mapped_column(Integer, default=0)
    feedback: Mapped[int] = mapped_column(Integer, default=0)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary(1024))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    change_sequence: Mapped[int] = mapped_column(BigInteger, index=True)


class MemoryClock(Base):
    """One row: the number of the newest committed change of memory.

    Its lock is held from taking a number to the commit, so numbers become visible in order and a reader who has
    seen number n has seen everything up to n.
    """

    __tablename__ = "memory_clock"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)


class MemoryDeletion(Base):
    """An item that was deleted, for indexes that have not noticed yet; or a transcript whose turns were deleted."""

    __tablename__ = "memory_deletions"

    item_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    change_sequence: Mapped[int] = mapped_column(BigInteger, index=True)
    at: Mapped[datetime] = mapped_column(Instant, default=now)


def holds() -> ColumnElement[bool]:
    """Return the condition for items that may be told on: nothing retired or superseded, nothing in quarantine."""
    return and_(MemoryItem.retired_at.is_(None), MemoryItem.quarantined_at.is_(None))


def item_id(record_id: UUID, number: int = 0) -> UUID:
    """Return the id of a memory item that makes a record recallable: the first, or a later piece of a long one."""
    return derived_id(record_id, f"item:{number}" if number else "item")


async def next_change(session: AsyncSession) -> int:
    """Take the number for the changes of this transaction; call it late, other writers of memory wait from here on."""
    await session.execute(update(MemoryClock).where(MemoryClock.id == CLOCK_ID).values(value=MemoryClock.value + 1))
    value = await session.scalar(select(MemoryClock.value).where(MemoryClock.id == CLOCK_ID))
    if value is None:
        raise RuntimeError("the row of memory_clock is missing: run the migrations")
    return value


async def delete_items(session: AsyncSession, ids: Iterable[UUID]) -> None:
    """Delete items for good and tell every index."""
    chosen = list(ids)
    if not chosen:
        return
    await session.flush()
    await session.execute(delete(MemoryItem).where(MemoryItem.id.in_(chosen)))
    change = await next_change(session)
    for id in chosen:
        await session.merge(MemoryDeletion(item_id=id, change_sequence=change))


async def forgotten_at(session: AsyncSession, id: UUID) -> datetime | None:
    """Return until when what was said in a transcript is to be forgotten, also when it is sent again."""
    deletion = await session.get(MemoryDeletion, id)
    return None if deletion is None else deletion.at
