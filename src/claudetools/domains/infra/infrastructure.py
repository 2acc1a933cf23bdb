"""Infrastructure: the servers, workstations and devices that the firm looks after."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, Date, ForeignKey, Index, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients import TagLink, release_tags
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice, label
from claudetools.kit.problems import NotFound, invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.network_types import MAX_URL_LENGTH, Hostname, IpAddress, MacAddress, Url
from claudetools.kit.resource.schema import Input, Label, Lines, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, find, scoped


class AssetType(StrEnum):
    """What kind of equipment it is."""

    PHYSICAL_SERVER = "physical_server"
    VIRTUAL_MACHINE = "virtual_machine"
    CONTAINER = "container"
    NETWORK_DEVICE = "network_device"
    NAS_STORAGE = "nas_storage"
    WORKSTATION = "workstation"
    FIREWALL = "firewall"
    DOMAIN_CONTROLLER = "domain_controller"
    PRINTER = "printer"
    OTHER = "other"


class InfrastructureStatus(StrEnum):
    """Whether it is in use, or which end of a migration it is."""

    ACTIVE = "active"
    MIGRATION_SOURCE = "migration_source"
    MIGRATION_DESTINATION = "migration_destination"
    DECOMMISSIONED = "decommissioned"


class Infrastructure(Record):
    """A piece of equipment of one client, physical or virtual."""

    __tablename__ = "infrastructure"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (
        Index(None, "client_id", "hostname"),
        Index(None, "client_id", "status"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    site_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sites.id", ondelete="SET NULL"), index=True)
    parent_host_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    asset_type: Mapped[AssetType] = mapped_column(choice(AssetType), index=True)
    hostname: Mapped[str] = mapped_column(label(253), index=True)
    ip_address: Mapped[str | None] = mapped_column(String(64), index=True)
    mac_address: Mapped[str | None] = mapped_column(String(17), index=True)
    os: Mapped[str | None] = mapped_column(label())
    os_version: Mapped[str | None] = mapped_column(String(200))
    role_description: Mapped[str | None] = mapped_column(LongText)
    status: Mapped[InfrastructureStatus] = mapped_column(
        choice(InfrastructureStatus), default=InfrastructureStatus.ACTIVE, index=True
    )
    manufacturer: Mapped[str | None] = mapped_column(label())
    model: Mapped[str | None] = mapped_column(label())
    serial: Mapped[str | None] = mapped_column(label(), index=True)
    location: Mapped[str | None] = mapped_column(String(200))
    management_url: Mapped[str | None] = mapped_column(String(MAX_URL_LENGTH))
    warranty_ends_on: Mapped[date | None] = mapped_column(Date, index=True)
    environmental_notes: Mapped[str | None] = mapped_column(LongText)
    powershell_version: Mapped[str | None] = mapped_column(String(64))
    available_shells: Mapped[list[str]] = mapped_column(Json, default=list)
    known_limits: Mapped[list[str]] = mapped_column(Json, default=list)
    has_gui: Mapped[bool] = mapped_column(Boolean, default=True)
    requires_vpn: Mapped[bool] = mapped_column(Boolean, default=False)
    monitored: Mapped[bool] = mapped_column(Boolean, default=False)
    notes: Mapped[str | None] = mapped_column(LongText)


class InfrastructureTag(TagLink):
    """A tag on a piece of equipment."""

    __tablename__ = "infrastructure_tags"
    __owner__ = Infrastructure

    owner_id: Mapped[UUID] = mapped_column(
        "infrastructure_id", Id, ForeignKey("infrastructure.id", ondelete="CASCADE"), primary_key=True
    )


class InfrastructureCreate(Input):
    """A piece of equipment: what it is, where it stands, how it is reached and what to mind when working on it."""

    client_id: UUID
    site_id: UUID | None = None
    parent_host_id: Annotated[UUID, Field(description="The equipment that this machine runs on.")] | None = None
    asset_type: AssetType
    hostname: Hostname
    ip_address: IpAddress | None = None
    mac_address: MacAddress | None = None
    os: Name | None = None
    os_version: Name | None = None
    role_description: Annotated[Prose, Field(description="What it is there for.")] | None = None
    status: InfrastructureStatus = InfrastructureStatus.ACTIVE
    manufacturer: Name | None = None
    model: Name | None = None
    serial: Name | None = None
    location: Annotated[Name, Field(description="Where at the site: room, rack, height unit.")] | None = None
    management_url: Url | None = None
    warranty_ends_on: date | None = None
    environmental_notes: Annotated[Prose, Field(description="What is unusual about its surroundings.")] | None = None
    powershell_version: Label | None = None
    available_shells: Lines = []
    known_limits: Annotated[Lines, Field(description="What does not work on it, such as commands it lacks.")] = []
    has_gui: bool = True
    requires_vpn: bool = False
    monitored: bool = False
    notes: Prose | None = None


class InfrastructureRead(InfrastructureCreate, Output):
    """A piece of equipment, as kept."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def check_hosts(session: AsyncSession, actor: Actor, row: Infrastructure) -> None:
    """Raise `Invalid` when a machine would, through its hosts, run on itself."""
    seen, host_id = {row.id}, row.parent_host_id
    while host_id is not None:
        if host_id in seen:
            raise invalid("/parent_host_id", "A machine cannot run on itself, directly or through other hosts.")
        seen.add(host_id)
        host_id = await session.scalar(
            scoped(actor, Infrastructure)
            .with_only_columns(Infrastructure.parent_host_id)
            .where(Infrastructure.id == host_id)
        )


async def release_infrastructure_tags(session: AsyncSession, actor: Actor, row: Infrastructure) -> None:
    """Take equipment that goes out of the usage counts of its tags."""
    await release_tags(session, InfrastructureTag, row.id)


async def belong_to_infrastructure(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Put a part of a piece of equipment under the client that the equipment belongs to."""
    try:
        equipment = await find(session, actor, Infrastructure, values["infrastructure_id"])
    except NotFound:
        return  # The check of references, which comes next, names the field.
    values["client_id"] = equipment.client_id


INFRASTRUCTURE = Resource(
    name="infrastructure",
    singular="infrastructure",
    model=Infrastructure,
    read=InfrastructureRead,
    create=InfrastructureCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "site_id",
        "parent_host_id",
        "asset_type",
        "hostname",
        "ip_address",
        "mac_address",
        "os",
        "status",
        "manufacturer",
        "model",
        "serial",
        "warranty_ends_on",
        "has_gui",
        "requires_vpn",
        "monitored",
        "created_at",
        "updated_at",
    ),
    sorts=("hostname", "warranty_ends_on", "created_at", "updated_at"),
    default_sort="hostname",
    searches=("hostname", "ip_address", "mac_address", "serial", "role_description", "environmental_notes", "notes"),
    key=("client_id", "hostname"),
    expires="warranty_ends_on",
    before_delete=release_infrastructure_tags,
    after_write=check_hosts,
)
