"""Comparing the checkpoints of a database with what an anchor keeps, side by side."""

import asyncio
from collections.abc import Iterator
from itertools import islice

from claudetools.kit.audit.anchors import FAULTS, Anchor, describe
from claudetools.kit.audit.checkpoints import Checkpoint, checkpoints_after
from claudetools.kit.audit.lane_reader import Fault, FaultKind
from claudetools.kit.db.session import Database

BATCH = 200


class AnchorCheck:
    """Goes through an anchor while somebody else goes through the checkpoints of the database."""

    def __init__(self, anchor: Anchor) -> None:
        self.is_readable = anchor.is_readable
        self.faults: list[Fault] = []
        self._anchor = anchor
        self._kept: Iterator[Checkpoint] | None = anchor.kept() if anchor.is_readable else None
        self._waiting: list[Checkpoint] = []
        self._problem: str | None = None
        self._last = 0

    async def compare(self, found: Checkpoint) -> Fault | None:
        """Return what is wrong with a checkpoint of the database, which come in order; None if nothing is."""
        fault = None
        while (kept := await self._peek()) is not None and kept.number <= found.number:
            self._waiting.pop()
            self._last = max(self._last, kept.number)
            if kept.number == found.number and kept.hash != found.hash:
                fault = self._fault(found.number, "The anchor keeps another checkpoint of this number.")
        return fault

    async def compare_rest(self, database: Database, last: int) -> None:
        """Look at what the anchor keeps beyond the checkpoint `last`."""
        stored = {}
        if await self._peek() is not None:
            # What was added meanwhile is in both.
            stored = {row["number"]: Checkpoint.of(row).hash async for row in checkpoints_after(database, last)}
        while (kept := await self._peek()) is not None:
            self._waiting.pop()
            if stored.get(kept.number) != kept.hash:
                detail = f"The anchor keeps it; the database does not. It ends at checkpoint {last}: is it an old one?"
                self.faults.append(self._fault(kept.number, detail))
                break

    def warnings(self, last: int) -> list[str]:
        """Return what is worth a warning, where the last checkpoint of the database is `last`."""
        if self._problem is not None:
            return [f"the anchor {self._anchor.name} cannot be read: {self._problem}"]
        if self.is_readable and not self.faults and self._last < last:
            return [f"the anchor {self._anchor.name} does not have the checkpoints from {self._last + 1} on yet"]
        return []

    async def close(self) -> None:
        """End reading."""
        if self._kept is not None:
            await asyncio.to_thread(self._kept.close)  # type: ignore[attr-defined]

    async def _peek(self) -> Checkpoint | None:
        """Return the next checkpoint of the anchor without taking it; None at its end, or where it cannot be read."""
        if not self._waiting and self._kept is not None and self._problem is None:
            try:
                batch = await asyncio.to_thread(lambda kept: list(islice(kept, BATCH)), self._kept)
            except FAULTS as error:
                self._problem = describe(error)
                return None
            self._waiting = batch[::-1]
        return self._waiting[-1] if self._waiting else None

    def _fault(self, number: int, detail: str) -> Fault:
        return Fault(kind=FaultKind.ANCHOR_DISAGREES, checkpoint=number, anchor=self._anchor.name, detail=detail)
