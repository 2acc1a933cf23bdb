"""Password hashing with Argon2id (RFC 9106), bounded so that logins cannot exhaust the machine."""

import asyncio
import os
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from claudetools.kit.problems import TooManyRequests

MEMORY_KIB = 46 * 1024
PASSES = 1
LANES = 1
MAX_WAITING = 16

_hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
_dummy = _hasher.hash("a password that nobody has")


T = TypeVar("T")


class PasswordPool:
    """Hashes and verifies passwords in worker threads, at most one per core, refusing when the queue is long."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(os.cpu_count() or 1)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return the Argon2id hash of `password`."""
        return await self._run(_hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether `password` has the hash `stored`; takes as long when there is no such account (None or "")."""
        matches = await self._run(_matches, stored or _dummy, password)
        return matches and bool(stored)

    async def _run(self, work: Callable[..., T], *arguments: str) -> T:
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


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
