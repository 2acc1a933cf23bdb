"""Context snippets: single things worth knowing, kept short, recallable like everything else."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, CheckConstraint, Double, ForeignKey, Index, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.memory.records.context_tags import Match, tag_forms, tagged
from claudetools.domains.memory.records.drawn import forget_memory, keep_edited
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice
from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, JsonObject, Label, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, scoped


class SnippetCategory(StrEnum):
    """What a snippet says."""

    DECISION = "decision"
    PATTERN = "pattern"
    LESSON = "lesson"
    BLOCKER = "blocker"
    STATE = "state"
    FACT = "fact"
    PREFERENCE = "preference"
    PROCEDURE = "procedure"


class ContextSnippet(Record):
    """A thing worth knowing. One that belongs to no client is seen only by its author and by administrators."""

    __tablename__ = "context_snippets"
    __tenant__ = TenantColumn("client_id", author="user_id")
    __table_args__ = (
        CheckConstraint("relevance_score BETWEEN 0 AND 10", name="relevance"),
        Index(None, "client_id", "relevance_score"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    category: Mapped[SnippetCategory] = mapped_column(choice(SnippetCategory), index=True)
    title: Mapped[str] = mapped_column(String(200))
    dense_content: Mapped[str] = mapped_column(LongText)
    structured_data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    relevance_score: Mapped[float] = mapped_column(Double, default=5.0, index=True)
    usage_count: Mapped[int] = mapped_column(Integer, default=0, index=True)
    memory_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    is_generated: Mapped[bool] = mapped_column(Boolean, default=False, index=True)


class ContextSnippetCreate(Input):
    """What callers send to make a snippet. Secrets in it are replaced before it is stored."""

    client_id: UUID | None = None
    project_id: UUID | None = None
    session_id: UUID | None = None
    category: SnippetCategory = SnippetCategory.FACT
    title: Name
    dense_content: Annotated[Prose, Field(min_length=1)]
    structured_data: Annotated[JsonObject, Field(description="The same for programs; memory does not search it.")] = {}
    tags: Annotated[list[Label], Field(max_length=50)] = []
    relevance_score: Annotated[float, Field(ge=0, le=10)] = 5.0


class ContextSnippetRead(ContextSnippetCreate, Output):
    """What callers get of a snippet. `usage_count` is how often somebody said that memory of it helped."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    usage_count: int
    memory_id: Annotated[UUID | None, Field(description="The memory that it was drawn from.")]
    is_generated: Annotated[bool, Field(description="Whether it follows that memory; no longer once it was edited.")]
    created_at: datetime
    updated_at: datetime
    version: int


async def own_snippet(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the author."""
    values["user_id"] = actor.user_id


async def best_snippets(
    session: AsyncSession, actor: Actor, limit: int, tags: Iterable[str] | None = None, match: Match = Match.ANY
) -> list[ContextSnippet]:
    """Return the snippets with the highest relevance score, the newest first among equals.

    With `tags`, one by one or separated by commas, only snippets that carry any or all of them.

    Raises:
        Invalid: tags are given, and none of them is more than separators.
    """
    statement = scoped(actor, ContextSnippet)
    if tags is not None:
        forms = tag_forms(tags)
        if not forms:
            raise invalid("?tags", "Name at least one tag.", "missing")
        statement = statement.where(ContextSnippet.id.in_(tagged(ContextSnippet.__tablename__, forms, match)))
    order = (ContextSnippet.relevance_score.desc(), ContextSnippet.updated_at.desc(), ContextSnippet.id)
    return list(await session.scalars(statement.order_by(*order).limit(limit)))


CONTEXT_SNIPPETS = Resource(
    name="context-snippets",
    singular="context-snippet",
    model=ContextSnippet,
    read=ContextSnippetRead,
    create=ContextSnippetCreate,
    fixed=("client_id",),
    area="memory",
    filters=(
        "client_id",
        "project_id",
        "session_id",
        "user_id",
        "category",
        "title",
        "relevance_score",
        "usage_count",
        "memory_id",
        "is_generated",
        "created_at",
        "updated_at",
    ),
    sorts=("updated_at", "created_at", "relevance_score", "usage_count", "title"),
    default_sort="-updated_at",
    searches=("title", "dense_content"),
    redacts=("title", "dense_content", "structured_data", "tags"),
    before_create=own_snippet,
    before_change=keep_edited,
    after_delete=forget_memory,
)
