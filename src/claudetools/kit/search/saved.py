"""A file of named arrays that is loaded by mapping it into memory, and believed only when it is whole.

Layout: a magic line, the length of the head (8 bytes, little-endian), the head as JSON (facts, and where each array
is), the arrays at multiples of 64 bytes, and the SHA-256 of all before it. Nothing in it is ever executed.
"""

import hashlib
import json
import math
import mmap
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAGIC = b"claudetools arrays 1\n"
ALIGNMENT = 64
PORTION = 1 << 22
TEXT = np.dtype("S1")
DIGEST_BYTES = hashlib.sha256().digest_size

Arrays = Mapping[str, NDArray[Any]]


class DamagedFile(ValueError):
    """The file is not one of these, or not whole. The message says in which way, nothing of what it holds."""


class _Hashed:
    """Writes to a file and keeps the digest of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.digest.update(data)
        self._file.write(data)


def write_arrays(path: Path, facts: Mapping[str, Any], arrays: Arrays) -> None:
    """Put a file in place of `path` at once, readable by its owner only. Killed at any moment, the old one is there.

    Only one process at a time may do it; what one that was killed left behind is overwritten. Arrays may be changed
    meanwhile: each portion is copied before it is hashed and written.
    """
    places: dict[str, tuple[str, list[int], int]] = {}
    offset = 0
    for name, array in arrays.items():
        places[name] = (array.dtype.str, list(array.shape), offset)
        offset = _aligned(offset + array.nbytes)
    head = json.dumps({"facts": facts, "arrays": places}, separators=(",", ":")).encode()
    head += b" " * (_aligned(len(MAGIC) + 8 + len(head)) - len(MAGIC) - 8 - len(head))
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            out = _Hashed(file)
            out.write(MAGIC + len(head).to_bytes(8, "little") + head)
            for array in arrays.values():
                _write_array(out, array)
            file.write(out.digest.digest())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _write_array(out: _Hashed, array: NDArray[Any]) -> None:
    data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    for start in range(0, len(data), PORTION):
        out.write(bytes(data[start : start + PORTION]))
    out.write(bytes(_aligned(array.nbytes) - array.nbytes))


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts of a file without looking at its arrays.

    Raises:
        OSError: it cannot be read.
        DamagedFile: it is not one of these.
    """
    with path.open("rb") as file:
        return _head(file)[0]


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return facts and arrays. The arrays are the file in memory: what is not touched takes none, and what is written
    to them never reaches the file.

    Raises:
        OSError: it cannot be read.
        DamagedFile: it is not one of these, or a byte of it is not as it was written.
    """
    with path.open("rb") as file:
        facts, places, start = _head(file)
        size = os.fstat(file.fileno()).st_size
        _check(file, size)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        found: dict[str, NDArray[Any]] = {}
        for name, (kind, shape, offset) in places.items():
            dtype, count, at = np.dtype(kind), math.prod(shape), start + offset
            if dtype.hasobject or count < 0 or at + count * dtype.itemsize > size - DIGEST_BYTES:
                raise DamagedFile("an array lies outside of the file")
            if dtype == TEXT:
                # Read, not mapped: it is taken apart at once, and would then stay in memory for nothing.
                file.seek(at)
                found[name] = np.frombuffer(file.read(count), TEXT)
            else:
                found[name] = np.frombuffer(mapped, dtype, count, at).reshape(shape)
    return facts, found


def _head(file: BinaryIO) -> tuple[dict[str, Any], dict[str, tuple[str, list[int], int]], int]:
    opening = file.read(len(MAGIC) + 8)
    if not opening.startswith(MAGIC) or len(opening) != len(MAGIC) + 8:
        raise DamagedFile("not a file of arrays")
    length = int.from_bytes(opening[len(MAGIC) :], "little")
    if length > os.fstat(file.fileno()).st_size:
        raise DamagedFile("the head is cut off")
    try:
        head = json.loads(file.read(length))
        return head["facts"], head["arrays"], len(opening) + length
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFile("the head is damaged") from error


def _check(file: BinaryIO, size: int) -> None:
    digest, left = hashlib.sha256(), size - DIGEST_BYTES
    file.seek(0)
    while left > 0:
        portion = file.read(min(PORTION, left))
        if not portion:
            break
        digest.update(portion)
        left -= len(portion)
    if left or file.read() != digest.digest():
        raise DamagedFile("the checksum is wrong")


def texts(values: Sequence[Any]) -> NDArray[np.bytes_]:
    """Texts, or lists of them, as an array of bytes; `texts_of` gives them back."""
    return np.frombuffer(json.dumps(values, separators=(",", ":")).encode(), TEXT)


def texts_of(array: NDArray[np.bytes_]) -> list[Any]:
    """Return what `texts` was given."""
    found: list[Any] = json.loads(array.tobytes())
    return found
