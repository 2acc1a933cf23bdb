"""Decision logs: what was decided and why, and what has replaced it since."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, Index, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.memory.records.drawn import forget_memory, keep_edited
from claudetools.domains.memory.records.succession import change_successor, check_successor
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Label, Lines, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, scoped


class Impact(StrEnum):
    """How far a decision reaches."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class DecisionLog(Record):
    """A decision. One that belongs to no client is seen only by its author and by administrators."""

    __tablename__ = "decision_logs"
    __tenant__ = TenantColumn("client_id", author="user_id")
    __table_args__ = (Index(None, "client_id", "created_at"), Record.__table_args__)

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    decision_type: Mapped[str | None] = mapped_column(String(64), index=True)
    decision_text: Mapped[str] = mapped_column(LongText)
    rationale: Mapped[str | None] = mapped_column(LongText)
    alternatives: Mapped[list[str]] = mapped_column(Json, default=list)
    impact: Mapped[Impact] = mapped_column(choice(Impact), index=True)
    tags: Mapped[list[str]] = mapped_column(Json, default=list)
    superseded_by_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("decision_logs.id", ondelete="RESTRICT"), index=True
    )
    memory_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    is_generated: Mapped[bool] = mapped_column(Boolean, default=False, index=True)


class DecisionLogCreate(Input):
    """What callers send to log a decision. Secrets in it are replaced before it is stored."""

    client_id: UUID | None = None
    project_id: UUID | None = None
    session_id: UUID | None = None
    decision_type: Label | None = None
    decision_text: Annotated[Prose, Field(min_length=1)]
    rationale: Prose | None = None
    alternatives: Annotated[Lines, Field(description="What was considered and not chosen.")] = []
    impact: Impact = Impact.MEDIUM
    tags: Annotated[list[Label], Field(max_length=50)] = []
    superseded_by_id: Annotated[
        UUID | None, Field(description="The decision that holds instead; memory then recalls that one only.")
    ] = None


class DecisionLogRead(DecisionLogCreate, Output):
    """What callers get of a decision."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    memory_id: Annotated[UUID | None, Field(description="The memory that it was drawn from.")]
    is_generated: Annotated[bool, Field(description="Whether it follows that memory; no longer once it was edited.")]
    created_at: datetime
    updated_at: datetime
    version: int


async def own_decision(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the author of a decision, which another may supersede already.

    Raises:
        Conflict: that other decision belongs to another client.
    """
    values["user_id"] = actor.user_id
    if values.get("superseded_by_id") is not None:
        await check_successor(session, actor, DecisionLog, None, values)


async def change_decision(session: AsyncSession, actor: Actor, row: DecisionLog, values: Values) -> None:
    """Let a decision follow its successor, and no longer the memory that it was drawn from.

    Raises:
        Conflict: the successor belongs to another client.
        Invalid: the successor is superseded by the decision itself, directly or in turn.
    """
    await change_successor(session, actor, row, values)
    await keep_edited(session, actor, row, values)


async def decisions_by_impact(session: AsyncSession, actor: Actor, impact: Impact, limit: int) -> list[DecisionLog]:
    """Return the decisions of one impact, newest first."""
    statement = scoped(actor, DecisionLog).where(DecisionLog.impact == impact)
    order = (DecisionLog.created_at.desc(), DecisionLog.id.desc())
    return list(await session.scalars(statement.order_by(*order).limit(limit)))


DECISION_LOGS = Resource(
    name="decision-logs",
    singular="decision-log",
    model=DecisionLog,
    read=DecisionLogRead,
    create=DecisionLogCreate,
    fixed=("client_id",),
    area="memory",
    filters=(
        "client_id",
        "project_id",
        "session_id",
        "user_id",
        "decision_type",
        "impact",
        "superseded_by_id",
        "memory_id",
        "is_generated",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at"),
    searches=("decision_text", "rationale"),
    redacts=("decision_type", "decision_text", "rationale", "alternatives", "tags"),
    before_create=own_decision,
    before_change=change_decision,
    after_delete=forget_memory,
)
