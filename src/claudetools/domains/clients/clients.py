"""Clients: the companies whose IT the firm runs, and the firm's own internal work."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, Numeric, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients.tagging import TagLink, release_tags
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, LongText, choice, label
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Amount, Input, Label, Line, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantItself


class ClientType(StrEnum):
    """What kind of party a client is."""

    MSP_CLIENT = "msp_client"
    INTERNAL = "internal"
    PROJECT = "project"


class Client(Record):
    """A client company: the tenant that everything else belongs to."""

    __tablename__ = "clients"
    __tenant__ = TenantItself()

    name: Mapped[str] = mapped_column(label(), unique=True)
    short_code: Mapped[str | None] = mapped_column(label(32), unique=True)
    type: Mapped[ClientType] = mapped_column(choice(ClientType), default=ClientType.MSP_CLIENT, index=True)
    network_subnet: Mapped[str | None] = mapped_column(String(64))
    domain_name: Mapped[str | None] = mapped_column(label(255), index=True)
    m365_tenant_name: Mapped[str | None] = mapped_column(String(200))
    primary_contact: Mapped[str | None] = mapped_column(String(200))
    hourly_rate: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    archived_at: Mapped[datetime | None] = mapped_column(Instant)
    notes: Mapped[str | None] = mapped_column(LongText)


class ClientTag(TagLink):
    """A tag on a client."""

    __tablename__ = "client_tags"
    __owner__ = Client

    owner_id: Mapped[UUID] = mapped_column(
        "client_id", Id, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True
    )


class ClientCreate(Input):
    """What callers send to make a client."""

    name: Name
    short_code: Annotated[Label, Field(max_length=32)] | None = None
    type: ClientType = ClientType.MSP_CLIENT
    network_subnet: Label | None = None
    domain_name: Annotated[Line, Field(max_length=255)] | None = None
    m365_tenant_name: Name | None = None
    primary_contact: Name | None = None
    hourly_rate: Amount | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    is_active: bool = True
    archived_at: Moment | None = None
    notes: Prose | None = None


class ClientRead(ClientCreate, Output):
    """What callers get of a client."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def release_client_tags(session: AsyncSession, actor: Actor, row: Client) -> None:
    """Take a client that goes out of the usage counts of its tags."""
    await release_tags(session, ClientTag, row.id)


CLIENTS = Resource(
    name="clients",
    singular="client",
    model=Client,
    read=ClientRead,
    create=ClientCreate,
    filters=("name", "short_code", "type", "domain_name", "is_active", "created_at", "updated_at"),
    sorts=("name", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "short_code", "domain_name", "notes"),
    key=("name",),
    before_delete=release_client_tags,
)
