"""Ticket links: which ticket of another system a client's work belongs to."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, choice, label
from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.network_types import MAX_URL_LENGTH, Url
from claudetools.kit.resource.schema import Input, Label, Name, Output
from claudetools.kit.resource.scope import Actor, TenantColumn


class TicketSystem(StrEnum):
    """Where a ticket is kept."""

    SYNCRO = "syncro"
    AUTOTASK = "autotask"
    CONNECTWISE = "connectwise"
    OTHER = "other"


class TicketLinkType(StrEnum):
    """What the work does for the ticket."""

    RELATED = "related"
    RESOLVES = "resolves"
    DOCUMENTS = "documents"


class TicketLink(Record):
    """A ticket of a client's work item, session or of the client as such: `record_id` is the id of that record."""

    __tablename__ = "ticket_links"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (UniqueConstraint("record_id", "system", "ticket_id"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("work_items.id", ondelete="CASCADE"), index=True)
    record_id: Mapped[UUID] = mapped_column(Id)
    system: Mapped[TicketSystem] = mapped_column(choice(TicketSystem), index=True)
    ticket_id: Mapped[str] = mapped_column(label(64), index=True)
    number: Mapped[str | None] = mapped_column(label(64), index=True)
    title: Mapped[str | None] = mapped_column(String(200))
    url: Mapped[str | None] = mapped_column(String(MAX_URL_LENGTH))
    status: Mapped[str | None] = mapped_column(label(64), index=True)
    link_type: Mapped[TicketLinkType] = mapped_column(choice(TicketLinkType), index=True)


class TicketLinkCreate(Input):
    """What callers send to link a ticket with a session, with a work item, or else with the client as such."""

    client_id: UUID
    session_id: UUID | None = None
    work_item_id: UUID | None = None
    system: TicketSystem
    ticket_id: Annotated[Label, Field(description="The ticket's identifier in that system.")]
    number: Annotated[Label, Field(description="The number that people know it by.")] | None = None
    title: Name | None = None
    url: Url | None = None
    status: Annotated[Label, Field(description="As that system calls it.")] | None = None
    link_type: TicketLinkType = TicketLinkType.RELATED


class TicketLinkRead(TicketLinkCreate, Output):
    """What callers get of a ticket link."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def name_record(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Note which record the ticket is linked with; raise `Invalid` when that is more than one."""
    session_id, work_item_id = values.get("session_id"), values.get("work_item_id")
    if session_id is not None and work_item_id is not None:
        raise invalid("/work_item_id", "Link the ticket with the session or with the work item, not with both.")
    values["record_id"] = work_item_id or session_id or values["client_id"]


TICKET_LINKS = Resource(
    name="ticket-links",
    singular="ticket-link",
    model=TicketLink,
    read=TicketLinkRead,
    create=TicketLinkCreate,
    fixed=("client_id", "session_id", "work_item_id"),
    filters=(
        "client_id",
        "session_id",
        "work_item_id",
        "system",
        "ticket_id",
        "number",
        "status",
        "link_type",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "number", "title"),
    searches=("ticket_id", "number", "title"),
    before_create=name_record,
)
