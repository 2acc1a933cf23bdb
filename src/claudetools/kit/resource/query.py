"""Lists: typed filters, search words, sorting and keyset paging."""

import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, create_model
from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Select, and_, false, func, inspect, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.base import Record
from claudetools.kit.problems import invalid
from claudetools.kit.resource.cursor import CursorCodec
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Moment, Words
from claudetools.kit.resource.scope import Actor, visible

MAX_LIMIT = 500
DEFAULT_LIMIT = 50
LIST_VALUES = 500

ACCEPTED: dict[Any, Any] = {
    datetime: Moment,
    str: Words,
    int: Annotated[int, Field(ge=-(2**63), lt=2**63)],
    float: Annotated[float, Field(allow_inf_nan=False)],
}
"""What a filter takes for a type, where not every value of it can be handed to a database."""

Condition = Callable[[Any, Any], ColumnElement[bool]]

OPERATORS: dict[str, Condition] = {
    "": lambda column, value: column == value,
    "__in": lambda column, value: column.in_(value),
    "__gt": lambda column, value: column > value,
    "__gte": lambda column, value: column >= value,
    "__lt": lambda column, value: column < value,
    "__lte": lambda column, value: column <= value,
    "__contains": lambda column, value: column.icontains(value, autoescape=True),
    "__startswith": lambda column, value: column.istartswith(value, autoescape=True),
    "__isnull": lambda column, value: column.is_(None) if value else column.is_not(None),
}
ORDERED = ("", "__in", "__gt", "__gte", "__lt", "__lte", "__isnull")
TEXTUAL = ("", "__in", "__contains", "__startswith", "__isnull")
PLAIN = ("", "__in", "__isnull")


def _split(value: Any) -> Any:
    parts = value if isinstance(value, list) else [value]
    return [word for part in parts for word in (part.split(",") if isinstance(part, str) else [part])]


def _bare(annotation: Any) -> Any:
    """Return `annotation` without `| None` and without `Annotated`."""
    if annotation is AwareDatetime:
        return datetime
    if typing.get_origin(annotation) is Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        inner = [part for part in typing.get_args(annotation) if part is not type(None)]
        return _bare(inner[0])
    return annotation


def _operators(kind: Any) -> tuple[str, ...]:
    if kind is bool:
        return ("", "__isnull")
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return PLAIN
    if kind is str:
        return TEXTUAL
    if kind is UUID:
        return PLAIN
    if isinstance(kind, type) and issubclass(kind, int | float | datetime | date):
        return ORDERED
    raise TypeError(f"no filter operators for {kind!r}")


def query_schema(resource: Resource) -> type[BaseModel]:
    """Return the schema of the query parameters that lists of `resource` take."""
    fields: dict[str, Any] = {}
    for name in resource.filters:
        kind = _bare(resource.read.model_fields[name].annotation)
        accepted = ACCEPTED.get(kind, kind)
        for suffix in _operators(kind):
            value: Any = accepted
            if suffix == "__in":
                value = Annotated[list[accepted], BeforeValidator(_split), Field(max_length=LIST_VALUES)]  # type: ignore[valid-type]
            elif suffix == "__isnull":
                value = bool
            fields[name + suffix] = (value | None, None)
    fields |= {
        "sort": (
            Annotated[str, Field(description=f"One of {', '.join(resource.sorts)}; `-` first: descending.")],
            resource.default_sort,
        ),
        "limit": (Annotated[int, Field(ge=1, le=MAX_LIMIT)], DEFAULT_LIMIT),
        "cursor": (Annotated[str, Field(max_length=2000)] | None, None),
        "fields": (Annotated[str, Field(max_length=2000, description="Comma-separated names to return.")] | None, None),
        "total": (bool, False),
    }
    if resource.searches:
        fields["q"] = (Annotated[Words, Field(description="Words that must all occur.")] | None, None)
    return create_model(f"{resource.schema_name}Query", __config__=ConfigDict(extra="forbid"), **fields)


