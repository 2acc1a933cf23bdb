"""Records that memory recalls: each is one memory item or several, in step with every change of it.

What listens is the session, so that no route, import or hook has to remember it. Rows that statements change without
the session, and those of a very large transaction, are met by the job in `record_indexing`.
"""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from claudetools.domains.accounts import User
from claudetools.domains.memory.corrections.contradictions import prospects_of, settle
from claudetools.domains.memory.corrections.restating import supersede
from claudetools.domains.memory.distilling.pieces import pieces
from claudetools.domains.memory.engine import SERVICE, MemoryEngine, engine_of, partition_of
from claudetools.domains.memory.items import MemoryItem, delete_items, item_id, next_change
from claudetools.domains.memory.records.context_snippets import ContextSnippet
from claudetools.domains.memory.records.context_tags import replace_tags
from claudetools.domains.memory.records.contexts import GENERATED, ConversationContext
from claudetools.domains.memory.records.decision_logs import DecisionLog
from claudetools.domains.memory.records.editing import keep_former
from claudetools.domains.memory.records.recallable import RECALLABLE
from claudetools.domains.memory.records.recallable.content import Recallable
from claudetools.domains.memory.writing import ItemDraft, Origin, embed_drafts, put_items, withdraw_items
from claudetools.domains.work import WorkSession
from claudetools.kit.audit.trail import acting
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.session import WritingSession
from claudetools.kit.jobs.queue import enqueue
from claudetools.kit.resource.scope import find

INDEX_RECORDS = "index_records"
AT_ONCE = 100
"""So many records are indexed in the transaction that changes them; embedding more would hold up other writers."""
WHOLE = 2_000
"""Characters up to which a record is one item; a longer one is cut into pieces, each with its title."""
STATING = frozenset({DecisionLog.__tablename__})
"""Records that say how something is done: an edit is a correction."""
_PENDING = "changed recallable records"


@event.listens_for(WritingSession, "before_flush")
def _go_with_session(session: Session, _context: object, _rows: object) -> None:
    """Delete with a work session the records that were written of it and that no person has edited."""
    for work in [row for row in session.deleted if isinstance(row, WorkSession)]:
        for model in (DecisionLog, ContextSnippet, ConversationContext):
            with session.no_autoflush:
                rows: list[Any] = list(session.scalars(select(model).where(model.session_id == work.id)))
            for row in rows:
                if GENERATED in row.source_references if isinstance(row, ConversationContext) else row.is_generated:
                    session.delete(row)


@event.listens_for(WritingSession, "after_flush")
def _take_down(session: Session, _: object) -> None:
    for row in (*session.new, *session.dirty, *session.deleted):
        if type(row) in RECALLABLE:
            session.info.setdefault(_PENDING, {}).setdefault(type(row), set()).add(row.id)


async def index_changes(session: AsyncSession) -> None:
    """Bring memory into step with the records that the session's transaction has written; the last thing in it."""
    # Indexing a correction may renew the digests of what it corrects: records that changed again.
    while pending := await _pending(session):
        await _index(session, pending)


async def _pending(session: AsyncSession) -> dict[type[Record], set[UUID]]:
    await session.flush()
    found: dict[type[Record], set[UUID]] = session.info.pop(_PENDING, {})
    return found if SERVICE in session.info else {}


async def _index(session: AsyncSession, pending: dict[type[Record], set[UUID]]) -> None:
    is_large = sum(map(len, pending.values())) > AT_ONCE
    for model, ids in pending.items():
        # What is gone is forgotten at once in any case.
        left = set(await session.scalars(select(model.id).where(model.id.in_(ids)))) if is_large else set[UUID]()
        await index_rows(session, model, ids - left)
    if is_large:
        await enqueue(session, INDEX_RECORDS, {})


async def index_rows(session: AsyncSession, model: type[Record], ids: set[UUID]) -> None:
    """Make the records with these ids recallable as they now are; what is gone is forgotten.

    An item that somebody has retired, superseded or deleted stays so.
    """
    engine = engine_of(session)
    rows: list[Any] = list(await session.scalars(select(model).where(model.id.in_(ids)).order_by(model.id)))
    contents = [RECALLABLE[model](row) for row in rows]
    drafts = await asyncio.to_thread(
        lambda: [_drafts(engine, row, content) for row, content in zip(rows, contents, strict=True)]
    )
    stored = await _stored(session, model, ids)
    flat = [draft for each in drafts for draft in each]
    ready = {draft.id: draft for draft in await embed_drafts(engine, flat, {id: row[1] for id, row in stored.items()})}
    author = await _somebody(session) if flat else None
    for row, content, mine in zip(rows, contents, drafts, strict=True):
        user = getattr(row, "user_id", None) or author
        if user is not None:
            await _put(session, _origin(row, user), [ready[draft.id] for draft in mine])
        await replace_tags(session, model.__tablename__, row.id, getattr(row, "tags", ()))
        if content is not None:
            # Who lost its successor among those that state something is met by `change_successor`: another record of
            # their table may also have corrected them.
            if content.superseded_by is not None or model.__tablename__ not in STATING:
                await _succeed(session, row, content.superseded_by)
            await _replace(session, row, content.replaces)
    wanted = ready.keys()
    here = {row.id for row in rows}
    await withdraw_items(session, [id for id, (source, _) in stored.items() if source in here and id not in wanted])
    await delete_items(session, [id for id, (source, _) in stored.items() if source not in here])
    for gone in ids - here:
        await replace_tags(session, model.__tablename__, gone, ())


