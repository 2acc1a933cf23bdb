"""What all records of a session have in common: the columns and rules that tie them to its client."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.work.session_client import take_client_of_session
from claudetools.domains.work.work_items import WorkItem
from claudetools.kit.db.types import Id
from claudetools.kit.problems import Conflict, FieldError
from claudetools.kit.resource.declare import Values
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Actor, find


class SessionPart:
    """Columns of a record made in a session. A session is kept while such records are in it."""

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    session_id: Mapped[UUID] = mapped_column(Id, ForeignKey("sessions.id", ondelete="RESTRICT"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("work_items.id", ondelete="SET NULL"), index=True)


class SessionPartCreate(Input):
    """What callers send to place a record: the session, which gives it its client, and a work item of that session."""

    session_id: UUID
    work_item_id: UUID | None = None


async def join_session(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Give the record the client of its session."""
    await take_client_of_session(session, actor, values)


async def join_session_and_machine(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Give the record the client of its session, and its machine where none is named."""
    work = await take_client_of_session(session, actor, values)
    values["machine_id"] = values.get("machine_id") or work.machine_id


async def check_work_item(session: AsyncSession, actor: Actor, row: SessionPart) -> None:
    """Raise `Conflict` when the work item is one of another session."""
    if row.work_item_id is None:
        return
    item = await find(session, actor, WorkItem, row.work_item_id)
    if item.session_id != row.session_id:
        message = "The record named in work_item_id does not belong to the same session."
        raise Conflict(message, errors=[FieldError("/work_item_id", "other_session", message)])
