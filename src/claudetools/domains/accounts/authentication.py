"""From a bearer token to the actor behind it."""

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.actors import actor_of
from claudetools.domains.accounts.logins import LoginSession
from claudetools.domains.accounts.tokens import ApiToken, has_secret, parse_token
from claudetools.domains.accounts.users import User
from claudetools.kit.clock import now
from claudetools.kit.crypto.jwt import AccessTokens
from claudetools.kit.db.session import Database
from claudetools.kit.http.client_address import Network, is_within
from claudetools.kit.problems import Unauthenticated
from claudetools.kit.resource.scope import Actor, Tenants

WRONG_TOKEN = "The token is unknown, has expired or was revoked."  # noqa: S105 - what callers are told
CACHE_SECONDS = 5.0
CACHE_SIZE = 2_000
USE_NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Answer:
    """Who a token stands for, and the networks that it works from; None for all."""

    actor: Actor
    networks: tuple[Network, ...] | None = None

    def to(self, address: str | None) -> Actor:
        if self.networks is not None and not is_within(address, self.networks):
            raise Unauthenticated(WRONG_TOKEN)
        return self.actor


class Authenticator:
    """Finds the actor of a bearer token; an answer is reused for at most `CACHE_SECONDS`."""

    def __init__(self, database: Database, tokens: AccessTokens) -> None:
        self._database = database
        self._tokens = tokens
        self._cache: OrderedDict[bytes, tuple[float, _Answer]] = OrderedDict()
        self._generation = 0

    async def actor(self, authorization: str | None, address: str | None = None) -> Actor:
        """Return the actor that an Authorization header stands for, sent from an address.

        Raises:
            Unauthenticated: there is no header, or its token is unknown, expired or revoked, or is not for
                use from this address.
        """
        scheme, _, bearer = (authorization or "").partition(" ")
        bearer = bearer.strip()
        if scheme.lower() != "bearer" or not bearer:
            raise Unauthenticated("Send the header `Authorization: Bearer <token>`.")
        key = hashlib.sha256(bearer.encode()).digest()
        cached = self._cache.get(key)
        if cached and cached[0] > time.monotonic():
            return cached[1].to(address)
        # Counted from before the database was asked, so that no answer is older than it may be.
        generation, asked_at = self._generation, time.monotonic()
        answer = await (self._by_api_token(bearer, address) if bearer.startswith("ct_") else self._by_jwt(bearer))
        if generation != self._generation:
            # Rights changed while they were read: the answer holds for this request, and is not reused.
            return answer.to(address)
        self._cache[key] = (asked_at + CACHE_SECONDS, answer)
        while len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return answer.to(address)

    async def principal(self, authorization: str | None, address: str | None) -> str | None:
        """Return the name under which requests with this header, from an address, are counted; None for a stranger.

        Raises:
            Unavailable: the database is away.
        """
        try:
            actor = await self.actor(authorization, address)
        except Unauthenticated:
            return None
        return f"token:{actor.token_id}" if actor.token_id else f"user:{actor.user_id}"

    def forget(self) -> None:
        """Drop all reused answers, after a change of rights made by this process."""
        self._generation += 1
        self._cache.clear()

    async def _by_jwt(self, bearer: str) -> _Answer:
        claims = self._tokens.read(bearer)

        async def unit(session: AsyncSession) -> _Answer:
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
            return _Answer(await actor_of(session, user, claims.scopes, session_id=login.id))

        return await self._database.read(unit)

    async def _by_api_token(self, bearer: str, address: str | None) -> _Answer:
        parsed = parse_token(bearer)
        if parsed is None:
            raise Unauthenticated("This is not a token of this service.")
        public_id, secret = parsed

        async def unit(session: AsyncSession) -> tuple[_Answer, UUID | None]:
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
                raise Unauthenticated(WRONG_TOKEN)
            limit = None if token.client_ids is None else Tenants(frozenset(UUID(id) for id in token.client_ids))
            actor = await actor_of(
                session, user, frozenset(token.scopes), limit=limit, token_id=token.id, machine_id=token.machine_id
            )
            networks = None if token.allowed_ips is None else tuple(ip_network(each) for each in token.allowed_ips)
            answer = _Answer(actor, networks)
            # A try from where the token does not work is no use of it.
            answer.to(address)
            stale = token.last_used_at is None or now() - token.last_used_at > USE_NOTED_EVERY
            return answer, token.id if stale else None

        answer, stale = await self._database.read(unit)
        if stale is not None:
            await self._note_use(stale)
        return answer

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
