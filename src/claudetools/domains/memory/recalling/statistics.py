"""Is memory alive: counts, last save, last recall, what it cost and saved, per machine."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import Machine
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.recalling.packing import CHARS_PER_TOKEN
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Access, Actor, visible

WINDOW = timedelta(days=30)


class MachineActivity(BaseModel):
    """One machine's last signs of life."""

    machine_id: UUID
    hostname: str
    last_saved_at: datetime | None
    last_recalled_at: datetime | None


class MemoryStatistics(BaseModel):
    """Counts over everything the caller may see; the token figures are of the last 30 days."""

    items: int
    items_by_kind: dict[str, int]
    quarantined: int
    turns: int
    sessions: int
    last_saved_at: datetime | None
    last_recalled_at: datetime | None
    prompts: int
    prompts_with_context: int
    tokens_recorded: int
    tokens_injected: int
    saved_percent: float | None
    median_ms: float | None
    machines: list[MachineActivity]
    semantic: bool


async def statistics(session: AsyncSession, actor: Actor, *, semantic: bool) -> MemoryStatistics:
    """Return the state of everything in memory that the actor may see."""
    since = now() - WINDOW
    # LENGTH counts characters on SQLite and bytes on MariaDB.
    characters = func.length if session.get_bind().dialect.name == "sqlite" else func.char_length
    kinds = await session.execute(
        select(MemoryItem.kind, func.count())
        .where(visible(actor, MemoryItem), MemoryItem.retired_at.is_(None))
        .group_by(MemoryItem.kind)
    )
    by_kind = dict(kinds.all())
    waiting = select(func.count()).where(
        visible(actor, MemoryItem, Access.REVIEW),
        MemoryItem.quarantined_at.is_not(None),
        MemoryItem.retired_at.is_(None),
    )
    said = (
        select(func.count(), func.max(TranscriptTurn.received_at))
        .join(Transcript, Transcript.id == TranscriptTurn.transcript_id)
        .where(visible(actor, Transcript))
    )
    turns, last_turn = (await session.execute(said)).one()
    recorded = await session.scalar(
        select(func.coalesce(func.sum(characters(TranscriptTurn.text)), 0))
        .join(Transcript, Transcript.id == TranscriptTurn.transcript_id)
        .where(visible(actor, Transcript), TranscriptTurn.received_at >= since)
    )
    last_item = await session.scalar(select(func.max(MemoryItem.updated_at)).where(visible(actor, MemoryItem)))
    prompts = list(
        await session.execute(
            select(MemoryInjection.tokens, MemoryInjection.elapsed_ms)
            .where(visible(actor, MemoryInjection), MemoryInjection.surface == "prompt", MemoryInjection.at >= since)
            .order_by(MemoryInjection.elapsed_ms)
        )
    )
    injected = sum(tokens for tokens, _ in prompts)
    tokens_recorded = int(float(recorded or 0) / CHARS_PER_TOKEN)
    return MemoryStatistics(
        items=sum(by_kind.values()),
        items_by_kind=dict(sorted(by_kind.items())),
        quarantined=await session.scalar(waiting) or 0,
        turns=turns,
        sessions=await session.scalar(select(func.count()).select_from(Transcript).where(visible(actor, Transcript)))
        or 0,
        last_saved_at=max(filter(None, (last_turn, last_item)), default=None),
        last_recalled_at=await session.scalar(
            select(func.max(MemoryInjection.at)).where(visible(actor, MemoryInjection))
        ),
        prompts=len(prompts),
        prompts_with_context=sum(1 for tokens, _ in prompts if tokens),
        tokens_recorded=tokens_recorded,
        tokens_injected=injected,
        saved_percent=round(100 * (1 - injected / tokens_recorded), 1) if tokens_recorded else None,
        median_ms=round(prompts[len(prompts) // 2][1], 1) if prompts else None,
        machines=await _machines(session, actor),
        semantic=semantic,
    )


async def _machines(session: AsyncSession, actor: Actor) -> list[MachineActivity]:
    saved = await session.execute(
        select(Transcript.machine_id, func.max(TranscriptTurn.received_at))
        .join(TranscriptTurn, TranscriptTurn.transcript_id == Transcript.id)
        .where(visible(actor, Transcript))
        .group_by(Transcript.machine_id)
    )
    recalled = await session.execute(
        select(MemoryInjection.machine_id, func.max(MemoryInjection.at))
        .where(visible(actor, MemoryInjection))
        .group_by(MemoryInjection.machine_id)
    )
    last_saved = dict(saved.all())
    last_recalled = dict(recalled.all())
    machines = await session.execute(
        select(Machine.id, Machine.hostname)
        .where(visible(actor, Machine), Machine.id.in_({*last_saved, *last_recalled} - {None}))
        .order_by(Machine.hostname)
    )
    return [
        MachineActivity(
            machine_id=id, hostname=name, last_saved_at=last_saved.get(id), last_recalled_at=last_recalled.get(id)
        )
        for id, name in machines
    ]
