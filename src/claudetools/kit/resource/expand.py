"""Putting related records into a reply: the one that a field names, or those that belong to a record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource, Verb
from claudetools.kit.resource.registry import Registry
from claudetools.kit.resource.scope import Actor, find, visible

MAX_EXPANDED = 10
MAX_CHILDREN = 50
"""How many of the records that belong to one are put into it; the list by parent has them all."""

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expansion:
    """Related records under a key of the reply.

    `field` is the one in which the record names the other one, or for `is_many` the others name the record.
    """

    key: str
    field: str
    target: Resource
    is_many: bool

    @property
    def needs(self) -> str:
        """The field of the record that the related ones are found by."""
        return "id" if self.is_many else self.field


def expansions(resource: Resource, registry: Registry) -> dict[str, Expansion]:
    """Return what records of `resource` can be expanded by, by key."""
    one = [
        Expansion(name.replace("-", "_"), field, target, is_many=False)
        for name, (field, target) in registry.parents(resource).items()
    ]
    many = [
        Expansion(name.replace("-", "_"), field, child, is_many=True)
        for name, (field, child) in registry.children(resource).items()
    ]
    return {each.key: each for each in (*one, *many)}


def chosen_expansions(known: dict[str, Expansion], asked: str | None) -> list[Expansion]:
    """Return the expansions of a comma-separated list.

    Raises:
        Invalid: one is not known, or they are too many.
    """
    names = list(dict.fromkeys(name.strip() for name in (asked or "").split(",") if name.strip()))
    for name in names:
        if name not in known:
            raise invalid("?expand", f"There is no {name!r} to expand. Known: {', '.join(known) or 'none'}.")
    if len(names) > MAX_EXPANDED:
        raise invalid("?expand", f"At most {MAX_EXPANDED} at once.")
    return [known[name] for name in names]


async def expand(session: AsyncSession, actor: Actor, items: Sequence[Item], wanted: Sequence[Expansion]) -> None:
    """Put the related records that the actor may see into `items`, with one statement for each expansion.

    Raises:
        Forbidden: the actor lacks the scope for one kind of them.
    """
    for each in wanted:
        actor.require(each.target.scope(Verb.LIST))
        ids = {item[each.needs] for item in items} - {None}
        found = await (_many if each.is_many else _one)(session, actor, each, ids) if ids else {}
        for item in items:
            item[each.key] = found.get(item[each.needs], [] if each.is_many else None)


async def read_expanded(
    session: AsyncSession, actor: Actor, resource: Resource, id: UUID, wanted: Sequence[Expansion]
) -> Item:
    """Return one record with related ones.

    Raises:
        NotFound: the record is not the actor's to see.
        Forbidden: the actor lacks the scope for one kind of them.
    """
    item = resource.read.model_validate(await find(session, actor, resource.model, id)).model_dump()
    await expand(session, actor, [item], wanted)
    return item


async def _one(session: AsyncSession, actor: Actor, each: Expansion, ids: set[UUID]) -> dict[UUID, Any]:
    model = each.target.model
    names = list(each.target.read.model_fields)
    columns = [getattr(model, name).label(name) for name in names]
    rows = await session.execute(select(*columns, model.id).where(visible(actor, model), model.id.in_(ids)))
    return {row[-1]: dict(zip(names, row, strict=False)) for row in rows}


async def _many(session: AsyncSession, actor: Actor, each: Expansion, ids: set[UUID]) -> dict[UUID, Any]:
    model, sort = each.target.model, each.target.default_sort
    parent, column = getattr(model, each.field), getattr(model, sort.removeprefix("-"))
    order = (column.desc(), model.id.desc()) if sort.startswith("-") else (column.asc(), model.id.asc())
    names = list(each.target.read.model_fields)
    place = func.row_number().over(partition_by=parent, order_by=order).label("place_of_child")
    ranked = (
        select(*(getattr(model, name).label(name) for name in names), parent.label("parent_of_child"), place)
        .where(visible(actor, model), parent.in_(ids))
        .subquery()
    )
    rows = await session.execute(
        select(ranked).where(ranked.c.place_of_child <= MAX_CHILDREN).order_by(ranked.c.place_of_child)
    )
    found: dict[UUID, Any] = {id: [] for id in ids}
    for row in rows:
        found[row.parent_of_child].append(dict(zip(names, row, strict=False)))
    return found
