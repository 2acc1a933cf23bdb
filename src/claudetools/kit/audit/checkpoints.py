"""Checkpoints: where all lanes stand, signed (Ed25519, RFC 8032), each naming the one before it.

Whoever has one from outside the database knows what must be in it.
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import BigInteger, LargeBinary, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.audit.chain import GENESIS, canonical
from claudetools.kit.audit.checkpoint_key import CheckpointKey
from claudetools.kit.clock import isoformat
from claudetools.kit.db.base import Base
from claudetools.kit.db.session import Database
from claudetools.kit.db.types import Instant, Json

FORMAT = b"claudetools audit checkpoint 1"
BATCH = 500


class AuditCheckpoint(Base):
    """A stored checkpoint. Two sealers cannot both add one after the same: its number is the key."""

    __tablename__ = "audit_checkpoints"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime] = mapped_column(Instant)
    lanes: Mapped[dict[str, Any]] = mapped_column(Json)
    merkle_root: Mapped[bytes] = mapped_column(LargeBinary(32))
    total: Mapped[int] = mapped_column(BigInteger)
    public_key_id: Mapped[str] = mapped_column(String(64))
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))


@dataclass(frozen=True, slots=True)
class Position:
    """The last event of a lane: its number and hash."""

    seq: int = 0
    hash: bytes = GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where the lanes stand.

    `merkle_root` is over the hashes of the events since the checkpoint before, lane by lane, in order; `total` is how
    many events there are in all.
    """

    number: int
    previous_hash: bytes
    at: datetime
    lanes: Mapping[int, Position]
    merkle_root: bytes
    total: int
    public_key_id: str
    signature: bytes = b""

    @property
    def content(self) -> bytes:
        """What is signed."""
        lanes = {str(lane): [at.seq, at.hash.hex()] for lane, at in self.lanes.items()}
        values = (self.number, self.previous_hash, self.at, lanes, self.merkle_root, self.total, self.public_key_id)
        return canonical([FORMAT, *values])

    @property
    def hash(self) -> bytes:
        """By which the next one, and an anchor, names it."""
        return hashlib.sha256(self.content + self.signature).digest()

    def signed(self, key: CheckpointKey) -> "Checkpoint":
        """Return it with the signature of `key`."""
        return replace(self, signature=key.private.sign(self.content))

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Return whether the signature is that of `key`."""
        try:
            key.verify(self.signature, self.content)
        except InvalidSignature:
            return False
        return True

    def as_row(self) -> dict[str, Any]:
        """Return its columns."""
        return {
            "number": self.number,
            "previous_hash": self.previous_hash,
            "at": self.at,
            "lanes": {str(lane): [at.seq, at.hash.hex()] for lane, at in self.lanes.items()},
            "merkle_root": self.merkle_root,
            "total": self.total,
            "public_key_id": self.public_key_id,
            "signature": self.signature,
        }

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data, for anchors and readers: hashes in hexadecimal digits."""
        row = self.as_row() | {"at": isoformat(self.at), "hash": self.hash}
        return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Checkpoint":
        """Return what a row, or what `as_json` gave, says.

        Raises:
            ValueError: it is not the row of a checkpoint.
        """
        try:
            given = {name: bytes.fromhex(row[name]) if isinstance(row[name], str) else row[name] for name in HASHES}
            at = row["at"]
            return cls(
                number=int(row["number"]),
                at=datetime.fromisoformat(at) if isinstance(at, str) else at,
                lanes={
                    int(lane): Position(int(seq), bytes.fromhex(head)) for lane, (seq, head) in row["lanes"].items()
                },
                total=int(row["total"]),
                public_key_id=str(row["public_key_id"]),
                **given,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a checkpoint: {type(error).__name__}") from None


HASHES = ("previous_hash", "merkle_root", "signature")
COLUMNS = tuple(AuditCheckpoint.__table__.c)


async def last_checkpoint(database: Database) -> Checkpoint | None:
    """Return the newest stored checkpoint.

    Raises:
        ValueError: its row is damaged.
        Unavailable: the database is away.
    """
    return next(iter(await newest_checkpoints(database, limit=1, before=None)), None)


async def checkpoints_after(database: Database, number: int) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the rows of the stored checkpoints with higher numbers, in order, read in batches.

    Raises:
        Unavailable: the database is away.
    """
    while True:
        rows = await database.read(_Batch(number))
        for row in rows:
            yield row
        if len(rows) < BATCH:
            return
        number = rows[-1]["number"]


async def newest_checkpoints(database: Database, *, limit: int, before: int | None) -> list[Checkpoint]:
    """Return up to `limit` stored checkpoints, the newest first; those with lower numbers than `before`.

    Raises:
        ValueError: a row is damaged.
        Unavailable: the database is away.
    """
    newest = select(*COLUMNS).order_by(AuditCheckpoint.number.desc()).limit(limit)
    if before is not None:
        newest = newest.where(AuditCheckpoint.number < before)

    async def unit(session: AsyncSession) -> list[Checkpoint]:
        return [Checkpoint.of(dict(row._mapping)) for row in await session.execute(newest)]

    return await database.read(unit)


@dataclass(frozen=True)
class _Batch:
    after: int

    async def __call__(self, session: AsyncSession) -> Sequence[Mapping[str, Any]]:
        following = select(*COLUMNS).where(AuditCheckpoint.number > self.after).order_by(AuditCheckpoint.number)
        return [dict(row._mapping) for row in await session.execute(following.limit(BATCH))]
