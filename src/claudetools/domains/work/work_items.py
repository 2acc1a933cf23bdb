"""Work items: what was done for a client in a session, piece by piece."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, validates

from claudetools.domains.clients.projects import Priority
from claudetools.domains.clients.tagging import TagLink, release_tags
from claudetools.domains.work.session_client import take_client_of_session
from claudetools.domains.work.sessions import Minutes
from claudetools.domains.work.transitions import Moves, check_move, finished_at
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, choice
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Lines, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn

Position = Annotated[int, Field(ge=0, le=1_000_000, description="Place in the order of its siblings, from 0.")]


class WorkItemCategory(StrEnum):
    """What kind of work it is."""

    INFRASTRUCTURE = "infrastructure"
    TROUBLESHOOTING = "troubleshooting"
    CONFIGURATION = "configuration"
    DEVELOPMENT = "development"
    MAINTENANCE = "maintenance"
    SECURITY = "security"
    DOCUMENTATION = "documentation"


class WorkItemStatus(StrEnum):
    """How far a work item is."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    DEFERRED = "deferred"
    COMPLETED = "completed"


MOVES: Moves[WorkItemStatus] = {
    WorkItemStatus.PENDING: frozenset(set(WorkItemStatus) - {WorkItemStatus.PENDING}),
    WorkItemStatus.IN_PROGRESS: frozenset(set(WorkItemStatus) - {WorkItemStatus.IN_PROGRESS}),
    WorkItemStatus.BLOCKED: frozenset({WorkItemStatus.PENDING, WorkItemStatus.IN_PROGRESS, WorkItemStatus.DEFERRED}),
    WorkItemStatus.DEFERRED: frozenset({WorkItemStatus.PENDING, WorkItemStatus.IN_PROGRESS}),
    WorkItemStatus.COMPLETED: frozenset({WorkItemStatus.IN_PROGRESS}),
}


class WorkItem(Record):
    """A piece of work. `completed_at` is kept by the service."""

    __tablename__ = "work_items"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    session_id: Mapped[UUID] = mapped_column(Id, ForeignKey("sessions.id", ondelete="RESTRICT"), index=True)
    category: Mapped[WorkItemCategory] = mapped_column(choice(WorkItemCategory), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(LongText)
    status: Mapped[WorkItemStatus] = mapped_column(choice(WorkItemStatus), default=WorkItemStatus.PENDING, index=True)
    priority: Mapped[Priority] = mapped_column(choice(Priority), default=Priority.MEDIUM)
    is_billable: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    estimated_minutes: Mapped[int | None] = mapped_column(Integer)
    actual_minutes: Mapped[int | None] = mapped_column(Integer)
    affected_systems: Mapped[list[str]] = mapped_column(Json, default=list)
    technologies_used: Mapped[list[str]] = mapped_column(Json, default=list)
    position: Mapped[int] = mapped_column(Integer, default=0)
    completed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)

    @validates("status")
    def _move(self, _: str, status: WorkItemStatus) -> WorkItemStatus:
        check_move(self.status, status, MOVES)
        self.completed_at = finished_at(self.completed_at, is_finished=status is WorkItemStatus.COMPLETED)
        return status


class WorkItemTag(TagLink):
    """A tag on a work item."""

    __tablename__ = "work_item_tags"
    __owner__ = WorkItem

    owner_id: Mapped[UUID] = mapped_column(
        "work_item_id", Id, ForeignKey("work_items.id", ondelete="CASCADE"), primary_key=True
    )


class WorkItemCreate(Input):
    """What callers send to record a piece of work; its client is that of the session."""

    session_id: UUID
    category: WorkItemCategory
    title: Name
    description: Prose | None = None
    status: WorkItemStatus = WorkItemStatus.PENDING
    priority: Priority = Priority.MEDIUM
    is_billable: bool = True
    estimated_minutes: Minutes | None = None
    actual_minutes: Minutes | None = None
    affected_systems: Lines = []
    technologies_used: Lines = []
    position: Position = 0


class WorkItemRead(WorkItemCreate, Output):
    """What callers get of a piece of work."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def begin_work_item(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Give the work item the client of its session."""
    await take_client_of_session(session, actor, values)


async def release_work_item_tags(session: AsyncSession, actor: Actor, row: WorkItem) -> None:
    """Take a work item that goes out of the usage counts of its tags."""
    await release_tags(session, WorkItemTag, row.id)


WORK_ITEMS = Resource(
    name="work-items",
    singular="work-item",
    model=WorkItem,
    read=WorkItemRead,
    create=WorkItemCreate,
    fixed=("session_id",),
    filters=(
        "client_id",
        "session_id",
        "category",
        "status",
        "priority",
        "is_billable",
        "title",
        "completed_at",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "completed_at", "position", "title"),
    searches=("title", "description"),
    before_create=begin_work_item,
    before_delete=release_work_item_tags,
)
