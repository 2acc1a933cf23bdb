"""Memories that are held back until a person has looked at them: the queue, releasing, and holding back a machine's.

They are in no index and behind no door but that of review (`Access.REVIEW`), so nothing recalls, injects, exports or
distils them.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import and_, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import MACHINES, Machine
from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.holding_back.instructing import QuarantineReason
from claudetools.domains.memory.items import ITEMS, MemoryItem, next_change
from claudetools.domains.memory.records.summaries import renew_summary
from claudetools.domains.memory.remembering import MemoryRead
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.clock import now
from claudetools.kit.problems import Conflict, Forbidden
from claudetools.kit.resource.cursor import CursorCodec
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Access, Actor, find, scoped, visible

SHAPE = "memory quarantine"


class QuarantineQuery(Input):
    """Which page of the queue, and of which client or machine."""

    client_id: UUID | None = None
    machine_id: UUID | None = None
    cursor: Annotated[str | None, Field(max_length=1000)] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class QuarantinePage(BaseModel):
    """Memories in quarantine, those that came last first."""

    items: list[MemoryRead]
    next_cursor: str | None


class MachineQuarantine(BaseModel):
    """How many memories of the machine were put in quarantine now."""

    machine_id: UUID
    quarantined: int


def require_person(actor: Actor) -> None:
    """Raise `Forbidden` for a program: one that was misled must not release what misled it."""
    if actor.machine_id is not None:
        raise Forbidden("A machine's token does not review memories. Sign in.")


async def quarantined_page(
    session: AsyncSession, actor: Actor, query: QuarantineQuery, codec: CursorCodec
) -> QuarantinePage:
    """Return one page of what waits for review and is not retired.

    Raises:
        Forbidden: the actor is a program.
        Invalid: the cursor belongs to another list.
    """
    require_person(actor)
    shape = f"{SHAPE} {query.model_dump_json(exclude={'cursor', 'limit'})}"
    statement = scoped(actor, MemoryItem, Access.REVIEW).where(
        MemoryItem.quarantined_at.is_not(None), MemoryItem.retired_at.is_(None)
    )
    if query.client_id is not None:
        statement = statement.where(MemoryItem.client_id == query.client_id)
    if query.machine_id is not None:
        statement = statement.where(MemoryItem.machine_id == query.machine_id)
    if query.cursor is not None:
        at, id = codec.decode(shape, query.cursor)
        held_at = datetime.fromisoformat(at)
        statement = statement.where(
            or_(
                MemoryItem.quarantined_at < held_at,
                and_(MemoryItem.quarantined_at == held_at, MemoryItem.id > UUID(id)),
            )
        )
    order = MemoryItem.quarantined_at.desc(), MemoryItem.id
    rows = list(await session.scalars(statement.order_by(*order).limit(query.limit + 1)))
    page = rows[: query.limit]
    cursor = None
    if len(rows) > query.limit and page[-1].quarantined_at is not None:
        cursor = codec.encode(shape, [page[-1].quarantined_at.isoformat(), str(page[-1].id)])
    return QuarantinePage(items=[MemoryRead.model_validate(row) for row in page], next_cursor=cursor)


async def release(engine: MemoryEngine, actor: Actor, id: UUID) -> MemoryItem:
    """Let a memory out of quarantine, and into the digest of its session.

    Raises:
        Forbidden: the actor is a program, or may not write to the client.
        NotFound: the memory is not the actor's to see.
        Conflict: it is not in quarantine.
        Unavailable: the database is away.
    """
    require_person(actor)

    async def unit(session: AsyncSession) -> MemoryItem:
        item = await find(session, actor, MemoryItem, id, Access.REVIEW)
        if item.quarantined_at is None:
            raise Conflict("This memory is not in quarantine.")
        reason = item.quarantine_reason
        item.quarantined_at, item.reviewed_at, item.reviewed_by_id = None, now(), actor.user_id
        with session.no_autoflush:
            item.change_sequence = await next_change(session)
        await session.flush()
        note(session, Action.CHANGE, ITEMS, item.id, client_id=item.client_id, details={"released": reason})
        transcript = await session.scalar(scoped(actor, Transcript).where(Transcript.id == item.transcript_id))
        if transcript is not None:
            await renew_summary(session, actor, transcript)
        return item

    item = await engine.database.write(unit)
    await engine.refresh()
    return item


async def quarantine_machine(engine: MemoryEngine, actor: Actor, id: UUID) -> MachineQuarantine:
    """Put everything that came from a machine in quarantine, as far as the actor may write to it, in one transaction.

    Raises:
        Forbidden: the actor is a program, or the machine is somebody else's and the actor no administrator.
        NotFound: there is no such machine.
        Unavailable: the database is away.
    """
    require_person(actor)

    async def unit(session: AsyncSession) -> int:
        machine = await find(session, actor, Machine, id, Access.WRITE)
        change = await next_change(session)
        held = await session.execute(
            update(MemoryItem)
            .where(
                visible(actor, MemoryItem, Access.REVIEW),
                MemoryItem.machine_id == machine.id,
                MemoryItem.quarantined_at.is_(None),
            )
            .values(
                quarantined_at=now(),
                quarantine_reason=QuarantineReason.MACHINE,
                reviewed_at=None,
                reviewed_by_id=None,
                change_sequence=change,
                version=MemoryItem.version + 1,
                updated_at=now(),
            )
        )
        count = int(held.rowcount)  # type: ignore[attr-defined]  # of an UPDATE it is there
        note(session, Action.CHANGE, MACHINES.name, machine.id, details={"memories_quarantined": count})
        return count

    count = await engine.database.write(unit)
    await engine.refresh()
    return MachineQuarantine(machine_id=id, quarantined=count)
