"""Slowing down those who guess, without locking anybody out (NIST SP 800-63B, 3.2.2; OWASP, device cookies).

Each attempt is counted before it is judged, in a transaction of its own, so that many at once are as slow as one after
the other, whichever worker serves them. A success takes the count back. What is counted is known by a keyed digest:
an address that was mistyped, or is a password, is not kept.
"""

import hashlib
import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Integer, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts.known_devices import KnownDevice
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Instant, exact
from claudetools.kit.http.client_address import subscriber
from claudetools.kit.problems import TooManyRequests

ADDRESS_WINDOW = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=5)
DEVICE_FAILURES = 10
DEVICE_PAUSE = timedelta(minutes=15)
CODE_FAILURES = 5
CODE_PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = max(LONGEST_DELAY, DEVICE_PAUSE, CODE_PAUSE)
FORGOTTEN_AFTER = timedelta(days=1)

Delay = Callable[[int], timedelta | None]
"""How long to wait after so many failures in a row."""


def _doubling(failures: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(failures - 1, 10)), LONGEST_DELAY)


def _pause_after(failures: int, pause: timedelta) -> Delay:
    return lambda count: pause if count % failures == 0 else None


class Throttle(Base):
    """How often something failed in a row, and until when it is refused."""

    __tablename__ = "throttles"

    key_hash: Mapped[str] = mapped_column(exact(64), primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    blocked_until: Mapped[datetime | None] = mapped_column(Instant)
    counted_from: Mapped[datetime] = mapped_column(Instant)
    forgotten_at: Mapped[datetime] = mapped_column(Instant, index=True)


@dataclass(frozen=True, slots=True)
class Admission:
    """An attempt that was counted. `wait` is how long its sender must wait instead; None lets them go on."""

    key: str
    wait: timedelta | None = None

    def check(self) -> None:
        """Raise `TooManyRequests` when the attempt may not go on."""
        if self.wait is not None:
            seconds = max(1, math.ceil(self.wait.total_seconds()))
            raise TooManyRequests(
                f"Too many attempts that failed. Try again in {seconds} s.", headers={"Retry-After": str(seconds)}
            )


class Throttling:
    """Counts attempts. `key` has 32 bytes; `per_address` is the number of sign-ins a minute, 0 for no limit."""

    def __init__(self, key: bytes, per_address: int) -> None:
        self._key = key
        self._per_address = per_address

    async def sign_in(
        self, session: AsyncSession, email: str, address: str | None, device: KnownDevice | None
    ) -> Admission:
        """Count an attempt to sign in: on the device where it is known to be that person's, else on the account."""
        if device is not None:
            return await self._admit(session, f"device {device.id}", _pause_after(DEVICE_FAILURES, DEVICE_PAUSE))
        if self._per_address:
            wait = await self._count_address(session, subscriber(address))
            if wait is not None:
                return Admission("", wait)
        return await self._admit(session, f"account {email}", _doubling)

    async def confirmation(self, session: AsyncSession, user_id: UUID) -> Admission:
        """Count a try of somebody who is signed in to prove that it is still them."""
        return await self._admit(session, f"confirmation {user_id}", _pause_after(CODE_FAILURES, CODE_PAUSE))

    async def user_code(self, session: AsyncSession, who: object) -> Admission:
        """Count a try of a code that somebody is to read off a device."""
        return await self._admit(session, f"user code {who}", _pause_after(CODE_FAILURES, CODE_PAUSE))

    async def succeeded(self, session: AsyncSession, admission: Admission) -> None:
        """Begin to count anew."""
        await session.execute(delete(Throttle).where(Throttle.key_hash == admission.key))

    async def withdraw(self, session: AsyncSession, admission: Admission) -> None:
        """Take back an attempt that was neither good nor bad. Those before it stay counted."""
        row = await session.scalar(select(Throttle).where(Throttle.key_hash == admission.key).with_for_update())
        if row is not None:
            row.failures, row.blocked_until = max(0, row.failures - 1), None

    async def _admit(self, session: AsyncSession, name: str, delay: Delay) -> Admission:
        row = await self._row(session, name)
        at = now()
        # One further off was set before the clock was put back.
        if row.blocked_until is not None and at < row.blocked_until <= at + LONGEST_PAUSE:
            return Admission(row.key_hash, row.blocked_until - at)
        row.failures += 1
        pause = delay(row.failures)
        row.blocked_until = at + pause if pause else None
        row.forgotten_at = at + FORGOTTEN_AFTER
        return Admission(row.key_hash)

    async def _count_address(self, session: AsyncSession, address: str) -> timedelta | None:
        row = await self._row(session, f"address {address}")
        at = now()
        if not row.counted_from <= at < row.counted_from + ADDRESS_WINDOW:
            row.failures, row.counted_from = 0, at
        row.failures += 1
        row.forgotten_at = at + FORGOTTEN_AFTER
        return row.counted_from + ADDRESS_WINDOW - at if row.failures > self._per_address else None

    async def _row(self, session: AsyncSession, name: str) -> Throttle:
        key = hmac.new(self._key, name.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()
        mine = select(Throttle).where(Throttle.key_hash == key).with_for_update()
        row = await session.scalar(mine)
        at = now()
        if row is None:
            await session.execute(delete(Throttle).where(Throttle.forgotten_at < at))
            try:
                async with session.begin_nested():
                    row = Throttle(key_hash=key, failures=0, counted_from=at, forgotten_at=at + FORGOTTEN_AFTER)
                    session.add(row)
            except IntegrityError:
                # Somebody else was first: their row is locked until they are done.
                row = (await session.scalars(mine)).one()
        elif row.forgotten_at < at:
            row.failures, row.blocked_until, row.counted_from = 0, None, at
        return row
