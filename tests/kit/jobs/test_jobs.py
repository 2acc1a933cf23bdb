"""Jobs: each is done, by one worker at a time, however workers end; what fails is tried again, and told."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.clock import isoformat
from claudetools.kit.jobs import worker as workers
from claudetools.kit.jobs.lease import ABANDONED, FIRST_PAUSE, LEASE, LONGEST_PAUSE
from claudetools.kit.jobs.queue import KEPT_FOR, Job, JobState, enqueue
from claudetools.kit.jobs.worker import Handler, JobFailed, Recurring, Worker
from claudetools.kit.problems import Conflict
from claudetools.services import RECURRING
from tests.contract.problems import problem
from tests.fixtures.application import Application

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOURLY = Recurring("hourly", timedelta(hours=1))


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as travelling:
        yield travelling


async def queued(api: Application, kind: str = "work", **payload: Any) -> UUID:
    async def unit(session: AsyncSession) -> UUID:
        return (await enqueue(session, kind, payload)).id

    return await api.services.database.write(unit)


async def job(api: Application, id: UUID) -> Job:
    async def unit(session: AsyncSession) -> Job:
        return (await session.scalars(select(Job).where(Job.id == id))).one()

    return await api.services.database.read(unit)


def worker(api: Application, handler: Handler, *recurring: Recurring) -> Worker:
    handlers = {"work": handler} | {each.kind: handler for each in recurring}
    return Worker(api.services.database, handlers, recurring)


class Notes:
    """A handler that notes what it was given, after failing as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.done: list[Mapping[str, Any]] = []
        self.errors = list(errors)

    async def __call__(self, payload: Mapping[str, Any]) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done.append(payload)


async def test_each_job_is_done_once_in_the_order_of_its_time(api: Application, clock: time_machine.Traveller) -> None:
    notes = Notes()
    ids = []
    for number in range(3):
        ids.append(await queued(api, number=number))
        clock.shift(1)
    await queued(api, "for others")
    assert await worker(api, notes).run_due() == 3
    assert [each["number"] for each in notes.done] == [0, 1, 2]
    assert await worker(api, notes).run_due() == 0
    for id in ids:
        row = await job(api, id)
        assert (row.state, row.attempts, row.last_error, row.lease_owner) == (JobState.DONE, 1, None, None)
        assert row.started_at == row.finished_at == NOON + timedelta(seconds=3)


async def test_many_workers_at_once_do_each_job_once(api: Application) -> None:
    notes = Notes()
    for number in range(40):
        await queued(api, number=number)

    async def work() -> int:
        one = worker(api, notes)
        count = 0
        # On MariaDB one may find everything locked by the others for a moment.
        while len(notes.done) < 40:
            count += await one.run_due()
            await asyncio.sleep(0)
        return count

    counts = await asyncio.gather(*(work() for _ in range(8)))
    assert sum(counts) == 40
    assert sorted(each["number"] for each in notes.done) == list(range(40))


async def test_a_job_in_work_is_nobody_else_s_until_its_lease_ends(
    api: Application, clock: time_machine.Traveller
) -> None:
    id = await queued(api)
    first, second = worker(api, Notes()), worker(api, Notes())
    lease = await first.take()
    assert lease is not None
    clock.shift(LEASE - timedelta(microseconds=1))
    assert await second.take() is None
    clock.shift(timedelta(microseconds=1))
    taken = await second.take()
    assert taken is not None
    assert (taken.job_id, taken.attempt) == (id, 2)


async def test_a_lease_that_is_renewed_goes_on(
    api: Application, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "RENEW_SECONDS", 0)
    id = await queued(api)

    async def long(_: Mapping[str, Any]) -> None:
        first = (await job(api, id)).lease_expires_at
        assert first == NOON + LEASE
        clock.shift(LEASE - timedelta(seconds=1))
        while (await job(api, id)).lease_expires_at == first:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        clock.shift(timedelta(seconds=30))
        assert await worker(api, Notes()).take() is None

    await worker(api, long).run_due()
    assert (await job(api, id)).state is JobState.DONE


async def test_who_has_lost_a_lease_cannot_say_that_the_job_is_done(
    api: Application, clock: time_machine.Traveller
) -> None:
    id = await queued(api)
    second = worker(api, Notes())

    async def slow(_: Mapping[str, Any]) -> None:
        clock.shift(LEASE)
        assert await second.take() is not None

    await worker(api, slow).run_due()
    row = await job(api, id)
    assert (row.state, row.attempts, row.finished_at) == (JobState.RUNNING, 2, None)


async def test_work_ends_when_its_lease_is_lost(
    api: Application, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "RENEW_SECONDS", 0)
    await queued(api)
    second, ended = worker(api, Notes()), []

    async def endless(_: Mapping[str, Any]) -> None:
        clock.shift(LEASE)
        # The renewal may have come first.
        while await second.take() is None:
            clock.shift(LEASE)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    await worker(api, endless).run_due()
    assert ended == [True]


async def test_what_fails_is_tried_again_later_and_later_then_no_more(
    api: Application, clock: time_machine.Traveller
) -> None:
    id = await queued(api)
    one = worker(api, Notes(*[Conflict("The door is shut.")] * 9))
    pauses = []
    for attempt in range(1, 6):
        assert await one.run_due() == 1
        row = await job(api, id)
        assert (row.attempts, row.last_error) == (attempt, "Conflict: The door is shut.")
        if attempt < 5:
            assert row.state is JobState.QUEUED
            pauses.append(row.run_at - clock_now())
            assert await one.run_due() == 0
            clock.move_to(row.run_at)
    assert (await job(api, id)).state is JobState.FAILED
    clock.shift(timedelta(days=1))
    assert await one.run_due() == 0
    for number, pause in enumerate(pauses):
        middle = min(FIRST_PAUSE * 2**number, LONGEST_PAUSE)
        assert middle / 2 <= pause <= middle * 1.5


