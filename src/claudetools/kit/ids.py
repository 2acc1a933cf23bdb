"""Identifiers of records: UUID version 7 (RFC 9562), ordered by creation time."""

from uuid import UUID, uuid5

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh, time-ordered identifier."""
    return uuid7()


def derived_id(parent: UUID, key: str) -> UUID:
    """Return the identifier that always belongs to `key` under `parent` (UUID version 5)."""
    return uuid5(parent, key)
