"""The history of a record: who changed which fields, when, and in which request."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.audit.events import Action, history
from claudetools.kit.resource.cursor import CursorCodec
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Output
from claudetools.kit.resource.scope import Actor, find


class HistoryQuery(Input):
    """How much of a history to return, and from where on."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class ChangeRead(Output):
    """One change of a record. `before` and `after` hold the fields that it changed; a creation has no `before`.

    Without a person it was the service itself.
    """

    id: UUID
    at: datetime
    action: Action
    user_id: UUID | None
    user_name: str | None
    token_id: UUID | None
    machine_id: UUID | None
    request_id: str | None
    before: dict[str, Any]
    after: dict[str, Any]


class HistoryPage(Output):
    """Changes of a record, the newest first."""

    items: list[ChangeRead]
    next_cursor: str | None


async def read_history(
    session: AsyncSession, actor: Actor, resource: Resource, id: UUID, query: HistoryQuery, codec: CursorCodec
) -> HistoryPage:
    """Return a page of the history of a record.

    Raises:
        NotFound: the record is not the actor's to see.
        Invalid: the cursor belongs to another list.
    """
    await find(session, actor, resource.model, id)
    shape = f"history {resource.name} {id}"
    before_id = UUID(codec.decode(shape, query.cursor)[0]) if query.cursor else None
    page = await history(session, resource.name, id, limit=query.limit, before_id=before_id)
    return HistoryPage(
        items=[ChangeRead.model_validate(event) for event in page.events],
        next_cursor=codec.encode(shape, [str(page.last_id)]) if page.last_id else None,
    )
