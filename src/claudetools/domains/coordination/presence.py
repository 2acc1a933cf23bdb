"""Presence: who works where just now, told by what is recorded of their sessions and by what their clients say."""

from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, ForeignKey, String, and_, case, func, null, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts import Machine, User
from claudetools.domains.infra import Infrastructure
from claudetools.domains.memory import Transcript, TranscriptTurn
from claudetools.domains.work import SessionStatus, WorkSession
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant
from claudetools.kit.problems import Conflict, FieldError, Forbidden, NotFound
from claudetools.kit.resource.redaction import redact_values
from claudetools.kit.resource.schema import Input, Name
from claudetools.kit.resource.scope import Actor, find, scoped, visible

M = TypeVar("M", bound=Record)


class Presence(Record):
    """What the person of a session last said they are at. The session itself says who may see it."""

    __tablename__ = "presence"

    session_id: Mapped[UUID] = mapped_column(Id, ForeignKey("sessions.id", ondelete="CASCADE"), unique=True)
    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    activity: Mapped[str | None] = mapped_column(String(200))
    seen_at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)


class PresenceReport(Input):
    """What callers send to say what they are at. Secrets in it are replaced before it is stored."""

    session_id: Annotated[UUID, Field(description="One of the caller's own sessions, in progress.")]
    activity: Annotated[Name, Field(description="What is being done, in a few words.")] | None = None
    infrastructure_id: Annotated[UUID, Field(description="The equipment that is being worked on.")] | None = None


class PresenceRead(BaseModel):
    """A person at work: where, on what, and when they were last seen at it."""

    session_id: UUID
    user_id: UUID
    user: str
    machine_id: UUID | None
    machine: str | None
    client_id: UUID | None
    project_id: UUID | None
    infrastructure_id: UUID | None
    working_directory: str | None
    activity: str | None
    started_at: datetime
    seen_at: datetime


async def report_presence(session: AsyncSession, actor: Actor, report: PresenceReport) -> PresenceRead:
    """Note what the actor is at in one of their sessions, in place of what they said before.

    Raises:
        NotFound: the session or the equipment is not the actor's to see.
        Forbidden: the session is another person's.
        Conflict: the session has ended, or the equipment belongs to another client.
    """
    work = await _named(session, actor, WorkSession, "session_id", report.session_id)
    if work.user_id != actor.user_id:
        raise Forbidden("Only the person of a session says what they are at in it.")
    if work.status is not SessionStatus.IN_PROGRESS:
        raise _clash("session_id", "ended", "The session has ended.")
    if report.infrastructure_id is not None:
        equipment = await _named(session, actor, Infrastructure, "infrastructure_id", report.infrastructure_id)
        if equipment.client_id != work.client_id:
            message = "The record named in infrastructure_id does not belong to the same client."
            raise _clash("infrastructure_id", "other_tenant", message)
    values = report.model_dump()
    redact_values(session, values, PresenceReport, "activity")
    # One at a time: of two first reports one would be refused.
    await session.execute(scoped(actor, WorkSession).where(WorkSession.id == work.id).with_for_update())
    row = await session.scalar(select(Presence).where(Presence.session_id == work.id)) or Presence()
    for name, value in values.items():
        setattr(row, name, value)
    row.seen_at = now()
    session.add(row)
    await session.flush()
    [shown] = await people_at_work(session, actor, row.seen_at, WorkSession.id == work.id)
    return shown


async def people_at_work(
    session: AsyncSession, actor: Actor, since: datetime, *conditions: ColumnElement[bool]
) -> list[PresenceRead]:
    """Return who was seen in a session in progress since an instant, whoever was seen last first.

    Somebody is seen when something is said in the session, when they say what they are at, and, in a session that
    nothing is recorded of, when it is opened or changed.
    """
    said = (
        select(Transcript.session_id, func.max(TranscriptTurn.said_at).label("at"))
        .join(TranscriptTurn, TranscriptTurn.transcript_id == Transcript.id)
        # What was said lately was stored later still: the turns of all other transcripts need not be read.
        .where(visible(actor, Transcript), Transcript.updated_at >= since, TranscriptTurn.said_at >= since)
        .group_by(Transcript.session_id)
        .subquery()
    )
    is_recorded = select(Transcript.id).where(visible(actor, Transcript), Transcript.session_id == WorkSession.id)
    touched_at = case((is_recorded.exists(), null()), else_=WorkSession.updated_at)
    rows = await session.execute(
        select(WorkSession, User.display_name, Machine.hostname, Presence, said.c.at, touched_at)
        .join(User, User.id == WorkSession.user_id)
        .outerjoin(Machine, and_(Machine.id == WorkSession.machine_id, visible(actor, Machine)))
        .outerjoin(Presence, Presence.session_id == WorkSession.id)
        .outerjoin(said, said.c.session_id == WorkSession.id)
        .where(
            visible(actor, WorkSession),
            WorkSession.status == SessionStatus.IN_PROGRESS,
            or_(said.c.at.is_not(None), Presence.seen_at >= since, touched_at >= since),
            *conditions,
        )
    )
    found = [_shown(*row) for row in rows]
    return sorted(found, key=lambda one: (one.seen_at, one.session_id), reverse=True)


def _shown(
    work: WorkSession,
    user: str,
    machine: str | None,
    report: Presence | None,
    said_at: datetime | None,
    touched_at: datetime | None,
) -> PresenceRead:
    seen = (said_at, touched_at, None if report is None else report.seen_at)
    return PresenceRead(
        session_id=work.id,
        user_id=work.user_id,
        user=user,
        machine_id=work.machine_id,
        machine=machine,
        client_id=work.client_id,
        project_id=work.project_id,
        infrastructure_id=None if report is None else report.infrastructure_id,
        working_directory=work.working_directory,
        activity=None if report is None else report.activity,
        started_at=work.started_at,
        seen_at=max(at for at in seen if at is not None),
    )


async def _named(session: AsyncSession, actor: Actor, model: type[M], name: str, id: UUID) -> M:
    """Return the record that a field names. Raises `NotFound` with the name of the field."""
    try:
        return await find(session, actor, model, id)
    except NotFound:
        message = f"There is no such record for {name}."
        raise NotFound(message, errors=[FieldError(f"/{name}", "not_found", "There is no such record.")]) from None


def _clash(name: str, code: str, message: str) -> Conflict:
    return Conflict(message, errors=[FieldError(f"/{name}", code, message)])
