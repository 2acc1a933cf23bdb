"""Sites: the places where a client's equipment stands and its people work."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, label
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.network_types import Cidr, IpAddress
from claudetools.kit.resource.schema import Input, Label, Line, Name, Output, Prose
from claudetools.kit.resource.scope import TenantColumn

TimeZone = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}$", description="IANA name, such as Europe/Berlin."),
]
DnsServers = Annotated[list[IpAddress], Field(max_length=20)]


class Site(Record):
    """A place of one client."""

    __tablename__ = "sites"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (UniqueConstraint("client_id", "name"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(label())
    address: Mapped[str | None] = mapped_column(String(500))
    phone: Mapped[str | None] = mapped_column(String(64))
    network_subnet: Mapped[str | None] = mapped_column(String(64))
    vpn_required: Mapped[bool] = mapped_column(Boolean, default=False)
    vpn_subnet: Mapped[str | None] = mapped_column(String(64))
    gateway_ip: Mapped[str | None] = mapped_column(String(64))
    dns_servers: Mapped[list[str]] = mapped_column(Json, default=list)
    timezone: Mapped[str | None] = mapped_column(String(100))
    notes: Mapped[str | None] = mapped_column(LongText)


class SiteCreate(Input):
    """A place of a client: where it is and how its network is reached."""

    client_id: UUID
    name: Name
    address: Line | None = None
    phone: Label | None = None
    network_subnet: Cidr | None = None
    vpn_required: Annotated[bool, Field(description="Whether the site's network is reached by VPN only.")] = False
    vpn_subnet: Cidr | None = None
    gateway_ip: IpAddress | None = None
    dns_servers: DnsServers = []
    timezone: TimeZone | None = None
    notes: Annotated[Prose, Field(description="Way in, opening hours, where the rack stands.")] | None = None


class SiteRead(SiteCreate, Output):
    """A place of a client, as kept."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


SITES = Resource(
    name="sites",
    singular="site",
    model=Site,
    read=SiteRead,
    create=SiteCreate,
    fixed=("client_id",),
    filters=("client_id", "name", "network_subnet", "vpn_required", "gateway_ip", "created_at", "updated_at"),
    sorts=("name", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "address", "notes"),
    key=("client_id", "name"),
)
