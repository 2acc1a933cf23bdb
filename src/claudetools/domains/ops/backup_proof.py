"""Proving a backup: it is restored into a SQLite file of its own, and what is in there is put to the test."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from claudetools.domains.ops.backup_checks import CHECKS, Restored
from claudetools.domains.ops.backup_keys import KEYS_FILE, kept_data_keys, put_back
from claudetools.kit.backup.archive import BackupUnreadable, Manifest, read_archive
from claudetools.kit.backup.snapshot import REVISION_TABLE, open_image, tables_of
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.db.migrate import upgrade
from claudetools.kit.db.session import Database
from claudetools.kit.settings import Settings

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it. `manifest` is None where not even that could be read; no faults: the backup is good."""

    manifest: Manifest | None
    faults: tuple[str, ...]


async def prove(path: Path, settings: Settings, keyring: Keyring, image: Path) -> Proof:
    """Restore the backup at `path` into the new SQLite file `image`, at the present schema, and test it.

    `image` is of use only when there are no faults.
    """
    try:
        manifest = read_archive(path, keyring, image)
        kept = kept_data_keys(settings.backup_folder, keyring)
    except BackupUnreadable as error:
        return Proof(None, (str(error),))
    faults = _faults_of_image(image, manifest)
    if faults:
        return Proof(manifest, tuple(faults))
    if manifest.data_keys and not kept:
        return Proof(manifest, (f"The data keys are missing: there is no {KEYS_FILE} in {settings.backup_folder}.",))
    url = f"sqlite+aiosqlite:///{image}"
    try:
        await upgrade(url)
    except (CommandError, DBAPIError) as error:
        return Proof(manifest, (f"It cannot be brought to the present schema: {type(error).__name__}.",))
    connection = open_image(image)
    try:
        put_back(connection, kept)
    finally:
        connection.close()
    database = Database(url)
    try:
        restored = Restored(database, settings, keyring)
        found = [fault for check in CHECKS for fault in await check(restored)]
    finally:
        await database.close()
    return Proof(manifest, tuple(found))


def _faults_of_image(image: Path, manifest: Manifest) -> list[str]:
    connection = open_image(image)
    try:
        faults = [
            f"The copy is damaged: {line}."
            for (line,) in connection.execute(f"PRAGMA integrity_check({SHOWN})")
            if line != "ok"
        ]
        if faults:
            return faults
        for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(SHOWN):
            faults.append(f"A row of {table} refers to one of {parent} that is not there.")
        revision = connection.execute(f"SELECT version_num FROM {REVISION_TABLE}").fetchone()  # noqa: S608 - a constant
        if revision != (manifest.revision,):
            faults.append(f"Its schema is not {manifest.revision}, which it was taken at.")
        held = counts(connection)
        faults += [
            f"{table} has {held.get(table, 0)} rows of {manifest.rows.get(table, 0)}."
            for table in sorted(held.keys() | manifest.rows.keys())
            if held.get(table, 0) != manifest.rows.get(table, 0)
        ]
        return faults
    finally:
        connection.close()


def counts(connection: Any) -> dict[str, int]:
    """Return how many rows each table of an open SQLite file has."""
    return {
        table: connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0]  # noqa: S608 - our own tables
        for table in tables_of(connection)
    }
