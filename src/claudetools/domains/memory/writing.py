"""Writing memory items: redacted text in, stored once, found at once."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.holding_back.instructing import QuarantineReason, instructing
from claudetools.domains.memory.items import MemoryDeletion, MemoryItem, next_change
from claudetools.domains.memory.recall_index.entry import indexed_text
from claudetools.kit.clock import now

PERSON_TRUST = 3
MACHINE_TRUST = 2
"""The trust of what is written on purpose: by a person, or by a program in a person's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an item comes from and whom it belongs to."""

    client_id: UUID | None
    project_id: UUID | None
    machine_id: UUID | None
    user_id: UUID
    source_table: str
    source_id: UUID
    transcript_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """An item to be stored. The text is already redacted; `id` decides what it replaces.

    `tool_text` is as much of the text as comes from tools or the web; the rest is of people and of Claude.
    """

    id: UUID
    kind: str
    text: str
    said_at: datetime
    title: str = ""
    speaker: str = ""
    importance: float = 0.5
    trust: int = 2
    tags: tuple[str, ...] = ()
    turn_ids: tuple[str, ...] = ()
    position: int = 0
    group_key: str | None = None
    tool_text: str = ""
    confidence: float = 1.0
    is_pinned: bool = False
    expires_at: datetime | None = None
    embedding: bytes | None = field(default=None, repr=False)

    @property
    def content_hash(self) -> bytes:
        """The digest of what is embedded."""
        return hash_of(self.indexed_text)

    @property
    def indexed_text(self) -> str:
        """What is embedded and tokenised."""
        return indexed_text(self.text, title=self.title, author=self.speaker)


def hash_of(text: str) -> bytes:
    """Return the digest by which an item knows whether its vector is that of its text."""
    return hashlib.sha256(text.encode()).digest()


async def embed_drafts(engine: MemoryEngine, drafts: Sequence[ItemDraft], known: dict[UUID, bytes]) -> list[ItemDraft]:
    """Return the drafts with vectors; those whose stored hash in `known` is unchanged are left without."""
    changed = [draft for draft in drafts if known.get(draft.id) != draft.content_hash]
    vectors = await engine.embed([draft.indexed_text for draft in changed])
    found = {draft.id: vector for draft, vector in zip(changed, vectors, strict=True)}
    return [replace(draft, embedding=found.get(draft.id)) for draft in drafts]


async def put_items(session: AsyncSession, origin: Origin, drafts: Sequence[ItemDraft]) -> int:
    """Insert or update items by id and return how many changed. What people did to an item is kept, deletion too."""
    ids = [draft.id for draft in drafts]
    if not ids:
        return 0
    stored = {row.id: row for row in await session.scalars(select(MemoryItem).where(MemoryItem.id.in_(ids)))}
    deleted = set(await session.scalars(select(MemoryDeletion.item_id).where(MemoryDeletion.item_id.in_(ids))))
    changed: list[MemoryItem] = []
    for draft in drafts:
        if draft.id in deleted:
            continue
        row = stored.get(draft.id)
        if row is None:
            row = MemoryItem(
                id=draft.id,
                user_id=origin.user_id,
                confidence=draft.confidence,
                is_pinned=draft.is_pinned,
                expires_at=draft.expires_at,
            )
            session.add(row)
        elif _is_same(row, origin, draft):
            continue
        _fill(row, origin, draft)
        changed.append(row)
    if changed:
        sequence = await next_change_unflushed(session)
        for row in changed:
            row.change_sequence = sequence
        await session.flush()
    return len(changed)


async def next_change_unflushed(session: AsyncSession) -> int:
    """Take a change number while rows that need it are still pending."""
    with session.no_autoflush:
        return await next_change(session)


async def withdraw_items(session: AsyncSession, ids: Collection[UUID]) -> None:
    """Take back items that are no longer drawn from what was said: retired as of when they were said, for `as_of` too.

    `put_items` brings one back when it is drawn again.
    """
    if not ids:
        return
    rows = await session.scalars(select(MemoryItem).where(MemoryItem.id.in_(ids), MemoryItem.retired_at.is_(None)))
    held = list(rows)
    if held:
        sequence = await next_change(session)
        for row in held:
            row.retired_at, row.change_sequence = row.said_at, sequence
        await session.flush()


def _is_withdrawn(row: MemoryItem) -> bool:
    # Not "no later than": a record that is edited after its item was retired is said later than that.
    return row.superseded_by_id is None and row.retired_at == row.said_at


def _is_same(row: MemoryItem, origin: Origin, draft: ItemDraft) -> bool:
    return (
        not _is_withdrawn(row)
        and row.content_hash == draft.content_hash
        and (row.client_id, row.project_id) == (origin.client_id, origin.project_id)
        and (row.said_at, row.position, row.group_key) == (draft.said_at, draft.position, draft.group_key)
        and (row.kind, row.importance, row.trust) == (draft.kind, draft.importance, draft.trust)
        and (tuple(row.turn_ids), tuple(row.tags)) == (draft.turn_ids, draft.tags)
    )


def _fill(row: MemoryItem, origin: Origin, draft: ItemDraft) -> None:
    if _is_withdrawn(row):
        row.retired_at = None
    row.client_id, row.project_id = origin.client_id, origin.project_id
    row.machine_id, row.transcript_id = origin.machine_id, origin.transcript_id
    row.source_table, row.source_id = origin.source_table, origin.source_id
    row.kind, row.title, row.speaker, row.text = draft.kind, draft.title[:300], draft.speaker, draft.text
    row.tags, row.turn_ids, row.group_key = list(draft.tags), list(draft.turn_ids), draft.group_key
    row.said_at, row.position = draft.said_at, draft.position
    row.importance, row.trust = draft.importance, draft.trust
    if row.content_hash != draft.content_hash:
        # What contradicted the former text says nothing of this one.
        row.contradicted_by_id = None
        row.content_hash, row.embedding = draft.content_hash, draft.embedding
        _judge(row, draft.tool_text)


def _judge(row: MemoryItem, tool_text: str) -> None:
    """Hold back a text that instructs, and let go of one that does so no more. A release holds for the text it saw."""
    if row.quarantine_reason is QuarantineReason.MACHINE and row.quarantined_at is not None:
        return
    reason = instructing(tool_text, is_from_tool=True)
    if reason is None and row.trust < PERSON_TRUST:
        reason = instructing(f"{row.title}\n{row.text}", is_from_tool=False)
    row.quarantine_reason, row.quarantined_at = reason, None if reason is None else now()
    row.reviewed_at = row.reviewed_by_id = None
