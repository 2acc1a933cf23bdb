"""Corrections that nobody pointed out: what is said anew supersedes what it says otherwise of the same subject.

Candidates come from the recall index; the verdict on each is `contradicting.verdict.judge`, which reads words only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.corrections.contradicting.verdict import Verdict, judge, may_correct
from claudetools.domains.memory.corrections.restating import statement_of, supersede
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.items import MemoryItem, next_change
from claudetools.domains.memory.recall_index.entry import Partition
from claudetools.domains.memory.recall_index.index import Query
from claudetools.domains.memory.writing import ItemDraft
from claudetools.kit.resource.scope import Access, Actor, scoped

STATEMENTS = frozenset({"fact", "decision", "preference", "procedure", "lesson", "note"})
"""Kinds of memories that say how something is or is done."""
CANDIDATES = 24


@dataclass(frozen=True, slots=True)
class Prospects:
    """What some drafts may contradict, by draft; and up to which change memory was searched for it."""

    seen: int = 0
    by_draft: dict[UUID, list[UUID]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """What ceased to hold, and what is contradicted from now on."""

    superseded: list[UUID] = field(default_factory=list)
    contradicted: list[UUID] = field(default_factory=list)


async def prospects_of(engine: MemoryEngine, partition: Partition, drafts: Iterable[ItemDraft]) -> Prospects:
    """Return which memories of a partition drafts may contradict. Call it before the drafts are stored."""
    found = Prospects(engine.seen)
    for draft in drafts:
        said = statement_of(draft.text)
        if draft.kind not in STATEMENTS or not may_correct(said):
            continue
        query = Query(
            text=said, partitions=frozenset({partition}), now=draft.said_at, kinds=STATEMENTS, limit=CANDIDATES
        )
        found.by_draft[draft.id] = [UUID(hit.id) for hit in (await engine.search(query)).hits]
    return found


async def settle(session: AsyncSession, actor: Actor, prospects: Prospects) -> Settled:
    """Let each stored draft supersede what it corrects, or be superseded if it was said before that.

    What is said with lower trust, or against something that a person pinned or confirmed, supersedes nothing: both
    then stand as contradicting each other. To be called after the drafts were stored, in the same transaction: what
    another worker has stored since the search is then committed, and looked at as well.
    """
    settled = Settled()
    if not prospects.by_draft:
        return settled
    named = {id for ids in prospects.by_draft.values() for id in ids} | prospects.by_draft.keys()
    rows = await session.scalars(
        scoped(actor, MemoryItem, Access.WRITE).where(
            or_(MemoryItem.id.in_(named), MemoryItem.change_sequence > prospects.seen),
            MemoryItem.kind.in_(STATEMENTS),
            MemoryItem.retired_at.is_(None),
        )
    )
    held = {row.id: row for row in rows}
    for id in prospects.by_draft:
        item = held.get(id)
        if item is not None:
            await _settle_one(session, actor, item, list(held.values()), settled)
    await session.flush()
    return settled


async def _settle_one(
    session: AsyncSession, actor: Actor, item: MemoryItem, others: Sequence[MemoryItem], settled: Settled
) -> None:
    for other in others:
        if other.id == item.id or other.retired_at is not None or not _have_one_owner(item, other):
            continue
        earlier, later = sorted((item, other), key=lambda row: (row.said_at, row.position, row.change_sequence))
        verdict = judge(statement_of(earlier.text), statement_of(later.text))
        if verdict is Verdict.INDEPENDENT:
            continue
        is_kept = earlier.is_pinned or earlier.confirmed_at is not None or later.trust < earlier.trust
        if verdict is Verdict.CORRECTS and not is_kept:
            await supersede(session, actor, earlier, later, at=later.said_at)
            settled.superseded.append(earlier.id)
            if earlier.id == item.id:
                return
        else:
            earlier.contradicted_by_id, later.contradicted_by_id = later.id, earlier.id
            earlier.change_sequence = later.change_sequence = await next_change(session)
            settled.contradicted.append(other.id)


def _have_one_owner(one: MemoryItem, other: MemoryItem) -> bool:
    return one.client_id == other.client_id and (one.client_id is not None or one.user_id == other.user_id)
