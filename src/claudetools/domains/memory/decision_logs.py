"""Decision logs: what was decided and why, and what has replaced it since."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.memory.editing import index_statement
from claudetools.domains.memory.indexed_records import Recallable, forget_record
from claudetools.domains.memory.succession import change_successor, check_successor, retire_superseded
from claudetools.domains.memory.writing import MACHINE_TRUST, PERSON_TRUST
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


IMPORTANCE = {Impact.LOW: 0.5, Impact.MEDIUM: 0.7, Impact.HIGH: 0.9}


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


async def index_decision(session: AsyncSession, actor: Actor, row: DecisionLog) -> None:
    """Make the decision recallable for as long as it holds."""
    text = [row.decision_text]
    text += [f"Because: {row.rationale}"] if row.rationale else []
    text += [f"Instead of: {'; '.join(row.alternatives)}"] if row.alternatives else []
    content = Recallable(
        kind="decision",
        title=row.decision_type or "",
        text="\n".join(text),
        importance=IMPORTANCE[row.impact],
        trust=PERSON_TRUST if actor.machine_id is None else MACHINE_TRUST,
        tags=tuple(row.tags),
    )
    await index_statement(session, actor, row, content)
    await retire_superseded(session, actor, row)


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
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at"),
    searches=("decision_text", "rationale"),
    redacts=("decision_type", "decision_text", "rationale", "alternatives", "tags"),
    before_create=own_decision,
    before_change=change_successor,
    after_write=index_decision,
    after_delete=forget_record,
)
