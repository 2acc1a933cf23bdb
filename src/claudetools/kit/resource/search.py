"""One search over many kinds of record, ranked: what bears the words in its name comes before what mentions them."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.base import Record
from claudetools.kit.resource.declare import Resource, Verb
from claudetools.kit.resource.scope import Actor, visible

MAX_WORDS = 8
SNIPPET_CHARS = 200
WHOLE_NAME, START_OF_NAME, IN_NAME, IN_TEXT = 8, 5, 3, 1
"""What a word counts by where it is found first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table that is searched. `columns` are the texts looked into, the name of a record first."""

    name: str
    model: type[Record]
    columns: tuple[str, ...]
    scope: str
    condition: ColumnElement[bool] | None = None

    @classmethod
    def of(cls, resource: Resource) -> "Source":
        """Return the source that the records of a resource are."""
        return cls(name=resource.name, model=resource.model, columns=resource.searches, scope=resource.scope(Verb.LIST))


@dataclass(frozen=True, kw_only=True)
class SearchHit:
    """A record that all words were found in, and the piece of it where."""

    resource: str
    id: UUID
    client_id: UUID | None
    title: str
    snippet: str
    score: int
    updated_at: datetime

    @property
    def url(self) -> str:
        """Where the record is in the API."""
        return f"/api/{self.resource}/{self.id}"


def words_of(text: str) -> list[str]:
    """Return the words of a question, each once; what goes beyond `MAX_WORDS` is left out."""
    return list(dict.fromkeys(text.lower().split()))[:MAX_WORDS]


async def search(
    session: AsyncSession,
    actor: Actor,
    sources: Sequence[Source],
    words: Sequence[str],
    *,
    client_id: UUID | None,
    limit: int,
) -> list[SearchHit]:
    """Return the best `limit` records in which every word occurs, and which the actor may see.

    Of equally good ones those of the earlier sources come first, then the newer ones.
    One statement finds them in all sources; one more for each kind among them reads what is shown.
    """
    found = [
        _matches(actor, source, place, words, client_id)
        for place, source in enumerate(sources)
        if client_id is None or hasattr(source.model, "client_id")
    ]
    if not found or not words:
        return []
    every = union_all(*found).subquery()
    best = (
        select(every).order_by(every.c.score.desc(), every.c.place, every.c.updated_at.desc(), every.c.id).limit(limit)
    )
    rows = (await session.execute(best)).all()
    ids: defaultdict[str, list[UUID]] = defaultdict(list)
    for row in rows:
        ids[row.source].append(row.id)
    by_name = {source.name: source for source in sources}
    texts = {(name, text[0]): text for name in ids for text in await _texts(session, actor, by_name[name], ids[name])}
    return [
        SearchHit(
            resource=row.source,
            id=row.id,
            client_id=text[1],
            title=str(text[2] or ""),
            snippet=_snippet(text[2:], words),
            score=row.score,
            updated_at=row.updated_at,
        )
        for row in rows
        if (text := texts.get((row.source, row.id))) is not None
    ]


def _matches(
    actor: Actor, source: Source, place: int, words: Sequence[str], client_id: UUID | None
) -> Select[str, int, UUID, int, datetime]:
    model = source.model
    name, *others = (getattr(model, column) for column in source.columns)
    conditions = [visible(actor, model)]
    if source.condition is not None:
        conditions.append(source.condition)
    if client_id is not None:
        conditions.append(model.client_id == client_id)  # type: ignore[attr-defined]
    score: ColumnElement[int] = literal(0)
    for word in words:
        conditions.append(or_(*(column.icontains(word, autoescape=True) for column in (name, *others))))
        score = score + case(
            (name.ilike(_escaped(word), escape="/"), WHOLE_NAME),
            (name.istartswith(word, autoescape=True), START_OF_NAME),
            (name.icontains(word, autoescape=True), IN_NAME),
            else_=IN_TEXT,
        )
    return select(
        literal(source.name).label("source"),
        literal(place).label("place"),
        model.id.label("id"),
        cast(score, Integer).label("score"),
        model.updated_at.label("updated_at"),
    ).where(and_(*conditions))


def _escaped(word: str) -> str:
    return re.sub(r"([%_/])", r"/\1", word)


async def _texts(session: AsyncSession, actor: Actor, source: Source, ids: Sequence[UUID]) -> Sequence[Any]:
    model = source.model
    client: Any = getattr(model, "client_id", literal(None))
    columns = (getattr(model, column) for column in source.columns)
    rows = await session.execute(select(model.id, client, *columns).where(visible(actor, model), model.id.in_(ids)))
    return rows.all()


def _snippet(texts: Sequence[Any], words: Sequence[str]) -> str:
    """Return the piece around the first word that is found outside of the name, on one line; else the name."""
    name, *others = (" ".join(str(text or "").split()) for text in texts)
    for text in others:
        place = min((at for word in words if (at := text.lower().find(word)) >= 0), default=None)
        if place is not None:
            start = max(0, place - SNIPPET_CHARS // 3)
            piece = text[start : start + SNIPPET_CHARS]
            return ("…" if start else "") + piece + ("…" if start + SNIPPET_CHARS < len(text) else "")
    return name[:SNIPPET_CHARS]
