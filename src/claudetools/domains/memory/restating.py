"""Which memories say the same thing in the same words: to be strengthened, or to be superseded together."""

import re
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.distilling.record import CONTEXT
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.entry import Partition
from claudetools.domains.memory.index import Query
from claudetools.domains.memory.items import MemoryItem, next_change
from claudetools.domains.memory.summaries import renew_summary
from claudetools.domains.memory.transcripts import Transcript
from claudetools.domains.memory.writing import ItemDraft
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Access, Actor, scoped

CANDIDATES = 10

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


async def supersede(session: AsyncSession, actor: Actor, older: MemoryItem, item: MemoryItem) -> None:
    """Retire `older`, and what its conversation says in the same words, in favour of `item`."""
    for wrong in (older, *await _restated(session, actor, older, item.text)):
        if wrong.id != item.id:
            await _retire(session, wrong, item.id)
    await session.flush()
    transcript = await session.scalar(scoped(actor, Transcript).where(Transcript.id == older.transcript_id))
    if transcript is not None:
        await renew_summary(session, actor, transcript)


async def _retire(session: AsyncSession, item: MemoryItem, successor: UUID | None) -> None:
    item.retired_at = item.retired_at or now()
    item.superseded_by_id = successor
    item.change_sequence = await next_change(session)
