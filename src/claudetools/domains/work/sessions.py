"""Work sessions: a stretch of work by one person on one machine, usually one Claude Code session."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients import TagLink, release_tags
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, choice
from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Label, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn

Minutes = Annotated[int, Field(ge=0, le=100_000)]


class SessionStatus(StrEnum):
    """Whether the work goes on."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    ABANDONED = "abandoned"


class WorkSession(Record):
    """A stretch of work. One that is not assigned to a client is seen only by its person and by administrators."""

    __tablename__ = "sessions"
    __tenant__ = TenantColumn("client_id", author="user_id")

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("projects.id", ondelete="SET NULL"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    claude_session_ids: Mapped[list[str]] = mapped_column(Json, default=list)
    title: Mapped[str] = mapped_column(String(200))
    status: Mapped[SessionStatus] = mapped_column(choice(SessionStatus), default=SessionStatus.IN_PROGRESS, index=True)
    started_at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    billable_minutes: Mapped[int | None] = mapped_column(Integer)
    summary: Mapped[str | None] = mapped_column(LongText)
    model_usage: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    working_directory: Mapped[str | None] = mapped_column(String(500))
    notes: Mapped[str | None] = mapped_column(LongText)


class SessionTag(TagLink):
    """A tag on a session."""

    __tablename__ = "session_tags"
    __owner__ = WorkSession

    owner_id: Mapped[UUID] = mapped_column(
        "session_id", Id, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True
    )


class SessionCreate(Input):
    """What callers send to make a session."""

    client_id: UUID | None = None
    project_id: UUID | None = None
    machine_id: UUID | None = None
    title: Name
    status: SessionStatus = SessionStatus.IN_PROGRESS
    started_at: Moment | None = None
    ended_at: Moment | None = None
    billable_minutes: Minutes | None = None
    summary: Prose | None = None
    claude_session_ids: Annotated[list[Label], Field(max_length=100)] = []
    notes: Prose | None = None


class SessionRead(Output):
    """What callers get of a session."""

    id: UUID
    client_id: UUID | None
    project_id: UUID | None
    machine_id: UUID | None
    user_id: UUID
    claude_session_ids: list[str]
    title: str
    status: SessionStatus
    started_at: datetime
    ended_at: datetime | None
    billable_minutes: int | None
    summary: str | None
    model_usage: dict[str, Any]
    working_directory: str | None
    notes: str | None
    created_at: datetime
    updated_at: datetime
    version: int


async def start_session(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the person of the session, starting now unless said otherwise."""
    values["user_id"] = actor.user_id
    values["started_at"] = values.get("started_at") or now()


async def keep_start(session: AsyncSession, actor: Actor, row: WorkSession, values: Values) -> None:
    """Keep the start where none is given."""
    if values.get("started_at", ...) is None:
        del values["started_at"]


async def check_times(session: AsyncSession, actor: Actor, row: WorkSession) -> None:
    """Raise `Invalid` when the end lies before the start."""
    if row.ended_at is not None and row.ended_at < row.started_at:
        raise invalid("/ended_at", "A session cannot end before it starts.")


async def release_session_tags(session: AsyncSession, actor: Actor, row: WorkSession) -> None:
    """Take a session that goes out of the usage counts of its tags."""
    await release_tags(session, SessionTag, row.id)


SESSIONS = Resource(
    name="sessions",
    singular="session",
    model=WorkSession,
    read=SessionRead,
    create=SessionCreate,
    fixed=("client_id", "claude_session_ids"),
    filters=(
        "client_id",
        "project_id",
        "machine_id",
        "user_id",
        "status",
        "title",
        "started_at",
        "ended_at",
        "updated_at",
    ),
    sorts=("started_at", "created_at", "updated_at", "title"),
    default_sort="-started_at",
    searches=("title", "summary", "notes"),
    before_create=start_session,
    before_change=keep_start,
    before_delete=release_session_tags,
    after_write=check_times,
)
