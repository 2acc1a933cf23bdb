"""Until when a memory holds: an instant, a day, or a time from now, as people and programs write it."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from claudetools.kit.clock import now
from claudetools.kit.resource.schema import Moment

_SPAN = re.compile(r"(?:in )?(?P<count>\d{1,4}) ?(?P<unit>h|d|w|hours?|days?|weeks?)", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def _read(value: object) -> object:
    """Return what a person wrote as an instant; whatever is none of the short forms is left for RFC 3339."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if span := _SPAN.fullmatch(text):
        return now() + int(span["count"]) * _UNITS[span["unit"][0].lower()]
    if _DAY.fullmatch(text):
        # The whole of that day still counts.
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    return value


def _is_to_come(at: datetime) -> datetime:
    if at <= now():
        raise ValueError("this is past: to take a memory back now, retire it")
    return at


Expiry = Annotated[
    Moment,
    BeforeValidator(_read),
    AfterValidator(_is_to_come),
    Field(
        description="Until when it holds: an instant with its time zone, a day (2027-03-31, to its end in UTC), or "
        "a time from now (12h, 30d, 2w). From then on it is recalled only by questions about the time before.",
        examples=["30d", "2027-03-31", "2027-03-31T18:00:00Z"],
    ),
]
"""An instant to come, also as a day or as a time from now."""
