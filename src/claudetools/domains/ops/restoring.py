"""Putting a backup in place of the database: proved first, what it replaces is kept, what was deleted stays deleted."""

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite3
from sqlalchemy import text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.logins import LoginSession
from claudetools.domains.ops.backup_logs import BACKUP_LOGS, BackupType
from claudetools.domains.ops.backup_proof import prove
from claudetools.domains.ops.backups import backup_with
from claudetools.domains.ops.deletions import Deletions, Reapplied, deletions_since, reapply
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.backup.archive import Manifest
from claudetools.kit.backup.files import exclusive_folder, sync_folder
from claudetools.kit.backup.replace import replace_rows
from claudetools.kit.backup.snapshot import open_image
from claudetools.kit.clock import now
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.db.engine import writer_engine
from claudetools.kit.db.migrate import current_revision, upgrade
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Unavailable
from claudetools.kit.settings import Settings

OpenDatabase = Callable[[str], Database]
"""Opens the database at a URL with everything that its changes need, such as the audit trail."""


class RestoreRefused(Exception):
    """Nothing was changed. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Restoration:
    """What was restored, where what it replaced is, and the deletions made again (None: there were none to know of)."""

    manifest: Manifest
    replaced: Path | None
    reapplied: Reapplied | None


async def restore(
    settings: Settings,
    keyring: Keyring,
    path: Path,
    models: Mapping[str, type],
    open_database: OpenDatabase,
) -> Restoration:
    """Put the backup at `path` in place of the database of `settings`, brought to the present schema.

    `models` are the tables by the names of their resources. Every sign-in ends: what was revoked since would be valid.

    Raises:
        RestoreRefused: the backup is not good, or the database is in use.
        BackupFailed: what is there now could not be backed up first (MariaDB).
    """
    is_sqlite = make_url(settings.database_url).get_backend_name() == "sqlite"
    with exclusive_folder(settings.backup_folder) as scratch:
        image = scratch / "restored.db"
        proof = await prove(path, settings, keyring, image)
        if proof.manifest is None or proof.faults:
            raise RestoreRefused(f"{path} is not restored. {' '.join(proof.faults)}")
        manifest = proof.manifest
        await (_require_unused_file if is_sqlite else _require_unused_server)(settings.database_url)
        deletions = await _known_deletions(settings.database_url, manifest, open_database)
        database = open_database(f"sqlite+aiosqlite:///{image}")
        try:
            reapplied = None if deletions is None else await reapply(database, deletions, models)
            await database.write(lambda session: _begin_anew(session, manifest))
        finally:
            await database.close()
        open_image(image).close()
        if is_sqlite:
            replaced = _replace_file(image, Path(str(make_url(settings.database_url).database)))
        else:
            replaced = await _replace_rows(image, scratch, settings, keyring)
    return Restoration(manifest, replaced, reapplied)


async def _require_unused_file(url: str) -> None:
    """Leave the SQLite file without a write-ahead log, which only works when nobody else has it open."""
    file = Path(str(make_url(url).database))
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return
    connection = sqlite3.connect(str(file), timeout=0, isolation_level=None)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError:
        mode = "wal"
    except sqlite3.DatabaseError:
        mode = "delete"  # It is damaged, which is why somebody restores.
    finally:
        connection.close()
    if mode == "wal":
        raise RestoreRefused(f"A program has {file} open. Stop the server (Ctrl-C in its terminal), then restore.")


async def _require_unused_server(url: str) -> None:
    engine = writer_engine(url)
    others = text(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() "
        "AND user = SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"
    )
    try:
        async with engine.connect() as connection:
            count = await connection.scalar(others)
    finally:
        await engine.dispose()
    if count:
        raise RestoreRefused(f"{count} connections use the database. Stop every server on it, then restore.")


async def _known_deletions(url: str, manifest: Manifest, open_database: OpenDatabase) -> Deletions | None:
    """Return what was deleted since the backup in the database that it replaces; None if there is none to read."""
    file = make_url(url).database
    if make_url(url).get_backend_name() == "sqlite" and not Path(str(file)).exists():
        return None
    try:
        if await current_revision(url) is None:
            return None
        database = open_database(url)
        try:
            return await deletions_since(database, manifest.taken_at)
        finally:
            await database.close()
    except (DBAPIError, Unavailable):
        return None


async def _begin_anew(session: AsyncSession, manifest: Manifest) -> None:
    ended = update(LoginSession).where(LoginSession.revoked_at.is_(None))
    await session.execute(ended.values(revoked_at=now(), revoked_reason="restored from a backup"))
    note(session, Action.RESTORE, BACKUP_LOGS.name, None, details={"taken_at": manifest.taken_at.isoformat()})


def _replace_file(image: Path, file: Path) -> Path | None:
    """Put `image` in place of `file` at once; return where that is now. Killed at any moment, one of them is there."""
    draft = file.with_name(f"{file.name}.restoring")
    draft.unlink(missing_ok=True)
    with image.open("rb") as source, os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to:
        shutil.copyfileobj(source, to)
        to.flush()
        os.fsync(to.fileno())
    kept: Path | None = None
    if file.exists():
        kept = file.with_name(f"{file.name}.replaced-{now():%Y%m%dT%H%M%SZ}")
        kept.hardlink_to(file)
    # A log that is left belongs to a damaged file; beside the new one it would be taken for that one's.
    for ending in ("-wal", "-shm"):
        left = file.with_name(file.name + ending)
        if kept is not None and left.exists():
            kept.with_name(kept.name + ending).hardlink_to(left)
        left.unlink(missing_ok=True)
    draft.replace(file)
    sync_folder(file.parent)
    return kept


async def _replace_rows(image: Path, scratch: Path, settings: Settings, keyring: Keyring) -> Path | None:
    """Put the rows of `image` in place of those in MariaDB; return the backup that was made of those before."""
    before: Path | None = None
    if await current_revision(settings.database_url) is not None:
        folder = settings.backup_folder
        before = (await backup_with(scratch, settings, keyring, BackupType.MANUAL, folder, lambda _, __: None)).path
    await upgrade(settings.database_url)
    await replace_rows(settings.database_url, image)
    return before
