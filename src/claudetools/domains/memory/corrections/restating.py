"""Which memories say the same thing in the same words: to be strengthened, or to be superseded together."""

import re
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.distilling.record import CONTEXT
from claudetools.domains.memory.engine import MemoryEngine, engine_of, partition_of
from claudetools.domains.memory.items import MemoryItem, next_change
from claudetools.domains.memory.recall_index.entry import Partition
from claudetools.domains.memory.recall_index.index import Query
from claudetools.domains.memory.records.summaries import renew_summary
from claudetools.domains.memory.writing import ItemDraft
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Access, Actor, scoped

CANDIDATES = 10
TELLING_WORDS = 4
"""What is shorter ("No.") is said in too many places to be the same statement."""
MOST_COPIES = 500

# Names, addresses and paths are one word each; signs that end or group a sentence are none.
_WORD = re.compile(r"""\w+(?:[.:\-/\\@]\w+)*|[^\w\s.,;:!?"'()\[\]…]""")


def wording(text: str) -> tuple[str, ...]:
    """The words of a text in their order, without regard to case (except in paths and names with digits)."""
    return tuple(word.casefold() if word.isalpha() else word for word in _WORD.findall(text))


def says(text: str, statement: str) -> bool:
    """Whether the words of `statement` stand in `text`, one after the other."""
    said, wanted = f" {' '.join(wording(text))} ", " ".join(wording(statement))
    return bool(wanted) and f" {wanted} " in said


def statement_of(text: str) -> str:
    """What a distilled memory says, without the question it was said to."""
    return text.split(CONTEXT, 1)[0]


async def _restated(session: AsyncSession, actor: Actor, item: MemoryItem, correction: str) -> list[MemoryItem]:
    """Return the other memories of the item's conversation that state the same, or that the item restates.

    Those that the correction states too are left out: they still hold.
    """
    if item.transcript_id is None:
        return []
    rows = await session.scalars(
        scoped(actor, MemoryItem, Access.REVIEW).where(
            MemoryItem.transcript_id == item.transcript_id,
            MemoryItem.id != item.id,
            MemoryItem.retired_at.is_(None),
        )
    )
    said, turns = statement_of(item.text), set(item.turn_ids)
    return [
        row
        for row in rows
        if turns & set(row.turn_ids)
        and (says(row.text, said) or says(item.text, statement_of(row.text)))
        and not says(correction, statement_of(row.text))
    ]


async def alike_of(engine: MemoryEngine, partition: Partition, draft: ItemDraft) -> list[UUID]:
    """Return the memories among which one that says the same, word for word, ranks first."""
    query = Query(
        text=draft.text,
        partitions=frozenset({partition}),
        now=draft.said_at,
        kinds=frozenset({draft.kind}),
        limit=CANDIDATES,
    )
    return [UUID(hit.id) for hit in (await engine.search(query)).hits]


async def supersede(
    session: AsyncSession, actor: Actor, older: MemoryItem, item: MemoryItem, *, at: datetime | None = None
) -> None:
    """Retire `older`, and whatever says the same in the same words, in favour of `item`; from `at` on, else from now.

    Somebody who names what is wrong (no `at`) corrects every copy of it; a correction found by itself leaves copies of
    higher trust, contradicted. A record that says more than this is contradicted too, not retired.
    """
    said = statement_of(older.text)
    copies = await _copies(session, actor, older, item)
    for wrong in (older, *await _restated(session, actor, older, item.text)):
        if wrong.id != item.id:
            await retire(session, actor, wrong, item.id, at)
    contradicted = []
    for copy in copies:
        if (at is None or copy.trust <= item.trust) and not _says_more(copy, said):
            await retire(session, actor, copy, item.id, at)
        elif copy.retired_at is None:
            contradicted.append(copy)
    await session.flush()
    for id in {wrong.transcript_id for wrong in (older, *copies)} - {None}:
        transcript = await session.scalar(scoped(actor, Transcript).where(Transcript.id == id))
        if transcript is not None:
            await renew_summary(session, actor, transcript)
    for copy in contradicted:
        if says(copy.text, said):
            copy.contradicted_by_id = item.id
            copy.change_sequence = await next_change(session)
    await session.flush()


async def _copies(session: AsyncSession, actor: Actor, older: MemoryItem, item: MemoryItem) -> list[MemoryItem]:
    """Return what else, in any conversation or record of the same owner, states the same without the correction."""
    said, instead = statement_of(older.text), statement_of(item.text)
    if len(wording(said)) < TELLING_WORDS:
        return []
    query = Query(
        text=said,
        partitions=frozenset({partition_of(older.client_id, older.user_id)}),
        now=now(),
        limit=MOST_COPIES,
    )
    found = [UUID(hit.id) for hit in (await engine_of(session).search(query)).hits]
    rows = await session.scalars(
        scoped(actor, MemoryItem).where(
            MemoryItem.id.in_(found), MemoryItem.id.not_in([older.id, item.id]), MemoryItem.retired_at.is_(None)
        )
    )
    return [row for row in rows if says(row.text, said) and not says(row.text, instead)]


def _says_more(copy: MemoryItem, said: str) -> bool:
    """Whether a record that somebody wrote says more than the statement. What is drawn from talk is drawn again."""
    is_record = copy.source_table != "transcripts"
    return is_record and len(wording(copy.text)) > 2 * len(wording(said))


async def retire(
    session: AsyncSession, actor: Actor, item: MemoryItem, successor: UUID | None, at: datetime | None = None
) -> None:
    """Retire an item, and with it what is said of others because of it. `at` is when it ceased to hold."""
    # Retired as of when it was said would mean that it was never said.
    held = None if at is None or at <= item.said_at else at
    item.retired_at = item.retired_at or held or now()
    item.superseded_by_id = successor
    item.change_sequence = await next_change(session)
    doubted = await session.scalars(scoped(actor, MemoryItem).where(MemoryItem.contradicted_by_id == item.id))
    for other in doubted:
        other.contradicted_by_id, other.change_sequence = None, item.change_sequence
