"""The backup that is made before the schema of a database with data in it is changed."""

from typing import TYPE_CHECKING

from claudetools.cli.failure import Failure
from claudetools.cli.output import step

if TYPE_CHECKING:
    from claudetools.domains.ops.backups import Backup
    from claudetools.kit.crypto.keyring import Keyring
    from claudetools.kit.settings import Settings


async def back_up_before_upgrade(settings: "Settings", keyring: "Keyring") -> "Backup":
    """Back the database up, and try the upgrade on the copy that proves the backup.

    Raises:
        Failure: there is no good backup. Nothing was changed.
    """
    from claudetools.cli.backup import progress_bar
    from claudetools.domains.ops.backup_logs import BackupType
    from claudetools.domains.ops.backups import BackupFailed, make_backup
    from claudetools.kit.problems import Conflict

    try:
        with progress_bar("Backup before the upgrade") as progress:
            made = await make_backup(settings, keyring, BackupType.PRE_MIGRATION, settings.backup_folder, progress)
    except (BackupFailed, Conflict) as error:
        raise _stopped(str(error)) from None
    if made.faults:
        raise _stopped(" ".join(made.faults))
    step("Backup", f"before the upgrade from schema {made.manifest.revision}: {made.path}")
    return made


async def log_after_upgrade(settings: "Settings", made: "Backup") -> None:
    """Log the backup that was made before, now that there is the table for it."""
    from claudetools.domains.ops.backups import log_backup
    from claudetools.services import open_services

    services = open_services(settings.model_copy(update={"embedder": "none"}))
    try:
        await log_backup(services.database, made)
    finally:
        await services.database.close()


def _stopped(reason: str) -> Failure:
    return Failure(
        f"The database was not upgraded, because backing it up first failed: {reason} "
        "Put that right, or add --no-backup to upgrade without a backup."
    )
