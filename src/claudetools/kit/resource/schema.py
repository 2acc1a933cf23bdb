"""Building blocks of an entity's schemas, and the schemas that follow from the one for creating it."""

import math
import types
import typing
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    create_model,
)

JSON_DEPTH = 20


def _in_range(at: datetime) -> datetime:
    if not 1900 <= at.year <= 9000:
        raise ValueError("an instant between the years 1900 and 9000")
    return at.astimezone(UTC)


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("text without NUL characters")
    return value


def _plain_json(value: dict[str, Any]) -> dict[str, Any]:
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > JSON_DEPTH:
            raise ValueError(f"at most {JSON_DEPTH} levels")
        if isinstance(part, dict):
            waiting.extend((inner, depth + 1) for pair in part.items() for inner in pair)
        elif isinstance(part, list):
            waiting.extend((inner, depth + 1) for inner in part)
        elif isinstance(part, float) and not math.isfinite(part):
            raise ValueError("finite numbers only")
        elif isinstance(part, str) and any("\ud800" <= character <= "\udfff" for character in _text(part)):
            raise ValueError("text without lone surrogates")
    return value


def _two_places(amount: Decimal) -> Decimal:
    # As the database gives it back, so that what a change answers is what the next read answers; and no minus zero.
    return amount.quantize(Decimal("0.01")) + 0


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
"""An instant with a time zone, as RFC 3339 text."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_text)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_text)]
Prose = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(_text)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), AfterValidator(_text)]
Words = Annotated[str, StringConstraints(max_length=500), AfterValidator(_text)]
"""What is looked for in lists."""
JsonObject = Annotated[dict[str, Any], Field(max_length=200), AfterValidator(_plain_json)]
"""Free-form JSON that every database and every reader takes: finite numbers, well-formed text, bounded depth."""
Lines = Annotated[list[Line], Field(max_length=200)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2), AfterValidator(_two_places)]
"""Money or hours: no less than zero, with two decimal places."""


class Input(BaseModel):
    """Base of what callers send: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """Base of what callers get, read from a row's attributes."""

    model_config = ConfigDict(from_attributes=True)


def bare_type(annotation: Any) -> Any:
    """Return `annotation` without `| None` and without `Annotated`."""
    if annotation is AwareDatetime:
        return datetime
    if typing.get_origin(annotation) is Annotated:
        return bare_type(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [part for part in typing.get_args(annotation) if part is not type(None)]
        return bare_type(inner[0])
    return annotation


def takes_null(annotation: Any) -> bool:
    """Return whether None is among what `annotation` accepts."""
    if typing.get_origin(annotation) is Annotated:
        return takes_null(typing.get_args(annotation)[0])
    return type(None) in typing.get_args(annotation)


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


def kept_form(read: type[BaseModel], name: str) -> type[BaseModel]:
    """Return the schema that puts out kept records like `read`, without the checks that they met when they came in."""
    fields: dict[str, Any] = {key: (_unchecked(info.annotation), ...) for key, info in read.model_fields.items()}
    return create_model(name, __base__=Output, **fields)


def _unchecked(annotation: Any) -> Any:
    """Return the plain type in `annotation`."""
    parts = typing.get_args(annotation)
    if typing.get_origin(annotation) is Annotated:
        return _unchecked(parts[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return reduce(or_, (_unchecked(part) for part in parts))
    if typing.get_origin(annotation) is list:
        return list[_unchecked(parts[0])]  # type: ignore[misc]
    return datetime if annotation is AwareDatetime else annotation


@cache
def secrets_of(schema: type[BaseModel]) -> frozenset[str]:
    """Return the fields of `schema` that hold secrets: callers send them and never get them back."""
    return frozenset(name for name, info in schema.model_fields.items() if bare_type(info.annotation) is SecretStr)


def values_of(body: BaseModel, *, only_given: bool = False) -> dict[str, Any]:
    """Return the column values in `body`; nested models become plain JSON data.

    A secret that is not given is left out even where the rest is replaced: nobody can send back what they do not get.
    """
    given = body.model_fields_set
    if not only_given:
        given = given | (set(type(body).model_fields) - secrets_of(type(body)))
    plain = body.model_dump(mode="json", include=set(given))
    return {name: plain[name] if isinstance(plain[name], dict | list) else getattr(body, name) for name in given}