def clock_now() -> datetime:
    return datetime.now(UTC)


async def test_what_cannot_get_better_is_not_tried_again(api: Application) -> None:
    id = await queued(api)
    assert await worker(api, Notes(JobFailed("There is no such place."))).run_due() == 1
    row = await job(api, id)
    assert (row.state, row.attempts, row.last_error) == (JobState.FAILED, 1, "JobFailed: There is no such place.")


async def test_a_job_that_ends_its_processes_is_given_up(api: Application, clock: time_machine.Traveller) -> None:
    id = await queued(api)
    for attempt in range(1, 6):
        lease = await worker(api, Notes()).take()
        assert lease is not None
        assert lease.attempt == attempt
        clock.shift(LEASE)
    assert await worker(api, Notes()).take() is None
    row = await job(api, id)
    assert (row.state, row.last_error, row.lease_owner) == (JobState.FAILED, ABANDONED, None)


async def test_an_error_is_kept_without_the_secrets_in_it(api: Application) -> None:
    first = await queued(api)
    await worker(api, Notes(OSError("cannot log in with password=Sommer2026!Xy at host"))).run_due()
    second = await queued(api)
    await worker(api, Notes(ValueError("row of Contoso: Sommer2026!Xy"))).run_due()
    assert "Sommer2026" not in ((await job(api, first)).last_error or "Sommer2026")
    assert (await job(api, second)).last_error == "ValueError; see the server's log."


async def test_recurring_work_comes_again_and_shows_when(api: Application, clock: time_machine.Traveller) -> None:
    notes = Notes()
    one, other = worker(api, notes, HOURLY), worker(api, notes, HOURLY)
    await one.queue_recurring()
    await other.queue_recurring()
    assert await one.run_due() + await other.run_due() == 1
    owner = await api.people.add()
    [row] = (await owner.get("/jobs", params={"recurring_kind": "hourly"})).json()["items"]
    assert (row["state"], row["finished_at"], row["run_at"]) == (
        "queued",
        isoformat(NOON),
        isoformat(NOON + timedelta(hours=1)),
    )
    clock.shift(timedelta(minutes=59))
    assert await other.run_due() == 0
    clock.shift(timedelta(minutes=1))
    assert await other.run_due() == 1
    assert len(notes.done) == 2


async def test_recurring_work_that_fails_comes_again_too(api: Application, clock: time_machine.Traveller) -> None:
    notes = Notes(*[Conflict("Not now.")] * 5)
    one = worker(api, notes, HOURLY)
    await one.queue_recurring()
    for _ in range(5):
        clock.shift(LONGEST_PAUSE)
        assert await one.run_due() == 1
    owner = await api.people.add()
    [row] = (await owner.get("/jobs", params={"kind": "hourly"})).json()["items"]
    assert (row["state"], row["last_error"]) == ("queued", "Conflict: Not now.")
    clock.shift(HOURLY.every)
    assert await one.run_due() == 1
    [row] = (await owner.get("/jobs", params={"kind": "hourly"})).json()["items"]
    assert (row["last_error"], len(notes.done)) == (None, 1)


async def test_a_worker_that_is_stopped_gives_its_job_back(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "POLL_SECONDS", 0)
    id, begun = await queued(api), asyncio.Event()

    async def endless(_: Mapping[str, Any]) -> None:
        begun.set()
        await asyncio.Event().wait()

    running = asyncio.create_task(worker(api, endless).run())
    await begun.wait()
    running.cancel()
    await asyncio.wait({running})
    row = await job(api, id)
    assert (row.state, row.attempts, row.lease_owner) == (JobState.QUEUED, 0, None)
    assert await worker(api, Notes()).run_due() == 1


async def test_a_failed_job_can_be_tried_again_by_administrators(api: Application) -> None:
    owner, technician = await api.people.add(), await api.people.add("technician")
    id = await queued(api)
    path = f"/jobs/{id}"
    await worker(api, Notes(JobFailed("no"))).run_due()
    problem(await technician.get("/jobs"), 403)
    problem(await technician.get(path), 403)
    problem(await technician.post(f"{path}/retry"), 403)
    assert (await owner.get(path)).json()["last_error"] == "JobFailed: no"
    reply = await owner.post(f"{path}/retry")
    assert (reply.status_code, reply.json()["state"], reply.json()["attempts"]) == (200, "queued", 0)
    assert await worker(api, Notes()).run_due() == 1
    problem(await owner.post(f"{path}/retry"), 409)
    problem(await owner.post(f"/jobs/{UUID(int=7)}/retry"), 404)
    problem(await owner.post("/jobs", {"kind": "mine"}), 405)


async def test_jobs_done_long_ago_are_forgotten(api: Application, clock: time_machine.Traveller) -> None:
    kept = await queued(api)
    await worker(api, Notes(JobFailed("no"))).run_due()
    gone = await queued(api)
    await worker(api, Notes()).run_due()
    clock.shift(KEPT_FOR + timedelta(seconds=1))
    await api.services.worker.queue_recurring()
    assert await api.services.worker.run_due() == len(RECURRING)
    owner = await api.people.add()
    found = {row["id"] for row in (await owner.get("/jobs")).json()["items"]}
    assert str(kept) in found
    assert str(gone) not in found
