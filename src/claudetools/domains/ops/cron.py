"""Cron expressions: five fields, in UTC, and when they come due.

The fields and lists are those of `crontab` in POSIX.1-2017; steps, and Sunday as 7, are as in Vixie cron. Names of
months and days and nicknames such as `@daily` are not understood.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
PART = re.compile(r"(?:\*|(?P<low>\d{1,2})(?:-(?P<high>\d{1,2}))?)(?:/(?P<step>\d{1,2}))?", re.ASCII)
LONGEST = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
"""Most days that a month has, where that is not 31."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. `text` is its one spelling; hours and minutes are in order; Sunday is 0."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    takes_either_day: bool

    def next_after(self, instant: datetime) -> datetime:
        """Return the first minute after `instant`, an aware time, at which the expression comes due, in UTC."""
        begin = instant.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        day, earliest = begin.date(), begin.time()
        while True:
            if self._falls_on(day):
                for hour in self.hours:
                    for minute in self.minutes:
                        if time(hour, minute) >= earliest:
                            return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
            day, earliest = day + timedelta(days=1), time()

    def _falls_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        matches = (day.day in self.days, day.isoweekday() % 7 in self.weekdays)
        return any(matches) if self.takes_either_day else all(matches)


def parse_cron(text: str) -> Cron:
    """Return the expression in `text`.

    When both the day of the month and the day of the week are restricted, which is when neither has a `*`, either is
    enough; otherwise both must match.

    Raises:
        ValueError: it is none, or never comes due. The message names the field.
    """
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise ValueError("five fields: minute, hour, day of month, month, day of week")
    minutes, hours, days, months, weekdays = (
        _numbers(field, *limits) for field, limits in zip(fields, FIELDS, strict=True)
    )
    takes_either_day = "*" not in fields[2] and "*" not in fields[4]
    if not takes_either_day and all(min(days) > LONGEST.get(month, 31) for month in months):
        raise ValueError("a day of month that one of the months has")
    return Cron(
        text=" ".join(fields),
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=frozenset(day % 7 for day in weekdays),
        takes_either_day=takes_either_day,
    )


def _numbers(field: str, name: str, lowest: int, highest: int) -> frozenset[int]:
    """Return what a field stands for: a list of numbers, ranges and `*`, the latter two perhaps with a step."""
    found: set[int] = set()
    for part in field.split(","):
        match = PART.fullmatch(part)
        if match is None or (match["step"] and match["low"] and not match["high"]):
            raise ValueError(f"a {name} such as {lowest}, {lowest}-{highest}, */2 or {lowest},{highest}")
        low = int(match["low"]) if match["low"] else lowest
        high = int(match["high"] or low) if match["low"] else highest
        step = int(match["step"]) if match["step"] else 1
        if not lowest <= low <= high <= highest or not 1 <= step <= highest:
            raise ValueError(f"a {name} between {lowest} and {highest}")
        found.update(range(low, high + 1, step))
    return frozenset(found)
