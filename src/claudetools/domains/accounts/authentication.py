"""From a bearer token to the actor behind it."""

import hashlib
import time
from collections import OrderedDict
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.logins import LoginSession
from claudetools.domains.accounts.tokens import ApiToken, has_secret, parse_token
from claudetools.domains.accounts.users import ROLE_SCOPES, ClientRights, User, tenants_of
from claudetools.kit.clock import now
from claudetools.kit.crypto.jwt import AccessTokens
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Unauthenticated
from claudetools.kit.resource.scope import Actor, Tenants

CACHE_SECONDS = 5.0
CACHE_SIZE = 2_000
USE_NOTED_EVERY = timedelta(minutes=5)


class Authenticator:
    """Finds the actor of a bearer token; an answer is reused for at most `CACHE_SECONDS`."""

    def __init__(self, database: Database, tokens: AccessTokens) -> None:
        self._database = database
        self._tokens = tokens
        self._cache: OrderedDict[bytes, tuple[float, Actor]] = OrderedDict()
        self._generation = 0

    async def actor(self, authorization: str | None) -> Actor:
        """Return the actor that an Authorization header stands for.

        Raises:
            Unauthenticated: there is no header, or its token is unknown, expired or revoked.
        """
        scheme, _, bearer = (authorization or "").partition(" ")
        bearer = bearer.strip()
        if scheme.lower() != "bearer" or not bearer:
            raise Unauthenticated("Send the header `Authorization: Bearer <token>`.")
        key = hashlib.sha256(bearer.encode()).digest()
        cached = self._cache.get(key)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        generation = self._generation
        actor = await (self._by_api_token(bearer) if bearer.startswith("ct_") else self._by_jwt(bearer))
        if generation != self._generation:
            # Rights changed while they were read: the answer holds for this request, and is not reused.
            return actor
        self._cache[key] = (time.monotonic() + CACHE_SECONDS, actor)
        while len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return actor

    async def principal(self, authorization: str | None) -> str | None:
        """Return the name under which requests with this header are counted and remembered; None for a stranger.

        Raises:
            Unavailable: the database is away.
        """
        try:
            actor = await self.actor(authorization)
        except Unauthenticated:
            return None
        return f"token:{actor.token_id}" if actor.token_id else f"user:{actor.user_id}"

    def forget(self) -> None:
        """Drop all reused answers, after a change of rights made by this process."""
        self._generation += 1
        self._cache.clear()

    async def _by_jwt(self, bearer: str) -> Actor:
        claims = self._tokens.read(bearer)

        async def unit(session: AsyncSession) -> Actor:
            found = await session.execute(
                select(LoginSession, User)
                .join(User, User.id == LoginSession.user_id)
                .where(LoginSession.id == claims.session_id, User.id == claims.user_id)
            )
            login, user = found.one_or_none() or (None, None)
            if (
                login is None
                or user is None
                or login.revoked_at is not None
                or login.expires_at <= now()
                or not user.is_active
                or user.token_version != claims.token_version
            ):
                raise Unauthenticated("The access token is not valid or has expired.")
            return await _actor(session, user, claims.scopes, session_id=login.id)

        return await self._database.read(unit)

    async def _by_api_token(self, bearer: str) -> Actor:
        parsed = parse_token(bearer)
        if parsed is None:
            raise Unauthenticated("This is not a token of this service.")
        public_id, secret = parsed

        async def unit(session: AsyncSession) -> tuple[Actor, UUID | None]:
            found = await session.execute(
                select(ApiToken, User).join(User, User.id == ApiToken.user_id).where(ApiToken.public_id == public_id)
            )
            token, user = found.one_or_none() or (None, None)
            if (
                token is None
                or user is None
                or not has_secret(token, secret)
                or token.revoked_at is not None
                or token.expires_at <= now()
                or not user.is_active
            ):
                raise Unauthenticated("The token is unknown, has expired or was revoked.")
            limit = None if token.client_ids is None else Tenants(frozenset(UUID(id) for id in token.client_ids))
            actor = await _actor(
                session, user, frozenset(token.scopes), limit=limit, token_id=token.id, machine_id=token.machine_id
            )
            stale = token.last_used_at is None or now() - token.last_used_at > USE_NOTED_EVERY
            return actor, token.id if stale else None

        actor, stale = await self._database.read(unit)
        if stale is not None:
            await self._note_use(stale)
        return actor

    async def _note_use(self, token_id: UUID) -> None:
        at = now()
        is_stale = or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < at - USE_NOTED_EVERY)
        # Being used does not change the record: its version and the time of its last change stay.
        kept = {"version": ApiToken.version, "updated_at": ApiToken.updated_at}

        async def unit(session: AsyncSession) -> None:
            await session.execute(
                update(ApiToken).where(ApiToken.id == token_id, is_stale).values(last_used_at=at, **kept),
                execution_options={"synchronize_session": False},
            )

        await self._database.write(unit)


async def _actor(
    session: AsyncSession,
    user: User,
    scopes: frozenset[str],
    *,
    limit: Tenants | None = None,
    session_id: UUID | None = None,
    token_id: UUID | None = None,
    machine_id: UUID | None = None,
) -> Actor:
    rights = await tenants_of(session, user)
    if limit is not None:
        rights = ClientRights(*(tenants.intersection(limit) for tenants in rights))
    return Actor(
        user_id=user.id,
        email=user.email,
        display_name=user.display_name,
        role=user.role.value,
        scopes=scopes & ROLE_SCOPES[user.role],
        readable=rights.readable,
        writable=rights.writable,
        revealable=rights.revealable,
        session_id=session_id,
        token_id=token_id,
        machine_id=machine_id,
    )
