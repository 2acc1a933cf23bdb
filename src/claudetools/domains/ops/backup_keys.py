"""The data keys beside the backups: wrapped, in one file that is written anew whenever they change.

A backup holds no data key. So once a key is destroyed here, nothing that it encrypted can be read again, from whichever
backup: destroying a client's key reaches the past.
"""

import base64
import io
import json
from pathlib import Path
from typing import Any

from claudetools.kit.backup.archive import header, key_for, unreadable
from claudetools.kit.backup.files import finished_file
from claudetools.kit.backup.snapshot import columns_of, read_table
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.stream import SealedWriter, open_segments
from claudetools.kit.settings import Settings

KEYS_FILE = "data-keys"
FORMAT = "claudetools-data-keys/1"
TABLE = "data_keys"
WRAPPED = "wrapped_key"
STATE = "state"
DESTROYED = "destroyed"
_BYTES = "base64:"

Row = dict[str, Any]


async def keep_data_keys(settings: Settings, keyring: Keyring) -> None:
    """Write the wrapped data keys that are not destroyed to the backup folder, in place of those written before.

    Call it after the commit that made, rotated, rewrapped or destroyed a key.

    Raises:
        OSError: the folder cannot be written to; the file is as it was.
    """
    settings.backup_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path, written = settings.backup_folder / KEYS_FILE, None
    while True:
        rows = await _living(settings.database_url)
        keys = [(row["id"], row[STATE], row[WRAPPED]) for row in rows]
        # Another process may write at the same time what it read earlier: whoever writes last looks once more.
        if keys == written:
            return
        line = header(keyring, FORMAT)
        with finished_file(path) as target:
            sealed = SealedWriter(target, key_for(keyring, line, FORMAT), line)
            sealed.write(json.dumps([_packed(row) for row in rows]).encode())
            sealed.finish()
        written = keys


def kept_data_keys(folder: Path, keyring: Keyring) -> list[Row]:
    """Return the data keys kept in `folder`; none where there is no file.

    Raises:
        BackupUnreadable: the file does not open.
    """
    path = folder / KEYS_FILE
    if not path.exists():
        return []
    with unreadable(path):
        parts = open_segments(io.BytesIO(path.read_bytes()), lambda line: key_for(keyring, line, FORMAT))
        return [_unpacked(row) for row in json.loads(b"".join(parts))]


def put_back(image: Any, kept: list[Row]) -> None:
    """Make the data keys in an open SQLite copy those that are kept; what is not kept counts as destroyed.

    Keys of clients that the copy does not have stay out of it.
    """
    columns = columns_of(image, TABLE)
    image.execute(f"UPDATE {TABLE} SET {STATE} = ?, {WRAPPED} = NULL", (DESTROYED,))  # noqa: S608 - our own table
    for row in kept:
        given = {name: value for name, value in row.items() if name in columns}
        client = given.get("client_id")
        if client is not None and image.execute("SELECT 1 FROM clients WHERE id = ?", (client,)).fetchone() is None:
            continue
        names = ", ".join(f'"{name}"' for name in given)
        values = ", ".join("?" * len(given))
        image.execute(
            f"INSERT OR REPLACE INTO {TABLE} ({names}) VALUES ({values})",  # noqa: S608 - as above
            tuple(given.values()),
        )


async def _living(url: str) -> list[Row]:
    rows = [row for row in await read_table(url, TABLE) if row[STATE] != DESTROYED]
    return sorted(rows, key=lambda row: str(row["id"]))


def _packed(row: Row) -> Row:
    return {n: _BYTES + base64.b64encode(v).decode() if isinstance(v, bytes) else v for n, v in row.items()}


def _unpacked(row: Row) -> Row:
    return {
        name: base64.b64decode(value.removeprefix(_BYTES))
        if isinstance(value, str) and value.startswith(_BYTES)
        else value
        for name, value in row.items()
    }
