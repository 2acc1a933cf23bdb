"""Signing in a machine that has no browser: the device flow (RFC 8628).

The machine gets a device code, by which it asks for its token, and a short user code, which a person approves
elsewhere. Only digests of both are kept. The token is made when the machine fetches it, with the rights that its person
has at that moment.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, LargeBinary, String, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts.device_requests import DeviceRequest
from claudetools.domains.accounts.tokens import MACHINE_SCOPES
from claudetools.domains.accounts.users import EVERY_SCOPE
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, Instant, Json, choice
from claudetools.kit.http.client_address import subscriber
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Conflict, NotFound, Problem, TooManyRequests

GRANTS = "device-grants"
"""What grants are called in the audit trail."""
LIFETIME = timedelta(minutes=10)
INTERVAL_SECONDS = 5
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Twenty consonants: no words, nothing that looks like something else (RFC 8628, 6.1)."""
CODE_LENGTH = 8
MAX_PENDING = 20
KEPT_FOR = timedelta(days=1)


class DeviceFlowError(Problem):
    """An answer that RFC 8628 gives a code of its own, also in the member `error`."""

    status = 400

    def __init_subclass__(cls) -> None:
        cls.members = {"error": cls.code}


class InvalidScope(DeviceFlowError):
    """The machine asks for what no machine may hold."""

    code = "invalid_scope"
    title = "A machine may not hold this scope"


class AuthorizationPending(DeviceFlowError):
    """Nobody has decided yet."""

    code = "authorization_pending"
    title = "Nobody has approved this machine yet"


class SlowDown(DeviceFlowError):
    """The machine asks more often than it was told to."""

    code = "slow_down"
    title = "Ask less often"


class ExpiredToken(DeviceFlowError):
    """The device code is unknown, too old, or was used."""

    code = "expired_token"
    title = "The device code is not valid any more"


class AccessDenied(DeviceFlowError):
    """The person said no, or may not sign in any more."""

    code = "access_denied"
    title = "This machine was not approved"


class GrantState(StrEnum):
    """How far a grant has got."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


class DeviceGrant(Base):
    """A machine that asks for a token, as digests of its codes."""

    __tablename__ = "device_grants"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    device_code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    user_code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    state: Mapped[GrantState] = mapped_column(choice(GrantState), default=GrantState.PENDING)
    machine: Mapped[dict[str, Any]] = mapped_column(Json)
    scopes: Mapped[list[str]] = mapped_column(Json)
    ip: Mapped[str | None] = mapped_column(String(64))
    subscriber: Mapped[str] = mapped_column(String(64), index=True)
    interval_seconds: Mapped[int] = mapped_column(Integer, default=INTERVAL_SECONDS)
    polled_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    decided_by: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="CASCADE"), index=True)


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """The two codes of a new grant, shown this once."""

    device_code: str
    user_code: str


class DeviceGrants:
    """Makes, finds and decides grants. `key` has 32 bytes: user codes are too short for a digest without one."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    async def ask(self, session: AsyncSession, request: DeviceRequest, ip: str | None) -> DeviceCodes:
        """Begin a grant for a machine.

        Raises:
            InvalidScope: it asks for more than a machine may hold.
            TooManyRequests: too many from this address wait for a decision.
        """
        scopes = frozenset(request.scopes or MACHINE_SCOPES)
        if beyond := scopes - MACHINE_SCOPES:
            what = "A machine's token may not hold" if beyond <= EVERY_SCOPE else "Unknown or not for machines:"
            raise InvalidScope(f"{what} {', '.join(sorted(beyond))}.")
        at, source = now(), subscriber(ip)
        await session.execute(delete(DeviceGrant).where(DeviceGrant.expires_at < at - KEPT_FOR))
        waiting = select(func.count()).where(
            DeviceGrant.subscriber == source, DeviceGrant.state == GrantState.PENDING, DeviceGrant.expires_at > at
        )
        if (await session.scalar(waiting) or 0) >= MAX_PENDING:
            seconds = str(int(LIFETIME.total_seconds()))
            raise TooManyRequests(
                "Too many machines at this address wait for approval.", headers={"Retry-After": seconds}
            )
        codes = DeviceCodes(secrets.token_urlsafe(32), "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH)))
        session.add(
            DeviceGrant(
                device_code_hash=self._digest(codes.device_code),
                user_code_hash=self._digest(codes.user_code),
                machine=request.model_dump(exclude={"scopes"}),
                scopes=sorted(scopes),
                ip=ip,
                subscriber=source,
                expires_at=at + LIFETIME,
            )
        )
        return codes

    async def pending(self, session: AsyncSession, user_code: str) -> DeviceGrant | None:
        """Return the grant that waits under a user code, however it was typed; None when there is none."""
        code = "".join(character for character in user_code.upper() if character in ALPHABET)
        query = select(DeviceGrant).where(DeviceGrant.user_code_hash == self._digest(code)).with_for_update()
        grant = await session.scalar(query)
        return grant if grant is not None and _is_open(grant) else None

    async def decide(self, session: AsyncSession, grant_id: UUID, user_id: UUID, *, approve: bool) -> DeviceGrant:
        """Approve or deny a grant in the name of a person.

        Raises:
            NotFound: there is no such grant any more.
            Conflict: it was decided already, or its time is over.
        """
        grant = await session.scalar(select(DeviceGrant).where(DeviceGrant.id == grant_id).with_for_update())
        if grant is None:
            raise NotFound()
        if not _is_open(grant):
            raise Conflict("This was decided already, or the code has expired. Let the machine ask again.")
        grant.state, grant.decided_by = GrantState.APPROVED if approve else GrantState.DENIED, user_id
        details = {"hostname": grant.machine["hostname"], "ip": grant.ip, "scopes": grant.scopes}
        note(session, Action.APPROVE if approve else Action.DENIED, GRANTS, grant.id, details=details)
        return grant

    async def poll(self, session: AsyncSession, device_code: str) -> DeviceGrant | DeviceFlowError:
        """Return the approved grant of a device code, which is used up by that, or what to answer instead."""
        query = select(DeviceGrant).where(DeviceGrant.device_code_hash == self._digest(device_code))
        grant = await session.scalar(query.with_for_update())
        at = now()
        if grant is None or grant.expires_at <= at or grant.state is GrantState.USED:
            return ExpiredToken("Ask for a new code.")
        if grant.state is GrantState.DENIED:
            return AccessDenied()
        last, grant.polled_at = grant.polled_at, at
        if last is not None and timedelta(0) <= at - last < timedelta(seconds=grant.interval_seconds):
            grant.interval_seconds += INTERVAL_SECONDS
            return SlowDown(f"Wait {grant.interval_seconds} seconds between requests.")
        if grant.state is GrantState.PENDING:
            return AuthorizationPending()
        grant.state = GrantState.USED
        return grant

    def _digest(self, code: str) -> bytes:
        return hmac.digest(self._key, code.encode(errors="surrogatepass"), hashlib.sha256)


def shown(user_code: str) -> str:
    """Return a user code as people read it: XXXX-XXXX."""
    return f"{user_code[:4]}-{user_code[4:]}"


def _is_open(grant: DeviceGrant) -> bool:
    return grant.state is GrantState.PENDING and grant.expires_at > now()
