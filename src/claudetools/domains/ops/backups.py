"""Making backups: a copy of the database is sealed, proved, put into its folder and logged; old ones go."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from pysqlite3 import dbapi2 as sqlite3
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools import __version__
from claudetools.domains.ops.backup_keys import DESTROYED, STATE, TABLE, WRAPPED, keep_data_keys
from claudetools.domains.ops.backup_logs import BACKUP_LOGS, BackupLog, BackupMethod, BackupType, BackupVerification
from claudetools.domains.ops.backup_proof import prove
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.backup.archive import Manifest, write_archive
from claudetools.kit.backup.files import exclusive_folder, sync_folder
from claudetools.kit.backup.snapshot import LeftOut, Progress, SnapshotFailed, open_image, tables_of, take_snapshot
from claudetools.kit.clock import now
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.db.session import Database
from claudetools.kit.ids import new_id
from claudetools.kit.settings import Settings

SUFFIX = ".ctb"
FAILED_SUFFIX = ".ctb.failed"
LEFT_OUT = LeftOut(tables=frozenset({"idempotency_keys"}), columns={TABLE: frozenset({WRAPPED})})
"""Replies to requests may be asked for again for a day only; data keys are kept apart."""
AUDIT_HEADS = "audit_lanes"
_CHUNK_BYTES = 1024 * 1024


class BackupFailed(Exception):
    """There is no backup. The message says why."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made. With `faults` it did not pass its proof, and its file is named so."""

    path: Path
    type: BackupType
    started_at: datetime
    completed_at: datetime
    size_bytes: int
    sha256: str
    manifest: Manifest
    faults: tuple[str, ...]


async def make_backup(
    settings: Settings, keyring: Keyring, kind: BackupType, folder: Path, progress: Progress = lambda _, __: None
) -> Backup:
    """Back the database up into `folder`, and prove it before it gets its name.

    Raises:
        BackupFailed: nothing was made.
        BackupFolderBusy: another process makes a backup.
    """
    try:
        with exclusive_folder(settings.backup_folder) as scratch:
            return await backup_with(scratch, settings, keyring, kind, folder, progress)
    except OSError as error:
        raise BackupFailed(f"{folder} cannot be written to: {error.strerror or error}.") from None


async def backup_with(
    scratch: Path, settings: Settings, keyring: Keyring, kind: BackupType, folder: Path, progress: Progress
) -> Backup:
    """Do what `make_backup` does, with an empty folder that the caller holds.

    Raises:
        BackupFailed: nothing was made.
        OSError: a folder cannot be written to.
    """
    started_at = now()
    image, draft = scratch / "copy.db", scratch / "backup"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        snapshot = await take_snapshot(settings.database_url, image, LEFT_OUT, progress)
        manifest = Manifest(
            type=kind,
            taken_at=started_at,
            database=make_url(settings.database_url).get_backend_name(),
            revision=snapshot.revision,
            program_version=__version__,
            rows=snapshot.rows,
            data_keys=_needed_keys(image),
            audit_heads=_audit_heads(image),
        )
        write_archive(draft, keyring, manifest, image)
        image.unlink()
        await keep_data_keys(settings, keyring)
        proof = await prove(draft, settings, keyring, scratch / "proof.db")
    except SnapshotFailed as error:
        raise BackupFailed(str(error)) from None
    except (DBAPIError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise BackupFailed(f"The database cannot be read: {reason}.") from None
    name = f"claudetools-{started_at:%Y%m%dT%H%M%SZ}-{kind}-{new_id().hex[-6:]}"
    path = folder / (name + (FAILED_SUFFIX if proof.faults else SUFFIX))
    size, digest = draft.stat().st_size, _sha256(draft)
    draft.replace(path)
    sync_folder(folder)
    return Backup(path, kind, started_at, now(), size, digest, manifest, proof.faults)


async def log_backup(
    database: Database, backup: Backup, *, user_id: UUID | None = None, schedule_id: UUID | None = None
) -> UUID:
    """Store what came of a backup; return the id of the row."""
    row = BackupLog(
        id=new_id(),
        user_id=user_id,
        schedule_id=schedule_id,
        type=backup.type,
        method=BackupMethod.ONLINE,
        path=str(backup.path)[:500],
        size_bytes=backup.size_bytes,
        sha256=backup.sha256,
        started_at=backup.started_at,
        completed_at=backup.completed_at,
        verification=BackupVerification.FAILED if backup.faults else BackupVerification.PASSED,
        verified_at=backup.completed_at,
        detail="\n".join(backup.faults) or None,
    )
    await _store(database, row)
    return row.id


async def log_failure(
    database: Database,
    reason: str,
    *,
    kind: BackupType,
    folder: Path,
    started_at: datetime,
    user_id: UUID | None = None,
    schedule_id: UUID | None = None,
) -> None:
    """Store that there was to be a backup and is none."""
    await _store(
        database,
        BackupLog(
            id=new_id(),
            user_id=user_id,
            schedule_id=schedule_id,
            type=kind,
            method=BackupMethod.ONLINE,
            path=str(folder)[:500],
            started_at=started_at,
            verification=BackupVerification.FAILED,
            detail=reason,
        ),
    )


async def _store(database: Database, row: BackupLog) -> None:
    async def unit(session: AsyncSession) -> None:
        session.add(row)
        details = {"type": row.type, "verification": row.verification}
        note(session, Action.BACKUP, BACKUP_LOGS.name, row.id, details=details)

    await database.write(unit)


def _needed_keys(image: Path) -> list[str]:
    """Return the ids of the data keys that a copy cannot be read without."""
    connection = open_image(image)
    try:
        if TABLE not in tables_of(connection):
            return []
        found = connection.execute(f"SELECT id FROM {TABLE} WHERE {STATE} <> ? ORDER BY id", (DESTROYED,))  # noqa: S608 - constants
        return [id for (id,) in found]
    finally:
        connection.close()


def _audit_heads(image: Path) -> list[dict[str, object]]:
    """Return where each lane of the audit log ends in a copy."""
    connection = open_image(image)
    try:
        if AUDIT_HEADS not in tables_of(connection):
            return []
        found = connection.execute(f"SELECT * FROM {AUDIT_HEADS}")  # noqa: S608 - a constant
        names = [column[0] for column in found.description]
        return [{n: v.hex() if isinstance(v, bytes) else v for n, v in zip(names, row, strict=True)} for row in found]
    finally:
        connection.close()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