def page_schema(resource: Resource, item: type[BaseModel] | None = None) -> type[BaseModel]:
    """Return the schema of one page of `resource`, or of items in another form."""
    return create_model(
        f"{resource.schema_name}Page",
        items=(list[item or resource.read], ...),  # type: ignore[misc,arg-type]
        next_cursor=(str | None, ...),
        total=(int | None, ...),
    )


def _conditions(resource: Resource, query: BaseModel) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for key in sorted(query.model_fields_set):
        name, separator, operator = key.partition("__")
        if name in resource.filters:
            value = getattr(query, key)
            column = getattr(resource.model, name)
            if value is None:
                continue
            found.append(OPERATORS[separator + operator](column, value))
    words = (getattr(query, "q", None) or "").split()[:20]
    found.extend(
        or_(*(getattr(resource.model, name).icontains(word, autoescape=True) for name in resource.searches))
        for word in words
    )
    return found


def _ordering(resource: Resource, sort: str) -> tuple[str, bool]:
    name = sort.removeprefix("-")
    if name not in resource.sorts:
        raise invalid("?sort", f"Lists of {resource.name} are sorted by one of: {', '.join(resource.sorts)}.")
    return name, sort.startswith("-")


def _after(column: Any, key: Any, descending: bool, position: list[Any]) -> ColumnElement[bool]:
    """Return the condition for the rows behind `position`; nulls come first ascending, last descending."""
    value, last_id = position
    beyond_id = key < last_id if descending else key > last_id
    if value is None:
        rest = false() if descending else column.is_not(None)
        return or_(rest, and_(column.is_(None), beyond_id))
    value = literal(value, column.type)
    beyond = column < value if descending else column > value
    if descending:
        beyond = or_(beyond, column.is_(None))
    return or_(beyond, and_(column == value, beyond_id))


def _position(resource: Resource, name: str, raw: list[Any]) -> list[Any]:
    value, last_id = raw
    if value is not None:
        value = TypeAdapter[Any](_bare(resource.read.model_fields[name].annotation)).validate_python(value)
    return [value, UUID(last_id)]


def _fields(resource: Resource, chosen: str | None) -> list[str]:
    known = list(resource.read.model_fields)
    if chosen is None:
        return known
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise invalid("?fields", f"There is no field {name!r}. Known: {', '.join(known)}.")
    return names or known


@lru_cache(maxsize=1000)
def _selection(model: type[Record], sort: str, names: tuple[str, ...]) -> Select[Any]:
    """Return the query for these columns, the one to sort by and the key."""
    return select(*(getattr(model, name) for name in names), getattr(model, sort), inspect(model).primary_key[0])


async def list_rows(
    session: AsyncSession, actor: Actor, resource: Resource, query: Any, codec: CursorCodec
) -> dict[str, Any]:
    """Return one page as plain data: `items`, `next_cursor`, `total`.

    Raises:
        Invalid: the sort, cursor or field names are unknown.
    """
    model = resource.model
    name, descending = _ordering(resource, query.sort)
    column, key = getattr(model, name), inspect(model).primary_key[0]
    names = _fields(resource, query.fields)
    filters = [visible(actor, model), *_conditions(resource, query)]
    conditions = query.model_dump_json(exclude={"cursor", "limit", "fields", "total"}, exclude_defaults=True)
    shape = f"{resource.name} {conditions}"

    statement = _selection(model, name, tuple(names)).where(*filters)
    if query.cursor:
        statement = statement.where(
            _after(column, key, descending, _position(resource, name, codec.decode(shape, query.cursor)))
        )
    order = (column.desc(), key.desc()) if descending else (column.asc(), key.asc())
    rows = (await session.execute(statement.order_by(*order).limit(query.limit + 1))).all()
    page, more = rows[: query.limit], len(rows) > query.limit
    next_cursor = codec.encode(shape, to_jsonable_python([page[-1][-2], page[-1][-1]])) if more else None
    total = await session.scalar(select(func.count()).select_from(model).where(*filters)) if query.total else None
    return {
        "items": [dict(zip(names, row, strict=False)) for row in page],
        "next_cursor": next_cursor,
        "total": total,
    }
