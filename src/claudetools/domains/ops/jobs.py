"""Jobs as administrators see them: what waits, what ran when, what went wrong, and trying again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.clock import now
from claudetools.kit.jobs.queue import Job, JobState
from claudetools.kit.problems import Conflict
from claudetools.kit.resource.declare import READ_ONLY, Resource
from claudetools.kit.resource.schema import Input, Label, Moment, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, find


class JobCreate(Input):
    """What the service queues."""

    client_id: UUID | None = None
    kind: Label
    state: JobState = JobState.QUEUED
    run_at: Annotated[Moment, Field(description="When it may be taken; of recurring work, the next run.")]
    started_at: Moment | None = None
    finished_at: Annotated[Moment, Field(description="Of recurring work, when it ran last.")] | None = None
    attempts: Annotated[int, Field(ge=0, le=1000)] = 0
    max_attempts: Annotated[int, Field(ge=1, le=1000)] = 5
    last_error: Prose | None = None


class JobRead(JobCreate, Output):
    """A job: done once, or again and again (`recurring_kind`). Written by the service, never by callers."""

    model_config = Output.model_config

    id: UUID
    recurring_kind: str | None
    lease_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


JOBS = Resource(
    name="jobs",
    singular="job",
    model=Job,
    read=JobRead,
    create=JobCreate,
    read_scope="msp:admin",
    filters=(
        "client_id",
        "kind",
        "recurring_kind",
        "state",
        "run_at",
        "started_at",
        "finished_at",
        "attempts",
        "created_at",
    ),
    sorts=("run_at", "started_at", "finished_at", "created_at", "updated_at"),
    searches=("kind", "last_error"),
    verbs=READ_ONLY,
)


async def retry_job(session: AsyncSession, actor: Actor, id: UUID) -> Job:
    """Put a job that has failed, or waits, to the front of the queue, with all its attempts before it.

    Raises:
        Conflict: it runs, or is done.
    """
    job = await find(session, actor, Job, id, Access.WRITE)
    if job.state not in (JobState.FAILED, JobState.QUEUED):
        raise Conflict(f"The job is {job.state}: only one that has failed or waits can be tried again.")
    job.state, job.run_at, job.attempts = JobState.QUEUED, now(), 0
    note(session, Action.CHANGE, JOBS.name, job.id, details={"state": job.state})
    await session.flush()
    return job
