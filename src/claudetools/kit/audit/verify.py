"""Checking the chain: every event, every link, every checkpoint, and what the anchors know.

It goes through the checkpoints in order and reads the events that each covers, lane by lane, in batches: a long history
needs no more memory than a short one.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.audit.anchor_check import AnchorCheck
from claudetools.kit.audit.anchors import Anchors
from claudetools.kit.audit.chain import GENESIS, ChainKeys, merkle_root
from claudetools.kit.audit.checkpoints import Checkpoint, Position, checkpoints_after
from claudetools.kit.audit.events import AuditEvent
from claudetools.kit.audit.lane_reader import Fault, FaultKind, LaneReader
from claudetools.kit.audit.lanes import COLUMNS as LANE_COLUMNS
from claudetools.kit.audit.lanes import OLD_LANE, head_bytes
from claudetools.kit.clock import now
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.db.session import Database


class Report(BaseModel):
    """What a check of the chain found. `first` is the first of the faults."""

    is_intact: bool
    first: Fault | None
    faults: list[Fault]
    warnings: list[str]
    events: int = Field(description="Events that were found to be right.")
    checkpoints: int = Field(description="Checkpoints that were found to be right.")
    are_macs_checked: bool = Field(description="False where only the public key was at hand.")
    events_with_clock_behind: int
    unsealed_events: int = Field(description="Events that no checkpoint covers yet.")
    unsealed_seconds: float | None = Field(description="How long the oldest of them has been waiting.")


class _Check:
    """One run."""

    def __init__(
        self,
        database: Database,
        public_keys: Mapping[str, Ed25519PublicKey],
        keys: ChainKeys | None,
        anchors: Anchors,
    ) -> None:
        self.database = database
        self.public_keys = public_keys
        self.keys = keys
        self.lanes: dict[int, LaneReader] = {}
        self.anchors = [AnchorCheck(each) for each in anchors.each]
        self.faults: list[Fault] = []
        self.last: Checkpoint | None = None
        self.waiting_since: datetime | None = None

    def lane(self, number: int) -> LaneReader:
        """Return the reader of a lane."""
        if number not in self.lanes:
            self.lanes[number] = LaneReader(self.database, number, self.keys)
        return self.lanes[number]

    async def advance(self, number: int, seq: int) -> list[bytes]:
        """Check a lane up to `seq`, and note the fault that it meets."""
        reader = self.lane(number)
        was_right = reader.fault is None
        found = await reader.advance(seq)
        if was_right and reader.fault is not None:
            self.faults.append(reader.fault)
        return found

    async def checkpoints(self) -> None:
        """Check all stored checkpoints and the events that they cover; stop at the first that is not right."""
        try:
            async for row in checkpoints_after(self.database, 0):
                fault = await self._checkpoint(Checkpoint.of(row))
                if fault is not None:
                    self.faults.append(fault)
                    return
        except (ValueError, TypeError, LookupError):
            number = 1 if self.last is None else self.last.number + 1
            forged = Fault(kind=FaultKind.CHECKPOINT_FORGED, checkpoint=number, detail="It cannot be read.")
            self.faults.append(forged)

    async def _checkpoint(self, found: Checkpoint) -> Fault | None:
        number, previous_hash, before, total = 0, GENESIS, dict[int, Position](), 0
        if self.last is not None:
            number, previous_hash, before = self.last.number, self.last.hash, dict(self.last.lanes)
            total = self.last.total
        if found.number != number + 1:
            detail = f"The one after {number} has the number {found.number}."
            return Fault(kind=FaultKind.CHECKPOINT_MISSING, checkpoint=number + 1, detail=detail)
        if why := self._forged(found, previous_hash):
            return Fault(kind=FaultKind.CHECKPOINT_FORGED, checkpoint=found.number, detail=why)
        for anchor in self.anchors:
            if fault := await anchor.compare(found):
                self.faults.append(fault)
        leaves: list[bytes] = []
        for lane, at in found.lanes.items():
            leaves += await self.advance(lane, at.seq)
            reader = self.lane(lane)
            if reader.fault is None and reader.at != at:
                reader.fault = Fault(
                    kind=FaultKind.CHECKPOINT_DISAGREES,
                    lane=lane,
                    seq=min(before.get(lane, Position()).seq + 1, at.seq),
                    checkpoint=found.number,
                    detail="The events of the lane up to the checkpoint are not those that it was made of.",
                )
                self.faults.append(reader.fault)
        self.last = found
        if any(self.lane(lane).fault for lane in found.lanes):
            return None
        if merkle_root(leaves) != found.merkle_root or total + len(leaves) != found.total:
            detail = "Its root or its total does not go with the events."
            return Fault(kind=FaultKind.CHECKPOINT_FORGED, checkpoint=found.number, detail=detail)
        return None

    def _forged(self, found: Checkpoint, previous_hash: bytes) -> str | None:
        key = self.public_keys.get(found.public_key_id)
        if key is None:
            return "It names a key that is not among the known public keys."
        if not found.is_signed_by(key):
            return "Its signature does not go with it."
        return None if found.previous_hash == previous_hash else "It does not follow from the one before."

    async def tails(self) -> None:
        """Check what no checkpoint covers, up to the heads of the lanes."""
        heads, present = await self.database.read(_heads), await self.database.read(_present)
        for number in sorted(heads.keys() | present.keys() | self.lanes.keys()):
            head = heads.get(number)
            if head is None:
                if self.lane(number).fault is None:
                    self._head_fault(FaultKind.HEAD_ALTERED, number, 1, "The lane is not in the list of lanes.")
                continue
            sealed = self.lane(number).at.seq
            await self.advance(number, min(head["seq"], sealed + 1))
            if (reader := self.lane(number)).fault is None and reader.at.seq > sealed and reader.instant is not None:
                self.waiting_since = min(reader.instant, self.waiting_since or reader.instant)
            await self.advance(number, head["seq"])
            await self._head(number, head)

    async def _head(self, number: int, head: Mapping[str, Any]) -> None:
        reader = self.lane(number)
        if reader.fault is not None:
            if reader.fault.kind is FaultKind.TRUNCATED and head["seq"] == reader.at.seq and self._is_genuine(head):
                # The events are gone, and the head was put back to an older one that once was right.
                reader.fault.kind = FaultKind.REPLAYED
        elif not self._is_genuine(head) or head["head_hash"] != reader.at.hash:
            self._head_fault(FaultKind.HEAD_ALTERED, number, head["seq"], "The head of the lane was not made here.")
        else:
            last, newest = await self.database.read(_Last(number)), (await self.database.read(_heads)).get(number)
            if newest is None or last > newest["seq"]:
                await self._beyond(number, head["seq"] + 1)

    async def _beyond(self, number: int, seq: int) -> None:
        """Tell of events behind the head: a copy of one, or an older head."""
        await self.advance(number, seq)
        if self.lane(number).fault is None:
            self._head_fault(FaultKind.REPLAYED, number, seq, "There are events behind the head of the lane.")

    def _head_fault(self, kind: FaultKind, lane: int, seq: int, detail: str) -> None:
        self.lane(lane).fault = fault = Fault(kind=kind, lane=lane, seq=seq, detail=detail)
        self.faults.append(fault)

    def _is_genuine(self, head: Mapping[str, Any]) -> bool:
        if head["seq"] == 0 or head["lane"] == OLD_LANE or self.keys is None:
            return True
        try:
            return self.keys.is_genuine(head_bytes(head), head["key_id"] or "", head["mac"])
        except KeyProblem:
            return False

    async def finish(self, *, is_older: bool) -> list[str]:
        """Compare what only the anchors know, unless that is to be expected; return what is worth a warning."""
        number = 0 if self.last is None else self.last.number
        warnings = []
        for anchor in self.anchors:
            if not is_older:
                await anchor.compare_rest(self.database, number)
            warnings += anchor.warnings(number)
        self.faults += [fault for anchor in self.anchors for fault in anchor.faults]
        if not self.anchors:
            warnings.append("unanchored: nothing outside the database knows of it (CLAUDETOOLS_AUDIT_ANCHORS)")
        elif not any(anchor.is_readable for anchor in self.anchors):
            warnings.append("no anchor can be read from here: compare the checkpoints with theirs by hand")
        if OLD_LANE in self.lanes and self.lanes[OLD_LANE].at.seq:
            count = self.lanes[OLD_LANE].at.seq
            warnings.append(f"{count} events are from before there was a chain: only later checkpoints vouch for them")
        if self.keys is None:
            warnings.append("without the keyring, MACs are not checked")
        return warnings


async def verify(
    database: Database,
    public_keys: Mapping[str, Ed25519PublicKey],
    keys: ChainKeys | None,
    anchors: Anchors,
    *,
    is_older: bool = False,
) -> Report:
    """Check the whole audit trail of a database. Without `keys` its structure and signatures only.

    One that `is_older`, such as a backup, may end before what the anchors keep.

    Raises:
        Unavailable: the database is away.
    """
    check = _Check(database, public_keys, keys, anchors)
    try:
        await check.checkpoints()
        sealed = sum(reader.at.seq for reader in check.lanes.values())
        await check.tails()
        warnings = await check.finish(is_older=is_older)
    finally:
        await asyncio.gather(*(anchor.close() for anchor in check.anchors))
    events = sum(reader.at.seq for reader in check.lanes.values())
    return Report(
        is_intact=not check.faults,
        first=check.faults[0] if check.faults else None,
        faults=check.faults,
        warnings=warnings,
        events=events,
        checkpoints=0 if check.last is None else check.last.number,
        are_macs_checked=keys is not None,
        events_with_clock_behind=sum(reader.flagged for reader in check.lanes.values()),
        unsealed_events=events - sealed,
        unsealed_seconds=None if check.waiting_since is None else (now() - check.waiting_since).total_seconds(),
    )


async def _heads(session: AsyncSession) -> dict[int, Mapping[str, Any]]:
    return {row.lane: row._mapping for row in await session.execute(select(*LANE_COLUMNS))}  # type: ignore[misc]


async def _present(session: AsyncSession) -> dict[int, int]:
    found = await session.execute(select(AuditEvent.lane, func.max(AuditEvent.seq)).group_by(AuditEvent.lane))
    return {row[0]: row[1] for row in found}


class _Last:
    """Reads the highest number in a lane."""

    def __init__(self, lane: int) -> None:
        self._query = select(func.max(AuditEvent.seq)).where(AuditEvent.lane == lane)

    async def __call__(self, session: AsyncSession) -> int:
        return await session.scalar(self._query) or 0
