"""Draws records out of a session's memories, for people to read and edit: decisions, and things worth keeping.

A record is the other face of one memory, under an id derived from it, so drawing again changes nothing. It follows its
memory until somebody edits it; what is deleted on either side is gone on both.
"""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.infra import Infrastructure
from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.distilling.record import ASSISTANT_TRUST, CONTEXT
from claudetools.domains.memory.items import MemoryItem, holds
from claudetools.domains.memory.records.context_snippets import ContextSnippet, SnippetCategory
from claudetools.domains.memory.records.decision_logs import DecisionLog, Impact
from claudetools.domains.work import WorkSession
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import Actor, scoped

DECISION = "decision"
MARKS = {"rule": SnippetCategory.PREFERENCE, "cause": SnippetCategory.PATTERN}
"""What a fact is that was marked when it was distilled."""
KINDS = {
    "failure": SnippetCategory.LESSON,
    "fact": SnippetCategory.FACT,
    "lesson": SnippetCategory.LESSON,
    "preference": SnippetCategory.PREFERENCE,
    "procedure": SnippetCategory.PROCEDURE,
    "blocker": SnippetCategory.BLOCKER,
}
WITHOUT_REMEDY = "nothing that worked instead was seen"
MOST_TAGS = 50
TITLE_CHARS = 200
_REASON = re.compile(
    r"(?:[,;.(] ?|\s)\b((?:because|since|so that|due to|in order to|to avoid|otherwise|as the|"
    r"weil|damit|wegen|sonst)\b.{4,})",
    re.IGNORECASE | re.DOTALL,
)
_INSTEAD = re.compile(r"\b(?:instead of|rather than|over|statt|anstelle von)\s+([^,;.()]{3,80})", re.IGNORECASE)


def statement_of(item: MemoryItem) -> str:
    """Return what a memory says, without the question that it was said to."""
    return item.text.split(CONTEXT, 1)[0].strip()


async def draw_records(session: AsyncSession, actor: Actor, transcript: Transcript) -> None:
    """Bring the records drawn from a session into step with its memories. Edited and deleted ones are left alone."""
    if transcript.session_id is None:
        return
    # Who draws from the session at the same time waits, and then sees what was drawn.
    work = scoped(actor, WorkSession).with_only_columns(WorkSession.id).where(WorkSession.id == transcript.session_id)
    await session.execute(work.with_for_update())
    items = await _memories(session, actor, transcript)
    hosts = await _hosts(session, actor, transcript.client_id, items)
    wanted: dict[UUID, DecisionLog | ContextSnippet] = {}
    for item in items:
        row = _decision(item) if item.kind == DECISION else _snippet(item, hosts)
        if row is not None:
            row.client_id, row.project_id = transcript.client_id, transcript.project_id
            row.session_id, row.user_id = transcript.session_id, transcript.user_id
            row.memory_id, row.is_generated = item.id, True
            wanted[row.id] = row
    for model in (DecisionLog, ContextSnippet):
        await _settle(session, actor, transcript.session_id, model, wanted)


async def _settle(
    session: AsyncSession,
    actor: Actor,
    session_id: UUID,
    model: type[Any],
    wanted: dict[UUID, DecisionLog | ContextSnippet],
) -> None:
    """Add what is new, change what says something else now, take away what no memory says any more."""
    # By their ids too: a record outlives the session that it names.
    here = or_(model.session_id == session_id, model.id.in_(wanted))
    rows = list(await session.scalars(scoped(actor, model).where(here)))
    there = {row.id for row in rows}
    session.add_all(row for id, row in wanted.items() if isinstance(row, model) and id not in there)
    await session.flush()
    for row in rows:
        fresh = wanted.get(row.id)
        if not row.is_generated:
            continue
        if fresh is None:
            successor = await _successor(session, actor, row, wanted)
            if successor is None:
                await session.delete(row)
            else:
                row.superseded_by_id = successor
            continue
        for name in _COLUMNS[model]:
            if getattr(row, name) != getattr(fresh, name):
                setattr(row, name, getattr(fresh, name))
    await session.flush()


