"""Column types that behave alike on SQLite and MariaDB."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum, String, Text, TypeDecorator, Uuid
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT

Id = Uuid(as_uuid=True, native_uuid=True)
"""Identifier: native `UUID` on MariaDB, 32 hex digits on SQLite, `uuid.UUID` in Python."""

LongText = Text().with_variant(LONGTEXT(), "mysql", "mariadb")
Json = JSON(none_as_null=True)


def label(length: int = 200) -> String:
    """Return the type of a short, case-insensitive name of at most `length` characters."""
    return String(length).with_variant(String(length, collation="NOCASE"), "sqlite")


def exact(length: int) -> String:
    """Return the type of text that is told apart by every letter and its case, such as a path."""
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def choice(values: type[StrEnum]) -> Enum:
    """Return the type of a column that holds one of `values`: text with a CHECK constraint."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
        name=values.__name__.lower(),
    )


class Instant(TypeDecorator[datetime]):
    """A point in time: UTC with microseconds, always aware in Python."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)
