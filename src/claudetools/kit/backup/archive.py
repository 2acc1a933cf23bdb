"""The file that a backup is: a manifest and a SQLite database, compressed and sealed with a key of the keyring."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from claudetools.kit.backup.files import finished_file
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.crypto.sealing import SealBroken
from claudetools.kit.crypto.stream import SealedWriter, open_segments

PURPOSE = "backup"
FORMAT = "claudetools-backup/1"
_CHUNK_BYTES = 1024 * 1024
_LENGTH_BYTES = 8
_LEVEL = 3
"""Of zlib: a third faster than its default, a few percent larger."""


class BackupUnreadable(Exception):
    """The file is no backup, or not as it was written, or its key is missing. The message says which."""


class Header(BaseModel):
    """The first line of a sealed file, in the clear."""

    model_config = ConfigDict(frozen=True)

    format: str
    root: str


class Manifest(BaseModel):
    """What a backup holds, sealed with it."""

    model_config = ConfigDict(frozen=True)

    type: str
    taken_at: datetime
    database: str
    revision: str
    program_version: str
    rows: dict[str, int]
    data_keys: list[str]
    audit_heads: list[dict[str, Any]]


def write_archive(path: Path, keyring: Keyring, manifest: Manifest, image: Path) -> None:
    """Seal a manifest and the SQLite file `image` into `path`, which is there when this ends and not before."""
    head = manifest.model_dump_json().encode()
    packer = zlib.compressobj(_LEVEL)
    with finished_file(path) as target, image.open("rb") as source:
        sealed = SealedWriter(target, keyring.key(PURPOSE), header(keyring))
        sealed.write(len(head).to_bytes(_LENGTH_BYTES, "big") + head)
        while chunk := source.read(_CHUNK_BYTES):
            sealed.write(packer.compress(chunk))
        sealed.write(packer.flush())
        sealed.finish()


def read_manifest(path: Path, keyring: Keyring) -> Manifest:
    """Return what a file says it holds, from its beginning alone: the rest may still be damaged.

    Raises:
        BackupUnreadable: the file cannot be opened.
    """
    with _opened(path, keyring) as (manifest, _):
        return manifest


def read_archive(path: Path, keyring: Keyring, image: Path) -> Manifest:
    """Write the SQLite file in a backup to `image`, and return its manifest.

    Raises:
        BackupUnreadable: the file cannot be opened, or is damaged anywhere; `image` is of no use then.
    """
    unpacker = zlib.decompressobj()
    with _opened(path, keyring) as (manifest, segments), image.open("xb") as target:
        image.chmod(0o600)
        for segment in segments:
            target.write(unpacker.decompress(segment))
        if not unpacker.eof:
            raise BackupUnreadable(f"{path.name} ends too early.")
    return manifest


def header(keyring: Keyring, form: str = FORMAT) -> bytes:
    """Return the first line of a file sealed now: the format, and which root its key comes from."""
    return Header(format=form, root=keyring.current.id).model_dump_json().encode()


def key_for(keyring: Keyring, line: bytes, form: str = FORMAT) -> bytes:
    """Return the key of a file with this first line.

    Raises:
        KeyProblem: the keyring lacks the root that it names.
        SealBroken: it is not the first line of such a file.
    """
    try:
        read = Header.model_validate_json(line)
    except ValidationError:
        raise SealBroken from None
    if read.format != form:
        raise SealBroken
    return keyring.key(PURPOSE, read.root)


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Say in words what is wrong with a sealed file that the block cannot open."""
    try:
        yield
    except SealBroken:
        raise BackupUnreadable(
            f"{path.name} is not as it was written, or was sealed with another root key: it does not open."
        ) from None
    except zlib.error:
        raise BackupUnreadable(f"{path.name} does not unpack.") from None
    except KeyProblem as problem:
        raise BackupUnreadable(f"The key of {path.name} is missing: {problem}") from None
    except OSError as error:
        raise BackupUnreadable(f"{path} cannot be read: {error.strerror or error}.") from None


@contextmanager
def _opened(path: Path, keyring: Keyring) -> Iterator[tuple[Manifest, Iterator[bytes]]]:
    with unreadable(path), path.open("rb") as source:
        manifest, rest = _begin(source, keyring)
        yield manifest, rest


def _begin(source: BinaryIO, keyring: Keyring) -> tuple[Manifest, Iterator[bytes]]:
    """Read the manifest; return it and what follows it."""
    segments = open_segments(source, lambda line: key_for(keyring, line))
    held = bytearray(next(segments))
    end = _LENGTH_BYTES + int.from_bytes(held[:_LENGTH_BYTES], "big")
    while len(held) < end and (segment := next(segments, b"")):
        held += segment
    try:
        manifest = Manifest.model_validate_json(bytes(held[_LENGTH_BYTES:end]))
    except ValidationError:
        raise SealBroken from None
    return manifest, _following(bytes(held[end:]), segments)


def _following(first: bytes, segments: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from segments
