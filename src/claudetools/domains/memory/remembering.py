"""What people and Claude write into memory on purpose: remember, correct, confirm, retire, delete."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import or_, true
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.flooding import check_quota
from claudetools.domains.memory.instructing import QuarantineReason
from claudetools.domains.memory.items import ITEMS, MemoryItem, delete_items, next_change
from claudetools.domains.memory.recall import RecallRequest, View, view_of
from claudetools.domains.memory.recording import TICKS_PER_MS, own_transcript
from claudetools.domains.memory.restating import alike_of, supersede, wording
from claudetools.domains.memory.summaries import renew_after
from claudetools.domains.memory.writing import MACHINE_TRUST, PERSON_TRUST, ItemDraft, Origin, embed_drafts, put_items
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.clock import now
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Conflict, invalid
from claudetools.kit.resource.schema import Input, Label, Output
from claudetools.kit.resource.scope import Access, Actor, find, scoped

NOTE_TITLE_CHARS = 90
STRENGTHENED_BY = 0.1


class MemoryKind(StrEnum):
    """What a memory written on purpose is."""

    FACT = "fact"
    DECISION = "decision"
    TODO = "todo"
    LESSON = "lesson"
    PREFERENCE = "preference"
    PROCEDURE = "procedure"
    BLOCKER = "blocker"
    NOTE = "note"


class RememberRequest(Input):
    """Something worth knowing later. The client comes from the session or folder unless it is named."""

    text: Annotated[str, Field(min_length=3, max_length=8_000)]
    kind: MemoryKind = MemoryKind.NOTE
    client_id: UUID | None = None
    project_id: UUID | None = None
    cwd: Annotated[str, Field(max_length=500)] | None = None
    session_id: Annotated[str, Field(max_length=200)] | None = None
    tags: Annotated[list[Label], Field(max_length=20)] = []
    importance: Annotated[float, Field(ge=0, le=1)] = 0.7
    supersedes: Annotated[list[UUID], Field(max_length=50)] = []


class MemoryRead(Output):
    """What callers get of a memory."""

    id: UUID
    client_id: UUID | None
    project_id: UUID | None
    machine_id: UUID | None
    user_id: UUID
    kind: str
    title: str
    text: str
    tags: list[str]
    importance: float
    trust: int
    confidence: float
    is_pinned: bool
    said_at: datetime
    expires_at: datetime | None
    retired_at: datetime | None
    quarantined_at: datetime | None
    quarantine_reason: QuarantineReason | None
    superseded_by_id: UUID | None
    usage_count: int
    feedback: int
    source_table: str
    source_id: UUID
    turn_ids: list[str]
    version: int


class RememberReply(BaseModel):
    """The memory, and whether it was there already."""

    memory: MemoryRead
    is_new: bool


class MemoryChange(Input):
    """A correction. New `text` supersedes the old memory, which stays visible for `as_of` questions."""

    text: Annotated[str, Field(min_length=3, max_length=8_000)] | None = None
    is_pinned: bool | None = None
    is_retired: bool | None = None
    is_confirmed: bool | None = None
    importance: Annotated[float, Field(ge=0, le=1)] | None = None


async def remember(engine: MemoryEngine, actor: Actor, request: RememberRequest) -> tuple[MemoryItem, bool]:
    """Store a memory and return it with whether it is new; the same text again strengthens the existing one.

    Raises:
        NotFound, Forbidden: the client, project or a superseded memory is not the actor's to use, or not the session's.
        Invalid: the project is another client's, or nothing is left once secrets are taken out.
        TooManyRequests: the calling machine has noted all that one may in a day.
        Unavailable: the database is away.
    """
    view, transcript = await engine.database.read(lambda session: _view(session, actor, request))
    text, at = _clean(engine, request.text), now()
    tags = tuple(engine.redactor.redact(tag).text[:64] for tag in request.tags)
    draft = ItemDraft(
        id=new_id(),
        kind=request.kind.value,
        title=text.splitlines()[0][:NOTE_TITLE_CHARS],
        text=text,
        said_at=at,
        position=int(at.timestamp() * 1000) * TICKS_PER_MS,
        importance=request.importance,
        trust=PERSON_TRUST if actor.machine_id is None else MACHINE_TRUST,
        tags=tags,
    )
    [ready] = await embed_drafts(engine, [draft], {})
    alike = await alike_of(engine, view.partition, ready)
    result = await engine.database.write(
        lambda session: _remember(session, actor, view, ready, request.supersedes, transcript, alike)
    )
    await engine.refresh()
    return result


def _clean(engine: MemoryEngine, given: str) -> str:
    text = engine.redactor.redact(given).text.strip()
    if not wording(text.replace("[private]", "")):
        raise invalid("/text", "This says nothing that may be remembered.")
    return text


async def _view(session: AsyncSession, actor: Actor, request: RememberRequest) -> tuple[View, UUID | None]:
    """Return whose memory it becomes, and the transcript of the session that it is remembered in."""
    view = await view_of(
        session,
        actor,
        RecallRequest(
            query="-",
            client_id=request.client_id,
            project_id=request.project_id,
            cwd=request.cwd,
            session_id=request.session_id,
        ),
    )
    if view.client_id is not None:
        await find(session, actor, Client, view.client_id, Access.WRITE)
    transcript = await own_transcript(session, actor, request.session_id or "")
    return view, transcript.id if transcript is not None and transcript.client_id == view.client_id else None


async def _remember(
    session: AsyncSession,
    actor: Actor,
    view: View,
    draft: ItemDraft,
    supersedes: list[UUID],
    transcript: UUID | None,
    alike: Sequence[UUID] = (),
) -> tuple[MemoryItem, bool]:
    owned = MemoryItem.client_id.is_(None) if view.client_id is None else MemoryItem.client_id == view.client_id
    rows = await session.scalars(
        scoped(actor, MemoryItem, Access.WRITE)
        .where(
            owned,
            or_(MemoryItem.content_hash == draft.content_hash, MemoryItem.id.in_(alike)),
            MemoryItem.kind == draft.kind,
            MemoryItem.retired_at.is_(None),
            true() if view.client_id is not None else MemoryItem.user_id == actor.user_id,
        )
        .order_by(MemoryItem.said_at, MemoryItem.id)
    )
    words = wording(draft.text)
    same = next((row for row in rows if wording(row.text) == words), None)
    if same is not None:
        same.importance = min(1.0, same.importance + STRENGTHENED_BY)
        same.change_sequence = await next_change(session)
        item, is_new = same, False
    else:
        origin = Origin(
            client_id=view.client_id,
            project_id=view.project_id,
            machine_id=actor.machine_id,
            user_id=actor.user_id,
            source_table="memory_items",
            source_id=draft.id,
            transcript_id=transcript,
        )
        await check_quota(session, actor, view.client_id)
        await put_items(session, origin, [draft])
        item, is_new = await find(session, actor, MemoryItem, draft.id, Access.REVIEW), True
    for id in supersedes:
        older = await find(session, actor, MemoryItem, id, changing(actor))
        if older.client_id != item.client_id:
            raise Conflict("A memory cannot supersede one of another client.")
        if older.id != item.id:
            await supersede(session, actor, older, item)
    await session.flush()
    note(
        session,
        Action.CREATE if is_new else Action.CHANGE,
        ITEMS,
        item.id,
        client_id=item.client_id,
        details={"kind": item.kind, "importance": item.importance, "supersedes": supersedes},
    )
    return item, is_new


def changing(actor: Actor) -> Access:
    """Return the access by which an actor changes memories: people also those in quarantine, programs not."""
    return Access.WRITE if actor.machine_id is not None else Access.REVIEW


async def change_memory(engine: MemoryEngine, actor: Actor, id: UUID, change: MemoryChange) -> MemoryItem:
    """Correct, confirm, pin, weigh or retire a memory; return it, or its successor when the text was corrected.

    Raises:
        NotFound, Forbidden: the memory is not the actor's to change.
        Unavailable: the database is away.
    """
    old = await engine.database.read(lambda session: find(session, actor, MemoryItem, id, changing(actor)))
    ready: ItemDraft | None = None
    if change.text is not None:
        text = _clean(engine, change.text)
        draft = ItemDraft(
            id=new_id(),
            kind=old.kind if old.kind not in ("prompt", "answer", "tool", "turn", "summary") else "fact",
            title=text.splitlines()[0][:NOTE_TITLE_CHARS],
            text=text,
            said_at=now(),
            importance=max(old.importance, 0.7),
            trust=PERSON_TRUST if actor.machine_id is None else MACHINE_TRUST,
            tags=tuple(old.tags),
        )
        [ready] = await embed_drafts(engine, [draft], {})

    async def unit(session: AsyncSession) -> MemoryItem:
        item = await find(session, actor, MemoryItem, id, changing(actor))
        if ready is not None:
            view = View(item.client_id, item.project_id, "")
            item, _ = await _remember(session, actor, view, ready, [id], item.transcript_id)
        if change.is_retired is not None:
            item.retired_at = now() if change.is_retired else None
            item.superseded_by_id = None
        if change.is_pinned is not None:
            item.is_pinned = change.is_pinned
        if change.is_confirmed is not None:
            item.confidence = 1.0 if change.is_confirmed else 0.5
        if change.importance is not None:
            item.importance = change.importance
        said = change.model_dump(exclude={"text"}, exclude_none=True) | (
            {} if item.id == id else {"successor": item.id}
        )
        note(session, Action.CHANGE, ITEMS, id, client_id=item.client_id, details=said)
        with session.no_autoflush:
            item.change_sequence = await next_change(session)
        await session.flush()
        if change.is_retired is not None:
            await renew_after(session, actor, item.transcript_id)
        return item

    item = await engine.database.write(unit)
    await engine.refresh()
    return item


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
