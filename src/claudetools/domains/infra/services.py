"""Services: what runs on the equipment, such as a database, a web site or a mail server."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.infra.infrastructure import belong_to_infrastructure
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, choice, label
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.network_types import MAX_URL_LENGTH, Port, Url
from claudetools.kit.resource.schema import Input, Label, Name, Output, Prose
from claudetools.kit.resource.scope import TenantColumn


class ServiceStatus(StrEnum):
    """Whether it runs."""

    RUNNING = "running"
    DEGRADED = "degraded"
    STOPPED = "stopped"
    MAINTENANCE = "maintenance"
    RETIRED = "retired"


class Criticality(StrEnum):
    """How bad it is for the client when it is down."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Service(Record):
    """Something that runs on a piece of equipment."""

    __tablename__ = "services"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (
        UniqueConstraint("infrastructure_id", "name"),
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        Index(None, "client_id", "name"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    infrastructure_id: Mapped[UUID] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="RESTRICT"), index=True
    )
    name: Mapped[str] = mapped_column(label())
    type: Mapped[str | None] = mapped_column(label(64), index=True)
    url: Mapped[str | None] = mapped_column(String(MAX_URL_LENGTH))
    port: Mapped[int | None] = mapped_column(Integer)
    protocol: Mapped[str | None] = mapped_column(label(64))
    status: Mapped[ServiceStatus] = mapped_column(choice(ServiceStatus), default=ServiceStatus.RUNNING, index=True)
    software_version: Mapped[str | None] = mapped_column(String(64))
    criticality: Mapped[Criticality] = mapped_column(choice(Criticality), default=Criticality.MEDIUM, index=True)
    notes: Mapped[str | None] = mapped_column(LongText)


class ServiceCreate(Input):
    """Something that runs on a piece of equipment, and how it is reached."""

    infrastructure_id: UUID
    name: Name
    type: Annotated[Label, Field(description="Such as database, web, mail, dns or backup.")] | None = None
    url: Url | None = None
    port: Port | None = None
    protocol: Annotated[Label, Field(description="Such as https, tcp or ldap.")] | None = None
    status: ServiceStatus = ServiceStatus.RUNNING
    software_version: Label | None = None
    criticality: Criticality = Criticality.MEDIUM
    notes: Prose | None = None


class ServiceRead(ServiceCreate, Output):
    """Something that runs on a piece of equipment, as kept. Its client is that of the equipment."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


SERVICES = Resource(
    name="services",
    singular="service",
    model=Service,
    read=ServiceRead,
    create=ServiceCreate,
    fixed=("infrastructure_id",),
    filters=(
        "client_id",
        "infrastructure_id",
        "name",
        "type",
        "port",
        "protocol",
        "status",
        "criticality",
        "created_at",
        "updated_at",
    ),
    sorts=("name", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "type", "url", "notes"),
    key=("infrastructure_id", "name"),
    before_create=belong_to_infrastructure,
)