_COLUMNS: dict[type[Any], Sequence[str]] = {
    DecisionLog: ("client_id", "project_id", "decision_text", "rationale", "alternatives", "impact", "tags"),
    ContextSnippet: ("client_id", "project_id", "category", "title", "dense_content", "structured_data", "tags"),
}


async def _successor(session: AsyncSession, actor: Actor, row: Any, wanted: dict[UUID, Any]) -> UUID | None:
    """Return the decision that was drawn from the memory which took the place of this one's."""
    if not isinstance(row, DecisionLog):
        return None
    item = await session.scalar(scoped(actor, MemoryItem).where(MemoryItem.id == row.memory_id))
    if item is None or item.superseded_by_id is None:
        return None
    id = derived_id(item.superseded_by_id, DECISION)
    return id if id in wanted else None


async def _memories(session: AsyncSession, actor: Actor, transcript: Transcript) -> list[MemoryItem]:
    """Return what was said in all of the work session that is of its client alone."""
    parts = scoped(actor, Transcript).with_only_columns(Transcript.id)
    rows = await session.scalars(
        scoped(actor, MemoryItem)
        .where(
            MemoryItem.transcript_id.in_(parts.where(Transcript.session_id == transcript.session_id)),
            MemoryItem.client_id.is_not_distinct_from(transcript.client_id),
            MemoryItem.kind.in_([DECISION, *KINDS]),
            holds(),
        )
        .order_by(MemoryItem.position, MemoryItem.id)
    )
    return list(rows)


async def _hosts(
    session: AsyncSession, actor: Actor, client_id: UUID | None, items: Sequence[MemoryItem]
) -> dict[str, dict[str, str]]:
    """Return the client's equipment that the memories name, by name and by address."""
    named = {tag for item in items for tag in item.tags}
    named |= {tag.split(".", 1)[0] for tag in named if not tag[:1].isdigit()}
    if client_id is None or not named:
        return {}
    rows = await session.execute(
        scoped(actor, Infrastructure)
        .with_only_columns(Infrastructure.id, Infrastructure.hostname, Infrastructure.ip_address)
        .where(
            Infrastructure.client_id == client_id,
            func.lower(Infrastructure.hostname).in_(named) | Infrastructure.ip_address.in_(named),
        )
    )
    found: dict[str, dict[str, str]] = {}
    for id, hostname, address in rows:
        found |= {name.lower(): {"id": str(id), "hostname": hostname} for name in (hostname, address) if name}
    return found


def _decision(item: MemoryItem) -> DecisionLog:
    text = statement_of(item)
    reason, instead = _REASON.search(text), _INSTEAD.search(text)
    return DecisionLog(
        id=derived_id(item.id, DECISION),
        decision_text=text,
        rationale=None if reason is None else reason[1].strip(" )."),
        alternatives=[] if instead is None else [instead[1].strip()],
        impact=Impact.MEDIUM if item.trust > ASSISTANT_TRUST else Impact.LOW,
        tags=item.tags[:MOST_TAGS],
    )


def _snippet(item: MemoryItem, hosts: dict[str, dict[str, str]]) -> ContextSnippet | None:
    text = statement_of(item)
    if item.kind == "failure" and WITHOUT_REMEDY in text:
        return None
    category = next((MARKS[tag] for tag in item.tags if tag in MARKS), KINDS[item.kind])
    known = [hosts.get(tag) or hosts.get(tag.split(".", 1)[0]) for tag in item.tags]
    about = list({host["id"]: host for host in known if host is not None}.values())
    return ContextSnippet(
        id=derived_id(item.id, "snippet"),
        category=category,
        title=item.title[:TITLE_CHARS] or text[:TITLE_CHARS],
        dense_content=text,
        structured_data={"infrastructure": about} if about else {},
        tags=[tag for tag in item.tags if tag not in MARKS][:MOST_TAGS],
        relevance_score=round(item.importance * 10, 1),
    )
