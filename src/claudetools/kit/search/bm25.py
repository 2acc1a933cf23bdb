"""Postings for BM25 ranking (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009), held in numpy.

A posting is a row number and a term count: five bytes, no Python object. New documents go to a small unsorted tail;
full tails become sorted segments that are merged when they are of similar size, so that adding stays cheap and a
look-up touches only a few slices.
"""

import itertools
import math
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claudetools.kit.search.saved import texts, texts_of

K1 = 1.2
"""How quickly repetition of a term stops counting."""
B = 0.75
"""How strongly long documents are discounted (0 not at all, 1 fully)."""

TAIL_POSTINGS = 32_768
MAX_COUNT = 255

Rows = NDArray[np.int32]
Floats = NDArray[np.float32]


def idf(documents: int, containing: int) -> float:
    """Inverse document frequency in Lucene's form, never negative."""
    return math.log(1 + (documents - containing + 0.5) / (containing + 0.5))


def length_norm(lengths: Floats, mean: float) -> Floats:
    """The length part of BM25's denominator, one a document."""
    norm: Floats = (K1 * (1 - B) + (K1 * B / max(mean, 1e-9)) * lengths).astype(np.float32)
    return norm


@dataclass(frozen=True, slots=True)
class _Segment:
    """Postings sorted by term, then row. starts has one entry a known term and one past the end."""

    starts: NDArray[np.int64]
    rows: Rows
    counts: NDArray[np.uint8]

    def slice(self, term: int) -> tuple[Rows, NDArray[np.uint8]]:
        if term + 1 >= len(self.starts):
            return self.rows[:0], self.counts[:0]
        a, b = int(self.starts[term]), int(self.starts[term + 1])
        return self.rows[a:b], self.counts[a:b]


