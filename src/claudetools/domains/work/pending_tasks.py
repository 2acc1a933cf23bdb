"""Pending tasks: what was left to do for a client, who does it and until when."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Date, ForeignKey, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, validates

from claudetools.domains.clients.projects import Priority
from claudetools.domains.work.transitions import Moves, check_move, finished_at
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, LongText, choice
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Line, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn


class PendingTaskStatus(StrEnum):
    """How far a pending task is."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    DONE = "done"
    CANCELLED = "cancelled"


MOVES: Moves[PendingTaskStatus] = {
    PendingTaskStatus.OPEN: frozenset(set(PendingTaskStatus) - {PendingTaskStatus.OPEN}),
    PendingTaskStatus.IN_PROGRESS: frozenset(set(PendingTaskStatus) - {PendingTaskStatus.IN_PROGRESS}),
    PendingTaskStatus.BLOCKED: frozenset(
        {PendingTaskStatus.OPEN, PendingTaskStatus.IN_PROGRESS, PendingTaskStatus.CANCELLED}
    ),
    PendingTaskStatus.DONE: frozenset({PendingTaskStatus.OPEN, PendingTaskStatus.IN_PROGRESS}),
    PendingTaskStatus.CANCELLED: frozenset({PendingTaskStatus.OPEN}),
}


class PendingTask(Record):
    """Something left to do. `done_by_id` and `done_at` are kept by the service."""

    __tablename__ = "pending_tasks"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("work_items.id", ondelete="SET NULL"), index=True)
    assignee_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(LongText)
    priority: Mapped[Priority] = mapped_column(choice(Priority), default=Priority.MEDIUM, index=True)
    status: Mapped[PendingTaskStatus] = mapped_column(
        choice(PendingTaskStatus), default=PendingTaskStatus.OPEN, index=True
    )
    blocked_by: Mapped[str | None] = mapped_column(String(500))
    due_on: Mapped[date | None] = mapped_column(Date, index=True)
    done_by_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    done_at: Mapped[datetime | None] = mapped_column(Instant, index=True)

    @validates("status")
    def _move(self, _: str, status: PendingTaskStatus) -> PendingTaskStatus:
        check_move(self.status, status, MOVES)
        if status is not PendingTaskStatus.DONE:
            self.done_by_id = None
        self.done_at = finished_at(self.done_at, is_finished=status is PendingTaskStatus.DONE)
        return status


class PendingTaskCreate(Input):
    """What callers send to note something left to do."""

    client_id: UUID
    project_id: UUID | None = None
    work_item_id: UUID | None = None
    assignee_id: UUID | None = None
    title: Name
    description: Prose | None = None
    priority: Priority = Priority.MEDIUM
    status: PendingTaskStatus = PendingTaskStatus.OPEN
    blocked_by: Line | None = None
    due_on: date | None = None


class PendingTaskRead(PendingTaskCreate, Output):
    """What callers get of something left to do."""

    model_config = Output.model_config

    id: UUID
    done_by_id: UUID | None
    done_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def note_who_did_it(session: AsyncSession, actor: Actor, row: PendingTask) -> None:
    """Keep who moved the task to done; whoever edits it later is not that person."""
    if row.status is PendingTaskStatus.DONE and row.done_by_id is None:
        row.done_by_id = actor.user_id


PENDING_TASKS = Resource(
    name="pending-tasks",
    singular="pending-task",
    model=PendingTask,
    read=PendingTaskRead,
    create=PendingTaskCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "project_id",
        "work_item_id",
        "assignee_id",
        "title",
        "priority",
        "status",
        "due_on",
        "done_by_id",
        "done_at",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "due_on", "done_at", "title"),
    searches=("title", "description", "blocked_by"),
    after_write=note_who_did_it,
)
