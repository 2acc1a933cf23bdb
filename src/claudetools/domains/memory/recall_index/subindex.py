"""The memories of one partition: columns, postings, vectors and the order of each conversation.

Contexts need no index of their own: the words before a piece are found through links to its two predecessors, and
the vector of a context is the normalised mean of stored vectors, so its cosine is a sum of the pieces' cosines.
"""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claudetools.domains.memory.recall_index.columns import COLUMNS, LINKS, NONE
from claudetools.domains.memory.recall_index.entry import Entry
from claudetools.domains.memory.recall_index.ranking import CONTEXT_WEIGHTS, half_life_days
from claudetools.domains.memory.recall_index.snapshot import SubIndexSnapshot, under
from claudetools.kit.search.bm25 import Postings, length_norm
from claudetools.kit.search.saved import texts_of
from claudetools.kit.search.text import terms
from claudetools.kit.search.vectors import Vectors

Floats = NDArray[np.float32]
Rows = NDArray[np.int32]

AUTHOR = "author:"
"""Begins the code of the name of an author."""
MAX_TALLY = 1_000_000
"""Uses and votes beyond this make no difference and need not fit the column."""
REBUILD_SHARE = 0.3
"""Share of removed rows at which the partition is rebuilt without them."""
REBUILD_ROWS = 1024


