"""A text names times only where a reader would say so."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.kit.search.dates import YEARS_BACK, time_spans

NOW = datetime(2026, 3, 18, 15, 30, tzinfo=UTC)  # A Wednesday.


def named(text: str, now: datetime = NOW) -> list[tuple[str, str]]:
    return [(f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}") for start, end in time_spans(text, now)]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("what broke on 2026-03-02?", ("2026-03-02", "2026-03-03")),
        ("the 2025-12 invoices", ("2025-12-01", "2026-01-01")),
        ("the outage in May 2023", ("2023-05-01", "2023-06-01")),
        ("Dec. 2024 patching", ("2024-12-01", "2025-01-01")),
        ("on 3 July, 2023 we met", ("2023-07-03", "2023-07-04")),
        ("the 21st of October 2025", ("2025-10-21", "2025-10-22")),
        ("on August 4th, 2025", ("2025-08-04", "2025-08-05")),
        ("tickets since 2024", ("2024-01-01", "2025-01-01")),
        ("what did we do yesterday on FS01", ("2026-03-17", "2026-03-18")),
        ("today's backups", ("2026-03-18", "2026-03-19")),
        ("changes of this week", ("2026-03-16", "2026-03-23")),
        ("changes of last week", ("2026-03-09", "2026-03-16")),
        ("last month we moved the NAS", ("2026-02-01", "2026-03-01")),
        ("the projects of last year", ("2025-01-01", "2026-01-01")),
    ],
)
def test_a_named_time_is_one_span(text: str, span: tuple[str, str]) -> None:
    assert named(text) == [span]


@pytest.mark.parametrize(
    "text",
    [
        "you may restart the service",
        "march the data over to the new SAN",
        "April from Contoso called",
        "Exchange 2016 and Windows Server 2019 on DC01",
        "ticket 2025-04711 and firmware 2024-13-1",
        "10.20.2024.1",
        "on 31 February 2026",
        "the decision about marches",
        "",
    ],
)
def test_other_words_and_numbers_are_no_times(text: str) -> None:
    assert named(text) == []


def test_a_month_without_a_year_is_meant_in_every_year() -> None:
    spans = named("what did we change in March?")
    assert len(spans) == YEARS_BACK + 1
    assert spans[0] == ("2016-03-01", "2016-04-01")
    assert spans[-1] == ("2026-03-01", "2026-04-01")


def test_several_times_are_several_spans() -> None:
    assert named("between 2026-01-05 and 6 May 2026") == [("2026-01-05", "2026-01-06"), ("2026-05-06", "2026-05-07")]


@pytest.mark.parametrize(("now", "span"), [("2026-01-01", ("2025-12-01", "2026-01-01"))])
def test_last_month_reaches_into_the_year_before(now: str, span: tuple[str, str]) -> None:
    assert named("last month", datetime.fromisoformat(now).replace(tzinfo=UTC)) == [span]


@given(st.text(alphabet=" 0123456789-/.,maysinJune29ofdthlastwek", max_size=60))
def test_any_text_gives_whole_days_in_order(text: str) -> None:
    for start, end in time_spans(text, NOW):
        assert end - start >= timedelta(days=1)
        assert (start.hour, start.minute) == (end.hour, end.minute) == (0, 0)
