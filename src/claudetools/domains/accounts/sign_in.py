"""Proving who somebody is: throttled, as slow for unknown accounts as for known ones, and each failure on record."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.known_devices import KnownDevices
from claudetools.domains.accounts.throttling import Admission, Throttling
from claudetools.domains.accounts.users import USERS, User
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.crypto.passwords import PasswordPool
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Unauthenticated

WRONG = "The e-mail address or the password is wrong."


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where somebody signs in from. `device` is what the device has kept from an earlier sign-in."""

    ip: str | None
    agent: str | None
    device: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody whose identity was proven just now, and what their device is to keep."""

    user_id: UUID
    token_version: int
    device: str


class SignIn:
    """Checks what people prove their identity with."""

    def __init__(
        self, database: Database, passwords: PasswordPool, throttling: Throttling, devices: KnownDevices
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._throttling = throttling
        self._devices = devices

    async def prove(self, email: str, password: SecretStr, origin: Origin) -> Proof:
        """Return who has this e-mail address and password.

        Raises:
            Unauthenticated: nobody has, or they may not sign in; the two are not told apart.
            TooManyRequests: there were too many failures; the password was not looked at.
        """
        email = email.strip().lower()
        known = self._devices.read(origin.device)

        async def admit(session: AsyncSession) -> tuple[User | None, Admission]:
            user = await session.scalar(select(User).where(User.email == email))
            device = known if user is not None and known is not None and known.user_id == user.id else None
            return user, await self._throttling.sign_in(session, email, origin.ip, device)

        user, admission = await self._database.write(admit)
        admission.check()
        matches = await self._passwords.verify(user.password_hash if user else None, password.get_secret_value())
        if user is None or not matches or not user.is_active:
            await self._fail(user, origin, "password" if user is None or user.is_active else "disabled")
            raise Unauthenticated(WRONG)
        await self._database.write(lambda session: self._throttling.succeeded(session, admission))
        same = known if known is not None and known.user_id == user.id else None
        return Proof(user.id, user.token_version, self._devices.issue(user.id, same))

    async def _fail(self, user: User | None, origin: Origin, reason: Literal["password", "disabled"]) -> None:
        """Take down a failure. What was typed as an address is kept only if it is one: it may be a password."""
        details = {"email": user.email if user else None, "ip": origin.ip, "reason": reason}

        async def unit(session: AsyncSession) -> None:
            note(session, Action.LOGIN_FAILED, USERS.name, user.id if user else None, details=details)

        await self._database.write(unit)
