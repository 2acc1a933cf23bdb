"""Infrastructure changes: what was changed on a client's systems, from what to what, and the way back."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.work.session_parts import SessionPart, SessionPartCreate, check_work_item, join_session
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, choice
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Name, Output, Prose
from claudetools.kit.resource.scope import TenantColumn

CONFIGURATION_TEXTS = ("state_before", "state_after", "rollback_procedure")


class ChangeCategory(StrEnum):
    """Which part of a system a change is about."""

    DNS = "dns"
    FIREWALL = "firewall"
    ROUTING = "routing"
    NETWORK = "network"
    VPN = "vpn"
    CERTIFICATE = "certificate"
    CONTAINER = "container"
    HYPERVISOR = "hypervisor"
    SERVER = "server"
    STORAGE = "storage"
    IDENTITY = "identity"
    MAIL = "mail"
    OTHER = "other"


class ChangeType(StrEnum):
    """What was done to it."""

    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"
    RESTARTED = "restarted"
    MIGRATED = "migrated"


class InfrastructureChange(SessionPart, Record):
    """A change to a system, without secrets."""

    __tablename__ = "infrastructure_changes"
    __tenant__ = TenantColumn("client_id")

    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    category: Mapped[ChangeCategory] = mapped_column(choice(ChangeCategory), index=True)
    change_type: Mapped[ChangeType] = mapped_column(choice(ChangeType), index=True)
    title: Mapped[str] = mapped_column(String(200))
    state_before: Mapped[str | None] = mapped_column(LongText)
    state_after: Mapped[str | None] = mapped_column(LongText)
    rollback_procedure: Mapped[str | None] = mapped_column(LongText)
    is_verified: Mapped[bool] = mapped_column(Boolean, default=False, index=True)
    is_permanent: Mapped[bool] = mapped_column(Boolean, default=True, index=True)


class InfrastructureChangeCreate(SessionPartCreate):
    """What callers send to record a change to a system; secrets in configurations are replaced before storing."""

    infrastructure_id: UUID | None = None
    category: ChangeCategory
    change_type: ChangeType
    title: Name
    state_before: Prose | None = None
    state_after: Prose | None = None
    rollback_procedure: Prose | None = None
    is_verified: bool = False
    is_permanent: bool = True


class InfrastructureChangeRead(InfrastructureChangeCreate, Output):
    """What callers get of a change to a system."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


INFRASTRUCTURE_CHANGES = Resource(
    name="infrastructure-changes",
    singular="infrastructure-change",
    model=InfrastructureChange,
    read=InfrastructureChangeRead,
    create=InfrastructureChangeCreate,
    fixed=("session_id",),
    filters=(
        "client_id",
        "session_id",
        "work_item_id",
        "infrastructure_id",
        "category",
        "change_type",
        "title",
        "is_verified",
        "is_permanent",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "title"),
    searches=("title", *CONFIGURATION_TEXTS),
    redacts=CONFIGURATION_TEXTS,
    before_create=join_session,
    after_write=check_work_item,
)
