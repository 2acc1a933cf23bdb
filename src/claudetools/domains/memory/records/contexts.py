"""Conversation contexts: summaries of sessions and states, editable by people, recallable like everything else."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Double, ForeignKey, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.memory.distilling.record import ASSISTANT_TRUST
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, JsonObject, Label, Lines, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn

GENERATED = "generated"
"""What `source_references` holds until a person edits a context."""
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

    __tablename__ = "conversation_contexts"
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
    trust: Mapped[int] = mapped_column(Integer, default=ASSISTANT_TRUST)


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
    trust: Annotated[int, Field(description="The lowest of what it was made of: 3 people, 2 Claude, 1 tools.")]
    created_at: datetime
    updated_at: datetime
    version: int


async def own_context(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the author."""
    values["user_id"] = actor.user_id


async def keep_edited(session: AsyncSession, actor: Actor, row: ConversationContext, values: Values) -> None:
    """Let what a person has edited not be generated anew."""
    values |= {"source_references": [], "trust": max(row.trust, ASSISTANT_TRUST)}


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
)
