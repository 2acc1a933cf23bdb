"""Environmental insights: what is special about a client's environment, to be known before a command is run."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, choice
from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Lines, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find, scoped


class InsightCategory(StrEnum):
    """What an insight is about."""

    COMMAND_CONSTRAINTS = "command_constraints"
    SERVICE_CONFIGURATION = "service_configuration"
    VERSION_LIMITATIONS = "version_limitations"
    CUSTOM_INSTALLATIONS = "custom_installations"
    NETWORK_CONSTRAINTS = "network_constraints"
    PERMISSIONS = "permissions"


class Confidence(StrEnum):
    """How sure it is."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    SUSPECTED = "suspected"


class EnvironmentalInsight(Record):
    """Something special about a client's environment, without secrets, and when somebody last saw that it holds."""

    __tablename__ = "environmental_insights"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (
        CheckConstraint("priority BETWEEN 1 AND 10", name="priority"),
        Index(None, "client_id", "priority"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    pattern_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("failure_patterns.id", ondelete="SET NULL"), index=True
    )
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    category: Mapped[InsightCategory] = mapped_column(choice(InsightCategory), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(LongText)
    examples: Mapped[list[str]] = mapped_column(Json, default=list)
    confidence: Mapped[Confidence] = mapped_column(choice(Confidence), default=Confidence.LIKELY, index=True)
    priority: Mapped[int] = mapped_column(Integer, default=5, index=True)
    verified_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    verified_by_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    expires_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    superseded_by_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("environmental_insights.id", ondelete="SET NULL"), index=True
    )


class EnvironmentalInsightCreate(Input):
    """What callers send to note an insight; secrets in its texts are replaced before anything is stored."""

    client_id: UUID
    infrastructure_id: UUID | None = None
    pattern_id: Annotated[UUID, Field(description="The pattern of failures that it was drawn from.")] | None = None
    session_id: Annotated[UUID, Field(description="The session that it was found in.")] | None = None
    category: InsightCategory
    title: Name
    description: Annotated[Prose, Field(min_length=1)]
    examples: Lines = []
    confidence: Confidence = Confidence.LIKELY
    priority: Annotated[int, Field(ge=1, le=10, description="10 comes first.")] = 5
    expires_at: Annotated[Moment, Field(description="When it has to be checked again.")] | None = None
    superseded_by_id: Annotated[UUID, Field(description="The insight that holds instead.")] | None = None


class EnvironmentalInsightRead(EnvironmentalInsightCreate, Output):
    """What callers get of an insight."""

    model_config = Output.model_config

    id: UUID
    verified_at: datetime | None
    verified_by_id: UUID | None
    created_at: datetime
    updated_at: datetime
    version: int


async def check_succession(session: AsyncSession, actor: Actor, row: EnvironmentalInsight) -> None:
    """Raise `Invalid` when an insight would, through its successors, be replaced by itself."""
    successor_id, seen = row.superseded_by_id, {row.id}
    while successor_id is not None:
        if successor_id in seen:
            raise invalid("/superseded_by_id", "An insight cannot take the place of one that replaces it.", "cycle")
        seen.add(successor_id)
        # Locked, and as it now is: two changes at the same time could close a ring that neither sees.
        successor_id = await session.scalar(
            scoped(actor, EnvironmentalInsight)
            .with_only_columns(EnvironmentalInsight.superseded_by_id)
            .where(EnvironmentalInsight.id == successor_id)
            .with_for_update()
        )


async def verify_insight(session: AsyncSession, actor: Actor, id: UUID) -> EnvironmentalInsight:
    """Note that the caller has seen, now, that the insight holds.

    Raises:
        NotFound, Forbidden: the insight is not the actor's to change.
    """
    row = await find(session, actor, EnvironmentalInsight, id, Access.WRITE)
    row.verified_at, row.verified_by_id = now(), actor.user_id
    await session.flush()
    return row


ENVIRONMENTAL_INSIGHTS = Resource(
    name="environmental-insights",
    singular="environmental-insight",
    model=EnvironmentalInsight,
    read=EnvironmentalInsightRead,
    create=EnvironmentalInsightCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "infrastructure_id",
        "pattern_id",
        "session_id",
        "category",
        "title",
        "confidence",
        "priority",
        "verified_at",
        "verified_by_id",
        "expires_at",
        "superseded_by_id",
        "created_at",
        "updated_at",
    ),
    sorts=("priority", "title", "verified_at", "expires_at", "created_at", "updated_at"),
    default_sort="-priority",
    searches=("title", "description"),
    redacts=("title", "description", "examples"),
    key=("client_id", "title"),
    expires="expires_at",
    after_write=check_succession,
)
