"""Deployments: which version went from where to where, how, and how to take it back."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, validates

from claudetools.domains.work.session_parts import SessionPart, SessionPartCreate, check_work_item, join_session
from claudetools.domains.work.transitions import Moves, check_move, finished_at
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, LongText, choice
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Label, Line, Output, Prose
from claudetools.kit.resource.scope import TenantColumn

SHELL_TEXTS = ("deployed_from", "deployed_to", "method", "rollback_plan", "notes")


class DeploymentType(StrEnum):
    """What is deployed."""

    CODE = "code"
    CONFIGURATION = "configuration"
    DATABASE = "database"
    CONTAINER = "container"
    PACKAGE = "package"
    SERVICE_RESTART = "service_restart"


class DeploymentStatus(StrEnum):
    """How far a deployment is."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"


MOVES: Moves[DeploymentStatus] = {
    DeploymentStatus.PLANNED: frozenset(
        {DeploymentStatus.IN_PROGRESS, DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED}
    ),
    DeploymentStatus.IN_PROGRESS: frozenset(
        {DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED, DeploymentStatus.ROLLED_BACK}
    ),
    DeploymentStatus.SUCCEEDED: frozenset({DeploymentStatus.ROLLED_BACK}),
    DeploymentStatus.FAILED: frozenset({DeploymentStatus.IN_PROGRESS, DeploymentStatus.ROLLED_BACK}),
    DeploymentStatus.ROLLED_BACK: frozenset(),
}
ENDS = frozenset({DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED, DeploymentStatus.ROLLED_BACK})


class Deployment(SessionPart, Record):
    """A version brought to a system or service. `deployed_at`, when it ended, is kept by the service."""

    __tablename__ = "deployments"
    __tenant__ = TenantColumn("client_id")

    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    service_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("services.id", ondelete="SET NULL"), index=True)
    type: Mapped[DeploymentType] = mapped_column(choice(DeploymentType), index=True)
    version_label: Mapped[str | None] = mapped_column(String(64), index=True)
    deployed_from: Mapped[str | None] = mapped_column(LongText)
    deployed_to: Mapped[str | None] = mapped_column(LongText)
    method: Mapped[str | None] = mapped_column(LongText)
    status: Mapped[DeploymentStatus] = mapped_column(
        choice(DeploymentStatus), default=DeploymentStatus.PLANNED, index=True
    )
    deployed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    rollback_plan: Mapped[str | None] = mapped_column(LongText)
    notes: Mapped[str | None] = mapped_column(LongText)

    @validates("status")
    def _move(self, _: str, status: DeploymentStatus) -> DeploymentStatus:
        check_move(self.status, status, MOVES)
        if status != self.status:
            self.deployed_at = finished_at(None, is_finished=status in ENDS)
        return status


class DeploymentCreate(SessionPartCreate):
    """What callers send to record a deployment; secrets in its texts are replaced before anything is stored."""

    infrastructure_id: UUID | None = None
    service_id: UUID | None = None
    type: DeploymentType
    version_label: Label | None = None
    deployed_from: Line | None = None
    deployed_to: Line | None = None
    method: Prose | None = None
    status: DeploymentStatus = DeploymentStatus.PLANNED
    rollback_plan: Prose | None = None
    notes: Prose | None = None


class DeploymentRead(DeploymentCreate, Output):
    """What callers get of a deployment."""

    model_config = Output.model_config

    deployed_at: datetime | None
    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


DEPLOYMENTS = Resource(
    name="deployments",
    singular="deployment",
    model=Deployment,
    read=DeploymentRead,
    create=DeploymentCreate,
    fixed=("session_id",),
    filters=(
        "client_id",
        "session_id",
        "work_item_id",
        "infrastructure_id",
        "service_id",
        "type",
        "version_label",
        "status",
        "deployed_at",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "deployed_at"),
    searches=("version_label", *SHELL_TEXTS),
    redacts=SHELL_TEXTS,
    before_create=join_session,
    after_write=check_work_item,
)
