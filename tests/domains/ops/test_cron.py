"""Cron expressions: what is one, and when it comes due."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.domains.ops.cron import Cron, parse_cron


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "after", "due"),
    [
        ("* * * * *", "2026-03-01 08:00:00", "2026-03-01 08:01"),
        ("* * * * *", "2026-03-01 08:00:59.999999", "2026-03-01 08:01"),
        ("15 2 * * *", "2026-03-01 02:14:59", "2026-03-01 02:15"),
        ("15 2 * * *", "2026-03-01 02:15:00", "2026-03-02 02:15"),
        ("0 0 1 1 *", "2026-01-01 00:00", "2027-01-01 00:00"),
        ("*/20 * * * *", "2026-12-31 23:40", "2027-01-01 00:00"),
        ("5-15/5,59 22-23 * * *", "2026-03-01 22:15", "2026-03-01 22:59"),
        ("0 */5 * * *", "2026-03-01 20:00", "2026-03-02 00:00"),
        ("0 12 31 * *", "2026-03-31 12:00", "2026-05-31 12:00"),
        ("0 0 29 2 *", "2026-03-01 00:00", "2028-02-29 00:00"),
        ("0 0 29 2 *", "2096-02-29 00:00", "2104-02-29 00:00"),
        # Sunday is 0 and 7.
        ("0 3 * * 0", "2026-03-02 00:00", "2026-03-08 03:00"),
        ("0 3 * * 7", "2026-03-02 00:00", "2026-03-08 03:00"),
        ("0 3 * * 5-7", "2026-03-07 03:00", "2026-03-08 03:00"),
        ("0 3 * * 1-5", "2026-03-06 03:00", "2026-03-09 03:00"),
        # Both days restricted: either is enough.
        ("0 0 13 * 5", "2026-03-01 00:00", "2026-03-06 00:00"),
        ("0 0 13 * 5", "2026-04-11 00:00", "2026-04-13 00:00"),
        ("0 0 31 2 1", "2026-02-01 00:00", "2026-02-02 00:00"),
        # One of them with a star: both must match.
        ("0 0 1-7 * */7", "2026-03-02 00:00", "2026-04-05 00:00"),
        ("0 0 29 2 */7", "2026-03-01 00:00", "2032-02-29 00:00"),
    ],
)
def test_it_comes_due(cron: str, after: str, due: str) -> None:
    assert parse_cron(cron).next_after(at(after)) == at(due)


@pytest.mark.parametrize(
    ("cron", "field"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@daily", "five fields"),
        ("60 * * * *", "minute"),
        ("-1 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("*/60 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("5/10 * * * *", "minute"),
        ("1-2-3 * * * *", "minute"),
        ("٣ * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* 5-1 * * *", "hour"),
        ("* * 0 * *", "day of month"),
        ("* * 32 * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * JAN *", "month"),
        ("* * * * 8", "day of week"),
        ("* * * * MON", "day of week"),
        ("* * ? * *", "day of month"),
        ("* * L * *", "day of month"),
        # Days that never come.
        ("0 0 30 2 *", "day of month"),
        ("0 0 31 4,6,9,11 *", "day of month"),
        ("0 0 30 2 */2", "day of month"),
    ],
)
def test_what_is_none_is_refused_and_the_field_named(cron: str, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        parse_cron(cron)


def test_it_has_one_spelling() -> None:
    assert parse_cron("  0\t2  * * 1,3 ").text == "0 2 * * 1,3"


def test_clocks_that_change_do_not_matter() -> None:
    berlin, hourly, nightly = ZoneInfo("Europe/Berlin"), parse_cron("30 * * * *"), parse_cron("30 2 * * *")
    # In the spring there is no 02:30 in Berlin; in the autumn there are two.
    for change in (datetime(2026, 3, 29, tzinfo=berlin), datetime(2026, 10, 25, tzinfo=berlin)):
        runs = [change]
        for _ in range(6):
            runs.append(hourly.next_after(runs[-1]))
        assert [later - earlier for earlier, later in pairwise(runs[1:])] == [timedelta(hours=1)] * 5
        night = nightly.next_after(change)
        assert (night.hour, night.minute, night.utcoffset()) == (2, 30, timedelta(0))
        assert nightly.next_after(night) - night == timedelta(days=1)


def test_it_comes_due_in_utc_wherever_one_asks() -> None:
    noon = parse_cron("0 12 * * *")
    for hours in (-11, 0, 5.5, 13):
        asked = datetime(2026, 3, 1, 6, tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))
        assert noon.next_after(asked) == at("2026-03-01 12:00")


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    stepped = st.tuples(span | st.just("*"), st.integers(1, high)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.just("*") | st.lists(number.map(str) | span | stepped, min_size=1, max_size=3).map(",".join)


EXPRESSIONS = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map(" ".join)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=15_000)).map(lambda gap: datetime(2020, 1, 1, tzinfo=UTC) + gap)


def is_due(cron: Cron, moment: datetime) -> bool:
    """Say it again in other words: the definition, minute by minute."""
    days = [moment.day in cron.days, moment.isoweekday() % 7 in cron.weekdays]
    is_day = any(days) if cron.takes_either_day else all(days)
    return moment.month in cron.months and is_day and moment.hour in cron.hours and moment.minute in cron.minutes


@given(EXPRESSIONS, INSTANTS)
def test_the_next_time_is_the_first_that_is_due(text: str, after: datetime) -> None:
    cron = parse_cron(text)
    due = cron.next_after(after)
    assert due > after
    assert is_due(cron, due)
    moment = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(2000):
        if moment >= due:
            break
        assert not is_due(cron, moment)
        moment += timedelta(minutes=1)


@given(st.text(max_size=30) | st.text("0123456789*,-/ ", max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    try:
        cron = parse_cron(text)
    except ValueError:
        return
    assert parse_cron(cron.text) == cron
