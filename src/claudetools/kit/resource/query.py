"""Lists: typed filters, search words, sorting and keyset paging."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache, partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, create_model
from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Select, and_, false, func, inspect, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.base import Record
from claudetools.kit.db.session import Database
from claudetools.kit.problems import invalid
from claudetools.kit.resource.cursor import CursorCodec
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.expand import Expansion, expand
from claudetools.kit.resource.schema import Moment, Words, bare_type
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


def split_list(value: Any) -> Any:
    """Return the values in a query parameter that may be given several times, or once with commas between."""
    parts = value if isinstance(value, list) else [value]
    return [word for part in parts for word in (part.split(",") if isinstance(part, str) else [part])]


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


@cache
def selection_schema(resource: Resource) -> type[BaseModel]:
    """Return the schema of the query parameters that choose and order records of `resource`."""
    fields: dict[str, Any] = {}
    for name in resource.filters:
        kind = bare_type(resource.read.model_fields[name].annotation)
        accepted = ACCEPTED.get(kind, kind)
        for suffix in _operators(kind):
            value: Any = accepted
            if suffix == "__in":
                value = Annotated[list[accepted], BeforeValidator(split_list), Field(max_length=LIST_VALUES)]  # type: ignore[valid-type]
            elif suffix == "__isnull":
                value = bool
            fields[name + suffix] = (value | None, None)
    fields["sort"] = (
        Annotated[str, Field(description=f"One of {', '.join(resource.sorts)}; `-` first: descending.")],
        resource.default_sort,
    )
    if resource.searches:
        fields["q"] = (Annotated[Words, Field(description="Words that must all occur.")] | None, None)
    return create_model(f"{resource.schema_name}Selection", __config__=ConfigDict(extra="forbid"), **fields)


def query_schema(resource: Resource, expandable: Iterable[str] = ()) -> type[BaseModel]:
    """Return the schema of the query parameters that lists of `resource` take, which `expandable` can be put into."""
    fields: dict[str, Any] = {
        "limit": (Annotated[int, Field(ge=1, le=MAX_LIMIT)], DEFAULT_LIMIT),
        "cursor": (Annotated[str, Field(max_length=2000)] | None, None),
        "fields": (Annotated[str, Field(max_length=2000, description="Comma-separated names to return.")] | None, None),
        "total": (bool, False),
    }
    if names := ", ".join(expandable):
        described = Field(max_length=2000, description=f"Comma-separated, of {names}: related records to put in.")
        fields["expand"] = (Annotated[str, described] | None, None)
    return create_model(f"{resource.schema_name}Query", __base__=selection_schema(resource), **fields)


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
        value = TypeAdapter[Any](bare_type(resource.read.model_fields[name].annotation)).validate_python(value)
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


def _filters(actor: Actor, resource: Resource, query: Any) -> list[ColumnElement[bool]]:
    return [visible(actor, resource.model), *_conditions(resource, query)]


def _rows_after(
    actor: Actor, resource: Resource, query: Any, names: list[str], position: list[Any] | None
) -> Select[Any]:
    """Return the query for the rows behind `position`; its last two columns are the position of each."""
    model = resource.model
    name, descending = _ordering(resource, query.sort)
    column, key = getattr(model, name), inspect(model).primary_key[0]
    statement = _selection(model, name, tuple(names)).where(*_filters(actor, resource, query))
    if position is not None:
        statement = statement.where(_after(column, key, descending, position))
    return statement.order_by(*((column.desc(), key.desc()) if descending else (column.asc(), key.asc())))


async def list_rows(
    session: AsyncSession,
    actor: Actor,
    resource: Resource,
    query: Any,
    codec: CursorCodec,
    wanted: Sequence[Expansion] = (),
) -> dict[str, Any]:
    """Return one page as plain data: `items`, `next_cursor`, `total`. `wanted` is put into the items.

    Raises:
        Invalid: the sort, cursor or field names are unknown.
    """
    name, _ = _ordering(resource, query.sort)
    names = _fields(resource, query.fields)
    needed = list(dict.fromkeys((*names, *(each.needs for each in wanted))))
    conditions = query.model_dump_json(exclude={"cursor", "limit", "fields", "total", "expand"}, exclude_defaults=True)
    shape = f"{resource.name} {conditions}"
    position = _position(resource, name, codec.decode(shape, query.cursor)) if query.cursor else None
    statement = _rows_after(actor, resource, query, needed, position)
    rows = (await session.execute(statement.limit(query.limit + 1))).all()
    page, more = rows[: query.limit], len(rows) > query.limit
    next_cursor = codec.encode(shape, to_jsonable_python([page[-1][-2], page[-1][-1]])) if more else None
    total = None
    if query.total:
        counted = select(func.count()).select_from(resource.model).where(*_filters(actor, resource, query))
        total = await session.scalar(counted)
    items = [dict(zip(needed, row, strict=False)) for row in page]
    await expand(session, actor, items, wanted)
    for unasked in set(needed).difference(names, (each.key for each in wanted)):
        for item in items:
            del item[unasked]
    return {
        "items": items,
        "next_cursor": next_cursor,
        "total": total,
    }


async def every_row(
    database: Database, actor: Actor, resource: Resource, query: Any
) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield all rows that a selection finds, in batches of at most `MAX_LIMIT`.

    Each batch is read by itself: nothing stays open while whoever is sent the rows is slow.

    Raises:
        Invalid: the sort is unknown.
        Unavailable: the database is away.
    """
    names, position = list(resource.read.model_fields), None
    while True:
        statement = _rows_after(actor, resource, query, names, position).limit(MAX_LIMIT)
        rows = await database.read(partial(_fetched, statement))
        yield [dict(zip(names, row, strict=False)) for row in rows]
        if len(rows) < MAX_LIMIT:
            return
        position = [rows[-1][-2], rows[-1][-1]]


async def _fetched(statement: Select[Any], session: AsyncSession) -> Sequence[Any]:
    rows: Sequence[Any] = (await session.execute(statement)).all()
    return rows