def _sorted_segment(terms: NDArray[np.int32], rows: Rows, counts: NDArray[np.uint8]) -> _Segment:
    order = np.argsort(terms, kind="stable")
    sizes = np.bincount(terms) if len(terms) else np.zeros(0, np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    return _Segment(starts, rows[order], counts[order])


def _merged(older: _Segment, newer: _Segment) -> _Segment:
    """Both as one, without sorting: rows of the newer segment all follow those of the older."""
    known = max(len(older.starts), len(newer.starts))
    left = np.pad(older.starts, (0, known - len(older.starts)), mode="edge")
    right = np.pad(newer.starts, (0, known - len(newer.starts)), mode="edge")
    starts = left + right
    rows = np.empty(int(starts[-1]), np.int32)
    counts = np.empty(int(starts[-1]), np.uint8)
    # A posting moves on by as many postings of the other segment as come before it.
    to = np.arange(len(older.rows)) + np.repeat(right[:-1], np.diff(left))
    rows[to], counts[to] = older.rows, older.counts
    to = np.arange(len(newer.rows)) + np.repeat(left[1:], np.diff(right))
    rows[to], counts[to] = newer.rows, newer.counts
    return _Segment(starts, rows, counts)


class Postings:
    """Which documents (rows, added in ascending order) hold a term, and how often. Not thread-safe by itself."""

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._segments: list[_Segment] = []
        self._tail_terms, self._tail_rows, self._tail_counts = array("i"), array("i"), array("B")

    def __len__(self) -> int:
        return len(self._tail_rows) + sum(len(segment.rows) for segment in self._segments)

    def add(self, row: int, terms: Iterable[str]) -> int:
        """Adds a document; row must be above every earlier one. Returns its length in terms."""
        vocabulary, length = self._vocabulary, 0
        for word, count in Counter(terms).items():
            term = vocabulary.get(word)
            if term is None:
                term = vocabulary[sys.intern(word)] = len(vocabulary)
            self._tail_terms.append(term)
            self._tail_rows.append(row)
            self._tail_counts.append(min(count, MAX_COUNT))
            length += count
        if len(self._tail_rows) >= TAIL_POSTINGS:
            self._flush()
        return length

    def _flush(self) -> None:
        segment = _sorted_segment(
            np.array(self._tail_terms, np.int32),
            np.array(self._tail_rows, np.int32),
            np.array(self._tail_counts, np.uint8),
        )
        self._tail_terms, self._tail_rows, self._tail_counts = array("i"), array("i"), array("B")
        while self._segments and len(self._segments[-1].rows) < 2 * len(segment.rows):
            segment = _merged(self._segments.pop(), segment)
        self._segments.append(segment)

    def get(self, word: str) -> tuple[Rows, Floats]:
        """Rows (ascending) that hold the term, and how often each does."""
        term = self._vocabulary.get(word)
        if term is None:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        found = [segment.slice(term) for segment in self._segments]
        at = np.flatnonzero(np.frombuffer(self._tail_terms, np.int32) == term) if self._tail_terms else ()
        if len(at):
            found.append((np.frombuffer(self._tail_rows, np.int32)[at], np.frombuffer(self._tail_counts, np.uint8)[at]))
        if not found:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        if len(found) == 1:
            return found[0][0], found[0][1].astype(np.float32)
        return np.concatenate([rows for rows, _ in found]), np.concatenate([n for _, n in found]).astype(np.float32)

    def frequency(self, word: str) -> int:
        """How many documents hold the term, about: those of the small unsorted tail are not counted."""
        term = self._vocabulary.get(word)
        return 0 if term is None else 1 + sum(len(segment.slice(term)[0]) for segment in self._segments)

    def renumber(self, new_row: Rows) -> "Postings":
        """A copy in which row r is new_row[r], and rows with a negative new number are gone. The order must be kept."""
        self._flush()
        out = Postings()
        all_terms = [np.repeat(np.arange(len(s.starts) - 1, dtype=np.int32), np.diff(s.starts)) for s in self._segments]
        terms = np.concatenate(all_terms)
        rows = new_row[np.concatenate([s.rows for s in self._segments])]
        counts = np.concatenate([s.counts for s in self._segments])
        kept = rows >= 0
        terms, rows, counts = terms[kept], rows[kept], counts[kept]
        used, numbers = np.unique(terms, return_inverse=True)
        words = list(self._vocabulary)
        out._vocabulary = {words[term]: number for number, term in enumerate(used)}
        out._segments = [_sorted_segment(numbers.astype(np.int32), rows.astype(np.int32), counts)]
        return out

    def snapshot(self) -> "PostingsSnapshot":
        """What is held now, cheap to take; it stays as it is while documents are added."""
        tail = tuple(
            np.array(values, dtype)
            for values, dtype in (
                (self._tail_terms, np.int32),
                (self._tail_rows, np.int32),
                (self._tail_counts, np.uint8),
            )
        )
        return PostingsSnapshot(list(self._vocabulary), list(self._segments), tail)

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> "Postings":
        """Postings of what PostingsSnapshot.arrays gave."""
        out = cls()
        # A word that nothing holds any more leaves its number behind, under a name that is no term.
        out._vocabulary = {
            f"\0{number}" if word is None else word: number for number, word in enumerate(texts_of(arrays["words"]))
        }
        for number in itertools.count():
            if f"{number}.starts" not in arrays:
                break
            out._segments.append(_Segment(*(arrays[f"{number}.{part}"] for part in ("starts", "rows", "counts"))))
        out._tail_terms.frombytes(arrays["tail.terms"].tobytes())
        out._tail_rows.frombytes(arrays["tail.rows"].tobytes())
        out._tail_counts.frombytes(arrays["tail.counts"].tobytes())
        return out


@dataclass(frozen=True, slots=True)
class PostingsSnapshot:
    """Postings at one moment."""

    words: list[str]
    segments: list[_Segment]
    tail: tuple[NDArray[Any], ...]

    def arrays(self, is_alive: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """All as arrays, without the documents that are not alive and the words that only they held."""
        found: dict[str, NDArray[Any]] = {}
        uses = np.zeros(len(self.words), np.int64)
        all_alive = bool(is_alive.all())
        for number, segment in enumerate(self.segments):
            kept = segment if all_alive else _without(segment, is_alive)
            uses[: len(kept.starts) - 1] += np.diff(kept.starts)
            found |= {f"{number}.starts": kept.starts, f"{number}.rows": kept.rows, f"{number}.counts": kept.counts}
        alive = is_alive[self.tail[1]]
        for part, values in zip(("terms", "rows", "counts"), self.tail, strict=True):
            found[f"tail.{part}"] = values[alive]
        np.add.at(uses, found["tail.terms"], 1)
        found["words"] = texts([word if used else None for word, used in zip(self.words, uses.tolist(), strict=True)])
        return found


def _without(segment: _Segment, is_alive: NDArray[np.bool_]) -> _Segment:
    kept = is_alive[segment.rows]
    before = np.concatenate(([0], np.cumsum(kept)))
    return _Segment(before[segment.starts], segment.rows[kept], segment.counts[kept])
