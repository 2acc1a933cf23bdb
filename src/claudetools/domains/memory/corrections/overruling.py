"""What was corrected and is said again: old transcripts that arrive late, and answers from stale knowledge."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import true
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.corrections.contradictions import STATEMENTS
from claudetools.domains.memory.corrections.restating import TELLING_WORDS, retire, says, statement_of, wording
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.writing import PERSON_TRUST
from claudetools.kit.resource.scope import Actor, scoped

MOST = 5_000


@dataclass(frozen=True, slots=True)
class _Overruled:
    """A statement that holds no more, and what holds instead."""

    said: str
    successor: UUID
    instead: str
    at: datetime
    trust: int


async def hold_back(
    session: AsyncSession, actor: Actor, client_id: UUID | None, user_id: UUID, ids: Collection[UUID]
) -> None:
    """Retire those of some items just stored that state, in the same words, what was corrected already.

    What a person says anew after the correction stands: they may have changed their mind.
    """
    overruled = await _overruled(session, actor, client_id, user_id) if ids else []
    if not overruled:
        return
    rows = await session.scalars(
        scoped(actor, MemoryItem).where(MemoryItem.id.in_(ids), MemoryItem.retired_at.is_(None))
    )
    for row in rows:
        wrong = next((one for one in overruled if _is_stale(row, one)), None)
        if wrong is not None:
            await retire(session, actor, row, wrong.successor, wrong.at)
    await session.flush()


def _is_stale(row: MemoryItem, wrong: _Overruled) -> bool:
    is_new = row.said_at > wrong.at and row.trust >= max(wrong.trust, PERSON_TRUST)
    return not is_new and row.id != wrong.successor and says(row.text, wrong.said) and not says(row.text, wrong.instead)


async def _overruled(session: AsyncSession, actor: Actor, client_id: UUID | None, user_id: UUID) -> list[_Overruled]:
    """Return the corrected statements of one owner, the latest first; those that hold again are left out."""
    owned = MemoryItem.client_id.is_(None) if client_id is None else MemoryItem.client_id == client_id
    rows = await session.scalars(
        scoped(actor, MemoryItem)
        .where(
            owned,
            MemoryItem.superseded_by_id.is_not(None),
            true() if client_id is not None else MemoryItem.user_id == user_id,
        )
        .order_by(MemoryItem.change_sequence.desc())
        .limit(MOST)
    )
    gone = {row.id: row for row in rows if row.kind in STATEMENTS}
    if not gone:
        return []
    ends = {id: _end(gone, id) for id in gone}
    holding = await session.scalars(
        scoped(actor, MemoryItem).where(MemoryItem.id.in_(set(ends.values())), MemoryItem.retired_at.is_(None))
    )
    held = {row.id: row for row in holding}
    found = []
    for id, row in gone.items():
        instead, said = held.get(ends[id]), statement_of(row.text)
        if instead is not None and len(wording(said)) >= TELLING_WORDS and not says(instead.text, said):
            text = statement_of(instead.text)
            found.append(_Overruled(said, instead.id, text, instead.said_at, instead.trust))
    return found


def _end(gone: dict[UUID, MemoryItem], id: UUID) -> UUID:
    """Return the last of those that superseded an item one after the other."""
    met: set[UUID] = set()
    while id in gone and id not in met:
        met.add(id)
        successor = gone[id].superseded_by_id
        if successor is None:
            break
        id = successor
    return id
