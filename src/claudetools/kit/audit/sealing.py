"""The sealer: every few seconds it looks at what was added to the lanes and signs where they stand.

It goes by lane and number, never by id or time, so a transaction that commits late is in the next checkpoint. Any
number of sealers may run: only one of them can add the checkpoint after the last.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.audit.anchors import Anchors
from claudetools.kit.audit.chain import GENESIS, merkle_root
from claudetools.kit.audit.checkpoint_key import CheckpointKey
from claudetools.kit.audit.checkpoints import AuditCheckpoint, Checkpoint, Position, last_checkpoint
from claudetools.kit.audit.events import AuditEvent
from claudetools.kit.audit.lanes import AuditLane
from claudetools.kit.clock import now
from claudetools.kit.db.session import Database
from claudetools.kit.logging import log
from claudetools.kit.problems import Unavailable

SEAL_SECONDS = 10.0
SEAL_EVENTS = 1_000
"""So many new events are sealed without waiting for the time."""
BATCH = 1_000
MOST_EVENTS = 20_000
"""Events of one lane that one checkpoint adds at most; the rest comes with the next."""
logger = log(__name__)


class SealRefused(Exception):
    """The last checkpoint was not made with this key: nothing is built on it. The message says what to do."""


@dataclass
class _Lane:
    """What is new in a lane, read in order; it ends before the first event that does not follow from the last."""

    database: Database
    lane: int
    at: Position
    events: int = 0
    fault: int | None = field(default=None)

    async def hashes(self) -> list[bytes]:
        """Return the hashes of the new events."""
        found: list[bytes] = []
        while len(found) < MOST_EVENTS:
            rows = await self.database.read(self._batch)
            for seq, previous, row_hash in rows:
                if seq != self.at.seq + 1 or previous != self.at.hash:
                    self.fault = self.at.seq + 1
                    return found
                self.at = Position(seq, row_hash)
                found.append(row_hash)
            if len(rows) < BATCH:
                break
        return found

    async def _batch(self, session: AsyncSession) -> list[tuple[int, bytes, bytes]]:
        following = select(AuditEvent.seq, AuditEvent.prev_hash, AuditEvent.row_hash).where(
            AuditEvent.lane == self.lane, AuditEvent.seq > self.at.seq
        )
        return [tuple(row) for row in await session.execute(following.order_by(AuditEvent.seq).limit(BATCH))]  # type: ignore[misc]


class AuditSealer:
    """Seals the lanes of one database. Without a key it does nothing but wait."""

    def __init__(self, database: Database, key: CheckpointKey | None, anchors: Anchors) -> None:
        self._database = database
        self._key = key
        self.anchors = anchors
        self._wanted = asyncio.Event()
        self._new = 0

    def told(self, events: int, is_precious: bool) -> None:
        """Take note of events that were committed: enough of them, or a precious one, are sealed at once."""
        self._new += events
        if is_precious or self._new >= SEAL_EVENTS:
            self._wanted.set()

    async def run(self) -> None:
        """Seal and anchor until cancelled. What fails is logged and tried again the next time."""
        while self._key is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), SEAL_SECONDS)
            self._wanted.clear()
            self._new = 0
            try:
                await self.seal()
            except (Unavailable, DBAPIError) as error:
                logger.warning("the audit trail is not sealed", error=type(error).__name__)
            except (SealRefused, ValueError) as error:
                logger.error("the audit trail cannot be sealed", error=str(error)[:300])

    async def seal(self) -> Checkpoint | None:
        """Add a checkpoint for what is new and bring all anchors up to date; None when nothing is new.

        Raises:
            SealRefused: there is no key, or the last checkpoint was not made with it.
            ValueError: the last checkpoint is damaged.
            Unavailable: the database is away.
        """
        made = await self._sealed()
        await self.anchors.catch_up(self._database)
        return made

    async def _sealed(self) -> Checkpoint | None:
        if self._key is None:
            raise SealRefused("This process has no checkpoint key, so it does not seal.")
        last = await last_checkpoint(self._database)
        if last is not None and not self._is_own(last):
            raise SealRefused(f"Checkpoint {last.number} was not made with this key. Run: claudetools audit verify")
        before = {} if last is None else last.lanes
        lanes, leaves, added = dict(before), list[bytes](), 0
        for lane in sorted(await self._database.read(_lanes)):
            reader = _Lane(self._database, lane, before.get(lane, Position()))
            leaves += await reader.hashes()
            if reader.fault is not None:
                logger.error("the audit chain is broken", lane=lane, seq=reader.fault)
            if reader.at.seq:
                lanes[lane] = reader.at
        added = len(leaves)
        if not added:
            return None
        made = Checkpoint(
            number=1 if last is None else last.number + 1,
            previous_hash=GENESIS if last is None else last.hash,
            at=now(),
            lanes=dict(sorted(lanes.items())),
            merkle_root=merkle_root(leaves),
            total=(0 if last is None else last.total) + added,
            public_key_id=self._key.id,
        ).signed(self._key)
        return made if await self._stored(made) else None

    def _is_own(self, checkpoint: Checkpoint) -> bool:
        assert self._key is not None
        return checkpoint.is_signed_by(self._key.private.public_key())

    async def _stored(self, made: Checkpoint) -> bool:
        """Store a checkpoint; return False when another sealer was faster."""

        async def unit(session: AsyncSession) -> None:
            await session.execute(insert(AuditCheckpoint).values(made.as_row()))

        try:
            await self._database.write(unit)
        except IntegrityError:
            return False
        return True


async def _lanes(session: AsyncSession) -> list[int]:
    return list(await session.scalars(select(AuditLane.lane)))
