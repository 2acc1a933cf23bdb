"""Messages: from one person to another, to whoever works on a machine or in a session, or to everybody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts import Machine, User, tenants_of
from claudetools.domains.work import WorkSession
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, Instant, LongText
from claudetools.kit.problems import Conflict, FieldError
from claudetools.kit.resource.declare import Resource, Values, Verb
from claudetools.kit.resource.schema import Input, Name, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, find, scoped

RECIPIENTS = ("recipient_user_id", "recipient_machine_id", "recipient_session_id")


@dataclass(frozen=True, slots=True)
class Correspondence:
    """A message is read by its sender and by whom it is for, and taken back by its sender alone.

    One about a client is read only by those who may see that client. Not even administrators read what is between
    two others.
    """

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        """Return the condition under which `actor` may access a message."""
        tenants = actor.tenants(access)
        about = true() if tenants.is_all else or_(model.client_id.is_(None), model.client_id.in_(tenants.listed))
        sent: ColumnElement[bool] = model.user_id == actor.user_id
        if access is Access.WRITE:
            return and_(about, sent)
        return and_(about, or_(sent, model.reader_id == actor.user_id, model.reader_id.is_(None)))

    def owner(self, values: dict[str, Any]) -> UUID | None:
        """Return the client that a message is about; None for none."""
        client: UUID | None = values.get("client_id")
        return client

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        """Return whether `actor` may send this message."""
        client = self.owner(values)
        return client is None or client in actor.writable


class Message(Record):
    """A message. `reader_id` is the person it is for; none: everybody."""

    __tablename__ = "messages"
    __tenant__ = Correspondence()
    __table_args__ = (Index(None, "reader_id", "created_at"), Record.__table_args__)

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    recipient_user_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True
    )
    recipient_machine_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True
    )
    recipient_session_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True
    )
    reader_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"))
    subject: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(LongText)


class MessageReceipt(Base):
    """That a person has read a message."""

    __tablename__ = "message_reads"

    message_id: Mapped[UUID] = mapped_column(Id, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        Id, ForeignKey("api_users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    read_at: Mapped[datetime] = mapped_column(Instant, default=now)


class MessageCreate(Input):
    """What callers send to send a message: to one recipient, or to everybody. Secrets in it are replaced."""

    client_id: Annotated[UUID, Field(description="The client that it is about.")] | None = None
    recipient_user_id: UUID | None = None
    recipient_machine_id: Annotated[UUID, Field(description="For the person who works on this machine.")] | None = None
    recipient_session_id: Annotated[UUID, Field(description="For the person whose session it is.")] | None = None
    subject: Name | None = None
    body: Annotated[Prose, Field(min_length=1, max_length=20_000)]

    @model_validator(mode="after")
    def _one_recipient(self) -> "MessageCreate":
        if sum(getattr(self, name) is not None for name in RECIPIENTS) > 1:
            raise ValueError("name one recipient, or none for everybody")
        return self


class MessageRead(Output):
    """What callers get of a message. `user_id` sent it; without `reader_id` it is for everybody."""

    id: UUID
    client_id: UUID | None
    user_id: UUID
    reader_id: UUID | None
    recipient_user_id: UUID | None
    recipient_machine_id: UUID | None
    recipient_session_id: UUID | None
    subject: str | None
    body: str
    created_at: datetime
    updated_at: datetime
    version: int


class MessageReceiptRead(Output):
    """When the caller has read a message."""

    message_id: UUID
    read_at: datetime


async def address_message(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the sender, and find the person behind a machine or session.

    Raises:
        Conflict: that person may not see the client that the message is about.
    """
    values["user_id"] = actor.user_id
    values["reader_id"] = values["recipient_user_id"]
    if machine_id := values["recipient_machine_id"]:
        values["reader_id"] = await session.scalar(
            scoped(actor, Machine).with_only_columns(Machine.user_id).where(Machine.id == machine_id)
        )
    if session_id := values["recipient_session_id"]:
        work = await session.scalar(scoped(actor, WorkSession).where(WorkSession.id == session_id))
        if work is not None:
            values["reader_id"], values["client_id"] = work.user_id, values["client_id"] or work.client_id
    await _check_reader(session, actor, values)


async def _check_reader(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Raise `Conflict` rather than keep a message that would never reach anybody."""
    client = values["client_id"]
    reader = None if values["reader_id"] is None else await session.get(User, values["reader_id"])
    if reader is None or client is None or client not in actor.readable:
        return  # The check of references, which comes next, names what is not there.
    readable = (await tenants_of(session, reader)).readable
    if client not in readable:
        name = next(name for name in RECIPIENTS if values[name] is not None)
        message = f"The person behind {name} does not work for the client that the message is about."
        raise Conflict(message, errors=[FieldError(f"/{name}", "no_access", message)])


async def unread_messages(session: AsyncSession, actor: Actor, limit: int) -> list[Message]:
    """Return the messages for the actor that they have not marked as read, oldest first.

    What they sent to everybody is not among them; what they sent to themselves, say to another machine, is.
    """
    is_read = (
        select(MessageReceipt.message_id)
        .where(MessageReceipt.message_id == Message.id, MessageReceipt.user_id == actor.user_id)
        .exists()
    )
    is_received = or_(Message.reader_id == actor.user_id, Message.user_id != actor.user_id)
    statement = scoped(actor, Message).where(is_received, ~is_read).order_by(Message.created_at, Message.id)
    return list(await session.scalars(statement.limit(limit)))


async def mark_read(session: AsyncSession, actor: Actor, id: UUID) -> MessageReceipt:
    """Note that the actor has read a message; a second time changes nothing.

    Raises:
        NotFound: the message is not for the actor.
    """
    message = await find(session, actor, Message, id)
    # One at a time: two readings at once are one receipt.
    await session.execute(scoped(actor, Message).where(Message.id == message.id).with_for_update())
    receipt = await session.get(MessageReceipt, (message.id, actor.user_id))
    if receipt is None:
        receipt = MessageReceipt(message_id=message.id, user_id=actor.user_id)
        session.add(receipt)
        await session.flush()
    return receipt


MESSAGES = Resource(
    name="messages",
    singular="message",
    model=Message,
    read=MessageRead,
    create=MessageCreate,
    filters=(
        "client_id",
        "user_id",
        "reader_id",
        "recipient_user_id",
        "recipient_machine_id",
        "recipient_session_id",
        "subject",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at"),
    searches=("subject", "body"),
    redacts=("subject", "body"),
    private=("subject", "body"),
    # What was sent stands: whoever read it must not find another text there later.
    verbs=frozenset(Verb) - {Verb.REPLACE, Verb.CHANGE, Verb.BULK, Verb.IMPORT},
    before_create=address_message,
)
