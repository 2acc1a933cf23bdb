"""The memories of one partition: columns, postings, vectors and the order of each conversation.

Contexts need no index of their own: the words before a piece are found through links to its two predecessors, and
the vector of a context is the normalised mean of stored vectors, so its cosine is a sum of the pieces' cosines.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claudetools.domains.memory.entry import Entry
from claudetools.domains.memory.ranking import CONTEXT_WEIGHTS, FOLLOWER_WEIGHTS, Signals, half_life_days
from claudetools.kit.search.bm25 import K1, Postings, idf, length_norm
from claudetools.kit.search.text import terms
from claudetools.kit.search.vectors import Vectors

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]

_COLUMNS: dict[str, Any] = {
    "is_alive": np.bool_,
    "length": np.float32,
    "before": np.intp,
    "before2": np.intp,
    "after": np.intp,
    "after2": np.intp,
    "context_scale": np.float32,
    "conversation": np.int32,
    "position": np.int64,
    "kind": np.int32,
    "project": np.int32,
    "machine": np.int32,
    "author": np.int32,
    "is_question": np.bool_,
    "at": np.float64,
    "expires_at": np.float64,
    "retired_at": np.float64,
    "half_life": np.float32,
    "importance": np.float32,
    "confidence": np.float32,
    "usage": np.int32,
    "feedback": np.int32,
    "trust": np.int8,
    "is_pinned": np.bool_,
    "digest": np.int64,
}
_LINKS = ("before", "before2", "after", "after2")
NONE = -1
MAX_QUERY_TERMS = 64
"""A pasted log has hundreds of words; the rarest that are known here identify it."""
MAX_TALLY = 1_000_000
"""Uses and votes beyond this make no difference and need not fit the column."""
REBUILD_SHARE = 0.3
"""Share of removed rows at which the partition is rebuilt without them."""
REBUILD_ROWS = 1024


class SubIndex:
    """All signals for a query come from here and nowhere else. Not thread-safe by itself."""

    def __init__(self, dimensions: int) -> None:
        self.postings = Postings()
        self.vectors = Vectors(dimensions)
        self.ids: list[str] = []
        self.tags: dict[int, frozenset[str]] = {}
        self._row: dict[str, int] = {}
        self._columns = {name: np.zeros(16, dtype) for name, dtype in _COLUMNS.items()}
        self._codes: dict[str, int] = {}
        self._authors: dict[str, set[int]] = {}
        self._order: dict[int, array[int]] = {}
        self._stale: set[int] = set()
        self._norms: tuple[Floats, Floats] | None = None

    def __len__(self) -> int:
        return len(self._row)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._row

    def column(self, name: str) -> NDArray[Any]:
        """One value a row, removed rows included."""
        return self._columns[name][: len(self.ids)]

    def code(self, name: str | None) -> int:
        """The number of a name known here (kind, project, machine, conversation); NONE for others."""
        return self._codes.get(name, NONE) if name is not None else NONE

    def conversation_sizes(self, conversations: Rows) -> Rows:
        """For each given conversation (NONE included) how many pieces it has here."""
        known, places = np.unique(conversations, return_inverse=True)
        sizes = np.array([len(self._order.get(int(code), ())) for code in known], np.int32)
        return sizes[places]

    def authors_named(self, words: Iterable[str]) -> frozenset[int]:
        """The codes of the authors here whose names, or a part of them, are among these index terms."""
        return frozenset().union(*(self._authors.get(word, ()) for word in words))

    def _new_author(self, name: str) -> int:
        if not name:
            return NONE
        code = self._new_code(f"author:{name}")
        for word in terms(name):
            self._authors.setdefault(word, set()).add(code)
        return code

    def _new_code(self, name: str | None) -> int:
        return NONE if name is None else self._codes.setdefault(name, len(self._codes))

    def upsert(self, entry: Entry) -> None:
        """Adds a memory or replaces the one of the same id."""
        row, digest = self._row.get(entry.id), entry.digest()
        if row is not None:
            if self._columns["digest"][row] == digest:
                self._describe(row, entry)
                self.vectors.put(row, entry.embedding)
                self._stale.update(self._with_followers(row))
                return
            self.remove(entry.id)
        row = len(self.ids)
        if row == len(self._columns["at"]):
            self._columns = {name: np.resize(column, max(16, row * 3 // 2)) for name, column in self._columns.items()}
        self.ids.append(entry.id)
        self._row[entry.id] = row
        self.vectors.append(entry.embedding)
        columns = self._columns
        columns["is_alive"][row] = True
        columns["digest"][row] = digest
        columns["length"][row] = self.postings.add(row, terms("\n".join((entry.indexed_text(), *entry.tags))))
        columns["position"][row] = entry.position
        columns["conversation"][row] = conversation = self._new_code(entry.conversation)
        columns["author"][row] = self._new_author(entry.author)
        columns["is_question"][row] = entry.text.rstrip().endswith("?")
        for link in _LINKS:
            columns[link][row] = NONE
        self._describe(row, entry)
        self._stale.add(row)
        self._norms = None
        if conversation != NONE:
            rows = self._order.setdefault(conversation, array("i"))
            place = len(rows)
            if rows and self._place(row) < self._place(rows[-1]):
                place = bisect_left(rows, self._place(row), key=self._place)
            rows.insert(place, row)
            self._link(rows, place)

    def remove(self, entry_id: str) -> None:
        """Takes a memory out; unknown ids are ignored."""
        row = self._row.pop(entry_id, None)
        if row is None:
            return
        columns = self._columns
        columns["is_alive"][row] = False
        self.tags.pop(row, None)
        self._norms = None
        conversation = int(columns["conversation"][row])
        if conversation != NONE:
            rows = self._order[conversation]
            place = bisect_left(rows, self._place(row), key=self._place)
            rows.pop(place)
            if rows:
                self._link(rows, place)
            else:
                del self._order[conversation]
            for link in _LINKS:
                columns[link][row] = NONE
        removed = len(self.ids) - len(self._row)
        if removed > REBUILD_ROWS and removed > REBUILD_SHARE * len(self.ids):
            self._rebuild()

    def _describe(self, row: int, entry: Entry) -> None:
        """Writes what can change without the text changing."""
        columns = self._columns
        columns["kind"][row] = self._new_code(entry.kind)
        columns["project"][row] = self._new_code(entry.project_id)
        columns["machine"][row] = self._new_code(entry.machine_id)
        columns["at"][row] = entry.at.timestamp()
        columns["expires_at"][row] = entry.expires_at.timestamp() if entry.expires_at else np.inf
        columns["retired_at"][row] = entry.retired_at.timestamp() if entry.retired_at else np.inf
        columns["half_life"][row] = half_life_days(entry.kind)
        columns["importance"][row] = entry.importance
        columns["confidence"][row] = entry.confidence
        columns["usage"][row] = min(entry.usage, MAX_TALLY)
        columns["feedback"][row] = max(-MAX_TALLY, min(entry.feedback, MAX_TALLY))
        columns["trust"][row] = entry.trust
        columns["is_pinned"][row] = entry.is_pinned
        if entry.tags:
            self.tags[row] = frozenset(entry.tags)
        else:
            self.tags.pop(row, None)

    def _place(self, row: int) -> tuple[int, float, str]:
        columns = self._columns
        return int(columns["position"][row]), float(columns["at"][row]), self.ids[row]

    def _with_followers(self, row: int) -> list[int]:
        columns = self._columns
        return [r for r in (row, int(columns["after"][row]), int(columns["after2"][row])) if r != NONE]

    def _link(self, rows: Sequence[int], place: int) -> None:
        """Sets the links around a place of a conversation where a row came or went."""
        columns, last = self._columns, len(rows)
        for at in range(max(place - 2, 0), min(place + 3, last)):
            row = rows[at]
            columns["before"][row] = rows[at - 1] if at >= 1 else NONE
            columns["before2"][row] = rows[at - 2] if at >= 2 else NONE
            columns["after"][row] = rows[at + 1] if at + 1 < last else NONE
            columns["after2"][row] = rows[at + 2] if at + 2 < last else NONE
            self._stale.add(row)

    def settle(self) -> None:
        """Brings the lengths of context vectors up to date for rows whose neighbourhood changed.

        Searching does it when needed; doing it after writing keeps the first search quick.
        """
        if not self._stale:
            return
        rows = np.fromiter(self._stale, np.int32, len(self._stale))
        self._stale.clear()
        for start in range(0, len(rows), 4096):
            part = rows[start : start + 4096]
            context = self.vectors.unit(part)
            for weight, link in zip(CONTEXT_WEIGHTS, ("before", "before2"), strict=True):
                context += np.float32(weight) * self.vectors.unit(self._columns[link][part])
            lengths = np.linalg.norm(context, axis=1)
            self._columns["context_scale"][part] = np.where(lengths > 0, 1 / np.maximum(lengths, 1e-9), 0)

    def _with_context(self, values: Floats) -> Floats:
        """Each row's value plus the weighted values of its two predecessors."""
        summed: Floats = values + self._linked(values, ("before", "before2"), CONTEXT_WEIGHTS)
        return summed

    def from_followers(self, values: Floats) -> Floats:
        """For each row the weighted values of the two pieces after it, shape (rows,)."""
        return self._linked(values, ("after", "after2"), FOLLOWER_WEIGHTS)

    def _linked(self, values: Floats, links: tuple[str, str], weights: tuple[float, float]) -> Floats:
        # A link of NONE (-1) picks the zero at the end.
        padded = np.append(values, np.float32(0))
        linked: Floats = np.float32(weights[0]) * padded[self.column(links[0])]
        linked += np.float32(weights[1]) * padded[self.column(links[1])]
        return linked

    def signals(self, query_terms: Iterable[str], content: frozenset[str], query_vector: Floats | None) -> Signals:
        """The raw signals of every row for a query, shape (rows,) each; removed rows have none.

        content: those of the terms that say what the query is about; only they count for coverage.
        """
        self.settle()
        n = len(self.ids)
        lexical, context, coverage = (np.zeros(n, np.float32) for _ in range(3))
        covered, attainable = self._add_lexical(sorted(set(query_terms)), content, lexical, context, coverage)
        if covered > 0:
            coverage /= np.float32(covered)
        if query_vector is None or not self.vectors.dimensions:
            semantic = semantic_context = np.zeros(n, np.float32)
        else:
            semantic = self.vectors.similarity(query_vector)
            semantic_context = self._with_context(semantic) * self.column("context_scale")
        return Signals(lexical, context, semantic, semantic_context, coverage, attainable)

    def _add_lexical(
        self, query_terms: Sequence[str], content: frozenset[str], lexical: Floats, context: Floats, coverage: Floats
    ) -> tuple[float, float]:
        """Adds each term's share to the three arrays; returns the idf of the content terms and the most
        BM25 that all terms together can give."""
        norm, context_norm = self._length_norms()
        alive, after, after2 = self.column("is_alive"), self.column("after"), self.column("after2")
        near, far = CONTEXT_WEIGHTS
        documents, covered, attainable = len(self._row), 0.0, 0.0
        if len(query_terms) > MAX_QUERY_TERMS:
            query_terms = sorted(query_terms, key=self.postings.frequency)
            known = bisect_left(query_terms, 1, key=self.postings.frequency)
            query_terms = query_terms[known : known + MAX_QUERY_TERMS]
        counts = np.zeros(len(self.ids), np.float32)
        for term in query_terms:
            narrow, found = self.postings.get(term)
            # Once, not at each of the look-ups below.
            rows = narrow.astype(np.intp)
            kept = alive[rows]
            if not kept.all():
                rows, found = rows[kept], found[kept]
            weight = idf(documents, len(rows))
            told = weight if term in content else 0.0
            covered += told
            attainable += weight * (K1 + 1)
            if not len(rows):
                continue
            gain = np.float32(weight * (K1 + 1))
            lexical[rows] += gain * found / (found + norm[rows])
            reached = [rows]
            counts[rows] = found
            for link, share in ((after, near), (after2, far)):
                follower = link[rows]
                linked = follower >= 0
                follower = follower[linked]
                counts[follower] += np.float32(share) * found[linked]
                reached.append(follower)
            for part in reached:
                # A row reached twice is taken once: its count is zero the second time.
                count = counts[part]
                counts[part] = 0
                context[part] += gain * count / (count + context_norm[part])
                coverage[part] += np.float32(told) * (count > 0)
        return covered, attainable

    def _length_norms(self) -> tuple[Floats, Floats]:
        if self._norms is None:
            alive = self.column("is_alive")
            lengths = self.column("length")
            contexts = self._with_context(lengths)
            total = max(len(self._row), 1)
            self._norms = (
                length_norm(lengths, float(lengths[alive].sum()) / total),
                length_norm(contexts, float(contexts[alive].sum()) / total),
            )
        return self._norms

    def _rebuild(self) -> None:
        """Drops removed rows and renumbers the others."""
        kept = np.flatnonzero(self.column("is_alive")).astype(np.int32)
        # One longer, so that NONE (-1) maps to itself.
        new_row = np.full(len(self.ids) + 1, NONE, np.int32)
        new_row[kept] = np.arange(len(kept), dtype=np.int32)
        self.postings = self.postings.renumber(new_row)
        self.vectors = self.vectors.copy_of(kept.tolist())
        self._columns = {name: column[kept] for name, column in self._columns.items()}
        for link in _LINKS:
            self._columns[link] = new_row[self._columns[link]].astype(np.intp)
        self.ids = [self.ids[row] for row in kept]
        self._row = {entry_id: row for row, entry_id in enumerate(self.ids)}
        self.tags = {int(new_row[row]): tags for row, tags in self.tags.items()}
        self._order = {key: array("i", new_row[np.array(rows)].tolist()) for key, rows in self._order.items()}
        self._stale = {int(new_row[row]) for row in self._stale if new_row[row] != NONE}
        self._norms = None
