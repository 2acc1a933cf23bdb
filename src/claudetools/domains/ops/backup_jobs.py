"""Backups in the background: those that schedules say, those that somebody asked for, and which old ones go."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.ops.backup_folder import destination_folder
from claudetools.domains.ops.backup_logs import BackupLog, BackupType
from claudetools.domains.ops.backup_schedules import BackupSchedule, next_run
from claudetools.domains.ops.backups import (
    FAILED_SUFFIX,
    SUFFIX,
    Backup,
    BackupFailed,
    log_backup,
    log_failure,
    make_backup,
)
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.clock import now
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.db.session import Database
from claudetools.kit.jobs.queue import Job, enqueue
from claudetools.kit.jobs.worker import JobFailed, Recurring
from claudetools.kit.problems import Invalid
from claudetools.kit.resource.scope import Actor
from claudetools.kit.settings import Settings

MAKE = "make_backup"
QUEUE_DUE = "queue_due_backups"
RECURRING = Recurring(QUEUE_DUE, timedelta(minutes=1))
FAILED_KEPT = 1
"""How many backups of a kind are kept that did not pass their proof."""


async def queue_backup(session: AsyncSession, actor: Actor) -> Job:
    """Queue a backup to the backup folder for whoever asks for it."""
    job = await enqueue(session, MAKE, {"type": BackupType.MANUAL, "destination": ".", "user_id": str(actor.user_id)})
    note(session, Action.BACKUP, "jobs", job.id)
    return job


class BackupJobs:
    """The handlers of jobs that make backups."""

    def __init__(self, settings: Settings, keyring: Keyring, database: Database) -> None:
        self._settings = settings
        self._keyring = keyring
        self._database = database

    async def queue_due(self, _: Mapping[str, Any]) -> None:
        """Queue a backup for each schedule that is due, and set when it is next. Each run of it is queued once."""

        async def unit(session: AsyncSession) -> None:
            due = select(BackupSchedule).where(BackupSchedule.is_enabled, BackupSchedule.next_run_at <= now())
            for schedule in await session.scalars(due.with_for_update(skip_locked=True)):
                payload = {
                    "type": schedule.type,
                    "destination": schedule.destination,
                    "user_id": str(schedule.user_id),
                    "schedule_id": str(schedule.id),
                    "keep": schedule.retention_count,
                }
                await enqueue(session, MAKE, payload)
                # By statement: that it ran is no change that somebody made.
                ran = {"last_run_at": now(), "next_run_at": next_run(schedule.cron, is_enabled=True)}
                await session.execute(update(BackupSchedule).where(BackupSchedule.id == schedule.id).values(ran))

        await self._database.write(unit)

    async def make(self, payload: Mapping[str, Any]) -> None:
        """Make a backup, log it, and delete those that a schedule does not keep.

        Raises:
            JobFailed: it did not pass its proof, or its destination is not allowed.
            BackupFailed: nothing was made; it may be tried again.
        """
        kind = BackupType(payload["type"])
        whose = {name: UUID(payload[name]) for name in ("user_id", "schedule_id") if payload.get(name)}
        started_at = now()
        try:
            folder = destination_folder(self._settings.backup_folder, payload["destination"])
            backup = await self._made(kind, folder)
        except (BackupFailed, Invalid) as error:
            await log_failure(
                self._database,
                str(error),
                kind=kind,
                folder=self._settings.backup_folder / payload["destination"],
                started_at=started_at,
                **whose,
            )
            raise JobFailed(str(error)) if isinstance(error, Invalid) else error from None
        await log_backup(self._database, backup, **whose)
        if backup.faults:
            raise JobFailed(" ".join(backup.faults))
        if payload.get("keep"):
            await self.delete_old(folder, kind, int(payload["keep"]))

    async def delete_old(self, folder: Path, kind: BackupType, keep: int) -> None:
        """Delete the files of a kind in `folder` but for the newest `keep`, and say so in the log."""
        for path in await asyncio.to_thread(_delete_old, folder, kind, keep):
            await self._database.write(partial(_say_deleted, path=path))

    async def _made(self, kind: BackupType, folder: Path) -> Backup:
        """Make a backup in a thread of its own, so that requests are answered meanwhile."""
        is_stopped = threading.Event()

        def go_on(_: int, __: int) -> None:
            if is_stopped.is_set():
                raise BackupFailed("The server was stopped meanwhile.")

        def work() -> Backup:
            return asyncio.run(make_backup(self._settings, self._keyring, kind, folder, go_on))

        try:
            return await asyncio.to_thread(work)
        finally:
            is_stopped.set()


def _delete_old(folder: Path, kind: BackupType, keep: int) -> list[str]:
    deleted = []
    for ending, kept in ((SUFFIX, keep), (FAILED_SUFFIX, FAILED_KEPT)):
        # Their names begin with the time at which they were made.
        for file in sorted(folder.glob(f"claudetools-*-{kind}-*{ending}"), reverse=True)[kept:]:
            file.unlink(missing_ok=True)
            deleted.append(str(file))
    return deleted


async def _say_deleted(session: AsyncSession, path: str) -> None:
    row = await session.scalar(select(BackupLog).where(BackupLog.path == path[:500]))
    if row is not None:
        said = f"The file was deleted {now():%Y-%m-%d %H:%M} UTC: there are newer ones."
        row.detail = f"{row.detail}\n{said}" if row.detail else said
