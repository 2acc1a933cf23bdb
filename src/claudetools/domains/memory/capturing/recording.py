"""Recording a Claude Code session: turns in from hooks and transcripts, stored once, distilled, searchable.

The transcript on the technician's machine is the write-ahead log. Whatever arrives twice, or late, lands in the
same rows, because every id is derived from the session and from what the turn is.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.assignment import assign, session_of
from claudetools.domains.memory.capturing.bindings import UNASSIGNED, note_folder, resolve
from claudetools.domains.memory.capturing.capture import ToolUse, TurnDraft
from claudetools.domains.memory.capturing.drafting import distilled, group_of, merged, redacted
from claudetools.domains.memory.capturing.placing import place_turns
from claudetools.domains.memory.capturing.transcripts import (
    Transcript,
    TranscriptTurn,
    own_transcript,
    store_turns,
    transcript_id,
)
from claudetools.domains.memory.capturing.turn import TurnKind
from claudetools.domains.memory.corrections.contradictions import prospects_of, settle
from claudetools.domains.memory.corrections.overruling import hold_back
from claudetools.domains.memory.engine import MemoryEngine, partition_of
from claudetools.domains.memory.items import MemoryItem, forgotten_at
from claudetools.domains.memory.writing import Origin, embed_drafts, put_items, withdraw_items
from claudetools.kit.clock import now
from claudetools.kit.problems import Forbidden, Unavailable
from claudetools.kit.resource.scope import Actor

PAUSES = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which conversation something happened in, and where it ran."""

    key: str
    cwd: str | None = None
    git_remote: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transcript file has been received. `offset` is in bytes."""

    offset: int
    last_uuid: str | None
    last_prompt_id: str | None


class Given(Protocol):
    """What a prompt was given, to be recorded with it."""

    async def note(self, session: AsyncSession, actor: Actor, transcript: UUID, prompt_id: str | None) -> None:
        """Record it."""


async def client_of_session(session: AsyncSession, actor: Actor, key: str) -> UUID | None:
    """Return the client that the person's Claude Code session belongs to; None while it is unassigned or unknown."""
    transcript = await own_transcript(session, actor, key)
    return None if transcript is None else transcript.client_id


async def record(
    engine: MemoryEngine,
    actor: Actor,
    place: Place,
    drafts: Sequence[TurnDraft],
    progress: Progress | None = None,
    given: Given | None = None,
) -> int:
    """Store turns and what follows from them; return how many turns were new or changed.

    With them goes, in the same transaction, how far the transcript file was received or what the prompt was given.

    Raises:
        Forbidden: the session belongs to a client that the actor may no longer write to.
        Unavailable: the database is away; nothing was stored and the same call can be repeated.
    """
    async with engine.lock(transcript_id(actor, place.key)):
        for pause_seconds in PAUSES:
            try:
                # The last time round it writes what it has: the transcript completes what it did not know of.
                return await _record(engine, actor, place, drafts, progress, given, insists=pause_seconds == PAUSES[-1])
            except (_OvertakenError, IntegrityError):
                await asyncio.sleep(pause_seconds)
    raise Unavailable("Too many writers at once for this session. Nothing was stored; try again shortly.")


async def _record(
    engine: MemoryEngine,
    actor: Actor,
    place: Place,
    drafts: Sequence[TurnDraft],
    progress: Progress | None,
    given: Given | None,
    *,
    insists: bool,
) -> int:
    id = transcript_id(actor, place.key)
    # In a thread: a long piece of a transcript takes a second, and other sessions' prompts must not wait for it.
    clean = await asyncio.to_thread(lambda: [redacted(engine.redactor, draft) for draft in drafts])
    forgotten = await engine.database.read(lambda session: forgotten_at(session, id))
    if forgotten is not None:
        clean = [draft for draft in clean if draft.at is None or draft.at > forgotten]
    known = await engine.database.read(lambda session: _known(session, id, clean))
    turns = merged(clean, known.turns)
    items = await embed_drafts(engine, await asyncio.to_thread(distilled, id, turns), known.hashes)
    fresh = [item for item in items if known.hashes.get(item.id) != item.content_hash]

    async def unit(session: AsyncSession) -> int:
        version = await session.scalar(select(Transcript.version).where(Transcript.id == id))
        if version != known.version and not insists:
            raise _OvertakenError
        transcript = await open_transcript(session, actor, place)
        placed = await place_turns(session, actor, transcript, turns, {draft.key for draft in clean}, place.cwd)
        changed = await store_turns(session, transcript, placed)
        foreign = {group_of(turn) for turn in placed.values() if turn.folder_client_id is not None}
        here = [item for item in fresh if item.group_key not in foreign]
        prospects = await prospects_of(engine, partition_of(transcript.client_id, transcript.user_id), here)
        origin = _origin(transcript)
        await put_items(session, origin, [item for item in items if item.group_key not in foreign])
        # Of two clients, or of the other one: its person's alone, given to neither.
        apart = replace(origin, client_id=None, project_id=None)
        await put_items(session, apart, [item for item in items if item.group_key in foreign])
        await withdraw_items(session, known.hashes.keys() - {item.id for item in items})
        await settle(session, actor, prospects)
        new = [item.id for item in fresh]
        await hold_back(session, actor, transcript.client_id, transcript.user_id, new)
        if changed:
            transcript.updated_at = now()
        if progress is not None:
            transcript.received_bytes = progress.offset
            transcript.last_uuid = progress.last_uuid or transcript.last_uuid
            transcript.last_prompt_id = progress.last_prompt_id or transcript.last_prompt_id
        if given is not None:
            await given.note(session, actor, transcript.id, drafts[0].prompt_id if drafts else None)
        return changed

    return await engine.database.write(unit)


