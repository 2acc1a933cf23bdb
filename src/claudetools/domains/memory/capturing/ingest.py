"""Taking in any conversation, turn by turn: the generic way in, for other sources than Claude Code."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import Machine
from claudetools.domains.clients import Client, Project
from claudetools.domains.memory.capturing.machine_text import clean as without_machine_text
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn
from claudetools.domains.memory.corrections.overruling import hold_back
from claudetools.domains.memory.distilling.distil import from_dialogue
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.writing import MACHINE_TRUST, PERSON_TRUST, ItemDraft, Origin, embed_drafts, put_items
from claudetools.kit.clock import now
from claudetools.kit.ids import derived_id
from claudetools.kit.problems import Unavailable, invalid
from claudetools.kit.resource.schema import Input, Label, Moment
from claudetools.kit.resource.scope import Access, Actor, find, scoped

TURN_SPAN = 100
ATTEMPTS = 8
TRUST = {"assistant": 2, "tool": 1}
"""By role; what anybody else said is a person's word, if a person says so."""
KINDS = {"user": "prompt", "assistant": "answer", "tool": "tool"}


class IngestTurn(Input):
    """One turn. `role` is user, assistant, tool, or a speaker's name."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    session: Annotated[str, Field(max_length=200)] = ""
    at: Moment | None = None
    role: Label
    text: Annotated[str, Field(max_length=200_000)]


class IngestRequest(Input):
    """Turns of one conversation, in the order in which they were said."""

    conversation_id: Annotated[str, Field(min_length=1, max_length=200)]
    client_id: UUID | None = None
    project_id: UUID | None = None
    machine: UUID | None = None
    turns: Annotated[list[IngestTurn], Field(min_length=1, max_length=1000)]


class IngestReply(BaseModel):
    """How many turns were new, and how many items they made. They are searchable now."""

    recorded: int
    repeated: int
    items: int


@dataclass(frozen=True, slots=True)
class _Part:
    """The turns of one session of a conversation that are not stored yet, and the number of the first."""

    transcript_id: UUID
    key: str
    first: int
    turns: list[IngestTurn]


async def ingest(engine: MemoryEngine, actor: Actor, request: IngestRequest) -> IngestReply:
    """Store a batch of turns; a turn id that is already there is left as it is.

    Raises:
        NotFound, Forbidden: the client, project or machine is not the actor's to use.
        Invalid: the project is another client's.
        Unavailable: the database is away.
    """
    owner = request.client_id or actor.user_id
    root = derived_id(owner, f"conversation:{request.conversation_id}")
    async with engine.lock(root):
        for _ in range(ATTEMPTS):
            try:
                return await _ingest(engine, actor, request, root)
            except IntegrityError:
                # Another worker stores the same conversation: what it has stored meanwhile is left out.
                continue
    raise Unavailable("Too many writers at once for this conversation. Nothing was stored; try again shortly.")


async def _ingest(engine: MemoryEngine, actor: Actor, request: IngestRequest, root: UUID) -> IngestReply:
    await engine.database.read(lambda session: _check(session, actor, request))
    parts = await engine.database.read(lambda session: _new_parts(session, root, request))
    received = now()
    clean = await asyncio.to_thread(
        lambda: [[engine.redactor.redact(without_machine_text(t.text)).text for t in part.turns] for part in parts]
    )
    most = PERSON_TRUST if actor.machine_id is None else MACHINE_TRUST
    drafts = [
        await embed_drafts(engine, _items(part, texts, received, most), {})
        for part, texts in zip(parts, clean, strict=True)
    ]

    async def unit(session: AsyncSession) -> int:
        count = 0
        for part, texts, items in zip(parts, clean, drafts, strict=True):
            transcript = await _transcript(session, actor, request, part)
            session.add_all(_turn(part, turn, text, received) for turn, text in zip(part.turns, texts, strict=True))
            await session.flush()
            origin = Origin(
                client_id=transcript.client_id,
                project_id=transcript.project_id,
                machine_id=transcript.machine_id,
                user_id=transcript.user_id,
                source_table="transcripts",
                source_id=transcript.id,
                transcript_id=transcript.id,
            )
            count += await put_items(session, origin, items)
            await hold_back(session, actor, origin.client_id, origin.user_id, [item.id for item in items])
        return count

    recorded = sum(len(part.turns) for part in parts)
    items = await engine.database.write(unit) if recorded else 0
    await engine.refresh()
    return IngestReply(recorded=recorded, repeated=len(request.turns) - recorded, items=items)


async def _check(session: AsyncSession, actor: Actor, request: IngestRequest) -> None:
    if request.client_id is not None:
        await find(session, actor, Client, request.client_id, Access.WRITE)
    if request.project_id is not None:
        project = await find(session, actor, Project, request.project_id)
        if project.client_id != request.client_id:
            raise invalid("/project_id", "This project belongs to another client.")
    if request.machine is not None:
        await find(session, actor, Machine, request.machine, Access.WRITE)


async def _new_parts(session: AsyncSession, root: UUID, request: IngestRequest) -> list[_Part]:
    by_session: dict[str, dict[str, IngestTurn]] = {}
    for turn in request.turns:
        by_session.setdefault(turn.session, {}).setdefault(turn.id, turn)
    parts = []
    for name, turns in by_session.items():
        id = derived_id(root, f"session:{name}")
        turn_ids = {derived_id(id, key): turn for key, turn in turns.items()}
        stored = set(await session.scalars(select(TranscriptTurn.id).where(TranscriptTurn.id.in_(turn_ids))))
        count = await session.scalar(
            select(func.count()).select_from(TranscriptTurn).where(TranscriptTurn.transcript_id == id)
        )
        fresh = [turn for turn_id, turn in turn_ids.items() if turn_id not in stored]
        key = f"{request.conversation_id}/{name}"[:200]
        parts.append(_Part(transcript_id=id, key=key, first=count or 0, turns=fresh))
    return [part for part in parts if part.turns]


async def _transcript(session: AsyncSession, actor: Actor, request: IngestRequest, part: _Part) -> Transcript:
    transcript: Transcript | None = await session.scalar(
        scoped(actor, Transcript, Access.WRITE).where(Transcript.id == part.transcript_id)
    )
    if transcript is None:
        transcript = Transcript(
            id=part.transcript_id,
            key=part.key,
            client_id=request.client_id,
            project_id=request.project_id,
            machine_id=actor.machine_id or request.machine,
            user_id=actor.user_id,
        )
        session.add(transcript)
        await session.flush()
    return transcript


def _turn(part: _Part, turn: IngestTurn, text: str, received: datetime) -> TranscriptTurn:
    return TranscriptTurn(
        id=derived_id(part.transcript_id, turn.id),
        transcript_id=part.transcript_id,
        key=turn.id,
        kind=KINDS.get(turn.role, "prompt"),
        role=turn.role,
        text=text,
        said_at=turn.at or received,
        received_at=received,
    )


def _items(part: _Part, texts: Sequence[str], received: datetime, most: int) -> list[ItemDraft]:
    return [
        ItemDraft(
            id=derived_id(part.transcript_id, f"item:{turn.id}:{index}"),
            kind=KINDS.get(turn.role, "turn"),
            speaker="" if turn.role in KINDS else turn.role,
            text=piece,
            said_at=turn.at or received,
            trust=min(TRUST.get(turn.role, PERSON_TRUST), most),
            tool_text=piece if turn.role == "tool" else "",
            turn_ids=(turn.id,),
            position=number * TURN_SPAN + min(index, TURN_SPAN - 1),
        )
        for number, (turn, text) in enumerate(zip(part.turns, texts, strict=True), part.first)
        for index, piece in enumerate(from_dialogue(turn.role, text))
    ]
