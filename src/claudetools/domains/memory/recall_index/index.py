"""Recall: which memories belong to a prompt. In the process, rebuilt from the database, never the truth itself.

Isolation is structural: every partition is an index of its own, a query names the partitions it may see, and nothing
of another one (not even its word statistics) is touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claudetools.domains.memory.recall_index import ranking
from claudetools.domains.memory.recall_index.columns import NONE
from claudetools.domains.memory.recall_index.entry import Entry, Partition
from claudetools.domains.memory.recall_index.query import Query, visible_rows
from claudetools.domains.memory.recall_index.ranking import Floats, Signals
from claudetools.domains.memory.recall_index.scoring import Pool, score
from claudetools.domains.memory.recall_index.snapshot import SubIndexSnapshot
from claudetools.domains.memory.recall_index.subindex import SubIndex
from claudetools.kit.search.dates import time_spans
from claudetools.kit.search.embed import Embedder
from claudetools.kit.search.text import content_terms, terms

__all__ = ["Entry", "Hit", "Partition", "Query", "RecallIndex", "SearchResult"]

EVIDENCE_DEPTH = 10
"""The evidence for a query is the best of its first ten memories."""
MAX_QUERY_CHARS = 6000
"""Of a longer text (a pasted log) the first and last half of this are used: what is asked stands at either end."""
EMBEDDED_QUERY_CHARS = 1000
"""The same for what is embedded; about as much as the model reads."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory found. score (0..1) compares between queries; parts are its summands and add up to it.

    before is the id of the piece before it in its conversation.
    """

    id: str
    score: float
    parts: dict[str, float]
    before: str | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits best first, and how many memories were visible to the query."""

    hits: list[Hit] = field(default_factory=list)
    considered: int = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a query's text says: index terms, those that tell what it is about, and the times it names (seconds)."""

    query: Query
    words: frozenset[str]
    content: frozenset[str]
    spans: tuple[tuple[float, float], ...]


@dataclass(slots=True)
class _Found:
    """What one partition has for a query: signals of the rows of its pool, and how many of all its rows are visible."""

    partition: Pool
    signals: Signals
    visible: NDArray[np.bool_]
    considered: int


@dataclass(slots=True)
class _Ranked:
    """Candidates of one partition with each summand of their rank, shape (candidates,) each."""

    partition: Pool
    rows: NDArray[np.intp]
    parts: dict[str, Floats]
    total: Floats
    evidence: Floats


class RecallIndex:
    """Finds the memories that belong to a text. Safe to use from several threads at once."""

    def __init__(self, embedder: Embedder | None, partitions: dict[Partition, SubIndex] | None = None) -> None:
        self._embedder = embedder
        self._dimensions = embedder.dimensions if embedder else 0
        self._partitions = partitions or {}
        self._home = {one: key for key, partition in self._partitions.items() for one in partition}
        self._lock = RLock()

    def __len__(self) -> int:
        return len(self._home)

    def upsert(self, entries: Iterable[Entry]) -> None:
        """Adds memories, or replaces those of the same id (also when one moved to another partition).

        Searches wait meanwhile and see all of them or none; add many in portions.
        """
        touched: set[Partition] = set()
        with self._lock:
            for entry in entries:
                home = self._home.get(entry.id)
                if home is not None and home != entry.partition:
                    self._drop(entry.id, home)
                partition = self._partitions.get(entry.partition)
                if partition is None:
                    partition = self._partitions[entry.partition] = SubIndex(self._dimensions)
                partition.upsert(entry)
                self._home[entry.id] = entry.partition
                touched.add(entry.partition)
            for key in touched & self._partitions.keys():
                self._partitions[key].settle()

    def remove(self, ids: Iterable[str]) -> None:
        """Forgets memories; unknown ids are ignored."""
        with self._lock:
            for entry_id in ids:
                home = self._home.pop(entry_id, None)
                if home is not None:
                    self._drop(entry_id, home)

    def _drop(self, entry_id: str, home: Partition) -> None:
        partition = self._partitions[home]
        partition.remove(entry_id)
        if not len(partition):
            del self._partitions[home]

    def snapshot(self) -> dict[Partition, SubIndexSnapshot]:
        """What is held now. Searches wait while it is taken, not while it is used."""
        with self._lock:
            return {key: partition.snapshot() for key, partition in self._partitions.items()}

    def search(self, query: Query) -> SearchResult:
        """The memories that answer a query best, best first. Raises ValueError for a limit below 1."""
        if query.limit < 1:
            raise ValueError("limit must be at least 1")
        text = _ends(query.text, MAX_QUERY_CHARS)
        words, content = terms(text), frozenset(content_terms(text))
        if not words or not query.partitions:
            return SearchResult()
        # Embedding takes longer than ranking, and needs no lock.
        vector = self._embedder.embed_query(embedded_part(text)) if self._embedder else None
        with self._lock:
            found = []
            for key in sorted(query.partitions):
                partition = self._partitions.get(key)
                if partition is not None:
                    visible = visible_rows(partition, query)
                    if visible.any():
                        pool, signals, seen = score(partition, words, content, vector, visible)
                        found.append(_Found(pool, signals, seen, int(np.count_nonzero(visible))))
            return _rank(found, _Asked(query, frozenset(words), content, _spans(text, query)))


