"""Work sessions: a stretch of work by one person on one machine, usually one Claude Code session."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, Integer, String, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients import Tag
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, choice
from claudetools.kit.problems import invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Label, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find, scoped

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


class SessionTag(Base):
    """A tag on a session."""

    __tablename__ = "session_tags"

    session_id: Mapped[UUID] = mapped_column(Id, ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[UUID] = mapped_column(Id, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True)


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


async def keep_start(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Keep the start where none is given."""
    if values.get("started_at", ...) is None:
        del values["started_at"]


async def check_times(session: AsyncSession, actor: Actor, row: WorkSession) -> None:
    """Raise `Invalid` when the end lies before the start."""
    if row.ended_at is not None and row.ended_at < row.started_at:
        raise invalid("/ended_at", "A session cannot end before it starts.")


async def release_tags(session: AsyncSession, actor: Actor, row: WorkSession) -> None:
    """Take a session that goes out of the usage counts of its tags."""
    tagged = select(SessionTag.tag_id).where(SessionTag.session_id == row.id)
    await session.execute(update(Tag).where(Tag.id.in_(tagged)).values(usage_count=Tag.usage_count - 1))


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
    before_delete=release_tags,
    after_write=check_times,
)


async def session_tags(session: AsyncSession, actor: Actor, id: UUID) -> list[Tag]:
    """Return the tags of a session, by name.

    Raises:
        NotFound: the session is not the actor's to see.
    """
    row = await find(session, actor, WorkSession, id)
    tags = await session.scalars(
        select(Tag)
        .join(SessionTag, SessionTag.tag_id == Tag.id)
        .where(SessionTag.session_id == row.id)
        .order_by(Tag.name)
    )
    return list(tags)


async def set_session_tags(session: AsyncSession, actor: Actor, id: UUID, tag_ids: list[UUID]) -> list[Tag]:
    """Give a session exactly these tags, and keep the tags' usage counts.

    Raises:
        NotFound: the session or a tag does not exist for the actor.
    """
    row = await find(session, actor, WorkSession, id, Access.WRITE)
    # One at a time: what is counted must be what is written.
    await session.execute(scoped(actor, WorkSession, Access.WRITE).where(WorkSession.id == row.id).with_for_update())
    wanted = {(await find(session, actor, Tag, tag_id)).id for tag_id in tag_ids}
    current = set(await session.scalars(select(SessionTag.tag_id).where(SessionTag.session_id == row.id)))
    for added in wanted - current:
        session.add(SessionTag(session_id=row.id, tag_id=added))
        await session.execute(update(Tag).where(Tag.id == added).values(usage_count=Tag.usage_count + 1))
    for removed in current - wanted:
        await session.execute(delete(SessionTag).where(SessionTag.session_id == row.id, SessionTag.tag_id == removed))
        await session.execute(update(Tag).where(Tag.id == removed).values(usage_count=Tag.usage_count - 1))
    await session.flush()
    return await session_tags(session, actor, id)
