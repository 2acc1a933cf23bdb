"""The queue: work to be done in the background, taken for a time and given back when nobody finishes it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, choice
from claudetools.kit.resource.scope import TenantColumn

MAX_ATTEMPTS = 5
KEPT_FOR = timedelta(days=30)


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Record):
    """A piece of work, of the firm's own without a client.

    While it runs, `lease_owner` has it until `lease_expires_at`; then anybody may take it.
    Recurring work is one job for each kind, with a `recurring_kind`: done, it waits in the queue for its next run.
    """

    __tablename__ = "jobs"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (
        Index(None, "state", "run_at"),
        Index(None, "state", "lease_expires_at"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(64), index=True)
    recurring_kind: Mapped[str | None] = mapped_column(String(64), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    state: Mapped[JobState] = mapped_column(choice(JobState), default=JobState.QUEUED)
    run_at: Mapped[datetime] = mapped_column(Instant, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=MAX_ATTEMPTS)
    lease_owner: Mapped[str | None] = mapped_column(String(200))
    lease_expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_error: Mapped[str | None] = mapped_column(LongText)


async def enqueue(session: AsyncSession, kind: str, payload: Mapping[str, Any]) -> Job:
    """Queue a job, due at once. `payload` is what JSON can hold, and holds no secret."""
    job = Job(kind=kind, payload=dict(payload))
    session.add(job)
    await session.flush()
    return job


async def enqueue_for(session: AsyncSession, kind: str, client_id: UUID) -> None:
    """Queue a job of a client, due at once, with its `client_id`; nothing if one is waiting.

    That one then waits for this transaction: whoever takes it sees what is written here.
    """
    waiting = select(Job.id).where(Job.kind == kind, Job.client_id == client_id, Job.state == JobState.QUEUED)
    if await session.scalar(waiting.limit(1).with_for_update()) is None:
        session.add(Job(kind=kind, client_id=client_id, payload={"client_id": str(client_id)}))
        await session.flush()


async def forget_finished(session: AsyncSession) -> None:
    """Delete jobs that were done long ago."""
    await session.execute(delete(Job).where(Job.state == JobState.DONE, Job.finished_at < now() - KEPT_FOR))
