"""The second factor of a person: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for its loss.

The seed is sealed under the firm's own key. A code is taken once: the time step of the last one is kept, and only
later ones count (RFC 6238, 5.2).
"""

import hmac
from dataclasses import dataclass

import pyotp
from pydantic import BaseModel, SecretStr
from sqlalchemy import CursorResult, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.recovery_codes import RecoveryCodes
from claudetools.domains.accounts.users import User
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.clock import now
from claudetools.kit.crypto import envelope
from claudetools.kit.crypto.envelope import Envelope
from claudetools.kit.problems import Conflict, invalid

FACTORS = "second-factors"
"""What second factors are called in the audit trail, by the ids of their people."""
ISSUER = "ClaudeTools"
COLUMN = "totp_secret"
STEP_SECONDS = 30
STEPS_OFF = 1
"""How many steps the clock of the app may differ."""


class Enrolment(BaseModel):
    """What an authenticator app is set up with, shown this once: the seed, and the same as an address for a QR code."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """Sets up, checks and removes second factors."""

    recovery_codes: RecoveryCodes

    async def enrol(self, session: AsyncSession, user: User) -> Enrolment:
        """Give a person a new seed, which counts once they have confirmed it.

        Raises:
            Conflict: they have a second factor already.
        """
        if user.totp_confirmed_at is not None:
            raise Conflict("You have a second factor. Switch it off first.")
        secret = pyotp.random_base32()
        user.secret_version += 1
        user.totp_last_step = None
        await _envelope(session).put(session, user, COLUMN, SecretStr(secret))
        return Enrolment(secret=secret, uri=pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER))

    async def confirm(self, session: AsyncSession, user: User, code: str) -> list[str]:
        """Switch the second factor on, by a code of the app; return the recovery codes, shown this once.

        Raises:
            Conflict: it is on already, or there is no seed to confirm.
            Invalid: the code is not the app's of this moment.
        """
        if user.totp_confirmed_at is not None or user.totp_secret is None:
            raise Conflict("There is nothing to confirm. Begin with a new seed.")
        if not await self._take_code(session, user, code):
            raise invalid("/totp", "This is not the code of this moment. Check the clocks of both devices.")
        user.totp_confirmed_at = now()
        _note_change(session, user, "on")
        return await self.recovery_codes.renew(session, user.id)

    async def remove(self, session: AsyncSession, user: User) -> None:
        """Switch the second factor off, and forget its seed and recovery codes."""
        if user.totp_confirmed_at is not None:
            _note_change(session, user, "off")
        user.totp_secret = user.totp_confirmed_at = user.totp_last_step = None
        await self.recovery_codes.remove(session, user.id)

    async def take(self, session: AsyncSession, user: User, code: str) -> bool:
        """Return whether this is a good code of the app or a recovery code; it is used up by that.

        Raises:
            SecretUnreadable: the seed cannot be read.
        """
        if await self._take_code(session, user, code):
            return True
        is_good = await self.recovery_codes.take(session, user.id, code)
        if is_good:
            _note_change(session, user, "recovery code used")
        return is_good

    async def _take_code(self, session: AsyncSession, user: User, code: str) -> bool:
        secret = await _envelope(session).get(session, user, COLUMN)
        if secret is None:
            return False
        totp, current = pyotp.TOTP(secret.get_secret_value()), int(now().timestamp()) // STEP_SECONDS
        given = "".join(code.split()).encode(errors="surrogatepass")
        steps = range(current - STEPS_OFF, current + STEPS_OFF + 1)
        found = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), given)]
        return bool(found) and await _use_step(session, user, found[-1])


async def _use_step(session: AsyncSession, user: User, step: int) -> bool:
    """Mark a time step as used; return whether neither it nor a later one was before."""
    # Signing in does not change the record: its version and the time of its last change stay.
    kept = {"version": User.version, "updated_at": User.updated_at}
    used: CursorResult[tuple[()]] = await session.execute(  # type: ignore[assignment]
        update(User)
        .where(User.id == user.id, or_(User.totp_last_step.is_(None), User.totp_last_step < step))
        .values(totp_last_step=step, **kept),
        execution_options={"synchronize_session": False},
    )
    return used.rowcount == 1


def _note_change(session: AsyncSession, user: User, what: str) -> None:
    note(session, Action.CHANGE, FACTORS, user.id, details={"state": what})


def _envelope(session: AsyncSession) -> Envelope:
    found: Envelope = session.info[envelope.SERVICE]
    return found
