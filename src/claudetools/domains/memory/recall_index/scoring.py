"""The signals of a query in one partition: of all its rows, or of a pool of the promising ones if there are many.

Scoring the words before each piece takes most of the time. In a large partition the pieces are therefore first put in
order by a sum that is quick to make and close to the real one, and the real signals are made of the best of them.
"""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claudetools.domains.memory.recall_index.columns import NONE, Links, linked
from claudetools.domains.memory.recall_index.ranking import (
    CANDIDATES,
    CONTEXT_WEIGHTS,
    FOLLOWER_WEIGHTS,
    Floats,
    Signals,
    best_rows,
)
from claudetools.domains.memory.recall_index.subindex import SubIndex
from claudetools.kit.search.bm25 import K1, idf
from claudetools.kit.search.vectors import Vectors

MAX_QUERY_TERMS = 64
"""A pasted log has hundreds of words; the rarest that are known here identify it."""
EXACT_ROWS = 131_072
"""A partition of up to so many rows is scored whole."""
POOL_ROWS = 4 * CANDIDATES
"""The size of the pool: several times what is ranked, so that hardly a piece is left out that would be ranked."""
TYPICAL_CONTEXT_SCALE = 0.7
"""The length of a vector over that of its context: what stands for it while the pool is chosen."""

_beside = ThreadPoolExecutor(2, thread_name_prefix="recall-scan")
"""Vectors of large partitions are compared here while the words are counted in the searching thread."""

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Match:
    """What a term of the query has in a partition: the rows that hold it and how often, shape (rows,) each.

    gain is the most BM25 it can add to a piece; told is its idf if it says what the query is about, else 0.
    """

    rows: Rows
    counts: Floats
    gain: float
    told: float


class Pool:
    """The rows of a partition that are scored for a query, numbered anew from 0 (all rows: as they are)."""

    def __init__(self, partition: SubIndex, rows: Rows | None = None) -> None:
        self._partition = partition
        self._rows = rows

    @property
    def is_lexical_only(self) -> bool:
        """Whether there are no vectors."""
        return not self._partition.vectors.dimensions

    def column(self, name: str, rows: Rows | None = None) -> NDArray[Any]:
        """One value a row: of all, or of some of them."""
        values: NDArray[Any] = self._partition.column(name)
        if self._rows is None:
            return values if rows is None else values[rows]
        return values[self._rows if rows is None else self._rows[rows]]

    def code(self, name: str | None) -> int:
        """The number of a name (kind, project, machine, conversation) in the columns; NONE for unknown ones."""
        return self._partition.code(name)

    def id_of(self, row: int) -> str:
        """The id of the memory."""
        return self._partition.ids[row if self._rows is None else int(self._rows[row])]

    def id_before(self, row: int) -> str | None:
        """The id of the piece before it in its conversation."""
        before = int(self._partition.column("before")[row if self._rows is None else self._rows[row]])
        return None if before == NONE else self._partition.ids[before]

    def authors_named(self, words: Collection[str]) -> frozenset[int]:
        """The codes of the authors whose names, or a part of them, are among these index terms."""
        return self._partition.authors_named(words)

    def tags_of(self, row: int) -> frozenset[str]:
        """The tags of the memory."""
        return self._partition.tags.get(row if self._rows is None else int(self._rows[row]), frozenset())

    def conversation_sizes(self, conversations: NDArray[np.int32]) -> NDArray[np.int32]:
        """For each given conversation (NONE included) how many pieces it has in the partition."""
        return self._partition.conversation_sizes(conversations)

    def from_followers(self, values: Floats) -> Floats:
        """For each row the weighted values of the two pieces after it, shape (rows,); those not in the pool give 0."""
        return linked(values, self._link("after"), self._link("after2"), FOLLOWER_WEIGHTS)

    def _link(self, name: str) -> Links:
        links = self.column(name)
        if self._rows is None:
            return links
        places = np.minimum(np.searchsorted(self._rows, links), len(self._rows) - 1)
        found: Links = np.where(self._rows[places] == links, places, NONE)
        return found


