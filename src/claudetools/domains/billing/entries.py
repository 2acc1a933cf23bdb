"""Entering billable time: its rules, and its price from labour type, rate rules and the client's terms."""

from dataclasses import asdict

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.billing.billable_time import (
    SETTLED,
    BillableTime,
    BillableTimeCreate,
    BillableTimeRead,
)
from claudetools.domains.billing.labour_types import LabourType
from claudetools.domains.billing.rate_rules import RateRule
from claudetools.domains.billing.rating import Decision, Rate, Terms, Work, charge
from claudetools.domains.clients import Client
from claudetools.domains.work.sessions import WorkSession
from claudetools.kit.problems import Conflict, FieldError, invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.scope import Actor, find, scoped

APPROVER = "msp:admin"


async def enter_time(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the entry the caller's, unless the service enters it for somebody, in the project of its session.

    Raises:
        Conflict: the entry would begin approved.
    """
    if values.get("status") in SETTLED:
        message = "An entry begins as draft or submitted."
        raise Conflict(message, errors=[FieldError("/status", "transition", message)])
    values.setdefault("user_id", actor.user_id)
    if values.get("session_id") is not None and values.get("project_id") is None:
        # A session that is not to be seen is refused with the other references.
        chosen = scoped(actor, WorkSession).where(WorkSession.id == values["session_id"])
        values["project_id"] = await session.scalar(chosen.with_only_columns(WorkSession.project_id))


async def check_approver(session: AsyncSession, actor: Actor, row: BillableTime, values: Values) -> None:
    """Raise `Forbidden` when somebody approves who may not."""
    if values.get("status") in SETTLED:
        actor.require(APPROVER)


async def price_entry(session: AsyncSession, actor: Actor, row: BillableTime) -> None:
    """Check the entry as a whole, and price it until it is approved.

    Raises:
        Invalid: it ends before it starts, or does not say why it is not billed.
    """
    if row.started_at is not None and row.ended_at is not None and row.ended_at < row.started_at:
        raise invalid("/ended_at", "Work cannot end before it starts.")
    if row.decision is not Decision.BILLABLE and not row.decision_reason:
        raise invalid("/decision_reason", "Say why the time is not billed.", "missing")
    if row.status in SETTLED:
        return
    found = charge(
        row.actual_minutes,
        row.decision,
        await _terms(session, actor, row),
        _work(row),
        await _rates(session, actor, row),
        await _client_terms(session, actor, row),
    )
    row.billable_minutes = found.billable_minutes
    row.hourly_rate, row.currency, row.amount = found.hourly_rate, found.currency, found.amount
    row.explanation = [asdict(step) for step in found.explanation]


async def keep_approved(session: AsyncSession, actor: Actor, row: BillableTime) -> None:
    """Raise `Conflict` when an approved entry would go."""
    if row.status in SETTLED:
        raise Conflict("The entry is approved: take it back before you delete it.")


def _work(row: BillableTime) -> Work:
    return Work(
        client_id=row.client_id,
        project_id=row.project_id,
        technician_id=row.user_id,
        labour_type_id=row.labour_type_id,
        worked_on=(row.started_at or row.created_at).date(),
    )


async def _terms(session: AsyncSession, actor: Actor, row: BillableTime) -> Terms:
    if row.labour_type_id is None:
        return Terms()
    kind = await find(session, actor, LabourType, row.labour_type_id)
    return Terms(minimum_minutes=kind.minimum_minutes, increment_minutes=kind.increment_minutes, rounding=kind.rounding)


async def _rates(session: AsyncSession, actor: Actor, row: BillableTime) -> list[Rate]:
    for_client = or_(RateRule.client_id.is_(None), RateRule.client_id == row.client_id)
    rules = await session.scalars(scoped(actor, RateRule).where(RateRule.is_active, for_client))
    return [rule.as_rate() for rule in rules]


async def _client_terms(session: AsyncSession, actor: Actor, row: BillableTime) -> Rate | None:
    client = await find(session, actor, Client, row.client_id)
    if client.hourly_rate is None or client.currency is None:
        return None
    return Rate(
        id=client.id, name="the client's hourly terms", hourly_rate=client.hourly_rate, currency=client.currency
    )


BILLABLE_TIME = Resource(
    name="billable-time",
    singular="billable-time-entry",
    model=BillableTime,
    read=BillableTimeRead,
    create=BillableTimeCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "project_id",
        "session_id",
        "work_item_id",
        "user_id",
        "labour_type_id",
        "started_at",
        "decision",
        "status",
        "currency",
        "external_id",
        "is_invoiced",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "started_at"),
    searches=("description", "decision_reason"),
    before_create=enter_time,
    before_change=check_approver,
    before_delete=keep_approved,
    after_write=price_entry,
)