async def open_transcript(session: AsyncSession, actor: Actor, place: Place) -> Transcript:
    """Return the transcript of a Claude Code session, made on first sight and assigned as soon as it can be.

    Raises:
        Forbidden: the session belongs to a client that the actor may no longer write to.
    """
    id = transcript_id(actor, place.key)
    transcript = await session.get(Transcript, id)
    if transcript is not None and transcript.client_id is not None and transcript.client_id not in actor.writable:
        raise Forbidden("You may no longer write to the client of this session.")
    if transcript is None:
        work = await session_of(session, actor, place.key.partition("/")[0], place.cwd)
        transcript = Transcript(
            id=id,
            key=place.key,
            session_id=work.id,
            client_id=work.client_id,
            project_id=work.project_id,
            machine_id=actor.machine_id,
            user_id=actor.user_id,
            working_directory=place.cwd,
            received_bytes=0,
        )
        session.add(transcript)
    if actor.machine_id and place.cwd and place.git_remote:
        await note_folder(session, actor.machine_id, place.cwd, place.git_remote)
    if transcript.client_id is None:
        cwd = place.cwd or transcript.working_directory
        found = await resolve(session, actor, actor.machine_id, cwd, place.git_remote)
        if found != UNASSIGNED and transcript.session_id is not None:
            await session.flush()
            await assign(session, transcript.session_id, found)
    await session.flush()
    return transcript


@dataclass(frozen=True, slots=True)
class _Known:
    """What is already stored of the prompt groups that new turns belong to."""

    version: int | None
    turns: dict[str, TurnDraft]
    hashes: dict[UUID, bytes]


class _OvertakenError(Exception):
    """Another worker has written to the transcript since it was read."""


async def _known(session: AsyncSession, id: UUID, drafts: Sequence[TurnDraft]) -> _Known:
    version = await session.scalar(select(Transcript.version).where(Transcript.id == id))
    groups, keys = {group_of(draft) for draft in drafts}, [draft.key for draft in drafts]
    rows = list(
        await session.scalars(
            select(TranscriptTurn).where(
                TranscriptTurn.transcript_id == id,
                or_(TranscriptTurn.prompt_id.in_(groups), TranscriptTurn.key.in_(keys)),
            )
        )
    )
    groups |= {row.prompt_id or row.key for row in rows}
    stored = await session.execute(
        select(MemoryItem.id, MemoryItem.content_hash).where(
            MemoryItem.transcript_id == id, MemoryItem.group_key.in_(groups)
        )
    )
    return _Known(
        version=version,
        turns={row.key: _draft(row) for row in rows},
        hashes=dict(stored.all()),
    )


def _draft(row: TranscriptTurn) -> TurnDraft:
    return TurnDraft(
        key=row.key,
        kind=cast(TurnKind, row.kind),
        text=row.text,
        at=row.said_at,
        prompt_id=row.prompt_id,
        agent_id=row.agent_id,
        tool=None if row.tool is None else ToolUse(**row.tool),
        uuid=row.line_uuid,
        folder_client_id=row.folder_client_id,
    )


def _origin(transcript: Transcript) -> Origin:
    return Origin(
        client_id=transcript.client_id,
        project_id=transcript.project_id,
        machine_id=transcript.machine_id,
        user_id=transcript.user_id,
        source_table="transcripts",
        source_id=transcript.id,
        transcript_id=transcript.id,
    )