class SubIndex:
    """What is known of the memories of a partition, one row each. Not thread-safe by itself."""

    def __init__(self, dimensions: int) -> None:
        self.postings = Postings()
        self.vectors = Vectors(dimensions)
        self.ids: list[str] = []
        self.tags: dict[int, frozenset[str]] = {}
        self._row: dict[str, int] = {}
        self._columns = {name: np.zeros(16, dtype) for name, dtype in COLUMNS.items()}
        self._codes: dict[str, int] = {}
        self._authors: dict[str, set[int]] = {}
        self._order: dict[int, array[int]] = {}
        self._sizes = np.zeros(16, np.int32)
        self._stale: set[int] = set()
        self._lengths = self._context_lengths = 0.0
        self._norms: tuple[Floats, Floats] | None = None

    def __len__(self) -> int:
        return len(self._row)

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._row

    def __iter__(self) -> Iterator[str]:
        return iter(self._row)

    def column(self, name: str) -> NDArray[Any]:
        """One value a row, removed rows included."""
        return self._columns[name][: len(self.ids)]

    def code(self, name: str | None) -> int:
        """The number of a name known here (kind, project, machine, conversation); NONE for others."""
        return self._codes.get(name, NONE) if name is not None else NONE

    def conversation_sizes(self, conversations: Rows) -> Rows:
        """For each given conversation (NONE included) how many pieces it has here."""
        found: Rows = np.where(conversations >= 0, self._sizes[conversations], 0)
        return found

    def _resize(self, conversation: int, size: int) -> None:
        if conversation >= len(self._sizes):
            self._sizes = np.concatenate([self._sizes, np.zeros(max(conversation, 16), np.int32)])
        self._sizes[conversation] = size

    def authors_named(self, words: Collection[str]) -> frozenset[int]:
        """The codes of the authors here of whose names most is among these index terms; none if nothing is."""
        named = Counter(code for word in words for code in self._authors.get(word, ()))
        most = max(named.values(), default=0)
        return frozenset(code for code, count in named.items() if count == most)

    def _new_author(self, name: str) -> int:
        if not name:
            return NONE
        code = self._new_code(AUTHOR + name)
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
            self._columns = {name: np.resize(column, max(16, row * 5 // 4)) for name, column in self._columns.items()}
        self.ids.append(entry.id)
        self._row[entry.id] = row
        self.vectors.append(entry.embedding)
        columns = self._columns
        columns["is_alive"][row] = True
        columns["digest"][row] = digest
        columns["length"][row] = self.postings.add(row, terms("\n".join((entry.indexed_text(), *entry.tags))))
        columns["context_length"][row] = 0
        self._lengths += float(columns["length"][row])
        columns["position"][row] = entry.position
        columns["conversation"][row] = conversation = self._new_code(entry.conversation)
        columns["author"][row] = self._new_author(entry.author or entry.person)
        columns["is_question"][row] = entry.text.rstrip().endswith("?")
        for link in LINKS:
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
            self._resize(conversation, len(rows))
            self._link(rows, place)

    def remove(self, entry_id: str) -> None:
        """Takes a memory out; unknown ids are ignored."""
        row = self._row.pop(entry_id, None)
        if row is None:
            return
        columns = self._columns
        columns["is_alive"][row] = False
        self._lengths -= float(columns["length"][row])
        self._context_lengths -= float(columns["context_length"][row])
        columns["context_length"][row] = 0
        self.vectors.put(row, None)
        self.tags.pop(row, None)
        self._norms = None
        conversation = int(columns["conversation"][row])
        if conversation != NONE:
            rows = self._order[conversation]
            place = bisect_left(rows, self._place(row), key=self._place)
            rows.pop(place)
            self._resize(conversation, len(rows))
            if rows:
                self._link(rows, place)
            else:
                del self._order[conversation]
            for link in LINKS:
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
        """Brings the lengths of contexts, in terms and as vectors, up to date for rows whose neighbourhood changed.

        Searching does it when needed; doing it after writing keeps the first search quick.
        """
        if not self._stale:
            return
        rows = np.fromiter(self._stale, np.int32, len(self._stale))
        self._stale.clear()
        self._settle_lengths(rows)
        for start in range(0, len(rows), 4096):
            part = rows[start : start + 4096]
            context = self.vectors.unit(part)
            for weight, link in zip(CONTEXT_WEIGHTS, ("before", "before2"), strict=True):
                context += np.float32(weight) * self.vectors.unit(self._columns[link][part])
            lengths = np.linalg.norm(context, axis=1)
            self._columns["context_scale"][part] = np.where(lengths > 0, 1 / np.maximum(lengths, 1e-9), 0)

    def _settle_lengths(self, rows: Rows) -> None:
        columns = self._columns
        found = columns["length"][rows].copy()
        for weight, link in zip(CONTEXT_WEIGHTS, ("before", "before2"), strict=True):
            before = columns[link][rows]
            found += np.float32(weight) * np.where(before == NONE, 0, columns["length"][before])
        found *= columns["is_alive"][rows]
        self._context_lengths += float((found - columns["context_length"][rows]).sum(dtype=np.float64))
        columns["context_length"][rows] = found
        self._norms = None

    def length_norms(self) -> tuple[Floats, Floats]:
        """The length part of BM25 for every row alone, and with the two pieces before it; shape (rows,) each."""
        if self._norms is None:
            total = max(len(self._row), 1)
            self._norms = (
                length_norm(self.column("length"), self._lengths / total),
                length_norm(self.column("context_length"), self._context_lengths / total),
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
        for link in LINKS:
            self._columns[link] = new_row[self._columns[link]].astype(np.intp)
        self.ids = [self.ids[row] for row in kept]
        self._row = {entry_id: row for row, entry_id in enumerate(self.ids)}
        self.tags = {int(new_row[row]): tags for row, tags in self.tags.items()}
        self._order = {key: array("i", new_row[np.array(rows)].tolist()) for key, rows in self._order.items()}
        self._stale = {int(new_row[row]) for row in self._stale if new_row[row] != NONE}
        self._norms = None

    def snapshot(self) -> SubIndexSnapshot:
        """What is held now, to be saved while the partition goes on changing; only the vectors are those in use."""
        self.settle()
        return SubIndexSnapshot(
            ids=list(self.ids),
            columns={name: self.column(name).copy() for name in COLUMNS},
            codes=list(self._codes),
            tags={row: sorted(tags) for row, tags in self.tags.items()},
            order=(
                np.fromiter(self._order, np.int32, len(self._order)),
                np.array([len(rows) for rows in self._order.values()], np.int64),
                np.concatenate([np.empty(0, np.int32), *(np.array(rows, np.int32) for rows in self._order.values())]),
            ),
            postings=self.postings.snapshot(),
            vectors=self.vectors.arrays(),
        )

    @classmethod
    def restore(cls, dimensions: int, arrays: Mapping[str, NDArray[Any]]) -> "SubIndex":
        """A partition of what SubIndexSnapshot.arrays gave."""
        out = cls(dimensions)
        out.ids = texts_of(arrays["ids"])
        columns = under("columns.", arrays)
        if columns.keys() != COLUMNS.keys() or any(len(one) != len(out.ids) for one in columns.values()):
            raise ValueError("columns of another shape")
        out._columns = columns
        out._lengths = float(columns["length"].sum(where=columns["is_alive"], dtype=np.float64))
        out._context_lengths = float(columns["context_length"].sum(dtype=np.float64))
        out._row = {entry_id: row for row, entry_id in enumerate(out.ids) if entry_id}
        for name in texts_of(arrays["codes"]):
            out._new_code(name)
            if name.startswith(AUTHOR):
                out._new_author(name.removeprefix(AUTHOR))
        out.tags = {row: frozenset(tags) for row, tags in texts_of(arrays["tags"])}
        ends, rows = np.cumsum(arrays["order.sizes"]).tolist(), array("i", arrays["order.rows"].tobytes())
        for code, start, end in zip(arrays["order.codes"].tolist(), [0, *ends], ends, strict=False):
            out._order[code] = rows[start:end]
            out._resize(code, end - start)
        out.postings = Postings.restore(under("postings.", arrays))
        out.vectors = Vectors.restore(dimensions, len(out.ids), under("vectors.", arrays))
        return out
