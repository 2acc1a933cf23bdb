"""Records that people edit and memory recalls: each is one memory item with tags, and what is deleted is forgotten."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.context_tags import replace_tags
from claudetools.domains.memory.engine import engine_of
from claudetools.domains.memory.items import MemoryItem, delete_items
from claudetools.domains.memory.writing import ItemDraft, Origin, embed_drafts, put_items
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import Actor, scoped


class IndexedRecord(Protocol):
    """What every such record has; without a client it is its author's alone."""

    __tablename__: str

    @property
    def id(self) -> UUID:
        """Identifier of the record."""

    @property
    def client_id(self) -> UUID | None:
        """Whose it is."""

    @property
    def project_id(self) -> UUID | None:
        """The project that it is about."""

    @property
    def user_id(self) -> UUID:
        """Its author."""

    @property
    def updated_at(self) -> datetime:
        """When it was last said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recallable:
    """What memory keeps of a record. `importance` is between 0 and 1."""

    kind: str
    title: str
    text: str
    importance: float
    trust: int = 2
    tags: tuple[str, ...] = ()
    machine_id: UUID | None = None


def item_id(record_id: UUID) -> UUID:
    """Return the id of the memory item that makes a record recallable."""
    return derived_id(record_id, "item")


async def index_record(session: AsyncSession, actor: Actor, row: IndexedRecord, content: Recallable) -> None:
    """Make a record that was written recallable, by its text and by its tags.

    An item that somebody has retired, superseded or deleted stays so.
    """
    draft = ItemDraft(
        id=item_id(row.id),
        kind=content.kind,
        title=content.title,
        text=content.text,
        said_at=row.updated_at,
        importance=content.importance,
        trust=content.trust,
        tags=content.tags,
    )
    stored = await session.execute(
        scoped(actor, MemoryItem)
        .with_only_columns(MemoryItem.id, MemoryItem.content_hash)
        .where(MemoryItem.id == draft.id)
    )
    known = dict(stored.all())
    origin = Origin(
        client_id=row.client_id,
        project_id=row.project_id,
        machine_id=content.machine_id,
        user_id=row.user_id,
        source_table=row.__tablename__,
        source_id=row.id,
    )
    await put_items(session, origin, await embed_drafts(engine_of(session), [draft], known))
    await replace_tags(session, row.__tablename__, row.id, content.tags)


async def forget_record(session: AsyncSession, actor: Actor, row: IndexedRecord) -> None:
    """Take a deleted record out of every index."""
    items = await session.scalars(
        scoped(actor, MemoryItem)
        .with_only_columns(MemoryItem.id)
        .where(MemoryItem.source_table == row.__tablename__, MemoryItem.source_id == row.id)
    )
    await delete_items(session, items)
    await replace_tags(session, row.__tablename__, row.id, ())
