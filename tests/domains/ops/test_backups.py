"""Backups of the service: schedules know when they come due, and the log, for administrators, how long one took."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.ops import BackupLog, BackupMethod, BackupSchedule, BackupType
from claudetools.kit.clock import now
from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

SCHEDULE = {"name": "Nightly", "cron": "15 2 * * *", "destination": "nightly"}
STARTED = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)


async def schedule(caller: Caller, **more: Any) -> dict[str, Any]:
    reply = await caller.post("/backup-schedules", SCHEDULE | more)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


@pytest.mark.parametrize("cron", ["* * * *", "60 * * * *", "0 0 30 2 *", "@daily", "", "x" * 200])
async def test_what_is_no_schedule_is_refused(api: Application, cron: str) -> None:
    owner = await api.people.add()
    problem(await owner.post("/backup-schedules", SCHEDULE | {"cron": cron}), 422, "/cron")
    made = await schedule(owner, cron="  0   2 * * 7 ")
    assert made["cron"] == "0 2 * * 7"
    problem(await owner.patch(f"/backup-schedules/{made['id']}", {"cron": cron}), 422, "/cron")


async def test_a_schedule_knows_when_it_comes_due(api: Application) -> None:
    owner = await api.people.add()
    made = await schedule(owner)
    due = datetime.fromisoformat(made["next_run_at"])
    assert now() < due <= now() + timedelta(days=1)
    assert (due.hour, due.minute, due.second, made["last_run_at"]) == (2, 15, 0, None)
    path = f"/backup-schedules/{made['id']}"
    assert (await owner.patch(path, {"is_enabled": False})).json()["next_run_at"] is None
    assert (await owner.patch(path, {"cron": "30 3 * * *"})).json()["next_run_at"] is None
    again = (await owner.patch(path, {"is_enabled": True})).json()
    assert again["next_run_at"].endswith("T03:30:00Z")
    replaced = (await owner.put(path, SCHEDULE)).json()
    assert replaced["next_run_at"].endswith("T02:15:00Z")
    problem(await owner.patch(path, {"next_run_at": made["next_run_at"]}), 422, "/next_run_at")
    assert (await schedule(owner, name="Off", is_enabled=False))["next_run_at"] is None


async def test_a_run_that_is_due_stays_due(api: Application) -> None:
    owner = await api.people.add()
    made = await schedule(owner)

    async def miss(session: AsyncSession) -> None:
        row = (await session.scalars(select(BackupSchedule).where(BackupSchedule.id == UUID(made["id"])))).one()
        row.next_run_at = STARTED

    await api.services.database.write(miss)
    path = f"/backup-schedules/{made['id']}"
    assert (await owner.patch(path, {"retention_count": 3, "is_enabled": True})).json()["next_run_at"] == (
        "2026-03-01T02:15:00Z"
    )
    assert (await owner.patch(path, {"cron": "0 5 * * *"})).json()["next_run_at"] > made["created_at"]


@pytest.mark.parametrize(
    "destination",
    ["/srv/backups", "../elsewhere", "a/../../b", "s3://key:secret@bucket/x", "sftp://ann@host/x", "", " "],
)
async def test_a_destination_is_the_backup_folder_or_below_it(api: Application, destination: str) -> None:
    owner = await api.people.add()
    problem(await owner.post("/backup-schedules", SCHEDULE | {"destination": destination}), 422, "/destination")
    made = await schedule(owner, destination=str(api.services.settings.backup_folder / "nightly"))
    problem(await owner.patch(f"/backup-schedules/{made['id']}", {"destination": destination}), 422, "/destination")
    assert (await owner.patch(f"/backup-schedules/{made['id']}", {"destination": "a/../b"})).status_code == 200


async def test_a_link_does_not_lead_a_destination_out(api: Application, tmp_path: Path) -> None:
    owner = await api.people.add()
    folder = api.services.settings.backup_folder
    folder.mkdir(exist_ok=True)
    (folder / "out").symlink_to(tmp_path)
    try:
        problem(await owner.post("/backup-schedules", SCHEDULE | {"destination": "out/x"}), 422, "/destination")
    finally:
        (folder / "out").unlink()


async def test_schedules_are_for_administrators(api: Application) -> None:
    owner, admin, technician = [await api.people.add(role) for role in ("owner", "admin", "technician")]
    made = await schedule(owner)
    path = f"/backup-schedules/{made['id']}"
    problem(await technician.get(path), 404)
    assert (await technician.get("/backup-schedules")).json()["items"] == []
    problem(await technician.post("/backup-schedules", SCHEDULE | {"name": "Mine"}), 403)
    assert (await admin.patch(path, {"retention_count": 3})).status_code == 200
    for count in (0, 1001):
        problem(await owner.patch(path, {"retention_count": count}), 422, "/retention_count")


async def test_the_log_tells_how_long_a_backup_took(api: Application) -> None:
    owner, technician = await api.people.add(), await api.people.add("technician")
    made = await schedule(owner)
    # To the microsecond, and over the turn of a second, a day and a year.
    spans = [
        (STARTED, timedelta(milliseconds=123_456)),
        (STARTED, timedelta(0)),
        (STARTED.replace(microsecond=999_600), timedelta(microseconds=800)),
        (STARTED.replace(microsecond=400), timedelta(microseconds=999)),
        (STARTED.replace(microsecond=999_999), timedelta(microseconds=1001)),
        (datetime(2026, 12, 31, 23, 59, 59, 999_700, UTC), timedelta(days=40, microseconds=1500)),
    ]

    async def unit(session: AsyncSession) -> None:
        for started_at, took in [*spans, (STARTED, None)]:
            session.add(
                BackupLog(
                    schedule_id=UUID(made["id"]),
                    type=BackupType.DAILY,
                    method=BackupMethod.ONLINE,
                    path="/srv/backups/1",
                    started_at=started_at,
                    completed_at=None if took is None else started_at + took,
                )
            )

    await api.services.database.write(unit)
    expected = [*(took // timedelta(milliseconds=1) for _, took in spans), None]
    listed = (await owner.get("/backup-logs", params={"sort": "created_at"})).json()["items"]
    assert [row["duration_ms"] for row in listed] == expected
    for row in listed:
        assert (await owner.get(f"/backup-logs/{row['id']}")).json() == row
        problem(await technician.get(f"/backup-logs/{row['id']}"), 404)
    longest = (await owner.get("/backup-logs", params={"duration_ms__gt": "123456"})).json()["items"]
    assert [row["duration_ms"] for row in longest] == [40 * 86_400_000 + 1]
    assert (await technician.get("/backup-logs")).json()["items"] == []
    # What is logged outlives the schedule.
    assert (await owner.delete(f"/backup-schedules/{made['id']}")).status_code == 204
    assert {row["schedule_id"] for row in (await owner.get("/backup-logs")).json()["items"]} == {None}
