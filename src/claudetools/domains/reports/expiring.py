"""What expires, over all kinds of records: warranties, delegated rights, rules, tokens and what else declares it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    Select,
    String,
    and_,
    cast,
    func,
    inspect,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.kit.clock import now
from claudetools.kit.db.types import Id
from claudetools.kit.problems import invalid
from claudetools.kit.resource.cursor import CursorCodec
from claudetools.kit.resource.declare import Resource, Verb
from claudetools.kit.resource.in_use import in_use
from claudetools.kit.resource.query import split_list
from claudetools.kit.resource.schema import Input, Label
from claudetools.kit.resource.scope import Actor, find, visible

TITLE_CHARS = 500
Position = tuple[date, str, UUID]
"""Where a page ends: day, kind and id of its last item."""


class ExpiringQuery(Input):
    """What to list: what is overdue and what expires within so many days, of the caller's clients or of one."""

    days: Annotated[int, Field(ge=0, le=3650)] = 30
    client_id: Annotated[
        UUID | None, Field(description="Only what belongs to this client, even if the client is not active any more.")
    ] = None
    kinds: Annotated[
        list[Label] | None,
        BeforeValidator(split_list),
        Field(max_length=50, description="Comma-separated names of resources, such as infrastructure,firewall-rules."),
    ] = None
    overdue: Annotated[bool, Field(description="Whether to list what has expired already.")] = True
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class ExpiringItem(BaseModel):
    """A record and the day (UTC) on which it expires. `days_left` is negative when that is past."""

    resource: str
    id: UUID
    client_id: UUID | None
    client_name: str | None
    title: str
    expires_on: date
    days_left: int
    url: str


class ExpiringPage(BaseModel):
    """What expires, the longest overdue first. `total` counts all pages."""

    items: list[ExpiringItem]
    next_cursor: str | None
    total: int


async def expiring_page(
    session: AsyncSession, actor: Actor, resources: Iterable[Resource], query: ExpiringQuery, codec: CursorCodec
) -> ExpiringPage:
    """Return one page of what expires among these resources.

    Raises:
        NotFound: the client is not the actor's to see.
        Forbidden: a kind is asked for that the actor holds no scope for.
        Invalid: a kind is unknown or does not expire, or the cursor belongs to another list.
    """
    shape = f"expiring {query.model_dump_json(exclude={'cursor', 'limit'})}"
    after: Position | None = None
    if query.cursor is not None:
        day, kind, id = codec.decode(shape, query.cursor)
        after = date.fromisoformat(day), kind, UUID(id)
    found = await expiring(session, actor, resources, query, after)
    cursor = None
    if found.has_more:
        last = found.items[-1]
        cursor = codec.encode(shape, [last.expires_on.isoformat(), last.resource, str(last.id)])
    return ExpiringPage(items=found.items, next_cursor=cursor, total=found.total)


@dataclass(frozen=True, slots=True)
class Expiring:
    """At most as many items as were asked for, whether more follow, and how many there are from the first on."""

    items: list[ExpiringItem]
    has_more: bool
    total: int


async def expiring(
    session: AsyncSession,
    actor: Actor,
    resources: Iterable[Resource],
    query: ExpiringQuery,
    after: Position | None = None,
) -> Expiring:
    """Return what expires among these resources, from the beginning or from behind a position.

    Raises:
        NotFound, Forbidden, Invalid: as for `expiring_page`.
    """
    if query.client_id is not None:
        await find(session, actor, Client, query.client_id)
    chosen = _chosen(actor, resources, query.kinds)
    if not chosen:
        return Expiring([], False, 0)
    statement = _all(actor, chosen, query)
    day, kind, id = (statement.selected_columns[name] for name in ("expires_on", "resource", "id"))
    rest: ColumnElement[bool] = true()
    if after is not None:
        is_later_kind = or_(kind > after[1], and_(kind == after[1], id > after[2]))
        rest = or_(day > after[0], and_(day == after[0], is_later_kind))
    rows = await session.execute(statement.where(rest).order_by(day, kind, id).limit(query.limit + 1))
    items = [_item(row) for row in rows]
    total = await session.scalar(select(func.count()).select_from(statement.subquery()))
    return Expiring(items[: query.limit], len(items) > query.limit, total or 0)


def _chosen(actor: Actor, resources: Iterable[Resource], kinds: Sequence[str] | None) -> list[Resource]:
    known = {resource.name: resource for resource in resources if resource.expires is not None}
    if kinds is None:
        return [resource for resource in known.values() if resource.scope(Verb.READ) in actor.scopes]
    for kind in kinds:
        if kind not in known:
            raise invalid("?kinds", f"Nothing called {kind!r} expires. Known: {', '.join(known)}.")
        actor.require(known[kind].scope(Verb.READ))
    return [known[kind] for kind in sorted(set(kinds))]


def _all(actor: Actor, resources: Iterable[Resource], query: ExpiringQuery) -> Select[*tuple[Any, ...]]:
    """Return the query for everything that expires in time, with the name of its client."""
    today = now().date()
    found = union_all(*(_of_one(actor, resource, query, today) for resource in resources)).subquery()
    belongs = and_(Client.id == found.c.client_id, visible(actor, Client))
    # A client that left has its records kept, and nobody acts on them.
    is_due = true() if query.client_id is not None else or_(found.c.client_id.is_(None), in_use(Client))
    return select(found, Client.name.label("client_name")).outerjoin(Client, belongs).where(is_due)


def _of_one(actor: Actor, resource: Resource, query: ExpiringQuery, today: date) -> Select[*tuple[Any, ...]]:
    model = resource.model
    column = getattr(model, resource.expires or "")
    is_day = isinstance(column.type, Date)

    def start_of(day: date) -> date | datetime:
        return day if is_day else datetime.combine(day, time.min, UTC)

    columns = inspect(model).columns
    owner: ColumnElement[UUID | None] = columns["client_id"] if "client_id" in columns else literal(None, Id)
    conditions = [visible(actor, model), in_use(model), column < start_of(today + timedelta(days=query.days + 1))]
    if not query.overdue:
        conditions.append(column >= start_of(today))
    if query.client_id is not None:
        conditions.append(owner == query.client_id)
    return select(
        literal(resource.name).label("resource"),
        inspect(model).primary_key[0].label("id"),
        owner.label("client_id"),
        # Text columns of several kinds do not go together on MariaDB.
        cast(getattr(model, resource.searches[0]), String(TITLE_CHARS)).label("title"),
        (column if is_day else func.date(column, type_=Date)).label("expires_on"),
    ).where(*conditions)


def _item(row: Row[*tuple[Any, ...]]) -> ExpiringItem:
    return ExpiringItem(
        resource=row.resource,
        id=row.id,
        client_id=row.client_id,
        client_name=row.client_name,
        title=row.title or row.resource,
        expires_on=row.expires_on,
        days_left=(row.expires_on - now().date()).days,
        url=f"/api/{row.resource}/{row.id}",
    )
