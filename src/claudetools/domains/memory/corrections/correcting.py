"""Correcting what memory says: another text, doubt, confirmation, retirement, deletion; and what it said before."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.corrections.contradictions import Prospects, prospects_of
from claudetools.domains.memory.corrections.expiry import Expiry
from claudetools.domains.memory.corrections.restating import retire
from claudetools.domains.memory.engine import MemoryEngine, partition_of
from claudetools.domains.memory.items import ITEMS, MemoryItem, delete_items, next_change
from claudetools.domains.memory.recalling.recall import View
from claudetools.domains.memory.records.summaries import renew_after
from claudetools.domains.memory.remembering import (
    NOTE_TITLE_CHARS,
    MemoryRead,
    Remembered,
    changing,
    cleaned,
    store,
)
from claudetools.domains.memory.writing import MACHINE_TRUST, PERSON_TRUST, ItemDraft, embed_drafts
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.clock import now
from claudetools.kit.ids import new_id
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Actor, find, scoped

SPOKEN = frozenset({"prompt", "answer", "tool", "turn", "summary"})
MOST_VERSIONS = 1_000


class MemoryChange(Input):
    """A correction. New `text` supersedes the old memory, which stays visible for `as_of` questions."""

    text: Annotated[str, Field(min_length=3, max_length=8_000)] | None = None
    is_pinned: bool | None = None
    is_retired: bool | None = None
    is_confirmed: bool | None = None
    expires_at: Annotated[Expiry | None, Field(description="Null: it holds until somebody says otherwise.")] = None
    importance: Annotated[float, Field(ge=0, le=1)] | None = None


class MemoryHistory(BaseModel):
    """What memory said of one thing, the first first: what the memory took the place of, and what took its place."""

    items: list[MemoryRead]


async def change_memory(engine: MemoryEngine, actor: Actor, id: UUID, change: MemoryChange) -> Remembered:
    """Correct, confirm, pin, weigh, limit or retire a memory; return it, or its successor if the text was corrected.

    Raises:
        NotFound, Forbidden: the memory is not the actor's to change.
        Unavailable: the database is away.
    """
    old = await engine.database.read(lambda session: find(session, actor, MemoryItem, id, changing(actor)))
    ready, prospects = None, Prospects()
    if change.text is not None:
        text = cleaned(engine, change.text)
        draft = ItemDraft(
            id=new_id(),
            kind="fact" if old.kind in SPOKEN else old.kind,
            title=text.splitlines()[0][:NOTE_TITLE_CHARS],
            text=text,
            said_at=now(),
            importance=max(old.importance, 0.7),
            trust=PERSON_TRUST if actor.machine_id is None else MACHINE_TRUST,
            tags=tuple(old.tags),
        )
        [ready] = await embed_drafts(engine, [draft], {})
        prospects = await prospects_of(engine, partition_of(old.client_id, old.user_id), [ready])

    async def unit(session: AsyncSession) -> Remembered:
        item = await find(session, actor, MemoryItem, id, changing(actor))
        result = Remembered(item, is_new=False)
        if ready is not None:
            view = View(item.client_id, item.project_id, "")
            result = await store(session, actor, view, ready, [id], item.transcript_id, (), prospects)
        await _apply(session, actor, result.item, change)
        said = change.model_dump(mode="json", exclude={"text"}, exclude_unset=True) | (
            {} if result.item.id == id else {"successor": result.item.id}
        )
        note(session, Action.CHANGE, ITEMS, id, client_id=item.client_id, details=said)
        with session.no_autoflush:
            result.item.change_sequence = await next_change(session)
        await session.flush()
        if change.is_retired is not None:
            await renew_after(session, actor, result.item.transcript_id)
        return result

    result = await engine.database.write(unit)
    await engine.refresh()
    return result


async def _apply(session: AsyncSession, actor: Actor, item: MemoryItem, change: MemoryChange) -> None:
    if change.is_retired:
        await retire(session, actor, item, None)
    elif change.is_retired is False:
        item.retired_at = item.superseded_by_id = None
    if change.is_pinned is not None:
        item.is_pinned = change.is_pinned
    if change.is_confirmed is not None:
        item.confidence = 1.0 if change.is_confirmed else 0.5
        item.confirmed_at = now() if change.is_confirmed else None
    if change.is_confirmed:
        # The other one stays contradicted: somebody has said which of the two holds.
        item.contradicted_by_id, item.unused_count = None, 0
    if change.importance is not None:
        item.importance = change.importance
    if "expires_at" in change.model_fields_set:
        item.expires_at = change.expires_at


async def history_of(session: AsyncSession, actor: Actor, id: UUID) -> list[MemoryItem]:
    """Return a memory with all that it superseded, directly or in turn, and all that superseded it, the first first.

    Raises:
        NotFound: the memory is not the actor's to see.
    """
    item = await find(session, actor, MemoryItem, id)
    found, newest = {item.id: item}, {item.id}
    while newest and len(found) < MOST_VERSIONS:
        successors = {row.superseded_by_id for row in found.values()} - found.keys() - {None}
        rows = await session.scalars(
            scoped(actor, MemoryItem)
            .where(or_(MemoryItem.superseded_by_id.in_(newest), MemoryItem.id.in_(successors)))
            .limit(MOST_VERSIONS)
        )
        newest = set()
        for row in rows:
            if row.id not in found:
                found[row.id] = row
                newest.add(row.id)
    return sorted(found.values(), key=lambda row: (row.said_at, row.change_sequence))


async def delete_memory(engine: MemoryEngine, actor: Actor, id: UUID) -> None:
    """Delete a memory from every index.

    Raises:
        NotFound, Forbidden: the memory is not the actor's to delete.
        Unavailable: the database is away.
    """

    async def unit(session: AsyncSession) -> None:
        item = await find(session, actor, MemoryItem, id, changing(actor))
        note(session, Action.DELETE, ITEMS, item.id, client_id=item.client_id)
        await delete_items(session, [item.id])
        await renew_after(session, actor, item.transcript_id)

    await engine.database.write(unit)
    await engine.refresh()