def score(
    partition: SubIndex, words: Collection[str], content: frozenset[str], vector: Floats | None, visible: Mask
) -> tuple[Pool, Signals, Mask]:
    """The rows that are scored for a query, their signals, and which of them are visible.

    content: those of the words that say what the query is about; only they count for coverage. Invisible rows have
    no signals, but count as what was said before the visible ones.
    """
    partition.settle()
    is_large = len(partition.ids) > EXACT_ROWS
    comparing = _compared_beside(partition.vectors, vector) if is_large and vector is not None else None
    matches = _matches(partition, sorted(set(words)), content)
    lexical = _lexical(partition, matches)
    if comparing is not None:
        semantic = np.concatenate([one.result() for one in comparing])
    else:
        semantic = np.zeros_like(lexical) if vector is None else partition.vectors.similarity(vector)
    rows = _promising(partition, lexical, semantic, visible) if is_large else None
    context, coverage = _context(partition, matches, rows)
    pool = Pool(partition, rows)
    before = linked(semantic, pool.column("before"), pool.column("before2"), CONTEXT_WEIGHTS)
    if rows is not None:
        lexical, semantic, context, coverage = lexical[rows], semantic[rows], context[rows], coverage[rows]
        visible = visible[rows]
    semantic_context = (semantic + before) * pool.column("context_scale")
    attainable = sum(match.gain for match in matches)
    signals = Signals(lexical, context, semantic, semantic_context, coverage, attainable)
    signals.hide(np.flatnonzero(~visible))
    return pool, signals, visible


def _compared_beside(vectors: Vectors, vector: Floats) -> list[Future[Floats]]:
    """The parts of `Vectors.similarity`, begun in other threads."""
    return [_beside.submit(vectors.similarity, vector, block) for block in range(vectors.blocks)]


def _matches(partition: SubIndex, words: Sequence[str], content: frozenset[str]) -> list[_Match]:
    alive, documents, postings = partition.column("is_alive"), len(partition), partition.postings
    if len(words) > MAX_QUERY_TERMS:
        words = sorted(words, key=postings.frequency)
        known = bisect_left(words, 1, key=postings.frequency)
        words = words[known : known + MAX_QUERY_TERMS]
    matches = []
    for word in words:
        narrow, counts = postings.get(word)
        # Once, not at each of the look-ups to come.
        rows = narrow.astype(np.intp)
        if documents < len(alive):
            kept = alive[rows]
            rows, counts = rows[kept], counts[kept]
        weight = idf(documents, len(rows))
        matches.append(_Match(rows, counts, weight * (K1 + 1), weight if word in content else 0.0))
    return matches


def _lexical(partition: SubIndex, matches: Sequence[_Match]) -> Floats:
    """The BM25 of every row."""
    norm, _ = partition.length_norms()
    total = np.zeros(len(norm), np.float32)
    for match in matches:
        share = norm[match.rows]
        share += match.counts
        np.divide(match.counts, share, out=share)
        share *= np.float32(match.gain)
        total[match.rows] += share
    return total


def _promising(partition: SubIndex, lexical: Floats, semantic: Floats, visible: Mask) -> Rows:
    """The visible rows that are best when what was said before them just adds up, and the two rows after each."""
    value = semantic * np.float32(1 / max(float(semantic.max()), 1e-6))
    best = float(lexical.max())
    if best > 0:
        value += lexical * np.float32(1 / best)
    value += np.float32(TYPICAL_CONTEXT_SCALE) * linked(
        value, partition.column("before"), partition.column("before2"), CONTEXT_WEIGHTS
    )
    value *= visible
    chosen = best_rows(value, POOL_ROWS)
    marked = np.zeros(len(value) + 1, np.bool_)
    marked[chosen] = True
    for link in ("after", "after2"):
        marked[partition.column(link)[chosen]] = True
    # A link of NONE marked the place at the end.
    return np.flatnonzero(marked[:-1])


def _context(partition: SubIndex, matches: Sequence[_Match], rows: Rows | None) -> tuple[Floats, Floats]:
    """The BM25 of every row together with the two before it, and the share (0..1) of the content words that they hold.

    Where `rows` are given, only those are complete.
    """
    _, norm = partition.length_norms()
    context, coverage, tally = (np.zeros(len(norm), np.float32) for _ in range(3))
    after, after2 = partition.column("after"), partition.column("after2")
    heard = None
    if rows is not None:
        heard = np.zeros(len(norm) + 1, np.bool_)
        heard[rows] = True
        for name in ("before", "before2"):
            heard[partition.column(name)[rows]] = True
    near, far = CONTEXT_WEIGHTS
    for match in matches:
        held, counts = match.rows, match.counts
        if heard is not None:
            kept = np.flatnonzero(heard[held])
            held, counts = held[kept], counts[kept]
        if not len(held):
            continue
        gain, told = np.float32(match.gain), np.float32(match.told)
        tally[held] = counts
        reached = [held]
        for link, share in ((after, near), (after2, far)):
            follower = link[held]
            linked_to = follower >= 0
            follower = follower[linked_to]
            tally[follower] += np.float32(share) * counts[linked_to]
            reached.append(follower)
        for part in reached:
            # A row reached twice is taken once: its count is zero the second time.
            count = tally[part]
            tally[part] = 0
            context[part] += gain * count / (count + norm[part])
            if told:
                coverage[part] += told * (count > 0)
    covered = sum(match.told for match in matches)
    if covered > 0:
        coverage /= np.float32(covered)
    return context, coverage
