"""Files that are there in full or not at all, and one process at a time in a folder of backups."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from claudetools.claude.lock import single_flight
from claudetools.kit.problems import Conflict

PART = ".part"
LOCK = ".lock"
SCRATCH = ".scratch-"


class BackupFolderBusy(Conflict):
    """Another process backs up to the folder, or restores from it."""

    code = "backup_folder_busy"
    title = "Another backup is being made"


@contextmanager
def finished_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a private file that becomes `path` when the block ends well, on the disk and all at once; else nothing."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}{PART}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until names in `folder` are on the disk, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_folder(folder: Path) -> Iterator[Path]:
    """Make `folder` for its owner only, and yield an empty folder in it that is gone afterwards.

    What processes that were killed have left behind is deleted first.

    Raises:
        BackupFolderBusy: another process is in such a block.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with single_flight(folder / LOCK) as is_mine:
        if not is_mine:
            raise BackupFolderBusy(f"Wait until it is done: {folder} takes one backup at a time.")
        for left in folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
            yield Path(scratch)
