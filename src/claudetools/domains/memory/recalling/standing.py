"""The standing pack: what a session begins with, beside what its first prompt brings back.

What memory holds of the client and project stands here. What other subjects know of the surroundings (messages,
locks, constraints of hosts) they hand in through `Surroundings`, since they build upon memory and not the reverse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, and_, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.recall_index.index import Hit
from claudetools.domains.memory.recalling.packing import Memory
from claudetools.domains.memory.recalling.recall import View
from claudetools.domains.memory.records.project_states import ProjectState
from claudetools.kit.clock import now
from claudetools.kit.redact import Redactor
from claudetools.kit.resource.redaction import redactor_of
from claudetools.kit.resource.scope import Actor, scoped

SERVICE = "surroundings"
NOTICE_CHARS = 200
STANDING_SCORE = 0.0
_STATE = MemoryItem.source_table == ProjectState.__tablename__
STANDING: Sequence[tuple[ColumnElement[bool], int]] = (
    (_STATE, 1),
    (MemoryItem.kind == "blocker", 3),
    (MemoryItem.kind == "decision", 2),
    (MemoryItem.kind == "todo", 3),
    (and_(MemoryItem.kind == "digest", ~_STATE), 2),
)
"""What a session begins with, most important first, and how many of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that a session is told at its beginning; `id` is that of the record behind it."""

    id: UUID
    kind: str
    text: str
    at: datetime
    author: str = ""

    def for_packing(self, redactor: Redactor) -> Memory:
        """Return it as one line of at most `NOTICE_CHARS` characters, without secrets."""
        text = " ".join(redactor.redact(self.text).text.split())
        text = text if len(text) <= NOTICE_CHARS else text[: NOTICE_CHARS - 1] + "…"
        return Memory(id=str(self.id), kind=self.kind, text=text, at=self.at, author=self.author)


class Surroundings(Protocol):
    """What else concerns a session at its beginning, as far as its person may see it."""

    async def __call__(
        self, session: AsyncSession, actor: Actor, client_id: UUID | None, words: str
    ) -> Sequence[Notice]:
        """Return notices on what `words` (a prompt and a folder) name, and on what waits for the person."""


async def surroundings(session: AsyncSession, actor: Actor, client_id: UUID | None, words: str) -> list[Memory]:
    """Return the notices of whoever registered with the database of `session`; none if nobody did."""
    registered: Surroundings | None = session.info.get(SERVICE)
    notices = [] if registered is None else await registered(session, actor, client_id, words)
    return [notice.for_packing(redactor_of(session)) for notice in notices]


async def standing_hits(session: AsyncSession, actor: Actor, view: View, own: UUID) -> list[Hit]:
    """Return the state of the project, blockers, and the newest decisions, to-dos and digests of other sessions."""
    at = now()
    owned = MemoryItem.client_id.is_(None) if view.client_id is None else MemoryItem.client_id == view.client_id
    newest = []
    for place, (kind, count) in enumerate(STANDING):
        statement = (
            scoped(actor, MemoryItem)
            .with_only_columns(MemoryItem.id, literal(place).label("place"), MemoryItem.said_at)
            .where(
                owned,
                kind,
                MemoryItem.retired_at.is_(None),
                or_(MemoryItem.expires_at.is_(None), MemoryItem.expires_at > at),
                MemoryItem.transcript_id.is_distinct_from(own),
            )
        )
        if view.client_id is None:
            statement = statement.where(MemoryItem.user_id == actor.user_id)
        if view.project_id is not None:
            statement = statement.where(MemoryItem.project_id == view.project_id)
        ordered = statement.order_by(MemoryItem.said_at.desc(), MemoryItem.id).limit(count)
        newest.append(select(ordered.subquery()))
    rows = (await session.execute(union_all(*newest))).all()
    ordered_rows = sorted(rows, key=lambda row: (row.place, -row.said_at.timestamp(), row.id))
    return [Hit(id=str(row.id), score=STANDING_SCORE, parts={}) for row in ordered_rows]
