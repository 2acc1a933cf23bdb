"""Microsoft 365 tenants of the clients, and how the firm administers them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, label
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.network_types import Hostname
from claudetools.kit.resource.schema import Input, Lines, Name, Output, Prose
from claudetools.kit.resource.scope import TenantColumn


class M365Tenant(Record):
    """A Microsoft 365 tenant of one client."""

    __tablename__ = "m365_tenants"
    __tenant__ = TenantColumn("client_id")
    # Not unique over all clients: that would tell one of what another has.
    __table_args__ = (UniqueConstraint("client_id", "tenant_id"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    tenant_id: Mapped[UUID] = mapped_column(Id, index=True)
    tenant_name: Mapped[str] = mapped_column(label())
    default_domain: Mapped[str | None] = mapped_column(label(253), index=True)
    verified_domains: Mapped[list[str]] = mapped_column(Json, default=list)
    admin_contact: Mapped[str | None] = mapped_column(String(200))
    licences: Mapped[list[str]] = mapped_column(Json, default=list)
    gdap_roles: Mapped[list[str]] = mapped_column(Json, default=list)
    gdap_expires_on: Mapped[date | None] = mapped_column(Date, index=True)
    cipp_name: Mapped[str | None] = mapped_column(label())
    notes: Mapped[str | None] = mapped_column(LongText)


class M365TenantCreate(Input):
    """A Microsoft 365 tenant: its domains, its licences and the firm's delegated rights in it."""

    client_id: UUID
    tenant_id: Annotated[UUID, Field(description="Microsoft's identifier of the tenant.")]
    tenant_name: Name
    default_domain: Hostname | None = None
    verified_domains: Annotated[list[Hostname], Field(max_length=200)] = []
    admin_contact: Name | None = None
    licences: Annotated[Lines, Field(description="Such as: Business Premium, 25 seats.")] = []
    gdap_roles: Annotated[Lines, Field(description="Roles in the granular delegated admin relationship.")] = []
    gdap_expires_on: date | None = None
    cipp_name: Annotated[Name, Field(description="What CIPP calls the tenant.")] | None = None
    notes: Prose | None = None


class M365TenantRead(M365TenantCreate, Output):
    """A Microsoft 365 tenant, as kept."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


M365_TENANTS = Resource(
    name="m365-tenants",
    singular="m365-tenant",
    model=M365Tenant,
    read=M365TenantRead,
    create=M365TenantCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "tenant_id",
        "tenant_name",
        "default_domain",
        "gdap_expires_on",
        "cipp_name",
        "created_at",
        "updated_at",
    ),
    sorts=("tenant_name", "gdap_expires_on", "created_at", "updated_at"),
    default_sort="tenant_name",
    searches=("tenant_name", "default_domain", "admin_contact", "cipp_name", "notes"),
    key=("client_id", "tenant_id"),
    expires="gdap_expires_on",
)
