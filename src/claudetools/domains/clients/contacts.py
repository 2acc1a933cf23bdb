"""Contacts: the people at a client whom a technician calls or writes to."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import Boolean, ForeignKey, Index, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients.clients import Client
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, label
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Label, Name, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, scoped

EmailAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")
]


class Contact(Record):
    """A person at one client."""

    __tablename__ = "contacts"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (
        Index(None, "client_id", "name"),
        Index(None, "client_id", "is_primary"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    site_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sites.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(label())
    role: Mapped[str | None] = mapped_column(label())
    email: Mapped[str | None] = mapped_column(label(254), index=True)
    phone: Mapped[str | None] = mapped_column(String(64))
    mobile: Mapped[str | None] = mapped_column(String(64))
    is_primary: Mapped[bool] = mapped_column(Boolean, default=False)
    notes: Mapped[str | None] = mapped_column(LongText)


class ContactCreate(Input):
    """A person at a client: what they do there and how they are reached."""

    client_id: UUID
    site_id: UUID | None = None
    name: Name
    role: Annotated[Name, Field(description="What they do at the client, such as office manager.")] | None = None
    email: EmailAddress | None = None
    phone: Label | None = None
    mobile: Label | None = None
    is_primary: Annotated[
        bool, Field(description="The one to turn to first. A client has one: marking another unmarks the former.")
    ] = False
    notes: Prose | None = None


class ContactRead(ContactCreate, Output):
    """A person at a client, as kept."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def keep_one_primary(session: AsyncSession, actor: Actor, row: Contact) -> None:
    """Take the mark from the client's former primary contact when this one bears it."""
    if not row.is_primary:
        return
    # One at a time: two made primary at once would each not see the other.
    await session.execute(scoped(actor, Client, Access.WRITE).where(Client.id == row.client_id).with_for_update())
    others = scoped(actor, Contact, Access.WRITE).where(
        Contact.client_id == row.client_id, Contact.is_primary, Contact.id != row.id
    )
    for former in await session.scalars(others.with_for_update()):
        former.is_primary = False
    await session.flush()


CONTACTS = Resource(
    name="contacts",
    singular="contact",
    model=Contact,
    read=ContactRead,
    create=ContactCreate,
    fixed=("client_id",),
    filters=("client_id", "site_id", "name", "role", "email", "is_primary", "created_at", "updated_at"),
    sorts=("name", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "role", "email", "phone", "mobile", "notes"),
    key=("client_id", "name"),
    after_write=keep_one_primary,
)
