"""The keys of requests that may be sent twice, and what was answered to each."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Integer, LargeBinary, String, delete, insert, update
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.crypto.sealing import Sealer
from claudetools.kit.db.base import Base
from claudetools.kit.db.session import Database, opened_by
from claudetools.kit.db.types import Instant
from claudetools.kit.problems import Conflict, Invalid

KEPT_FOR = timedelta(hours=24)
LONGEST_REQUEST = timedelta(minutes=5)


class IdempotencyKey(Base):
    """A key that somebody used, for which request, and the reply: encrypted, none while there is none yet."""

    __tablename__ = "idempotency_keys"

    principal: Mapped[str] = mapped_column(String(80), primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)
    status: Mapped[int | None] = mapped_column(Integer)
    reply: Mapped[bytes | None] = mapped_column(LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb"))


class KeyReused(Invalid):
    """The key came with another request before."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"


class NotAnswered(Conflict):
    """The request with this key was taken up and has no reply to repeat."""

    code = "idempotency_not_answered"
    title = "The first request with this Idempotency-Key has no reply to repeat"


def _unanswered(taken_at: datetime) -> NotAnswered:
    if now() - taken_at < LONGEST_REQUEST:
        return NotAnswered("It is being worked on. Send the same request again shortly.", headers={"Retry-After": "1"})
    return NotAnswered("It was carried out, but the service ended before it answered. Look for what it changed.")


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Claim:
    """A key in the hands of the request that came first. It is stored with the first write of that request."""

    principal: str
    key_hash: str
    request_hash: str
    is_done: bool = field(default=False, init=False)

    async def begin(self, session: AsyncSession) -> None:
        """Store the key without a reply.

        Raises:
            NotAnswered: another request took the key meanwhile.
        """
        try:
            await session.execute(
                insert(IdempotencyKey).values(
                    principal=self.principal,
                    key_hash=self.key_hash,
                    request_hash=self.request_hash,
                    created_at=now(),
                )
            )
        except IntegrityError:
            raise _unanswered(now()) from None

    def is_row(self) -> tuple[ColumnElement[bool], ...]:
        """Return the condition for the row of this claim."""
        return IdempotencyKey.principal == self.principal, IdempotencyKey.key_hash == self.key_hash

    @property
    def context(self) -> bytes:
        """What the stored reply is bound to."""
        return f"{self.key_hash} {self.request_hash} {self.principal}".encode()


class IdempotencyKeys:
    """Finds and stores the keys of a database, with replies sealed and requests as digests under `digest_key`."""

    def __init__(self, database: Database, sealer: Sealer, digest_key: bytes) -> None:
        self._database = database
        self._sealer = sealer
        self._digest_key = digest_key

    def claim(self, principal: str, key: str, request: bytes) -> Claim:
        """Return the claim of a principal on a key, for a request of which `request` is everything that counts."""
        # Keyed: a request may hold a secret that somebody with the database could guess until the digest fits.
        digest = hmac.digest(self._digest_key, request, "sha256").hex()
        return Claim(principal, hashlib.sha256(key.encode()).hexdigest(), digest)

    async def reply_to(self, claim: Claim) -> Reply | None:
        """Return the reply that the key was given before; None for a new key.

        Raises:
            KeyReused: it was used for another request.
            NotAnswered: there is no reply yet, or it was lost.
        """

        async def unit(session: AsyncSession) -> IdempotencyKey | None:
            return await session.get(IdempotencyKey, (claim.principal, claim.key_hash))

        row = await self._database.read(unit)
        if row is None:
            return None
        if row.request_hash != claim.request_hash:
            raise KeyReused("Send a new key with a new request, and the same request with the same key.")
        if row.status is None or row.reply is None:
            raise _unanswered(row.created_at)
        headers, _, body = self._sealer.open(row.reply, claim.context).partition(b"\n")
        return Reply(row.status, json.loads(headers), body)

    async def keep(self, claim: Claim, reply: Reply) -> None:
        """Store the reply, with the key where no write of the request did, and forget keys that are past their time.

        Raises:
            NotAnswered: another request took the key meanwhile.
        """
        packed = json.dumps(dict(reply.headers)).encode() + b"\n" + reply.body
        answer = {"status": reply.status, "reply": self._sealer.seal(packed, claim.context)}

        async def unit(session: AsyncSession) -> None:
            await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now() - KEPT_FOR))
            await session.execute(update(IdempotencyKey).where(*claim.is_row()).values(answer))

        with opened_by(claim):
            await self._database.write(unit)

    async def release(self, claim: Claim) -> None:
        """Give back the key of a request that failed after its first write."""

        async def unit(session: AsyncSession) -> None:
            await session.execute(delete(IdempotencyKey).where(*claim.is_row()))

        if claim.is_done:
            await self._database.write(unit)
