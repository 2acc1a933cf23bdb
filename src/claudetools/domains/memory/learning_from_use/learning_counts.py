"""Counting, day by day and client by client, whether what failed before fails again and whether warnings help."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.learning import FailurePattern, LearningMetric, OperationFailure
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.learning_from_use.uses import MemoryUse
from claudetools.kit.clock import now
from claudetools.kit.db.session import Database
from claudetools.kit.jobs.worker import Recurring

COUNT = "count_learning"
RECURRING = Recurring(COUNT, timedelta(hours=1))
DAYS = 3
"""Today and so many days less one before it are counted anew each time: what machines send late is still counted."""

COUNTED = ("failures", "repeats", "warnings_given", "warnings_heeded")
Counts = dict[str, int]


class LearningCounts:
    """The handler of the job that counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, _: Mapping[str, Any]) -> None:
        """Count the last days. Counting again changes nothing that has not changed."""
        today = now().date()
        for day in (today - timedelta(days=back) for back in range(DAYS)):
            await self._database.write(partial(count_day, day=day))


async def count_day(session: AsyncSession, day: date) -> None:
    """Write what was counted on a day (UTC), one row for each client for which there is anything."""
    counted: dict[UUID | None, Counts] = defaultdict(dict)
    failures = (
        select(OperationFailure.client_id, func.count(), func.count(FailurePattern.id))
        .outerjoin(
            FailurePattern,
            (FailurePattern.id == OperationFailure.pattern_id)
            & (FailurePattern.first_seen_at < OperationFailure.created_at),
        )
        .where(OperationFailure.client_id.is_not(None), _on(OperationFailure.created_at, day))
        .group_by(OperationFailure.client_id)
    )
    for client, count, again in await session.execute(failures):
        counted[client] |= {"failures": count, "repeats": again}
    warnings = (
        select(MemoryItem.client_id, MemoryUse.was_heeded, func.count())
        .join(MemoryItem, MemoryItem.id == MemoryUse.item_id)
        .where(MemoryItem.client_id.is_not(None), MemoryUse.was_heeded.is_not(None), _on(MemoryUse.at, day))
        .group_by(MemoryItem.client_id, MemoryUse.was_heeded)
    )
    for client, was_heeded, count in await session.execute(warnings):
        found = counted[client]
        found["warnings_given"] = found.get("warnings_given", 0) + count
        if was_heeded:
            found["warnings_heeded"] = count
    rows = await session.scalars(select(LearningMetric).where(LearningMetric.measured_on == day))
    stored: dict[UUID | None, LearningMetric] = {row.client_id: row for row in rows}
    for client in counted.keys() - stored.keys():
        stored[client] = LearningMetric(client_id=client, measured_on=day)
        session.add(stored[client])
    for client, row in stored.items():
        for name in COUNTED:
            setattr(row, name, counted[client].get(name, 0))


def _on(at: Any, day: date) -> ColumnElement[bool]:
    begin = datetime.combine(day, time.min, UTC)
    condition: ColumnElement[bool] = (at >= begin) & (at < begin + timedelta(days=1))
    return condition
