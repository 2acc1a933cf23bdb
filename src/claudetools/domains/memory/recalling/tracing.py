"""What was given to which prompt, and where each memory in it came from."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.kit.problems import NotFound
from claudetools.kit.resource.schema import Output
from claudetools.kit.resource.scope import Access, Actor, scoped, visible


class InjectedItem(BaseModel):
    """One memory that was given, and who said it where. The origin is null once the memory is deleted."""

    id: UUID
    score: float
    tokens: int
    source_table: str | None = None
    source_id: UUID | None = None
    session_id: UUID | None = None
    machine_id: UUID | None = None
    user_id: UUID | None = None
    trust: int | None = None


class InjectionRead(Output):
    """What callers get of one recall on behalf of a prompt."""

    id: UUID
    at: datetime
    user_id: UUID
    machine_id: UUID | None
    client_id: UUID | None
    session_id: UUID | None
    prompt_id: str | None
    surface: str
    items: list[InjectedItem]
    considered: int
    tokens: int
    elapsed_ms: float


async def recent_injections(
    session: AsyncSession, actor: Actor, *, limit: int, machine_id: UUID | None, client_id: UUID | None
) -> list[InjectionRead]:
    """Return the newest injections that the actor may see."""
    statement = select(MemoryInjection).where(visible(actor, MemoryInjection))
    if machine_id is not None:
        statement = statement.where(MemoryInjection.machine_id == machine_id)
    if client_id is not None:
        statement = statement.where(MemoryInjection.client_id == client_id)
    rows = await session.scalars(statement.order_by(MemoryInjection.at.desc(), MemoryInjection.id).limit(limit))
    return await _traced(session, actor, list(rows))


async def find_injection(session: AsyncSession, actor: Actor, id: UUID) -> InjectionRead:
    """Return one injection.

    Raises:
        NotFound: there is none, or the actor may not see it.
    """
    statement = select(MemoryInjection).where(visible(actor, MemoryInjection), MemoryInjection.id == id)
    row = await session.scalar(statement)
    if row is None:
        raise NotFound()
    (found,) = await _traced(session, actor, [row])
    return found


async def _traced(session: AsyncSession, actor: Actor, rows: Sequence[MemoryInjection]) -> list[InjectionRead]:
    ids = {UUID(item["id"]) for row in rows for item in row.items}
    origins = await _origins(session, actor, ids)
    given_in = {row.transcript_id for row in rows if row.transcript_id is not None}
    known = scoped(actor, Transcript).with_only_columns(Transcript.id, Transcript.session_id)
    sessions = dict((await session.execute(known.where(Transcript.id.in_(given_in)))).all())
    return [
        InjectionRead(
            id=row.id,
            at=row.at,
            user_id=row.user_id,
            machine_id=row.machine_id,
            client_id=row.client_id,
            session_id=None if row.transcript_id is None else sessions.get(row.transcript_id),
            prompt_id=row.prompt_id,
            surface=row.surface,
            items=[InjectedItem.model_validate({**item, **origins.get(UUID(item["id"]), {})}) for item in row.items],
            considered=row.considered,
            tokens=row.tokens,
            elapsed_ms=row.elapsed_ms,
        )
        for row in rows
    ]


async def _origins(session: AsyncSession, actor: Actor, ids: set[UUID]) -> dict[UUID, dict[str, object]]:
    """Return where memories come from, also those in quarantine, as far as the actor may see them."""
    rows = await session.execute(
        select(MemoryItem, Transcript.session_id)
        .outerjoin(Transcript, Transcript.id == MemoryItem.transcript_id)
        .where(
            visible(actor, MemoryItem) | visible(actor, MemoryItem, Access.REVIEW),
            visible(actor, Transcript) | MemoryItem.transcript_id.is_(None),
            MemoryItem.id.in_(ids),
        )
    )
    return {
        item.id: {
            "source_table": item.source_table,
            "source_id": item.source_id,
            "session_id": session_id,
            "machine_id": item.machine_id,
            "user_id": item.user_id,
            "trust": item.trust,
        }
        for item, session_id in rows
    }
