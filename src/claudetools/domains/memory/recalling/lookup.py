"""Items by their ids, for ids that the index or an earlier answer named.

The rows are read by primary key alone; whether they are shown and in the partition that the caller may see is checked
afterwards. As a condition in SQL either lets SQLite choose the index on that column, which reads nearly all items.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from claudetools.domains.accounts import Machine, User
from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.engine import partition_of
from claudetools.domains.memory.items import MemoryItem


async def items_by_id(session: AsyncSession, partition: str, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Return rows of (item, person's name, machine's host name, work session id) of one partition, by item id."""
    statement = (
        select(MemoryItem, User.display_name, Machine.hostname, Transcript.session_id)
        .options(defer(MemoryItem.embedding))
        .join(User, User.id == MemoryItem.user_id)
        .outerjoin(Machine, Machine.id == MemoryItem.machine_id)
        .outerjoin(Transcript, Transcript.id == MemoryItem.transcript_id)
        .where(MemoryItem.id.in_(list(ids)))
    )
    rows = [row for row in (await session.execute(statement)).all() if row[0].quarantined_at is None]
    return {row[0].id: row for row in rows if partition_of(row[0].client_id, row[0].user_id) == partition}


async def texts_by_id(session: AsyncSession, partition: str, ids: Iterable[UUID]) -> list[tuple[str, str]]:
    """Return title and text of the items of one partition."""
    told = (MemoryItem.title, MemoryItem.text, MemoryItem.client_id, MemoryItem.user_id, MemoryItem.quarantined_at)
    rows = await session.execute(select(*told).where(MemoryItem.id.in_(list(ids))))
    return [
        (title, text)
        for title, text, client, user, held_at in rows
        if held_at is None and partition_of(client, user) == partition
    ]
