"""Receiving transcript files: the log on the technician's machine, sent in pieces, each taken in once."""

from collections.abc import Mapping
from datetime import datetime
from itertools import takewhile
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import Machine
from claudetools.domains.memory.capturing.capture import from_transcript
from claudetools.domains.memory.capturing.prompt_chain import named_by
from claudetools.domains.memory.capturing.recording import Place, Progress, record
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn, own_transcript
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.learning_from_use.learning import learn_from_session
from claudetools.domains.memory.records.summaries import summarise_session
from claudetools.kit.problems import invalid
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Actor, find, scoped

MAX_CHUNKS = 50


class Cursor(BaseModel):
    """How far a transcript file has been received. `offset` is in bytes."""

    offset: int
    last_uuid: str | None


class Cursors(BaseModel):
    """What the server has of each transcript of a machine, by key."""

    cursors: dict[str, Cursor]
    since: datetime | None = None
    """When the machine was registered: transcripts that ended before are sent only on request."""


class TranscriptChunk(Input):
    """Consecutive lines of one transcript file. `offset` and `next_offset` are byte positions in that file."""

    key: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\s]+(/agent-[^/\s]+)?$")]
    session_id: Annotated[str, Field(min_length=1, max_length=100)]
    agent_id: Annotated[str, Field(max_length=100)] | None = None
    offset: Annotated[int, Field(ge=0, lt=2**53)]
    next_offset: Annotated[int, Field(ge=0, lt=2**53)]
    cwd: Annotated[str, Field(max_length=500)] | None = None
    git_remote: Annotated[str, Field(max_length=500)] | None = None
    lines: Annotated[list[dict[str, Any]], Field(max_length=2_000)]


class EventsRequest(Input):
    """Hook events that could not be delivered as they happened, and pieces of transcript files."""

    events: Annotated[list[dict[str, Any]], Field(max_length=500)] = []
    transcripts: Annotated[list[TranscriptChunk], Field(max_length=MAX_CHUNKS)] = []


class EventsReply(Cursors):
    """The new cursors of the transcripts sent, and how many turns were new or completed."""

    recorded: int


async def cursors_of(session: AsyncSession, actor: Actor, machine_id: UUID | None) -> Cursors:
    """Return how far each of the person's transcripts on a machine has been received."""
    since = None if machine_id is None else (await find(session, actor, Machine, machine_id)).created_at
    rows = await session.execute(
        scoped(actor, Transcript)
        .with_only_columns(Transcript.key, Transcript.received_bytes, Transcript.last_uuid)
        .where(
            Transcript.user_id == actor.user_id, Transcript.machine_id == machine_id, Transcript.session_id.is_not(None)
        )
    )
    cursors = {key: Cursor(offset=offset, last_uuid=last_uuid) for key, offset, last_uuid in rows}
    return Cursors(cursors=cursors, since=since)


async def take_in(engine: MemoryEngine, actor: Actor, chunk: TranscriptChunk) -> tuple[int, Cursor]:
    """Record one piece of a transcript; return how many turns were new and the new cursor.

    A piece may be sent again, or overlap what is there. One that would leave a gap is refused.

    Raises:
        Invalid: the key does not belong to the session, or lines before this piece are missing.
        Unavailable: the database is away.
    """
    expected = chunk.session_id if chunk.agent_id is None else f"{chunk.session_id}/agent-{chunk.agent_id}"
    if chunk.key != expected or chunk.next_offset < chunk.offset:
        raise invalid("/key", "The key must be the session's id, with /agent-<id> for a subagent.")
    stored = await engine.database.read(lambda session: own_transcript(session, actor, chunk.key))
    received = 0 if stored is None else stored.received_bytes
    if chunk.offset > received:
        raise invalid("/offset", f"The server has this transcript up to byte {received}; send from there.", "gap")
    is_replaced = chunk.offset == 0 and 0 < chunk.next_offset < received
    prompt_id = None
    if stored is not None and chunk.offset:
        prompt_id = stored.last_prompt_id
        if chunk.offset < received:
            prompt_id = await engine.database.read(lambda session: _prompt_at(session, stored.id, chunk)) or prompt_id
    drafts = from_transcript(chunk.lines, prompt_id=prompt_id)
    if stored is not None and chunk.next_offset < received and not is_replaced:
        progress = Progress(received, stored.last_uuid, stored.last_prompt_id)
    else:
        progress = Progress(
            offset=chunk.next_offset,
            last_uuid=_last(chunk.lines, "uuid"),
            last_prompt_id=next(filter(None, map(named_by, reversed(chunk.lines))), prompt_id),
        )
    place = Place(key=chunk.key, cwd=chunk.cwd, git_remote=chunk.git_remote)
    recorded = await record(engine, actor, place, drafts, progress)
    if recorded and chunk.agent_id is None:
        await summarise_session(engine, actor, chunk.key)
        await learn_from_session(engine, actor, chunk.key)
    return recorded, Cursor(offset=progress.offset, last_uuid=progress.last_uuid)


async def _prompt_at(session: AsyncSession, transcript: UUID, chunk: TranscriptChunk) -> str | None:
    """Return the prompt that was worked on where a piece begins that was received before, as far as it is known."""
    unnamed = takewhile(lambda line: not _is_short_text(line, "promptId"), chunk.lines)
    uuids = [line["uuid"] for line in unnamed if _is_short_text(line, "uuid")]
    rows = await session.execute(
        select(TranscriptTurn.line_uuid, TranscriptTurn.prompt_id).where(
            TranscriptTurn.transcript_id == transcript, TranscriptTurn.line_uuid.in_(uuids)
        )
    )
    known = dict(rows.all())
    return next((known[uuid] for uuid in uuids if uuid in known), None)


def _last(lines: list[dict[str, Any]], field: str) -> str | None:
    return next((line[field] for line in reversed(lines) if _is_short_text(line, field)), None)


def _is_short_text(line: Mapping[str, Any], field: str) -> bool:
    value = line.get(field)
    return isinstance(value, str) and 0 < len(value) <= 64
