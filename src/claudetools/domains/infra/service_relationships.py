"""Service relationships: which service needs, carries or protects which other one."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.infra.services import Service
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, choice
from claudetools.kit.problems import NotFound
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, find


class RelationshipType(StrEnum):
    """What the first service is to the second."""

    DEPENDS_ON = "depends_on"
    HOSTS = "hosts"
    BACKS_UP = "backs_up"
    REPLICATES = "replicates"
    PROXIES = "proxies"


class ServiceRelationship(Record):
    """What one service is to another of the same client. Cycles are possible; `impact.cycles` reports them."""

    __tablename__ = "service_relationships"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (UniqueConstraint("from_service_id", "to_service_id", "type"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    from_service_id: Mapped[UUID] = mapped_column(Id, ForeignKey("services.id", ondelete="CASCADE"), index=True)
    to_service_id: Mapped[UUID] = mapped_column(Id, ForeignKey("services.id", ondelete="CASCADE"), index=True)
    type: Mapped[RelationshipType] = mapped_column(choice(RelationshipType), index=True)
    notes: Mapped[str | None] = mapped_column(LongText)


class ServiceRelationshipCreate(Input):
    """What one service is to another, read as a sentence: from, type, to."""

    from_service_id: UUID
    to_service_id: UUID
    type: RelationshipType
    notes: Prose | None = None


class ServiceRelationshipRead(ServiceRelationshipCreate, Output):
    """What one service is to another, as kept. The client is that of both services."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def belong_to_service(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Put a relationship under the client of the service it starts from."""
    try:
        service = await find(session, actor, Service, values["from_service_id"])
    except NotFound:
        return  # The check of references, which comes next, names the field.
    values["client_id"] = service.client_id


SERVICE_RELATIONSHIPS = Resource(
    name="service-relationships",
    singular="service-relationship",
    model=ServiceRelationship,
    read=ServiceRelationshipRead,
    create=ServiceRelationshipCreate,
    fixed=("from_service_id", "to_service_id"),
    filters=("client_id", "from_service_id", "to_service_id", "type", "created_at", "updated_at"),
    searches=("notes",),
    key=("from_service_id", "to_service_id", "type"),
    before_create=belong_to_service,
)
