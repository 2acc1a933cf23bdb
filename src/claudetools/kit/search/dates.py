"""The times that a text names: "in May 2023", "on 2026-03-02", "yesterday", "last week". English, without a model.

A year stands for a time only next to a month or after a word such as "in" or "since": "Exchange 2016" names a product.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

Span = tuple[datetime, datetime]
"""From the first instant to the one after the last."""

YEARS_BACK = 10
"""A month without a year is meant in each of so many years."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_DAY = r"(?:(?P<day{0}>[12]?\d|3[01])(?:st|nd|rd|th)?)"
_YEAR = r"(?:,?\s+(?:of\s+)?(?P<year{0}>(?:19|20)\d\d))"
_MONTH = rf"(?P<month{{0}}>{'|'.join(_MONTHS)})\.?"
_DAY_FIRST = re.compile(rf"\b{_DAY.format('')}\s+(?:of\s+)?{_MONTH.format('')}{_YEAR.format('')}?(?!\w)", re.IGNORECASE)
_MONTH_FIRST = re.compile(
    # A month alone is also a verb or a name (may, march, April): it needs a word before it, or a day or year after it.
    rf"\b(?P<before>(?:in|on|of|since|until|till|during|from|by|before|after|last|early|mid|late)\s+)?{_MONTH.format('')}"
    rf"(?:\s+{_DAY.format('')}(?!\d))?{_YEAR.format('')}?(?!\w)",
    re.IGNORECASE,
)
_ISO = re.compile(
    r"(?<![\w.-])(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12]\d|3[01]))?(?![\w-])"
)
_YEAR_ALONE = re.compile(
    r"\b(?:in|since|during|until|before|after|of)\s+(?P<year>(?:19|20)\d\d)\b(?![-.])", re.IGNORECASE
)
_RELATIVE = re.compile(r"\b(today|yesterday|(?:this|last)\s+(?:week|month|year))\b", re.IGNORECASE)


def time_spans(text: str, now: datetime) -> list[Span]:
    """Return the spans of time (UTC) that a text names, seen from `now`; none for a text that names no time."""
    return [*_absolute(text, now), *(_relative(found[1], now) for found in _RELATIVE.finditer(text))]


def _absolute(text: str, now: datetime) -> Iterator[Span]:
    matches = [*_ISO.finditer(text), *_DAY_FIRST.finditer(text)]
    taken = [match.span() for match in matches]
    for match in _MONTH_FIRST.finditer(text):
        is_free = not any(start < match.end() and match.start() < end for start, end in taken)
        if is_free and (match["before"] or match["day"] or match["year"]):
            matches.append(match)
            taken.append(match.span())
    for match in matches:
        month = match["month"]
        number = int(month) if month.isdigit() else _MONTHS[month.casefold()]
        years = [int(match["year"])] if match["year"] else range(now.year - YEARS_BACK, now.year + 1)
        for year in years:
            span = _of(year, number, int(match["day"]) if match["day"] else None)
            if span is not None:
                yield span
    for match in _YEAR_ALONE.finditer(text):
        if not any(start <= match.start("year") < end for start, end in taken):
            yield _between(date(int(match["year"]), 1, 1), date(int(match["year"]) + 1, 1, 1))


def _of(year: int, month: int, day: int | None) -> Span | None:
    if day is None:
        return _between(date(year, month, 1), _next_month(date(year, month, 1)))
    try:
        first = date(year, month, day)
    except ValueError:
        return None
    return _between(first, first + timedelta(days=1))


def _relative(words: str, now: datetime) -> Span:
    today = now.astimezone(UTC).date()
    first, *rest = words.casefold().split()
    if not rest:
        start = today - timedelta(days=first == "yesterday")
        return _between(start, start + timedelta(days=1))
    back = first == "last"
    if rest == ["week"]:
        start = today - timedelta(days=today.weekday() + 7 * back)
        return _between(start, start + timedelta(days=7))
    if rest == ["month"]:
        start = today.replace(day=1)
        start = (start - timedelta(days=1)).replace(day=1) if back else start
        return _between(start, _next_month(start))
    return _between(date(today.year - back, 1, 1), date(today.year - back + 1, 1, 1))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _between(start: date, end: date) -> Span:
    return datetime.combine(start, time(), UTC), datetime.combine(end, time(), UTC)
