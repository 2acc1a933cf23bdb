"""Building blocks of an entity's schemas, and the schemas that follow from the one for creating it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, create_model


def _in_range(at: datetime) -> datetime:
    if not 1900 <= at.year <= 9000:
        raise ValueError("an instant between the years 1900 and 9000")
    return at.astimezone(UTC)


def _two_places(amount: Decimal) -> Decimal:
    # As the database gives it back, so that what a change answers is what the next read answers; and no minus zero.
    return amount.quantize(Decimal("0.01")) + 0


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
"""An instant with a time zone, as RFC 3339 text."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Prose = Annotated[str, StringConstraints(max_length=100_000)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Lines = Annotated[list[Line], Field(max_length=200)]
Amount = Annotated[Decimal, Field(ge=0, decimal_places=2), AfterValidator(_two_places)]
"""Money or hours: no less than zero, with two decimal places. Give `max_digits` with it."""


class Input(BaseModel):
    """Base of what callers send: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """Base of what callers get, read from a row's attributes."""

    model_config = ConfigDict(from_attributes=True)


def replacement_of(create: type[BaseModel], name: str, fixed: Iterable[str] = ()) -> type[BaseModel]:
    """Return the schema for replacing a record: `create` without the fields fixed at creation."""
    fields: dict[str, Any] = {
        key: (info.rebuild_annotation(), info) for key, info in create.model_fields.items() if key not in set(fixed)
    }
    return create_model(name, __base__=Input, **fields)


def change_of(create: type[BaseModel], name: str, fixed: Iterable[str] = ()) -> type[BaseModel]:
    """Return the schema for changing some fields: `create` with every field optional, those fixed at creation left out.

    An unset field stays as it is (`exclude_unset`); null is accepted only where `create` accepts it.
    """
    fields: dict[str, Any] = {
        key: (info.rebuild_annotation(), Field(None, description=info.description, validate_default=False))
        for key, info in create.model_fields.items()
        if key not in set(fixed)
    }
    return create_model(name, __base__=Input, **fields)
