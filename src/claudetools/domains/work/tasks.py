"""Tasks: work to do for a client, broken down into a tree."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, validates

from claudetools.domains.clients.projects import Priority
from claudetools.domains.work.sessions import Minutes
from claudetools.domains.work.transitions import Moves, check_move, finished_at
from claudetools.domains.work.work_items import Position
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, LongText, choice
from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Line, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, scoped

MAX_LEVELS = 100


class TaskType(StrEnum):
    """What kind of task it is."""

    IMPLEMENTATION = "implementation"
    RESEARCH = "research"
    REVIEW = "review"
    DEPLOYMENT = "deployment"
    TESTING = "testing"
    DOCUMENTATION = "documentation"
    BUGFIX = "bugfix"
    ANALYSIS = "analysis"
    OTHER = "other"


class TaskStatus(StrEnum):
    """How far a task is."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


MOVES: Moves[TaskStatus] = {
    TaskStatus.PENDING: frozenset(set(TaskStatus) - {TaskStatus.PENDING}),
    TaskStatus.IN_PROGRESS: frozenset(set(TaskStatus) - {TaskStatus.IN_PROGRESS}),
    TaskStatus.BLOCKED: frozenset({TaskStatus.PENDING, TaskStatus.IN_PROGRESS, TaskStatus.CANCELLED}),
    TaskStatus.COMPLETED: frozenset({TaskStatus.IN_PROGRESS}),
    TaskStatus.CANCELLED: frozenset({TaskStatus.PENDING}),
}


class Task(Record):
    """Something to do. `completed_at` is kept by the service."""

    __tablename__ = "tasks"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("tasks.id", ondelete="RESTRICT"), index=True)
    assignee_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str | None] = mapped_column(LongText)
    type: Mapped[TaskType] = mapped_column(choice(TaskType), default=TaskType.OTHER, index=True)
    status: Mapped[TaskStatus] = mapped_column(choice(TaskStatus), default=TaskStatus.PENDING, index=True)
    priority: Mapped[Priority] = mapped_column(choice(Priority), default=Priority.MEDIUM, index=True)
    blocking_reason: Mapped[str | None] = mapped_column(String(500))
    position: Mapped[int] = mapped_column(Integer, default=0)
    estimated_minutes: Mapped[int | None] = mapped_column(Integer)
    actual_minutes: Mapped[int | None] = mapped_column(Integer)
    due_on: Mapped[date | None] = mapped_column(Date, index=True)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    completed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)

    @validates("status")
    def _move(self, _: str, status: TaskStatus) -> TaskStatus:
        check_move(self.status, status, MOVES)
        self.completed_at = finished_at(self.completed_at, is_finished=status is TaskStatus.COMPLETED)
        return status


class TaskCreate(Input):
    """What callers send to make a task, perhaps below another of the same client."""

    client_id: UUID
    project_id: UUID | None = None
    session_id: UUID | None = None
    parent_id: UUID | None = None
    assignee_id: UUID | None = None
    title: Name
    description: Prose | None = None
    type: TaskType = TaskType.OTHER
    status: TaskStatus = TaskStatus.PENDING
    priority: Priority = Priority.MEDIUM
    blocking_reason: Line | None = None
    position: Position = 0
    estimated_minutes: Minutes | None = None
    actual_minutes: Minutes | None = None
    due_on: date | None = None
    started_at: Moment | None = None


class TaskRead(TaskCreate, Output):
    """What callers get of a task."""

    model_config = Output.model_config

    id: UUID
    started_at: datetime | None
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def check_task(session: AsyncSession, actor: Actor, row: Task) -> None:
    """Check what a task must fulfil as a whole.

    Raises:
        Invalid: it is blocked and does not say why, or its place in the tree is below itself or too deep.
    """
    if row.status is TaskStatus.BLOCKED and not row.blocking_reason:
        raise invalid("/blocking_reason", "Say what the task waits for.", "missing")
    await check_place(session, actor, row)


async def check_place(session: AsyncSession, actor: Actor, row: Task) -> None:
    """Raise `Invalid` when the task is below itself, or more than `MAX_LEVELS` levels deep."""
    above = row.parent_id
    for _ in range(MAX_LEVELS):
        if above is None:
            return
        if above == row.id:
            raise invalid("/parent_id", "A task cannot be below itself.", "cycle")
        # Locked, and as it now is: two moves at the same time could close a ring that neither sees.
        parent = scoped(actor, Task).with_only_columns(Task.parent_id).where(Task.id == above).with_for_update()
        above = await session.scalar(parent)
    raise invalid("/parent_id", f"Tasks go at most {MAX_LEVELS} levels deep.", "too_deep")


TASKS = Resource(
    name="tasks",
    singular="task",
    model=Task,
    read=TaskRead,
    create=TaskCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "project_id",
        "session_id",
        "parent_id",
        "assignee_id",
        "title",
        "type",
        "status",
        "priority",
        "due_on",
        "started_at",
        "completed_at",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "due_on", "completed_at", "position", "title"),
    searches=("title", "description", "blocking_reason"),
    after_write=check_task,
)
