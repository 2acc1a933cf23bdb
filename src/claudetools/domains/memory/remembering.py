"""What people and Claude write into memory on purpose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import or_, true
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.memory.capturing.drafting import TICKS_PER_MS
from claudetools.domains.memory.capturing.transcripts import own_transcript
from claudetools.domains.memory.corrections.contradictions import Prospects, prospects_of, settle
from claudetools.domains.memory.corrections.expiry import Expiry
from claudetools.domains.memory.corrections.restating import alike_of, supersede, wording
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.holding_back.instructing import QuarantineReason
from claudetools.domains.memory.items import ITEMS, MemoryItem, next_change
from claudetools.domains.memory.recalling.flooding import check_quota
from claudetools.domains.memory.recalling.recall import RecallRequest, View, view_of
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
    expires_at: Expiry | None = None
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
    contradicted_by_id: Annotated[
        UUID | None, Field(description="Another memory says otherwise, and it is not known which holds.")
    ]
    confirmed_at: datetime | None
    unused_count: Annotated[
        int, Field(description="Sessions in a row that were given it and did not use it; many make it fade a little.")
    ]
    usage_count: int
    feedback: int
    source_table: str
    source_id: UUID
    turn_ids: list[str]
    version: int


class RememberReply(BaseModel):
    """The memory, whether it was there already, and what it means for others."""

    memory: MemoryRead
    is_new: bool
    superseded: Annotated[
        list[UUID], Field(description="What this corrects: recalled no more, except for questions about the past.")
    ]
    contradicts: Annotated[
        list[UUID], Field(description="What says otherwise of the same: both stay. Retire or confirm one of them.")
    ]


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was stored, and what it did to others."""

    item: MemoryItem
    is_new: bool
    superseded: Sequence[UUID] = ()
    contradicts: Sequence[UUID] = ()

    def reply(self) -> RememberReply:
        """Return what callers get of it."""
        return RememberReply(
            memory=MemoryRead.model_validate(self.item),
            is_new=self.is_new,
            superseded=list(self.superseded),
            contradicts=list(self.contradicts),
        )


async def remember(engine: MemoryEngine, actor: Actor, request: RememberRequest) -> Remembered:
    """Store a memory; the same text again strengthens the existing one, and what it corrects is superseded.

    Raises:
        NotFound, Forbidden: the client, project or a superseded memory is not the actor's to use, or not the session's.
        Invalid: the project is another client's, or nothing is left once secrets are taken out.
        TooManyRequests: the calling machine has noted all that one may in a day.
        Unavailable: the database is away.
    """
    view, transcript = await engine.database.read(lambda session: _view(session, actor, request))
    text, at = cleaned(engine, request.text), now()
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
        expires_at=request.expires_at,
    )
    [ready] = await embed_drafts(engine, [draft], {})
    alike = await alike_of(engine, view.partition, ready)
    prospects = await prospects_of(engine, view.partition, [ready])
    result = await engine.database.write(
        lambda session: store(session, actor, view, ready, request.supersedes, transcript, alike, prospects)
    )
    await engine.refresh()
    return result


def cleaned(engine: MemoryEngine, given: str) -> str:
    """Return a text without secrets; Invalid if nothing is left.

    Raises:
        Invalid: it says nothing that may be remembered.
    """
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


async def store(
    session: AsyncSession,
    actor: Actor,
    view: View,
    draft: ItemDraft,
    supersedes: list[UUID],
    transcript: UUID | None,
    alike: Sequence[UUID],
    prospects: Prospects,
) -> Remembered:
    """Store a memory that is ready, in favour of those in `supersedes` and of what else it corrects."""
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
        if draft.expires_at is not None:
            same.expires_at = draft.expires_at
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
    settled = await settle(session, actor, prospects)
    superseded = [id for id in dict.fromkeys([*supersedes, *settled.superseded]) if id != item.id]
    note(
        session,
        Action.CREATE if is_new else Action.CHANGE,
        ITEMS,
        item.id,
        client_id=item.client_id,
        details={"kind": item.kind, "importance": item.importance, "supersedes": superseded},
    )
    return Remembered(item, is_new, superseded, settled.contradicted)


def changing(actor: Actor) -> Access:
    """Return the access by which an actor changes memories: people also those in quarantine, programs not."""
    return Access.WRITE if actor.machine_id is not None else Access.REVIEW
