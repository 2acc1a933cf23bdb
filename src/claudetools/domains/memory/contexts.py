"""Conversation contexts: summaries of sessions and states, editable by people, recallable like everything else."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Double, ForeignKey, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.memory.engine import engine_of
from claudetools.domains.memory.items import MemoryItem, delete_items
from claudetools.domains.memory.writing import ItemDraft, Origin, embed_drafts, put_items
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, JsonObject, Label, Lines, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, scoped

TABLE = "conversation_contexts"
TEXTS = ("title", "dense_summary", "key_decisions", "current_state", "tags")


class ContextType(StrEnum):
    """What a context is a summary of."""

    SESSION_SUMMARY = "session_summary"
    PROJECT_STATE = "project_state"
    GENERAL = "general"
    TURN_DIGEST = "turn_digest"
    COMPACTION = "compaction"


class ConversationContext(Record):
    """A summary with its decisions and state."""

    __tablename__ = TABLE
    __tenant__ = TenantColumn("client_id", author="user_id")

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    context_type: Mapped[ContextType] = mapped_column(choice(ContextType), index=True)
    title: Mapped[str] = mapped_column(String(200))
    dense_summary: Mapped[str] = mapped_column(LongText)
    key_decisions: Mapped[list[str]] = mapped_column(Json, default=list)
    current_state: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    relevance_score: Mapped[float] = mapped_column(Double, default=5.0, index=True)
    usage_count: Mapped[int] = mapped_column(Integer, default=0)
    source_references: Mapped[list[str]] = mapped_column(Json, default=list)


class ContextCreate(Input):
    """What callers send to make a conversation context."""

    client_id: UUID | None = None
    project_id: UUID | None = None
    session_id: UUID | None = None
    machine_id: UUID | None = None
    context_type: ContextType = ContextType.GENERAL
    title: Name
    dense_summary: Prose
    key_decisions: Lines = []
    current_state: JsonObject = {}
    tags: Annotated[list[Label], Field(max_length=50)] = []
    relevance_score: Annotated[float, Field(ge=0, le=10)] = 5.0


class ContextRead(ContextCreate, Output):
    """What callers get of a conversation context."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    usage_count: int
    source_references: list[str]
    created_at: datetime
    updated_at: datetime
    version: int


async def own_context(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the author."""
    values["user_id"] = actor.user_id


async def keep_edited(session: AsyncSession, actor: Actor, row: ConversationContext, values: Values) -> None:
    """Let what a person has edited not be generated anew."""
    values["source_references"] = []


def item_id(context_id: UUID) -> UUID:
    """Return the id of the memory item that makes a context recallable."""
    return derived_id(context_id, "item")


async def index_context(session: AsyncSession, actor: Actor, row: ConversationContext) -> None:
    """Make the context recallable."""
    engine = engine_of(session)
    draft = ItemDraft(
        id=item_id(row.id),
        kind="digest" if row.context_type is not ContextType.GENERAL else "note",
        title=row.title,
        text="\n".join([row.dense_summary, *row.key_decisions]),
        said_at=row.updated_at,
        importance=row.relevance_score / 10,
        tags=tuple(row.tags),
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
        machine_id=row.machine_id,
        user_id=row.user_id,
        source_table=TABLE,
        source_id=row.id,
    )
    await put_items(session, origin, await embed_drafts(engine, [draft], known))


async def forget_context(session: AsyncSession, actor: Actor, row: ConversationContext) -> None:
    """Take a deleted context out of every index."""
    items = await session.scalars(
        scoped(actor, MemoryItem)
        .with_only_columns(MemoryItem.id)
        .where(MemoryItem.source_table == TABLE, MemoryItem.source_id == row.id)
    )
    await delete_items(session, items)


CONVERSATION_CONTEXTS = Resource(
    name="conversation-contexts",
    singular="conversation-context",
    model=ConversationContext,
    read=ContextRead,
    create=ContextCreate,
    fixed=("client_id",),
    area="memory",
    filters=("client_id", "project_id", "session_id", "machine_id", "context_type", "relevance_score", "updated_at"),
    sorts=("updated_at", "created_at", "relevance_score", "title"),
    default_sort="-updated_at",
    searches=("title", "dense_summary"),
    redacts=TEXTS,
    before_create=own_context,
    before_change=keep_edited,
    after_write=index_context,
    after_delete=forget_context,
)
