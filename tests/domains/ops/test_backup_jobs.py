"""Backups in the background: when a schedule says so or somebody asks, logged; as many are kept as it says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from claudetools.domains.ops import backups
from claudetools.kit.clock import isoformat
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

START = datetime(2027, 3, 1, 0, 0, 30, tzinfo=UTC)
DAILY = {"name": "Nightly", "cron": "0 2 * * *", "type": "daily", "retention_count": 2, "destination": "nightly"}


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as travelling:
        yield travelling


@pytest.fixture
def folder(api: Application) -> Iterator[Path]:
    found = api.services.settings.backup_folder
    yield found
    for file in found.rglob("claudetools-*"):
        file.unlink()


async def logs(owner: Caller) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await owner.get("/backup-logs", params={"sort": "created_at"})).json()["items"]
    return found


async def test_a_schedule_that_is_due_makes_a_backup_once(
    api: Application, folder: Path, clock: time_machine.Traveller
) -> None:
    owner = await api.people.add()
    made = (await owner.post("/backup-schedules", DAILY)).json()
    worker = api.services.worker
    await worker.queue_recurring()
    await worker.run_due()
    assert await logs(owner) == []
    clock.move_to(datetime(2027, 3, 1, 2, 0, 5, tzinfo=UTC))
    await worker.run_due()
    await worker.run_due()
    owner = await api.people.sign_in(owner)
    [row] = await logs(owner)
    assert (row["type"], row["method"], row["verification"], row["schedule_id"], row["user_id"], row["detail"]) == (
        "daily", "online", "passed", made["id"], str(owner.id), None,
    )  # fmt: skip
    [file] = (folder / "nightly").iterdir()
    assert (row["path"], row["size_bytes"]) == (str(file), file.stat().st_size)
    schedule = (await owner.get(f"/backup-schedules/{made['id']}")).json()
    assert (schedule["last_run_at"], schedule["next_run_at"]) == ("2027-03-01T02:00:05Z", "2027-03-02T02:00:00Z")
    history = (await owner.get(f"/backup-schedules/{made['id']}/history")).json()["items"]
    assert [event["action"] for event in history] == ["create"]


async def test_as_many_are_kept_as_the_schedule_says(
    api: Application, folder: Path, clock: time_machine.Traveller
) -> None:
    owner = await api.people.add()
    await owner.post("/backup-schedules", DAILY | {"retention_count": 1})
    other = folder / "nightly" / "claudetools-20200101T000000Z-weekly-123456.ctb"
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_text("of another type")
    worker = api.services.worker
    for day in range(1, 4):
        clock.move_to(datetime(2027, 3, day, 2, 0, 5, tzinfo=UTC))
        await worker.queue_recurring()
        await worker.run_due()
    rows = await logs(await api.people.sign_in(owner))
    assert len(rows) == 3
    left = [path.name for path in folder.rglob("claudetools-*-daily-*")]  # noqa: ASYNC240 - a few files
    assert left == [Path(rows[2]["path"]).name]
    assert ["was deleted" in (row["detail"] or "") for row in rows] == [True, True, False]
    assert other.exists()


async def test_an_administrator_can_ask_for_one(api: Application, folder: Path) -> None:
    owner, technician = await api.people.add(), await api.people.add("technician")
    assert (await technician.post("/backups")).status_code == 403
    reply = await owner.post("/backups")
    assert (reply.status_code, reply.json()["state"]) == (202, "queued")
    await api.services.worker.run_due()
    job = (await owner.get(f"/jobs/{reply.json()['id']}")).json()
    assert (job["state"], job["last_error"]) == ("done", None)
    [row] = await logs(owner)
    assert (row["type"], row["verification"], row["user_id"]) == ("manual", "passed", str(owner.id))
    assert Path(row["path"]).parent == folder


async def test_one_that_is_not_good_is_logged_so_and_not_tried_again(api: Application, folder: Path) -> None:
    owner = await api.people.add()
    await api.services.database.write(api.services.database.services["envelope"].keys.prove)  # type: ignore[attr-defined]

    async def alter(session: Any) -> None:
        from sqlalchemy import text

        await session.execute(text("UPDATE data_keys SET state = 'decrypt_only'"))

    await api.services.database.write(alter)
    id = (await owner.post("/backups")).json()["id"]
    await api.services.worker.run_due()
    [row] = await logs(owner)
    assert row["verification"] == "failed"
    assert "does not unwrap" in row["detail"]
    assert row["path"].endswith(".ctb.failed")
    assert (await owner.get(f"/jobs/{id}")).json()["state"] == "failed"


async def test_one_that_cannot_be_made_is_logged_and_tried_again(
    api: Application, folder: Path, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await api.people.add()

    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(backups, "take_snapshot", full)
        id = (await owner.post("/backups")).json()["id"]
        await api.services.worker.run_due()
    [row] = await logs(owner)
    assert (row["verification"], row["completed_at"]) == ("failed", None)
    assert "No space left" in row["detail"]
    job = (await owner.get(f"/jobs/{id}")).json()
    assert (job["state"], job["attempts"]) == ("queued", 1)
    assert job["run_at"] > isoformat(START)
    clock.shift(timedelta(hours=1))
    await api.services.worker.run_due()
    owner = await api.people.sign_in(owner)
    assert [row["verification"] for row in await logs(owner)] == ["failed", "passed"]
