"""Rate rules: what an hour costs, for everybody or for one client, project, technician or labour type."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, Date, ForeignKey, Numeric, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.billing.rating import Rate
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, label
from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Amount, Input, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")]


class RateRule(Record):
    """An hourly rate. What it names must all be so; of those that hold, the most particular wins."""

    __tablename__ = "rate_rules"
    __tenant__ = TenantColumn("client_id", is_public=True)

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="RESTRICT"), index=True)
    labour_type_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("labour_types.id", ondelete="RESTRICT"), index=True
    )
    technician_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(label(), index=True)
    hourly_rate: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(String(3))
    valid_from_on: Mapped[date | None] = mapped_column(Date, index=True)
    valid_to_on: Mapped[date | None] = mapped_column(Date, index=True)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    notes: Mapped[str | None] = mapped_column(LongText)

    def as_rate(self) -> Rate:
        """Return the rule as the computation takes it."""
        return Rate(
            id=self.id,
            name=self.name,
            hourly_rate=self.hourly_rate,
            currency=self.currency,
            client_id=self.client_id,
            project_id=self.project_id,
            technician_id=self.technician_id,
            labour_type_id=self.labour_type_id,
            valid_from_on=self.valid_from_on,
            valid_to_on=self.valid_to_on,
        )


class RateRuleCreate(Input):
    """What callers send to set a rate. A rule that names nothing is the firm's standard rate."""

    client_id: UUID | None = None
    project_id: UUID | None = None
    labour_type_id: UUID | None = None
    technician_id: UUID | None = None
    name: Name
    hourly_rate: Amount
    currency: Currency
    valid_from_on: Annotated[date, Field(description="First day on which it holds.")] | None = None
    valid_to_on: Annotated[date, Field(description="Last day on which it holds.")] | None = None
    is_active: bool = True
    notes: Prose | None = None


class RateRuleRead(RateRuleCreate, Output):
    """What callers get of a rate."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def check_validity(session: AsyncSession, actor: Actor, row: RateRule) -> None:
    """Raise `Invalid` when the rule ends before it begins."""
    if row.valid_from_on is not None and row.valid_to_on is not None and row.valid_to_on < row.valid_from_on:
        raise invalid("/valid_to_on", "A rate cannot end before it begins.")


RATE_RULES = Resource(
    name="rate-rules",
    singular="rate-rule",
    model=RateRule,
    read=RateRuleRead,
    create=RateRuleCreate,
    fixed=("client_id",),
    write_scope="msp:admin",
    filters=(
        "client_id",
        "project_id",
        "labour_type_id",
        "technician_id",
        "name",
        "currency",
        "valid_from_on",
        "valid_to_on",
        "is_active",
        "created_at",
        "updated_at",
    ),
    sorts=("name", "valid_from_on", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "notes"),
    key=("client_id", "name"),
    expires="valid_to_on",
    after_write=check_validity,
)
