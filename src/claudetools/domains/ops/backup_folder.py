"""Where backups may be written: one folder of the server, and those below it."""

from pathlib import Path

from claudetools.kit.problems import invalid

SERVICE = "backup folder"


def destination_folder(root: Path, destination: str) -> Path:
    """Return the folder that a destination names: relative to `root`, or absolute and below it.

    Raises:
        Invalid: it is somewhere else, or no path.
    """
    refused = invalid("/destination", f"Name a folder below the backup folder of the server, {root}.")
    if "://" in destination or "\0" in destination:
        raise refused
    folder = (root / destination).resolve()
    if not folder.is_relative_to(root.resolve()):
        raise refused
    return folder
