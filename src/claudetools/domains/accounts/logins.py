"""Signing in: login sessions and rotating refresh tokens (RFC 9700, 4.14)."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CursorResult, ForeignKey, LargeBinary, String, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts.actors import actor_of
from claudetools.domains.accounts.users import ROLE_SCOPES, User
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import acting, note
from claudetools.kit.clock import now
from claudetools.kit.crypto.jwt import LIFETIME, AccessTokens
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, Instant
from claudetools.kit.ids import new_id
from claudetools.kit.resource.scope import Personal

IDLE_LIFE = timedelta(days=7)
ABSOLUTE_LIFE = timedelta(days=30)
GRACE = timedelta(seconds=10)
SESSIONS = "login-sessions"
"""What sessions are called in the audit trail."""
REUSED = "refresh token used twice"


class LoginSession(Base):
    """One sign-in of a person: the family of its refresh tokens."""

    __tablename__ = "login_sessions"
    __tenant__ = Personal("user_id")

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    last_used_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ip: Mapped[str | None] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(200))
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_reason: Mapped[str | None] = mapped_column(String(64))


class RefreshToken(Base):
    """One generation of a session's refresh token, as a digest."""

    __tablename__ = "refresh_tokens"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    session_id: Mapped[UUID] = mapped_column(Id, ForeignKey("login_sessions.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a sign-in or a refresh gives. `expires_in` is in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    scopes: list[str]


class Logins:
    """Opens and refreshes login sessions."""

    def __init__(self, tokens: AccessTokens, refresh_key: bytes) -> None:
        self._tokens = tokens
        self._refresh_key = refresh_key

    async def open(self, session: AsyncSession, user: User, *, ip: str | None, agent: str | None) -> Grant:
        """Start a login session for `user`, whose identity has been proven."""
        login = LoginSession(user_id=user.id, expires_at=now() + ABSOLUTE_LIFE, ip=ip, agent=(agent or "")[:200])
        session.add(login)
        await session.flush()
        acting.set(await actor_of(session, user, ROLE_SCOPES[user.role], session_id=login.id))
        note(session, Action.LOGIN, SESSIONS, login.id, details={"ip": ip, "agent": login.agent})
        first = urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        session.add(self._generation(login, first))
        return self._grant(user, login, first)

    async def refresh(self, session: AsyncSession, presented: str, *, ip: str | None) -> Grant | None:
        """Exchange a refresh token for the next one; None when it is not valid.

        Each token works once. Presenting a used one again ends the whole session, save within `GRACE` for the
        immediate predecessor of the current one, which gets the same successor (a lost reply).
        """
        stored = await session.scalar(select(RefreshToken).where(RefreshToken.token_hash == _digest(presented)))
        if stored is None:
            return None
        login = await session.get_one(LoginSession, stored.session_id)
        user = await session.get_one(User, login.user_id)
        at = now()
        if login.revoked_at or login.expires_at <= at or stored.expires_at <= at or not user.is_active:
            return None
        successor = self._successor(presented)
        claimed: CursorResult[tuple[()]] = await session.execute(  # type: ignore[assignment]
            update(RefreshToken).where(RefreshToken.id == stored.id, RefreshToken.used_at.is_(None)).values(used_at=at)
        )
        if claimed.rowcount == 1:
            login.last_used_at = at
            session.add(self._generation(login, successor))
            return self._grant(user, login, successor)
        await session.refresh(stored)
        following = await session.scalar(select(RefreshToken).where(RefreshToken.token_hash == _digest(successor)))
        lost_reply = following is not None and following.used_at is None
        if lost_reply and stored.used_at is not None and at - stored.used_at <= GRACE:
            return self._grant(user, login, successor)
        end(login, REUSED)
        details = {"reason": REUSED, "user_id": str(user.id), "ip": ip}
        note(session, Action.ALERT, SESSIONS, login.id, details=details)
        return None

    def _successor(self, token: str) -> str:
        digest = hmac.digest(self._refresh_key, token.encode(), hashlib.sha256)
        return urlsafe_b64encode(digest).decode().rstrip("=")

    def _generation(self, login: LoginSession, token: str) -> RefreshToken:
        return RefreshToken(
            session_id=login.id, token_hash=_digest(token), expires_at=min(now() + IDLE_LIFE, login.expires_at)
        )

    def _grant(self, user: User, login: LoginSession, refresh_token: str) -> Grant:
        scopes = ROLE_SCOPES[user.role]
        return Grant(
            access_token=self._tokens.issue(user.id, login.id, scopes, user.token_version),
            expires_in=int(LIFETIME.total_seconds()),
            refresh_token=refresh_token,
            scopes=sorted(scopes),
        )


def end(login: LoginSession, reason: str) -> bool:
    """Mark a login session as ended; return whether it was not before."""
    if login.revoked_at is not None:
        return False
    login.revoked_at, login.revoked_reason = now(), reason
    return True


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