async def _put(session: AsyncSession, origin: Origin, drafts: list[ItemDraft]) -> None:
    """Store the items of a record; one that states something supersedes what it said before and what it corrects."""
    actor = acting.get()
    if actor is None or not drafts or origin.source_table not in STATING:
        await put_items(session, origin, drafts)
        return
    former = await keep_former(session, actor, drafts[0])
    partition = partition_of(origin.client_id, origin.user_id)
    prospects = await prospects_of(engine_of(session), partition, drafts)
    await put_items(session, origin, drafts)
    if former is not None:
        item = await find(session, actor, MemoryItem, drafts[0].id)
        await supersede(session, actor, former, item)
    await settle(session, actor, prospects)


def _drafts(engine: MemoryEngine, row: Any, content: Recallable | None) -> list[ItemDraft]:
    if content is None:
        return []
    text = engine.redactor.redact(content.text).text.strip()
    first = ItemDraft(
        id=item_id(row.id),
        kind=content.kind,
        title=engine.redactor.redact(content.title).text[:300],
        text=text,
        said_at=row.updated_at,
        importance=content.importance,
        trust=content.trust,
        tags=tuple(engine.redactor.redact(tag).text for tag in content.tags),
    )
    parts = [text] if len(text) <= WHOLE else pieces(text)
    return [replace(first, id=item_id(row.id, number), text=part, position=number) for number, part in enumerate(parts)]


async def _stored(session: AsyncSession, model: type[Record], ids: set[UUID]) -> dict[UUID, tuple[UUID, bytes]]:
    """Return the record and the content hash of each item that these records have."""
    rows = await session.execute(
        select(MemoryItem.id, MemoryItem.source_id, MemoryItem.content_hash).where(
            MemoryItem.source_table == model.__tablename__, MemoryItem.source_id.in_(ids)
        )
    )
    return {id: (source, content) for id, source, content in rows}


async def _somebody(session: AsyncSession) -> UUID | None:
    """Return whose the items of records without an author are: whoever writes them, or the firm's first person."""
    actor = acting.get()
    if actor is not None:
        return actor.user_id
    first: UUID | None = await session.scalar(select(User.id).order_by(User.created_at, User.id).limit(1))
    return first


def _origin(row: Any, user_id: UUID) -> Origin:
    return Origin(
        client_id=row.client_id,
        project_id=getattr(row, "project_id", None),
        machine_id=getattr(row, "machine_id", None),
        user_id=user_id,
        source_table=row.__tablename__,
        source_id=row.id,
    )


async def _succeed(session: AsyncSession, row: Any, successor_id: UUID | None) -> None:
    """Let the item of a record follow the record's successor; what was retired in memory itself stays so."""
    item = await session.get(MemoryItem, item_id(row.id))
    if item is None:
        return
    former = None if item.superseded_by_id is None else await session.get(MemoryItem, item.superseded_by_id)
    if item.retired_at is not None and (former is None or former.source_table != row.__tablename__):
        return
    successor = None if successor_id is None else await session.get(MemoryItem, item_id(successor_id))
    superseded_by = None if successor is None else successor.id
    retired_at = None if successor_id is None else item.retired_at or now()
    if (item.superseded_by_id, item.retired_at) != (superseded_by, retired_at):
        item.superseded_by_id, item.retired_at = superseded_by, retired_at
        item.change_sequence = await _next_change(session)
        await session.flush()


async def _replace(session: AsyncSession, row: Any, memory_id: UUID | None) -> None:
    """Retire the memory that a record was drawn from, now that a person has written it anew."""
    item = None if memory_id is None else await session.get(MemoryItem, memory_id)
    if item is not None and item.superseded_by_id != item_id(row.id):
        item.retired_at = item.retired_at or now()
        item.superseded_by_id = item_id(row.id)
        item.change_sequence = await _next_change(session)
        await session.flush()


async def _next_change(session: AsyncSession) -> int:
    with session.no_autoflush:
        return await next_change(session)
