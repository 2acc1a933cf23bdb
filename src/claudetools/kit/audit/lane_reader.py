"""Reading one lane from its beginning, and checking each event against the one before it."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.audit.chain import ChainKeys, row_hash
from claudetools.kit.audit.checkpoints import Position
from claudetools.kit.audit.events import AuditEvent
from claudetools.kit.audit.lanes import OLD_LANE
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.db.session import Database

BATCH = 250
COLUMNS = tuple(AuditEvent.__table__.c)
NAMES = tuple(column.key for column in COLUMNS)
UNREADABLE = (ValueError, TypeError, LookupError)
"""What comes of a value that its column's type does not have."""


class FaultKind(StrEnum):
    """What is wrong in the chain."""

    ALTERED = "altered"
    DELETED = "deleted"
    REORDERED = "reordered"
    DUPLICATED = "duplicated"
    TRUNCATED = "truncated"
    REPLAYED = "replayed"
    HEAD_ALTERED = "head_altered"
    CHECKPOINT_FORGED = "checkpoint_forged"
    CHECKPOINT_MISSING = "checkpoint_missing"
    CHECKPOINT_DISAGREES = "checkpoint_disagrees"
    ANCHOR_DISAGREES = "anchor_disagrees"


class Fault(BaseModel):
    """One thing that is wrong, and where: a place in a lane, a checkpoint, an anchor."""

    kind: FaultKind
    lane: int | None = None
    seq: int | None = Field(None, description="Number of the first event of the lane that is not what it was.")
    checkpoint: int | None = None
    anchor: str | None = None
    detail: str


class LaneReader:
    """Goes through the events of a lane. It stops for good at the first that is not right, which is its `fault`."""

    def __init__(self, database: Database, lane: int, keys: ChainKeys | None) -> None:
        self.lane = lane
        self.at = Position()
        self.instant: datetime | None = None
        self.fault: Fault | None = None
        self.flagged = 0
        self._database = database
        self._keys = keys
        self._waiting: deque[dict[str, Any]] = deque()
        self._has_more = True

    async def advance(self, seq: int) -> list[bytes]:
        """Check the events up to number `seq` and return their hashes; fewer when one is not right or missing."""
        found: list[bytes] = []
        while self.at.seq < seq and self.fault is None:
            self.fault = await self._step(found)
            if self.fault is None and not self._has_more:
                detail = f"The lane ends at {self.at.seq} instead of {seq}."
                self.fault = self._told(FaultKind.TRUNCATED, self.at.seq + 1, detail)
        return found

    def _told(self, kind: FaultKind, seq: int, detail: str) -> Fault:
        return Fault(kind=kind, lane=self.lane, seq=seq, detail=detail)

    async def _step(self, found: list[bytes]) -> Fault | None:
        """Go one event further, or return what is wrong with it."""
        try:
            event = await self._next()
        except UNREADABLE:
            return self._told(FaultKind.ALTERED, self.at.seq + 1, "A column holds what was never stored there.")
        self._has_more = event is not None
        if event is None:
            return None
        fault = await self._check(event)
        if fault is None:
            self.at = Position(event["seq"], event["row_hash"])
            self.instant = event["at"]
            self.flagged += event["is_clock_behind"]
            found.append(event["row_hash"])
        return fault

    async def _next(self) -> dict[str, Any] | None:
        if not self._waiting:
            try:
                self._waiting.extend(await self._database.read(_Events(self.lane, self.at.seq, BATCH)))
            except UNREADABLE:
                # One of them. Those before it are read by themselves.
                self._waiting.extend(await self._database.read(_Events(self.lane, self.at.seq, 1)))
        return self._waiting.popleft() if self._waiting else None

    async def _check(self, event: Mapping[str, Any]) -> Fault | None:
        seq = self.at.seq + 1
        if event["seq"] != seq:
            return self._told(FaultKind.DELETED, seq, f"The next event is number {event['seq']}.")
        follows = event["prev_hash"] == self.at.hash
        if row_hash(event) != event["row_hash"]:
            return await self._displaced(event, seq, follows=follows)
        if why := self._mac_fault(event):
            return self._told(FaultKind.ALTERED, seq, why)
        if not follows:
            return self._told(FaultKind.ALTERED, max(seq - 1, 1), "The event after it followed another one.")
        return None

    async def _displaced(self, event: Mapping[str, Any], seq: int, *, follows: bool) -> Fault:
        """Return how an event came to hold what its hash was not made of."""
        if await self._is_copy(event):
            return self._told(FaultKind.DUPLICATED, seq, "It is a copy of another event.")
        if not follows:
            return self._told(FaultKind.REORDERED, seq, "It is not what follows the event before it.")
        return self._told(FaultKind.ALTERED, seq, "Its fields are not those that its hash was made of.")

    def _mac_fault(self, event: Mapping[str, Any]) -> str | None:
        if self._keys is None or self.lane == OLD_LANE:
            return None
        try:
            is_genuine = self._keys.is_genuine(event["row_hash"], event["key_id"] or "", event["mac"])
        except KeyProblem:
            return f"It names the root key {event['key_id']}, which is not in the keyring."
        return None if is_genuine else "Its MAC was not made with the key."

    async def _is_copy(self, event: Mapping[str, Any]) -> bool:
        elsewhere = or_(AuditEvent.lane != event["lane"], AuditEvent.seq != event["seq"])
        same = select(AuditEvent.seq).where(AuditEvent.row_hash == event["row_hash"], elsewhere).limit(1)

        async def unit(session: AsyncSession) -> bool:
            return await session.scalar(same) is not None

        return await self._database.read(unit)


class _Events:
    """Reads the next events of a lane."""

    def __init__(self, lane: int, after: int, limit: int) -> None:
        following = select(*COLUMNS).where(AuditEvent.lane == lane, AuditEvent.seq > after)
        self._query = following.order_by(AuditEvent.seq).limit(limit)

    async def __call__(self, session: AsyncSession) -> Sequence[dict[str, Any]]:
        return [dict(zip(NAMES, row, strict=True)) for row in await session.execute(self._query)]
