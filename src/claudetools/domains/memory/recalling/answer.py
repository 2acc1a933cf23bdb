"""The answer of a recall: the memories that were packed, where each comes from and what its score is made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.recall_index.index import Hit
from claudetools.domains.memory.recalling.packing import Memory, Packed, count_tokens, short_id
from claudetools.kit.search.text import content_terms, terms

VERSION = "1"

REASONS = {
    "lexical": "words",
    "semantic": "meaning",
    "neighbours": "what follows it",
    "session": "its session",
    "recency": "age",
    "importance": "importance",
    "usage": "use and votes",
    "tags": "tags",
    "scope": "project and machine",
    "author": "named author",
    "date": "named time",
    "question": "only asks",
    "trust": "trust",
}
"""What the parts of a score are called in words."""
LEAST_REASON = 0.005
"""Parts below this would show as 0.00."""


class ScoreParts(BaseModel):
    """What a score is made of: the parts add up to it."""

    lexical: float = 0
    semantic: float = 0
    recency: float = 0
    importance: float = 0
    usage: float = 0
    tags: float = 0
    scope: float = 0
    author: float = 0
    date: float = 0
    question: float = 0
    neighbours: float = 0
    session: float = 0
    trust: float = 0


class Source(BaseModel):
    """Where a memory comes from."""

    table: str
    id: UUID
    session_id: UUID | None
    turn_ids: list[str]
    machine: str | None
    user: str
    at: datetime


class RecalledItem(BaseModel):
    """One memory, as far as it was packed. `why` says what its score is made of, if the request asks for it."""

    id: UUID
    kind: str
    title: str
    text: str
    tokens: int
    score: float
    parts: ScoreParts
    why: str | None
    client_id: UUID | None
    project_id: UUID | None
    contradicted_by_id: UUID | None
    source: Source


class Pointer(BaseModel):
    """A memory that had no room, and what reading it would cost."""

    id: UUID
    kind: str
    title: str
    at: datetime
    tokens: int


class RecallReply(BaseModel):
    """What memory has for the query. `text` is prompt-ready Markdown within the budget; `id` is that of the answer."""

    id: UUID
    text: str
    tokens: int
    items: list[RecalledItem]
    pointers: list[Pointer]
    considered: int
    elapsed_ms: float
    version: str


@dataclass(frozen=True, slots=True)
class Found:
    """A hit with its row and the names of its person and machine."""

    item: MemoryItem
    hit: Hit
    user: str
    machine: str | None
    session_id: UUID | None

    def for_packing(self) -> Memory:
        """Return what packing needs to know."""
        return Memory(
            id=str(self.item.id),
            kind=self.item.kind,
            title=self.item.title,
            text=with_doubt(self.item),
            at=self.item.said_at,
            author=self.item.speaker or self.user,
            machine=self.machine or "",
            score=self.hit.score,
            importance=self.item.importance,
            turn_ids=tuple(self.item.turn_ids),
            before=self.hit.before,
        )


def with_doubt(item: MemoryItem) -> str:
    """Return the text of a memory, led by what contradicts it."""
    if item.contradicted_by_id is None:
        return item.text
    return f"(contradicted by [{short_id(str(item.contradicted_by_id))}]) {item.text}"


def reply_of(
    id: UUID, found: Sequence[Found], packed: Packed, considered: int, elapsed_ms: float, *, explained_for: str | None
) -> RecallReply:
    """Return the reply that shows what was packed, with the reasons if there is a query to explain it for."""
    asked = None if explained_for is None else frozenset(content_terms(explained_for))
    by_id = {str(entry.item.id): entry for entry in found}
    items = []
    for chosen in packed.items:
        entry = by_id[chosen.memory.id]
        items.append(
            RecalledItem(
                id=entry.item.id,
                kind=entry.item.kind,
                title=entry.item.title,
                text=chosen.text,
                tokens=chosen.tokens,
                score=round(entry.hit.score, 6),
                parts=ScoreParts(**entry.hit.parts),
                why=None if asked is None else why(entry.hit.parts, asked.intersection(terms(chosen.text))),
                client_id=entry.item.client_id,
                project_id=entry.item.project_id,
                contradicted_by_id=entry.item.contradicted_by_id,
                source=Source(
                    table=entry.item.source_table,
                    id=entry.item.source_id,
                    session_id=entry.session_id,
                    turn_ids=list(chosen.memory.turn_ids),
                    machine=entry.machine,
                    user=entry.user,
                    at=entry.item.said_at,
                ),
            )
        )
    return RecallReply(
        id=id,
        text=packed.text,
        tokens=packed.tokens,
        items=items,
        pointers=[
            Pointer(id=UUID(one.id), kind=one.kind, title=one.title, at=one.at, tokens=count_tokens(one.text))
            for one in packed.pointers
        ],
        considered=considered,
        elapsed_ms=round(elapsed_ms, 2),
        version=VERSION,
    )


def why(parts: Mapping[str, float], shared: Collection[str]) -> str:
    """Return what a score is made of, the largest part first, and the index terms that query and text share.

    Example: "meaning 0.32, words 0.30 (backup, fs01), its session 0.15, only asks -0.06".
    """
    told = []
    for name, value in sorted(parts.items(), key=lambda part: -abs(part[1])):
        if abs(value) >= LEAST_REASON:
            words = f" ({', '.join(sorted(shared))})" if name == "lexical" and shared else ""
            told.append(f"{REASONS[name]} {value:.2f}{words}")
    return ", ".join(told)
