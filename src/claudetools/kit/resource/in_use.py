"""Whether a record still counts, told from the columns that every model names alike."""

from sqlalchemy import ColumnElement, Enum, and_, inspect, true

from claudetools.kit.db.base import Record

SWITCHES = ("is_active", "is_enabled")
"""Columns that are false when a record was switched off."""
ENDINGS = ("archived_at", "retired_at", "revoked_at", "superseded_by_id")
"""Columns that are filled when a record's time is over."""
ENDED = frozenset(
    [
        *("archived", "cancelled", "closed", "completed", "decommissioned", "done"),
        *("false_alarm", "resolved", "retired"),
    ]
)
"""Values of `status` that a record has when its time is over."""


def in_use(model: type[Record]) -> ColumnElement[bool]:
    """Return the condition for the rows that are neither switched off nor over.

    It follows from the names of the columns, so a new entity need not declare it and cannot forget to: what is called
    as everywhere else is understood.
    """
    columns = inspect(model).columns
    conditions: list[ColumnElement[bool]] = [columns[name] for name in SWITCHES if name in columns]
    conditions.extend(columns[name].is_(None) for name in ENDINGS if name in columns)
    if "status" in columns and isinstance(columns["status"].type, Enum):
        ended = [status for status in columns["status"].type.enum_class or () if status.value in ENDED]
        conditions.append(columns["status"].not_in(ended))
    return and_(true(), *conditions)
