"""Records that take the place of others: what is superseded stays readable and is recalled no more."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.items import MemoryItem, item_id
from claudetools.domains.memory.writing import next_change_unflushed
from claudetools.kit.problems import Conflict, FieldError, invalid
from claudetools.kit.resource.declare import Values
from claudetools.kit.resource.scope import Access, Actor, scoped

FIELD = "superseded_by_id"


async def check_successor(session: AsyncSession, actor: Actor, model: type[Any], row: Any, values: Values) -> None:
    """Check the record that `values` name as the successor of `row`; None for a row that is being made.

    Raises:
        Conflict: it belongs to another client.
        Invalid: it is superseded by `row` itself, directly or in turn.
    """
    successor = await session.scalar(scoped(actor, model).where(model.id == values[FIELD]))
    if successor is None:
        return  # The check of references, which comes next, names the field.
    if successor.client_id != (values["client_id"] if row is None else row.client_id):
        message = f"The record named in {FIELD} does not belong to the same client."
        raise Conflict(message, errors=[FieldError(f"/{FIELD}", "other_tenant", message)])
    met: set[UUID] = set()
    id: UUID | None = successor.id
    while row is not None and id is not None and id not in met:
        if id == row.id:
            raise invalid(f"/{FIELD}", "A record cannot be superseded by itself or by one that it supersedes.", "cycle")
        met.add(id)
        # Locked, and as it now is: two changes at the same time could close a ring that neither sees.
        following = scoped(actor, model).with_only_columns(model.superseded_by_id).where(model.id == id)
        id = await session.scalar(following.with_for_update())


async def change_successor(session: AsyncSession, actor: Actor, row: Any, values: Values) -> None:
    """Before a change, let what memory holds of a record follow its successor: a new one, or none any more.

    What was retired or corrected in memory itself stays so.

    Raises:
        Conflict: the successor belongs to another client.
        Invalid: the successor is superseded by the record itself, directly or in turn.
    """
    former, successor = row.superseded_by_id, values.get(FIELD, row.superseded_by_id)
    if former == successor:
        return
    if successor is not None:
        await check_successor(session, actor, type(row), row, values)
    item = await _item(session, actor, row.id)
    if former is None or item is None or item.retired_at is None:
        return
    if item.superseded_by_id == await _item_id(session, actor, former):
        item.superseded_by_id = await _item_id(session, actor, successor)
        item.retired_at = None if successor is None else item.retired_at
        item.change_sequence = await next_change_unflushed(session)
        await session.flush()


async def _item(session: AsyncSession, actor: Actor, record_id: UUID | None) -> MemoryItem | None:
    if record_id is None:
        return None
    known = scoped(actor, MemoryItem, Access.REVIEW).where(MemoryItem.id == item_id(record_id))
    item: MemoryItem | None = await session.scalar(known)
    return item


async def _item_id(session: AsyncSession, actor: Actor, record_id: UUID | None) -> UUID | None:
    """Return the id of a record's memory item; None where there is none, as after somebody deleted it."""
    item = await _item(session, actor, record_id)
    return None if item is None else item.id
