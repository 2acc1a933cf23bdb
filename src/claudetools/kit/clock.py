"""The one source of the current time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current instant in UTC, with microseconds."""
    return datetime.now(UTC)


def isoformat(at: datetime) -> str:
    """Return `at` as RFC 3339 text in UTC with a `Z` suffix."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
