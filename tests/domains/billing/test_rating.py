"""What time costs, without a database."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.domains.billing.rating import (
    Decision,
    Rate,
    Rounding,
    Terms,
    Work,
    amount_of,
    billable_minutes,
    charge,
    rate_for,
)

CLIENT, PROJECT, PERSON, LABOUR = (uuid4() for _ in range(4))
WORK = Work(
    client_id=CLIENT, project_id=PROJECT, technician_id=PERSON, labour_type_id=LABOUR, worked_on=date(2026, 5, 4)
)
STANDARD = Rate(id=UUID(int=1), name="Standard", hourly_rate=Decimal("90.00"), currency="EUR")

MINUTES = st.integers(0, 100_000)
TERMS = st.builds(
    Terms,
    minimum_minutes=st.integers(0, 1440),
    increment_minutes=st.integers(1, 1440),
    rounding=st.sampled_from(Rounding),
)
MONEY = st.decimals(0, 99_999_999, places=2)


@given(MINUTES, TERMS)
def test_rounded_time_is_never_below_the_minimum_and_rounds_to_itself(minutes: int, terms: Terms) -> None:
    rounded = billable_minutes(minutes, terms)
    assert rounded >= terms.minimum_minutes
    assert rounded % terms.increment_minutes == 0
    assert billable_minutes(rounded, terms) == rounded


@given(MINUTES, MINUTES, TERMS)
def test_more_work_is_never_less_time(one: int, other: int, terms: Terms) -> None:
    less, more = sorted((one, other))
    assert billable_minutes(less, terms) <= billable_minutes(more, terms)


@given(MINUTES, TERMS)
def test_the_direction_is_kept_above_the_minimum(minutes: int, terms: Terms) -> None:
    rounded = billable_minutes(minutes, replace(terms, minimum_minutes=0))
    step = terms.increment_minutes
    allowed = {
        Rounding.UP: range(step),
        Rounding.DOWN: range(1 - step, 1),
        Rounding.NEAREST: range(-((step - 1) // 2), step // 2 + 1),
    }
    assert rounded - minutes in allowed[terms.rounding]


@pytest.mark.parametrize(
    ("minutes", "minimum", "increment", "rounding", "expected"),
    [
        (0, 0, 15, Rounding.UP, 0),
        (1, 0, 15, Rounding.UP, 15),
        (15, 0, 15, Rounding.UP, 15),
        (29, 0, 15, Rounding.DOWN, 15),
        (14, 15, 15, Rounding.DOWN, 15),
        (22, 0, 15, Rounding.NEAREST, 15),
        (23, 0, 15, Rounding.NEAREST, 30),
        (5, 0, 10, Rounding.NEAREST, 10),
        (5, 20, 15, Rounding.UP, 30),
        (0, 30, 1, Rounding.UP, 30),
    ],
)
def test_rounding(minutes: int, minimum: int, increment: int, rounding: Rounding, expected: int) -> None:
    terms = Terms(minimum_minutes=minimum, increment_minutes=increment, rounding=rounding)
    assert billable_minutes(minutes, terms) == expected


@given(MINUTES, st.sampled_from(Decision), TERMS, MONEY)
def test_nothing_costs_less_than_nothing(minutes: int, decision: Decision, terms: Terms, money: Decimal) -> None:
    found = charge(minutes, decision, terms, WORK, [replace(STANDARD, hourly_rate=money)])
    assert found.amount is not None
    assert found.amount >= 0
    assert found.billable_minutes >= 0
    again = charge(found.billable_minutes, decision, terms, WORK, [replace(STANDARD, hourly_rate=money)])
    assert (again.billable_minutes, again.amount) == (found.billable_minutes, found.amount)
    if decision is not Decision.BILLABLE:
        assert found.amount == 0


@pytest.mark.parametrize(
    ("minutes", "rate", "expected"), [(60, "90.00", "90.00"), (20, "0.01", "0.00"), (30, "0.01", "0.01")]
)
def test_amounts_are_to_the_cent_half_a_cent_up(minutes: int, rate: str, expected: str) -> None:
    assert str(amount_of(minutes, Decimal(rate))) == expected


def test_the_most_particular_rate_wins_whatever_the_order() -> None:
    rates = [
        STANDARD,
        replace(STANDARD, id=UUID(int=2), name="Labour", labour_type_id=LABOUR),
        replace(STANDARD, id=UUID(int=3), name="Person", technician_id=PERSON),
        replace(STANDARD, id=UUID(int=4), name="Client", client_id=CLIENT),
        replace(STANDARD, id=UUID(int=5), name="Client and labour", client_id=CLIENT, labour_type_id=LABOUR),
        replace(STANDARD, id=UUID(int=6), name="Project", client_id=CLIENT, project_id=PROJECT),
    ]
    while rates:
        for order in (rates, rates[::-1]):
            assert rate_for(WORK, order)[0] == rates[-1]
        rates.pop()
    assert rate_for(WORK, [])[0] is None
    assert rate_for(WORK, [], STANDARD)[0] == STANDARD


@pytest.mark.parametrize("field", ["client_id", "project_id", "technician_id", "labour_type_id"])
def test_a_rate_for_another_is_passed_over_and_said_so(field: str) -> None:
    other = replace(STANDARD, id=UUID(int=2), name="Other", **{field: uuid4()})
    rate, steps = rate_for(WORK, [STANDARD, other])
    assert rate == STANDARD
    assert steps[0].rule == "Rate: Other"
    assert steps[0].outcome.startswith("passed over: for another")


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [
        (None, None, True),
        (date(2026, 5, 4), date(2026, 5, 4), True),
        (date(2026, 5, 5), None, False),
        (None, date(2026, 5, 3), False),
    ],
)
def test_a_rate_holds_from_its_first_to_its_last_day(start: date | None, end: date | None, holds: bool) -> None:
    rate = replace(STANDARD, valid_from_on=start, valid_to_on=end)
    assert (rate_for(WORK, [rate])[0] == rate) is holds


def test_of_two_alike_the_newer_wins() -> None:
    old = replace(STANDARD, id=UUID(int=9), valid_from_on=date(2025, 1, 1))
    new = replace(STANDARD, id=UUID(int=2), valid_from_on=date(2026, 1, 1))
    assert rate_for(WORK, [old, new, STANDARD])[0] == new


def test_the_explanation_tells_each_step_in_order() -> None:
    found = charge(7, Decision.BILLABLE, Terms(minimum_minutes=30, increment_minutes=15), WORK, [STANDARD])
    assert [(step.rule, step.outcome) for step in found.explanation] == [
        ("Actual time", "7 min"),
        ("Increments of 15 min, up", "15 min"),
        ("Minimum of 30 min", "30 min"),
        ("Rate: Standard", "90.00 EUR an hour"),
        ("Amount", "30 min x 90.00 / 60 = 45.00 EUR"),
    ]


def test_without_a_rate_there_is_no_amount() -> None:
    found = charge(60, Decision.BILLABLE, Terms(), WORK, [])
    assert (found.amount, found.hourly_rate, found.currency) == (None, None, None)
    assert charge(60, Decision.NO_CHARGE, Terms(), WORK, []).amount == 0
    assert charge(60, Decision.DO_NOT_BILL, Terms(), WORK, [STANDARD]).billable_minutes == 0
