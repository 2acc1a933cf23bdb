"""The digest of a whole session, kept as an editable conversation context."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.transcripts import Transcript, own_transcript, transcript_id
from claudetools.domains.memory.distilling.distil import Memory, distil_session
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.items import MemoryDeletion, MemoryItem, holds, item_id
from claudetools.domains.memory.records.contexts import GENERATED, ContextType, ConversationContext
from claudetools.domains.memory.records.drawing import draw_records
from claudetools.domains.memory.records.drawn import CUT
from claudetools.domains.memory.records.drawn_states import renew_state
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import Actor, scoped

NOTHING_LEFT = "What was noted of this session was corrected or retired since."


def digest_id(transcript: UUID) -> UUID:
    """Return the id of the memory item that holds the digest of a transcript's session."""
    return item_id(_context_id(transcript))


def _context_id(transcript: UUID) -> UUID:
    return derived_id(transcript, "summary")


async def summarise_session(engine: MemoryEngine, actor: Actor, key: str) -> None:
    """Write or renew the digest of a session. One that a person has edited is left alone.

    Raises:
        Unavailable: the database is away.
    """

    async def unit(session: AsyncSession) -> None:
        transcript = await own_transcript(session, actor, key)
        if transcript is not None:
            await renew_summary(session, actor, transcript)

    async with engine.lock(transcript_id(actor, key)):
        await engine.database.write(unit)


async def renew_summary(session: AsyncSession, actor: Actor, transcript: Transcript) -> None:
    """Write what follows from what holds of a session now: its digest, the records drawn from it, its project's state.

    What a person edited or deleted is left alone.
    """
    await _renew_digest(session, actor, transcript)
    await draw_records(session, actor, transcript)
    await renew_state(session, actor, transcript)


async def renew_after(session: AsyncSession, actor: Actor, transcript_id: UUID | None) -> None:
    """Write anew what follows from the session of a memory that was retired, brought back or deleted."""
    transcript = await session.scalar(scoped(actor, Transcript).where(Transcript.id == transcript_id))
    if transcript is not None:
        await renew_summary(session, actor, transcript)


async def renew_cut(session: AsyncSession) -> None:
    """Write anew what follows from the sessions of memories that were deleted with the records drawn from them."""
    for actor, cut in session.info.pop(CUT, []):
        await renew_after(session, actor, cut)


async def _renew_digest(session: AsyncSession, actor: Actor, transcript: Transcript) -> None:
    id = _context_id(transcript.id)
    row = await session.scalar(scoped(actor, ConversationContext).where(ConversationContext.id == id))
    digest = distil_session(await _memories(session, actor, transcript))
    if digest is not None:
        await _store(session, actor, transcript, row, digest)
    elif row is not None and GENERATED in row.source_references:
        row.title, row.dense_summary, row.tags = "Session", NOTHING_LEFT, []
        await session.flush()


async def _memories(session: AsyncSession, actor: Actor, transcript: Transcript) -> list[Memory]:
    """Return what holds of a session and is of its client alone: a digest does not mix clients."""
    items = await session.scalars(
        scoped(actor, MemoryItem)
        .where(
            MemoryItem.transcript_id == transcript.id,
            MemoryItem.client_id.is_not_distinct_from(transcript.client_id),
            holds(),
        )
        .order_by(MemoryItem.position, MemoryItem.id)
    )
    return [
        Memory(
            key=str(item.id),
            kind=item.kind,
            title=item.title,
            text=item.text,
            importance=item.importance,
            trust=item.trust,
            tags=tuple(item.tags),
            turn_keys=tuple(item.turn_ids),
        )
        for item in items
    ]


async def _store(
    session: AsyncSession, actor: Actor, transcript: Transcript, row: ConversationContext | None, digest: Memory
) -> None:
    id = _context_id(transcript.id)
    if row is None:
        if await session.get(MemoryDeletion, item_id(id)) is not None:
            return
        row = ConversationContext(
            id=id,
            user_id=transcript.user_id,
            context_type=ContextType.SESSION_SUMMARY,
            source_references=[GENERATED],
            title=digest.title[:200] or "Session",
            dense_summary="",
        )
        session.add(row)
    elif GENERATED not in row.source_references or (row.dense_summary, row.trust) == (digest.text, digest.trust):
        return
    row.client_id, row.project_id = transcript.client_id, transcript.project_id
    row.session_id, row.machine_id = transcript.session_id, transcript.machine_id
    row.title, row.dense_summary, row.tags = digest.title[:200] or "Session", digest.text, list(digest.tags)
    row.trust = digest.trust
    await session.flush()
