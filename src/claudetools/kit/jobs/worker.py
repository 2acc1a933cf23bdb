"""The worker: takes one job after the other from the queue, as long as its process runs."""

import asyncio
import os
import platform
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.session import Database
from claudetools.kit.jobs.lease import LEASE, Lease, fail, finish, give_back, renew, take
from claudetools.kit.jobs.queue import Job
from claudetools.kit.logging import log
from claudetools.kit.problems import Problem, Unavailable
from claudetools.kit.resource.redaction import redactor_of

POLL_SECONDS = 5.0
RENEW_SECONDS = LEASE.total_seconds() / 3
LONGEST_ERROR = 2000
logger = log(__name__)

Handler = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Does the work of a job, given its payload. It may be called again for a job that it did before: so it has to be safe
to repeat."""


class JobFailed(Exception):
    """It makes no sense to try the job again. The message is kept with it."""


@dataclass(frozen=True, slots=True)
class Recurring:
    """Work that comes again `every` so often after it was done."""

    kind: str
    every: timedelta


class Worker:
    """Works on the jobs of a database. `handlers` is what it can do, by kind; other kinds it leaves to others."""

    def __init__(self, database: Database, handlers: Mapping[str, Handler], recurring: Sequence[Recurring]) -> None:
        self._database = database
        self._handlers = handlers
        self._every = {each.kind: each.every for each in recurring}
        self._owner = f"{platform.node()[:100]}:{os.getpid()}:{secrets.token_hex(4)}"

    async def run(self) -> None:
        """Work until cancelled; the job that is being worked on goes back into the queue then."""
        is_prepared = False
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                if not is_prepared:
                    await self.queue_recurring()
                    is_prepared = True
                await self.run_due()
            except Unavailable:
                logger.warning("jobs wait: the database is away")

    async def queue_recurring(self) -> None:
        """Put recurring work into the queue that is not there yet, due at once."""
        for kind in self._every:

            async def unit(session: AsyncSession, kind: str = kind) -> None:
                if await session.scalar(select(Job.id).where(Job.recurring_kind == kind)) is None:
                    session.add(Job(kind=kind, recurring_kind=kind, payload={}))

            with suppress(IntegrityError):  # Another worker was faster.
                await self._database.write(unit)

    async def run_due(self) -> int:
        """Work on what is due until nothing is; return how many jobs that were.

        Raises:
            Unavailable: the database is away.
        """
        count = 0
        while (lease := await self.take()) is not None:
            await self.work_on(lease)
            count += 1
        return count

    async def take(self) -> Lease | None:
        """Take a job that is due, if there is one."""
        return await self._database.write(lambda session: take(session, self._owner, self._handlers))

    async def work_on(self, lease: Lease) -> None:
        """Do a job that was taken, and say what came of it, unless another worker has taken it meanwhile."""
        every = self._every.get(lease.kind)
        work = asyncio.ensure_future(self._handlers[lease.kind](lease.payload))
        keeping = asyncio.create_task(self._keep(lease, work))
        try:
            await asyncio.wait({work})
            if work.cancelled():
                logger.warning("job lost to another worker", kind=lease.kind, job=str(lease.job_id))
                return
            error = work.exception()
            if error is None:
                is_mine = await self._database.write(lambda session: finish(session, lease, every))
            else:
                is_mine = await self._database.write(lambda session: self._fail(session, lease, error))
            if not is_mine:
                logger.warning("job lost to another worker", kind=lease.kind, job=str(lease.job_id))
        except asyncio.CancelledError:
            work.cancel()
            await asyncio.wait({work})
            with suppress(Unavailable):
                await self._database.write(lambda session: give_back(session, lease))
            raise
        finally:
            keeping.cancel()

    async def _keep(self, lease: Lease, work: "asyncio.Future[None]") -> None:
        """Renew the lease while the work goes on; end the work when the lease is lost."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(Unavailable):
                if not await self._database.write(lambda session: renew(session, lease)):
                    work.cancel()
                    return

    async def _fail(self, session: AsyncSession, lease: Lease, error: BaseException) -> bool:
        logger.error("job failed", kind=lease.kind, job=str(lease.job_id), error=type(error).__name__)
        is_told = isinstance(error, Problem | JobFailed | OSError)
        # What other errors say may hold values of records, so only their kind is kept.
        text = f"{type(error).__name__}: {error}" if is_told else f"{type(error).__name__}; see the server's log."
        text = redactor_of(session).redact(text).text[:LONGEST_ERROR]
        every = self._every.get(lease.kind)
        return await fail(session, lease, text, every, is_final=isinstance(error, JobFailed))
