"""What time costs: rounding minutes and choosing a rate, as a pure computation that explains each step."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

CENT = Decimal("0.01")
MINUTES_PER_HOUR = 60


class Rounding(StrEnum):
    """Which way minutes between two increments go; half an increment goes up with `nearest`."""

    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"


class Decision(StrEnum):
    """Whether the client pays for the time. `no_charge` shows it on the invoice at zero, `do_not_bill` not at all."""

    BILLABLE = "billable"
    NO_CHARGE = "no_charge"
    DO_NOT_BILL = "do_not_bill"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an explanation: the rule that was looked at and what it came to."""

    rule: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How minutes of a labour type are rounded. The defaults leave them as they are."""

    minimum_minutes: int = 0
    increment_minutes: int = 1
    rounding: Rounding = Rounding.UP

    @property
    def least_minutes(self) -> int:
        """The smallest number of whole increments that is not below the minimum."""
        return -(-self.minimum_minutes // self.increment_minutes) * self.increment_minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a rate is looked up for."""

    client_id: UUID
    technician_id: UUID
    worked_on: date
    project_id: UUID | None = None
    labour_type_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """An hourly rate and what it holds for: all that it names must be so, what is None may be anything."""

    id: UUID
    name: str
    hourly_rate: Decimal
    currency: str
    client_id: UUID | None = None
    project_id: UUID | None = None
    technician_id: UUID | None = None
    labour_type_id: UUID | None = None
    valid_from_on: date | None = None
    valid_to_on: date | None = None

    def mismatch(self, work: Work) -> str | None:
        """Return why this rate does not hold for `work`; None when it does. Both validity dates are included."""
        for noun, own, theirs in (
            ("project", self.project_id, work.project_id),
            ("client", self.client_id, work.client_id),
            ("technician", self.technician_id, work.technician_id),
            ("labour type", self.labour_type_id, work.labour_type_id),
        ):
            if own is not None and own != theirs:
                return f"for another {noun}"
        if self.valid_from_on is not None and work.worked_on < self.valid_from_on:
            return f"valid from {self.valid_from_on}"
        if self.valid_to_on is not None and work.worked_on > self.valid_to_on:
            return f"valid until {self.valid_to_on}"
        return None

    @property
    def precedence(self) -> tuple[bool, bool, bool, bool, date, UUID]:
        """The key by which the greatest wins: project before client, technician, labour type, then the newest."""
        return (
            self.project_id is not None,
            self.client_id is not None,
            self.technician_id is not None,
            self.labour_type_id is not None,
            self.valid_from_on or date.min,
            self.id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What time costs. Without a rate there is no amount, unless it is zero whatever the rate."""

    billable_minutes: int
    hourly_rate: Decimal | None
    currency: str | None
    amount: Decimal | None
    explanation: tuple[Step, ...]


def billable_minutes(actual_minutes: int, terms: Terms) -> int:
    """Return `actual_minutes` in whole increments, and no less than the minimum in whole increments."""
    increment = terms.increment_minutes
    if terms.rounding is Rounding.UP:
        count = -(-actual_minutes // increment)
    elif terms.rounding is Rounding.DOWN:
        count = actual_minutes // increment
    else:
        count = (2 * actual_minutes + increment) // (2 * increment)
    return max(count * increment, terms.least_minutes)


def amount_of(minutes: int, hourly_rate: Decimal) -> Decimal:
    """Return what `minutes` cost, to the cent, half a cent up."""
    return (hourly_rate * minutes / MINUTES_PER_HOUR).quantize(CENT, ROUND_HALF_UP)


def rate_for(work: Work, rates: Iterable[Rate], fallback: Rate | None = None) -> tuple[Rate | None, list[Step]]:
    """Return the rate that holds for `work` and the steps that led there, most particular rates first.

    `fallback` holds when none of the rates does.
    """
    steps: list[Step] = []
    for rate in sorted(rates, key=lambda rate: rate.precedence, reverse=True):
        mismatch = rate.mismatch(work)
        if mismatch is None:
            return rate, [*steps, Step(f"Rate: {rate.name}", f"{rate.hourly_rate} {rate.currency} an hour")]
        steps.append(Step(f"Rate: {rate.name}", f"passed over: {mismatch}"))
    if fallback is not None:
        outcome = f"{fallback.hourly_rate} {fallback.currency} an hour"
        return fallback, [*steps, Step(f"Rate: {fallback.name}", outcome)]
    return None, [*steps, Step("Rate", "none holds")]


def charge(
    actual_minutes: int,
    decision: Decision,
    terms: Terms,
    work: Work,
    rates: Iterable[Rate],
    fallback: Rate | None = None,
) -> Charge:
    """Return what `actual_minutes` of work cost under a decision, with each step in order."""
    if decision is Decision.DO_NOT_BILL:
        steps = (Step("Decision", "not to be billed: 0 minutes"),)
        return Charge(billable_minutes=0, hourly_rate=None, currency=None, amount=Decimal("0.00"), explanation=steps)
    minutes = billable_minutes(actual_minutes, terms)
    rate, found = rate_for(work, rates, fallback)
    steps_so_far = [*_rounding_steps(actual_minutes, terms, minutes), *found]
    if decision is Decision.NO_CHARGE:
        amount: Decimal | None = Decimal("0.00")
        steps_so_far.append(Step("Decision", "no charge: amount 0.00"))
    elif rate is None:
        amount = None
        steps_so_far.append(Step("Amount", "unknown without a rate"))
    else:
        amount = amount_of(minutes, rate.hourly_rate)
        steps_so_far.append(Step("Amount", f"{minutes} min x {rate.hourly_rate} / 60 = {amount} {rate.currency}"))
    return Charge(
        billable_minutes=minutes,
        hourly_rate=rate.hourly_rate if rate else None,
        currency=rate.currency if rate else None,
        amount=amount,
        explanation=tuple(steps_so_far),
    )


def _rounding_steps(actual_minutes: int, terms: Terms, result: int) -> list[Step]:
    steps = [Step("Actual time", f"{actual_minutes} min")]
    rounded = billable_minutes(
        actual_minutes, Terms(increment_minutes=terms.increment_minutes, rounding=terms.rounding)
    )
    steps.append(Step(f"Increments of {terms.increment_minutes} min, {terms.rounding.value}", f"{rounded} min"))
    if result != rounded:
        steps.append(Step(f"Minimum of {terms.minimum_minutes} min", f"{result} min"))
    return steps
