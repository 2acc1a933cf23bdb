"""API tokens: `ct_<kind>_<id>_<secret>_<crc>`, shown once, stored as a hash."""

import hashlib
import hmac
import secrets
import zlib
from base64 import b32encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, IPvAnyNetwork, model_validator
from sqlalchemy import ForeignKey, LargeBinary, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts.machines import Machine
from claudetools.domains.accounts.users import EVERY_SCOPE
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, Instant, Json, choice
from claudetools.kit.problems import Forbidden, invalid
from claudetools.kit.resource.declare import READ_ONLY, Resource
from claudetools.kit.resource.schema import Input, Label, Moment, Name, Output
from claudetools.kit.resource.scope import Access, Actor, Personal, find

LONGEST_LIFE = timedelta(days=366)
MACHINE_SCOPES = frozenset({"msp:read", "msp:write", "memory:read", "memory:write"})


class TokenKind(StrEnum):
    """What a token is for."""

    PERSONAL = "personal"
    MACHINE = "machine"
    INTEGRATION = "integration"


class ApiToken(Record):
    """A token; only a digest of its secret is kept."""

    __tablename__ = "api_tokens"
    __tenant__ = Personal("user_id")

    public_id: Mapped[str] = mapped_column(String(16), unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[TokenKind] = mapped_column(choice(TokenKind))
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="CASCADE"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    client_ids: Mapped[list[str] | None] = mapped_column(Json)
    allowed_ips: Mapped[list[str] | None] = mapped_column(Json)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class TokenCreate(Input):
    """What callers send to make a token. With `allowed_ips`, networks in CIDR form, it works from there only."""

    name: Name
    kind: TokenKind
    machine_id: UUID | None = None
    scopes: Annotated[list[Label], Field(min_length=1, max_length=20)]
    client_ids: Annotated[list[UUID], Field(min_length=1, max_length=5000)] | None = None
    allowed_ips: Annotated[list[IPvAnyNetwork], Field(min_length=1, max_length=100)] | None = None
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "TokenCreate":
        if (self.kind is TokenKind.MACHINE) != (self.machine_id is not None):
            raise ValueError("machine_id goes with kind 'machine', and only with it")
        return self


class TokenRead(Output):
    """What callers get of a token."""

    id: UUID
    public_id: str
    name: str
    kind: TokenKind
    user_id: UUID
    machine_id: UUID | None
    scopes: list[str]
    client_ids: list[UUID] | None
    allowed_ips: list[str] | None
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class TokenCreated(TokenRead):
    """A new token, with its text. It is shown this once."""

    token: str


API_TOKENS = Resource(
    name="api-tokens",
    singular="api-token",
    model=ApiToken,
    read=TokenRead,
    create=TokenCreate,
    filters=("kind", "user_id", "machine_id", "name"),
    sorts=("name", "created_at", "updated_at", "expires_at"),
    searches=("name",),
    expires="expires_at",
    verbs=READ_ONLY,
)


def _random(size: int) -> str:
    return b32encode(secrets.token_bytes(size)).decode().rstrip("=").lower()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def make_token(kind: TokenKind) -> tuple[str, str, bytes]:
    """Return a fresh token's text, its public id, and the digest of its 256-bit secret."""
    public_id, secret = _random(10), _random(32)
    body = f"ct_{kind.value}_{public_id}_{secret}"
    return f"{body}_{_checksum(body)}", public_id, _digest(secret)


def parse_token(text: str) -> tuple[str, str] | None:
    """Return the public id and the secret in a token's text, or None when it is not well formed."""
    parts = text.split("_")
    if len(text) > 200 or len(parts) != 5 or parts[0] != "ct" or parts[4] != _checksum("_".join(parts[:4])):
        return None
    return parts[2], parts[3]


def has_secret(token: ApiToken, secret: str) -> bool:
    """Return whether `secret` is the token's, in constant time."""
    return hmac.compare_digest(token.secret_hash, _digest(secret))


async def add_token(session: AsyncSession, actor: Actor, body: TokenCreate) -> tuple[ApiToken, str]:
    """Create a token owned by the caller; return it and its text.

    Raises:
        Forbidden: the scopes or clients go beyond the caller's own, or beyond what a machine may have.
        NotFound: the machine is not the caller's.
        Invalid: a scope is unknown, or the expiry is not within a year.
    """
    scopes = frozenset(body.scopes)
    if unknown := scopes - EVERY_SCOPE:
        raise invalid("/scopes", f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(EVERY_SCOPE))}.")
    if beyond := scopes - actor.scopes:
        raise Forbidden(f"You do not hold {', '.join(sorted(beyond))} yourself.")
    if body.kind is TokenKind.MACHINE and (beyond := scopes - MACHINE_SCOPES):
        raise Forbidden(f"A machine's token may not hold {', '.join(sorted(beyond))}.")
    if body.machine_id is not None:
        await find(session, actor, Machine, body.machine_id, Access.WRITE)
    await _check_clients(session, actor, body.client_ids or [])
    expires_at = body.expires_at or now() + LONGEST_LIFE
    if not now() < expires_at <= now() + LONGEST_LIFE:
        raise invalid("/expires_at", "Give an instant within the next 366 days.")
    text, public_id, secret_hash = make_token(body.kind)
    token = ApiToken(
        public_id=public_id,
        secret_hash=secret_hash,
        name=body.name,
        kind=body.kind,
        user_id=actor.user_id,
        machine_id=body.machine_id,
        scopes=sorted(scopes),
        client_ids=None if body.client_ids is None else [str(id) for id in body.client_ids],
        allowed_ips=None if body.allowed_ips is None else [str(network) for network in body.allowed_ips],
        expires_at=expires_at,
    )
    session.add(token)
    await session.flush()
    return token, text


async def _check_clients(session: AsyncSession, actor: Actor, client_ids: Sequence[UUID]) -> None:
    clients = Base.metadata.tables["clients"]
    known = (
        set(await session.scalars(select(clients.c.id).where(clients.c.id.in_(client_ids)))) if client_ids else set()
    )
    for index, client_id in enumerate(client_ids):
        if client_id not in actor.readable or client_id not in known:
            raise invalid(f"/client_ids/{index}", "There is no such client.", "not_found")


async def revoke_token(session: AsyncSession, actor: Actor, id: UUID) -> None:
    """End a token. Ending one twice is the same as once."""
    token = await find(session, actor, ApiToken, id, Access.WRITE)
    if token.revoked_at is None:
        token.revoked_at = now()
