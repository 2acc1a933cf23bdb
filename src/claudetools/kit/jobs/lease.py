"""Leases: which worker has a job, until when, and that nobody else can say that it is done."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.clock import now
from claudetools.kit.jobs.queue import Job, JobState

LEASE = timedelta(seconds=60)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
ABANDONED = "The process that worked on it ended."


@dataclass(frozen=True, slots=True)
class Lease:
    """A job in the hands of one worker. `attempt` sets this time apart from others that the same worker has it."""

    job_id: UUID
    owner: str
    attempt: int
    max_attempts: int
    kind: str
    payload: Mapping[str, Any]

    def holds(self) -> ColumnElement[bool]:
        """Return the condition for the job as long as nobody else has taken it."""
        return and_(
            Job.id == self.job_id,
            Job.state == JobState.RUNNING,
            Job.lease_owner == self.owner,
            Job.attempts == self.attempt,
        )


async def take(session: AsyncSession, owner: str, kinds: Collection[str]) -> Lease | None:
    """Take the job of one of `kinds` that has been due for longest; None if there is none.

    Due is one that waits and whose time has come, or that runs and whose lease has ended. One that was taken as often
    as it may be, and never given back, has failed.
    """
    at = now()
    due = or_(
        and_(Job.state == JobState.QUEUED, Job.run_at <= at),
        and_(Job.state == JobState.RUNNING, Job.lease_expires_at <= at),
    )
    query = select(Job).where(Job.kind.in_(kinds), due).order_by(Job.run_at, Job.id).limit(1)
    # MariaDB passes over what another worker is just taking. SQLite has one writer at a time and knows no such clause.
    job = await session.scalar(query.with_for_update(skip_locked=True))
    if job is None:
        return None
    if job.attempts >= job.max_attempts and job.recurring_kind is None:
        job.state, job.last_error, job.finished_at = JobState.FAILED, ABANDONED, at
        job.lease_owner = job.lease_expires_at = None
        await session.flush()
        return await take(session, owner, kinds)
    job.state, job.started_at, job.finished_at = JobState.RUNNING, at, None
    job.attempts += 1
    job.lease_owner, job.lease_expires_at = owner, at + LEASE
    await session.flush()
    return Lease(job.id, owner, job.attempts, job.max_attempts, job.kind, job.payload)


async def renew(session: AsyncSession, lease: Lease) -> bool:
    """Keep the job for longer; False if another worker has taken it."""
    return await _set(session, lease, lease_expires_at=now() + LEASE)


async def give_back(session: AsyncSession, lease: Lease) -> bool:
    """Put the job back into the queue as if it had not been taken; False if another worker has taken it."""
    return await _set(session, lease, **_waiting(now()), attempts=lease.attempt - 1)


async def finish(session: AsyncSession, lease: Lease, every: timedelta | None) -> bool:
    """Mark the job as done, or as due again after `every`; False if another worker has taken it."""
    at = now()
    if every is not None:
        return await _set(session, lease, **_waiting(at + every), finished_at=at, attempts=0, last_error=None)
    return await _set(session, lease, **_ended(JobState.DONE, at), last_error=None)


async def fail(session: AsyncSession, lease: Lease, error: str, every: timedelta | None, *, is_final: bool) -> bool:
    """Note why it failed, and try again later unless it is final or was tried often enough; False as above.

    The pause doubles with each attempt, and varies by half so that jobs that failed together do not return together.
    """
    at = now()
    if is_final or lease.attempt >= lease.max_attempts:
        if every is not None:
            return await _set(session, lease, **_waiting(at + every), finished_at=at, attempts=0, last_error=error)
        return await _set(session, lease, **_ended(JobState.FAILED, at), last_error=error)
    pause = min(FIRST_PAUSE * 2 ** (lease.attempt - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
    return await _set(session, lease, **_waiting(at + pause), finished_at=at, last_error=error)


def _waiting(run_at: datetime) -> dict[str, Any]:
    return {"state": JobState.QUEUED, "run_at": run_at, "lease_owner": None, "lease_expires_at": None}


def _ended(state: JobState, at: datetime) -> dict[str, Any]:
    return {"state": state, "finished_at": at, "lease_owner": None, "lease_expires_at": None}


async def _set(session: AsyncSession, lease: Lease, **values: Any) -> bool:
    done: CursorResult[tuple[()]] = await session.execute(  # type: ignore[assignment]
        update(Job).where(lease.holds()).values(version=Job.version + 1, **values),
        execution_options={"synchronize_session": False},
    )
    return done.rowcount == 1
