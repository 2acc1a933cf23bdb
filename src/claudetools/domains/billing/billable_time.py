"""Billable time: how long somebody worked for a client, what it costs and why."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, Connection, ForeignKey, Integer, Numeric, String, event, inspect
from sqlalchemy.orm import Mapped, Mapper, mapped_column, validates

from claudetools.domains.billing.rating import Decision, Step
from claudetools.domains.work.sessions import Minutes
from claudetools.domains.work.transitions import Moves, check_move
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, choice
from claudetools.kit.problems import Conflict, FieldError
from claudetools.kit.resource.schema import Input, Label, Line, Moment, Output, Prose
from claudetools.kit.resource.scope import TenantColumn


class BillingStatus(StrEnum):
    """How far an entry is on its way to the invoice."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PUSHED = "pushed"


MOVES: Moves[BillingStatus] = {
    BillingStatus.DRAFT: frozenset({BillingStatus.SUBMITTED}),
    BillingStatus.SUBMITTED: frozenset({BillingStatus.DRAFT, BillingStatus.APPROVED}),
    BillingStatus.APPROVED: frozenset({BillingStatus.SUBMITTED, BillingStatus.PUSHED}),
    BillingStatus.PUSHED: frozenset(),
}
SETTLED = frozenset({BillingStatus.APPROVED, BillingStatus.PUSHED})
"""What the time costs stands from here on."""
RATED_BY = ("project_id", "labour_type_id", "started_at", "ended_at", "actual_minutes", "decision")
"""The columns that the price follows from."""


class BillableTime(Record):
    """Time worked. Minutes, rate and amount follow from the rules; `explanation` says how."""

    __tablename__ = "billable_time"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("work_items.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    labour_type_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("labour_types.id", ondelete="RESTRICT"), index=True
    )
    description: Mapped[str | None] = mapped_column(LongText)
    started_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    actual_minutes: Mapped[int] = mapped_column(Integer)
    billable_minutes: Mapped[int] = mapped_column(Integer, default=0)
    decision: Mapped[Decision] = mapped_column(choice(Decision), default=Decision.BILLABLE, index=True)
    decision_reason: Mapped[str | None] = mapped_column(String(500))
    hourly_rate: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    explanation: Mapped[list[dict[str, str]]] = mapped_column(Json, default=list)
    status: Mapped[BillingStatus] = mapped_column(choice(BillingStatus), default=BillingStatus.DRAFT, index=True)
    external_id: Mapped[str | None] = mapped_column(String(64), index=True)
    is_invoiced: Mapped[bool] = mapped_column(Boolean, default=False, index=True)

    @validates("status")
    def _move(self, _: str, status: BillingStatus) -> BillingStatus:
        check_move(self.status, status, MOVES)
        return status


class BillableTimeCreate(Input):
    """What callers send to enter time; it is that of the caller. Minutes to bill, rate and amount are computed."""

    client_id: UUID
    project_id: Annotated[UUID, Field(description="That of the session where none is given.")] | None = None
    session_id: UUID | None = None
    work_item_id: UUID | None = None
    labour_type_id: UUID | None = None
    description: Prose | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    actual_minutes: Minutes
    decision: Decision = Decision.BILLABLE
    decision_reason: Annotated[Line, Field(description="Required unless the time is billable.")] | None = None
    status: BillingStatus = BillingStatus.DRAFT
    external_id: Label | None = None
    is_invoiced: bool = False


class BillableTimeRead(BillableTimeCreate, Output):
    """What callers get of an entry. `amount` is null while no rate holds."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    started_at: datetime | None
    ended_at: datetime | None
    billable_minutes: int
    hourly_rate: Decimal | None
    currency: str | None
    amount: Decimal | None
    explanation: list[Step]
    created_at: datetime
    updated_at: datetime
    version: int


@event.listens_for(BillableTime, "before_update")
def keep_settled(mapper: Mapper[Any], connection: Connection, row: BillableTime) -> None:
    """Raise `Conflict` when what an approved entry costs would change, whatever the order of the assignments."""
    state = inspect(row)
    before = state.attrs.status.history.deleted
    if not SETTLED.intersection([row.status, *before]):
        return
    for name in RATED_BY:
        if state.attrs[name].history.has_changes():
            message = f"The entry is approved: take it back before you change {name}."
            raise Conflict(message, errors=[FieldError(f"/{name}", "settled", message)])
