"""Sealing long content piece by piece: AES-256-GCM in segments, so that neither side holds all of it at once.

This is the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár ("Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015): the nonce of a segment is its number and whether it is the last one, so
segments that are altered, moved, left out, added or cut off at the end are found. Each stream has a key of its own,
derived from the given key, a random salt and the header (HKDF-SHA256, RFC 5869), so nonces never meet under one key.
"""

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from claudetools.kit.crypto.sealing import SealBroken

SALT_BYTES = 32
SEGMENT_BYTES = 64 * 1024
TAG_BYTES = 16
_COUNTER_BYTES = 11
_LONGEST_HEADER = 4096


class SealedWriter:
    """Seals what is written into `target`, after `header` in the clear (one line, authenticated with the rest).

    Only `finish` writes the last segment: a stream that was not finished does not open.
    """

    def __init__(self, target: BinaryIO, key: bytes, header: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        target.write(header + b"\n" + salt)
        self._target = target
        self._cipher = _cipher(key, salt, header)
        self._number = 0
        self._waiting = bytearray()

    def write(self, data: bytes) -> None:
        """Take `data`; a segment is written once it is known that another one follows."""
        self._waiting += data
        while len(self._waiting) > SEGMENT_BYTES:
            self._put(bytes(self._waiting[:SEGMENT_BYTES]), is_last=False)
            del self._waiting[:SEGMENT_BYTES]

    def finish(self) -> None:
        """Write the last segment; the target stays open."""
        self._put(bytes(self._waiting), is_last=True)

    def _put(self, plain: bytes, *, is_last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), plain, None))
        self._number += 1


def open_segments(source: BinaryIO, key_of: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """Yield what a `SealedWriter` was given, in pieces that were each authenticated. `key_of` finds a header's key.

    Raises:
        SealBroken: the stream was altered, cut off or continued, or sealed with another key.
    """
    header = read_header(source)
    cipher = _cipher(key_of(header), source.read(SALT_BYTES), header)
    number, sealed = 0, source.read(SEGMENT_BYTES + TAG_BYTES)
    while True:
        following = source.read(SEGMENT_BYTES + TAG_BYTES)
        try:
            yield cipher.decrypt(_nonce(number, is_last=not following), sealed, None)
        except (InvalidTag, ValueError):
            raise SealBroken from None
        if not following:
            return
        number, sealed = number + 1, following


def read_header(source: BinaryIO) -> bytes:
    """Return the line that a stream begins with. Nothing vouches for it until the first segment was opened.

    Raises:
        SealBroken: there is none.
    """
    line = source.readline(_LONGEST_HEADER)
    if not line.endswith(b"\n"):
        raise SealBroken
    return line[:-1]


def _cipher(key: bytes, salt: bytes, header: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"claudetools/stream/1\0" + header).derive(key))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(_COUNTER_BYTES, "big") + (b"\1" if is_last else b"\0")
