"""Proving who somebody is: throttled, as slow for unknown accounts as for known ones, and each failure on record."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.known_devices import KnownDevices
from claudetools.domains.accounts.passwords import replace_hash
from claudetools.domains.accounts.second_factor import SecondFactor
from claudetools.domains.accounts.throttling import Admission, Throttling
from claudetools.domains.accounts.users import USERS, User
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.crypto.passwords import PasswordPool
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Unauthenticated, invalid

WRONG = "The e-mail address or the password is wrong."


class TotpRequired(Unauthenticated):
    """The password is right, and a code of the second factor is needed too."""

    code = "totp_required"
    title = "A code of your second factor is needed"


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
        self,
        database: Database,
        passwords: PasswordPool,
        throttling: Throttling,
        devices: KnownDevices,
        factor: SecondFactor,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._factor = factor
        self._throttling = throttling
        self._devices = devices

    async def prove(self, email: str, password: SecretStr, code: SecretStr | None, origin: Origin) -> Proof:
        """Return who has this e-mail address and password and, if they have a second factor, this code of it.

        Raises:
            Unauthenticated: nobody has, or they may not sign in; the two are not told apart.
            TotpRequired: the code is missing.
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
        if user.totp_confirmed_at is not None and code is None:
            await self._database.write(lambda session: self._throttling.withdraw(session, admission))
            raise TotpRequired("Send the code of your authenticator app, or a recovery code, as `totp`.")
        if not await self._succeeds(user, admission, code):
            await self._fail(user, origin, "second factor")
            raise Unauthenticated("The code of the second factor is not valid.")
        await self._renew_hash(user, password)
        same = known if known is not None and known.user_id == user.id else None
        return Proof(user.id, user.token_version, self._devices.issue(user.id, same))

    async def confirm(
        self, user_id: UUID, password: SecretStr, code: SecretStr | None, *, pointer: str = "/password"
    ) -> None:
        """Check that somebody who is signed in has the password, and the second factor if they have one.

        `pointer` is where the password stands in the request.

        Raises:
            Invalid: the password or the code is wrong.
            TotpRequired: the code is missing.
            TooManyRequests: there were too many failures.
        """

        async def admit(session: AsyncSession) -> tuple[User, Admission]:
            return await session.get_one(User, user_id), await self._throttling.confirmation(session, user_id)

        user, admission = await self._database.write(admit)
        admission.check()
        if not await self._passwords.verify(user.password_hash, password.get_secret_value()):
            raise invalid(pointer, "The password is wrong.")
        if user.totp_confirmed_at is not None and code is None:
            raise TotpRequired("Send the code of your authenticator app, or a recovery code, as `totp`.")
        if not await self._succeeds(user, admission, code):
            raise invalid("/totp", "The code is not valid.")

    async def _succeeds(self, user: User, admission: Admission, code: SecretStr | None) -> bool:
        """Take the code of somebody whose password was right, if they need one, and begin to count anew."""

        async def unit(session: AsyncSession) -> bool:
            if user.totp_confirmed_at is not None:
                current = await session.get_one(User, user.id)
                if not await self._factor.take(session, current, code.get_secret_value() if code else ""):
                    return False
            await self._throttling.succeeded(session, admission)
            return True

        return await self._database.write(unit)

    async def _renew_hash(self, user: User, password: SecretStr) -> None:
        """Store the password in today's form while it is at hand."""
        if self._passwords.is_outdated(user.password_hash):
            current = await self._passwords.hash(password.get_secret_value())
            await self._database.write(lambda session: replace_hash(session, user.id, user.password_hash, current))

    async def _fail(self, user: User | None, origin: Origin, reason: str) -> None:
        """Take down a failure. What was typed as an address is kept only if it is one: it may be a password."""
        details = {"email": user.email if user else None, "ip": origin.ip, "reason": reason}

        async def unit(session: AsyncSession) -> None:
            note(session, Action.LOGIN_FAILED, USERS.name, user.id if user else None, details=details)

        await self._database.write(unit)