def _spans(text: str, query: Query) -> tuple[tuple[float, float], ...]:
    return tuple((start.timestamp(), end.timestamp()) for start, end in time_spans(text, query.as_of or query.now))


def embedded_part(text: str) -> str:
    """The part of a query's text that is embedded."""
    return _ends(_ends(text, MAX_QUERY_CHARS), EMBEDDED_QUERY_CHARS)


def _ends(text: str, limit: int) -> str:
    half = limit // 2
    return text if len(text) <= limit else f"{text[:half]}\n{text[-half:]}"


def _rank(found: list[_Found], asked: _Asked) -> SearchResult:
    query = asked.query
    considered = sum(one.considered for one in found)
    best = ranking.best_values([one.signals for one in found])
    ranked = [_candidates(one, best, asked) for one in found]
    top = max((float(one.total.max()) for one in ranked), default=0.0)
    if top <= 0:
        return SearchResult(considered=considered)
    merged = sorted(
        (
            (-float(one.total[at]), one.partition.id_of(int(one.rows[at])), one, int(at))
            for one in ranked
            for at in np.argsort(-one.total, kind="stable")[: max(query.limit, EVIDENCE_DEPTH)]
        ),
        key=lambda item: item[:2],
    )
    sure = max(float(one.evidence[at]) for _, _, one, at in merged[:EVIDENCE_DEPTH]) if asked.content else 0.0
    hits = []
    for total, entry_id, one, at in merged[: query.limit]:
        value = sure * -total / top
        if total >= 0 or (query.min_score is not None and value < query.min_score):
            break
        parts = {name: float(values[at]) * sure / top for name, values in one.parts.items()}
        hits.append(Hit(entry_id, value, parts, one.partition.id_before(int(one.rows[at]))))
    return SearchResult(hits, considered)


def _candidates(found: _Found, best: dict[str, float], asked: _Asked) -> _Ranked:
    partition, signals = found.partition, found.signals
    used = sum(1 for value in best.values() if value > 0) or 1
    near = signals.base(best)
    neighbours = partition.from_followers(near)
    near += neighbours
    rows = ranking.best_rows(near, ranking.CANDIDATES)
    rows = rows[found.visible[rows]]
    near = near[rows]
    lexical = ranking.relative(signals.lexical[rows], best["lexical"])
    lexical += ranking.relative(signals.lexical_context[rows], best["lexical_context"])
    semantic = ranking.relative(signals.semantic[rows], best["semantic"])
    semantic += ranking.relative(signals.semantic_context[rows], best["semantic_context"])
    conversations = partition.column("conversation", rows)
    sizes = partition.conversation_sizes(conversations)
    own = np.float32(1 - ranking.SESSION_WEIGHT)
    session = np.float32(ranking.SESSION_WEIGHT) * ranking.session_evidence(near, conversations, sizes)
    relevance = own * near + session
    parts = {
        "lexical": own * lexical / np.float32(used),
        "semantic": own * semantic / np.float32(used),
        "neighbours": own * neighbours[rows],
        "session": session,
    }
    parts |= {name: relevance * bonus for name, bonus in _modifiers(partition, rows, asked).items()}
    total: Floats = np.sum(list(parts.values()), axis=0, dtype=np.float32)
    cosine = np.maximum(signals.semantic[rows], signals.semantic_context[rows])
    evidence = ranking.evidence(
        cosine,
        signals.coverage[rows] * np.float32(ranking.query_substance(asked.content)),
        partition.column("length", rows),
        partition.column("is_question", rows),
        is_lexical_only=partition.is_lexical_only,
    )
    return _Ranked(partition, rows, parts, total, evidence)


def _modifiers(partition: Pool, rows: NDArray[np.intp], asked: _Asked) -> dict[str, Floats]:
    query = asked.query

    def column(name: str) -> NDArray[Any]:
        return partition.column(name, rows)

    project, machine = partition.code(query.project_id), partition.code(query.machine_id)
    moment = (query.as_of or query.now).timestamp()
    tags = np.zeros(len(rows), np.float32)
    if query.tags:
        tags[:] = [len(query.tags & partition.tags_of(int(row))) / len(query.tags) for row in rows]
    recency = ranking.recency_decay(moment - column("at"), column("half_life"), column("is_pinned"))
    return {
        "recency": np.float32(ranking.RECENCY_WEIGHT) * recency,
        "importance": ranking.importance_bonus(column("importance")),
        "usage": ranking.usage_bonus(column("usage"), column("feedback")),
        "tags": np.float32(ranking.TAG_WEIGHT) * tags,
        "author": ranking.author_bonus(column("author"), partition.authors_named(asked.words)),
        "date": ranking.date_bonus(column("at"), asked.spans),
        "question": np.float32(ranking.QUESTION_WEIGHT) * column("is_question"),
        "scope": ranking.scope_bonus(
            (column("project") == project) & (project != NONE), (column("machine") == machine) & (machine != NONE)
        ),
        "trust": ranking.trust_bonus(column("trust"), column("confidence")),
    }
