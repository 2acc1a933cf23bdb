"""Learning metrics: whether known failures come again, day by day and client by client."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import CheckConstraint, Date, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id
from claudetools.kit.resource.declare import READ_ONLY, Resource
from claudetools.kit.resource.schema import Input, Output
from claudetools.kit.resource.scope import TenantColumn

Count = Annotated[int, Field(ge=0, lt=2**31)]


class LearningMetric(Record):
    """What was counted at one client on one day (UTC)."""

    __tablename__ = "learning_metrics"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (
        UniqueConstraint("client_id", "measured_on"),
        CheckConstraint("repeats <= failures", name="repeats"),
        CheckConstraint("warnings_heeded <= warnings_given", name="warnings"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    measured_on: Mapped[date] = mapped_column(Date, index=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    repeats: Mapped[int] = mapped_column(Integer, default=0)
    warnings_given: Mapped[int] = mapped_column(Integer, default=0)
    warnings_heeded: Mapped[int] = mapped_column(Integer, default=0)


class LearningMetricCreate(Input):
    """What the service counts at one client on one day."""

    client_id: UUID
    measured_on: date
    failures: Count = 0
    repeats: Annotated[Count, Field(description="Failures that a known pattern describes.")] = 0
    warnings_given: Annotated[
        Count, Field(description="Notes of what fails here that a prompt of a session was given, once a session.")
    ] = 0
    warnings_heeded: Annotated[
        Count, Field(description="Warnings after which none of it failed again in that session.")
    ] = 0


class LearningMetricRead(LearningMetricCreate, Output):
    """What was counted at one client on one day. Counted by the service, never written by callers."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


LEARNING_METRICS = Resource(
    name="learning-metrics",
    singular="learning-metric",
    model=LearningMetric,
    read=LearningMetricRead,
    create=LearningMetricCreate,
    filters=("client_id", "measured_on", "failures", "repeats", "warnings_given", "warnings_heeded"),
    sorts=("measured_on", "created_at", "updated_at"),
    default_sort="-measured_on",
    verbs=READ_ONLY,
)
