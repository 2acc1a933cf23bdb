"""Networks: the address ranges at a client's sites, and what they are for."""

import ipaddress
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients import DnsServers
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice, label
from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.network_types import Cidr, IpAddress
from claudetools.kit.resource.schema import Input, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn

VlanId = Annotated[int, Field(ge=1, le=4094)]


class NetworkType(StrEnum):
    """What a network is for."""

    LAN = "lan"
    VPN = "vpn"
    VLAN = "vlan"
    ISOLATED = "isolated"
    DMZ = "dmz"


class Network(Record):
    """An address range of one client, usually at one site."""

    __tablename__ = "networks"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (
        UniqueConstraint("client_id", "site_id", "name"),
        CheckConstraint("vlan_id BETWEEN 1 AND 4094", name="vlan_id"),
        Index(None, "client_id", "name"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    site_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sites.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(label())
    type: Mapped[NetworkType] = mapped_column(choice(NetworkType), default=NetworkType.LAN, index=True)
    cidr: Mapped[str] = mapped_column(String(64), index=True)
    gateway: Mapped[str | None] = mapped_column(String(64))
    vlan_id: Mapped[int | None] = mapped_column(Integer)
    dns_servers: Mapped[list[str]] = mapped_column(Json, default=list)
    notes: Mapped[str | None] = mapped_column(LongText)


class NetworkCreate(Input):
    """An address range of a client. One that overlaps another of its site is kept; reports point it out."""

    client_id: UUID
    site_id: UUID | None = None
    name: Name
    type: NetworkType = NetworkType.LAN
    cidr: Annotated[Cidr, Field(description="Address and prefix length, such as 192.168.10.0/24.")]
    gateway: Annotated[IpAddress, Field(description="An address within the network.")] | None = None
    vlan_id: VlanId | None = None
    dns_servers: DnsServers = []
    notes: Prose | None = None


class NetworkRead(NetworkCreate, Output):
    """An address range of a client, as kept."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def check_gateway(session: AsyncSession, actor: Actor, row: Network) -> None:
    """Raise `Invalid` when the gateway lies outside of the network."""
    if row.gateway is not None and ipaddress.ip_address(row.gateway) not in ipaddress.ip_network(row.cidr):
        raise invalid("/gateway", "The gateway is not an address of this network.")


NETWORKS = Resource(
    name="networks",
    singular="network",
    model=Network,
    read=NetworkRead,
    create=NetworkCreate,
    fixed=("client_id",),
    filters=("client_id", "site_id", "name", "type", "cidr", "gateway", "vlan_id", "created_at", "updated_at"),
    sorts=("name", "vlan_id", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "cidr", "notes"),
    key=("client_id", "site_id", "name"),
    after_write=check_gateway,
)
