"""Floods: one machine that says nearly the same over and over must not drown what others said.

A machine's notes are counted, and where the best answers to a prompt are one machine's variations of one sentence,
those of the others are looked up beside them.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.recalling.packing import Memory
from claudetools.kit.clock import now
from claudetools.kit.problems import TooManyRequests
from claudetools.kit.resource.scope import Actor, visible
from claudetools.kit.search.text import terms

DAY = timedelta(days=1)
NOTES_A_DAY = 500
"""What one machine may note for one client (or for its person alone) within a day."""
SAME_SHARE = 0.75
"""Two texts are variations of one when so many of the words of the longer are in both."""
FLOOD_SHARE = 0.5
VARIATIONS = 3


async def check_quota(session: AsyncSession, actor: Actor, client_id: UUID | None) -> None:
    """Raise `TooManyRequests` when the calling machine has noted all that it may today. People have no such limit."""
    if actor.machine_id is None:
        return
    owned = MemoryItem.client_id.is_(None) if client_id is None else MemoryItem.client_id == client_id
    count = await session.scalar(
        select(func.count())
        .select_from(MemoryItem)
        .where(
            visible(actor, MemoryItem),
            owned,
            MemoryItem.machine_id == actor.machine_id,
            MemoryItem.source_table == MemoryItem.__tablename__,
            MemoryItem.said_at > now() - DAY,
        )
    )
    if (count or 0) >= NOTES_A_DAY:
        raise TooManyRequests(
            f"This machine has noted {NOTES_A_DAY} memories for this client within a day, which is all that one may. "
            "Bring in larger amounts as a person, or as turns of a conversation."
        )


def flooding_machine(memories: Sequence[Memory], depth: int) -> str | None:
    """Return the machine whose variations of one text are at least half of the `depth` best memories; None for none."""
    for machine in {memory.machine_id for memory in memories if memory.machine_id}:
        if len(_variations(memories, machine)) >= FLOOD_SHARE * depth:
            return machine
    return None


def dammed(memories: Sequence[Memory], machine: str) -> list[Memory]:
    """Return the memories with no more than `VARIATIONS` variations of one text by this machine, the best."""
    surplus = _variations(memories, machine)[VARIATIONS:]
    return [memory for memory in memories if memory.id not in surplus]


def _variations(memories: Sequence[Memory], machine: str) -> list[str]:
    """The ids of what a machine says in nearly the words of its best memory, that one first."""
    own = [(memory.id, frozenset(terms(memory.text))) for memory in memories if memory.machine_id == machine]
    first = own[0][1] if own else frozenset()
    return [id for id, words in own if len(words & first) >= SAME_SHARE * max(len(words), len(first))]
