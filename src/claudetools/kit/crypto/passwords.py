"""Password hashing with Argon2id (RFC 9106), bounded so that logins cannot exhaust the machine.

A password is brought into one Unicode form (NFC, as RFC 8265 has it for passwords), so that it is the same from every
keyboard; nothing else is changed, and no character is left out. Then it goes through HMAC-SHA256 with a key that is not
in the database (a pepper), so that a stolen database alone is not enough to try passwords. Hashes from before that
still verify; they are to be replaced when their password is at hand.
"""

import asyncio
import hashlib
import hmac
import os
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from claudetools.kit.problems import TooManyRequests

MEMORY_KIB = 46 * 1024
PASSES = 1
LANES = 1
MAX_WAITING = 16
PEPPER = "password pepper"
"""The purpose of the key that passwords are peppered with."""
PEPPERED = "hmac-sha256:"
"""What the stored form of a peppered password begins with; an Argon2 hash follows."""

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
_dummy = PEPPERED + _hasher.hash("a password that nobody has")


T = TypeVar("T")


class PasswordPool:
    """Hashes and verifies passwords in worker threads, at most one per core, refusing when the queue is long.

    `pepper` has 32 bytes and must not change.
    """

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper
        self._slots = asyncio.Semaphore(os.cpu_count() or 1)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return what is to be stored of `password`."""
        return PEPPERED + await self._run(_hasher.hash, self._peppered(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether `password` has the hash `stored`; takes as long when there is no such account (None or "")."""
        compared = stored or _dummy
        is_peppered = compared.startswith(PEPPERED)
        secret = self._peppered(password) if is_peppered else password.encode(errors="surrogatepass")
        matches = await self._run(_matches, compared.removeprefix(PEPPERED), secret)
        return matches and bool(stored)

    def is_outdated(self, stored: str) -> bool:
        """Return whether what is stored was made without the pepper, or at another cost than today's."""
        return not stored.startswith(PEPPERED) or _hasher.check_needs_rehash(stored.removeprefix(PEPPERED))

    def _peppered(self, password: str) -> bytes:
        plain = unicodedata.normalize("NFC", password).encode(errors="surrogatepass")
        return hmac.new(self._pepper, plain, hashlib.sha256).hexdigest().encode()

    async def _run(self, work: Callable[..., T], *arguments: str | bytes) -> T:
        if self._waiting >= MAX_WAITING:
            raise TooManyRequests(
                "Too many sign-ins at once. Try again in a few seconds.", headers={"Retry-After": "5"}
            )
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work, *arguments)
        finally:
            self._waiting -= 1


def _matches(stored: str, password: bytes) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
