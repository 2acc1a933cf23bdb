"""What the tests of recall share: entries, queries and an embedding model that needs no weights."""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claudetools.domains.memory.recall_index.index import Entry, Hit, Query, RecallIndex
from claudetools.kit.search.embed import quantise, unit_rows
from claudetools.kit.search.text import terms

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HERE = "client:a"


class WordVectors:
    """Texts that share words are similar: the mean of one fixed random direction a term."""

    name = "words"
    dimensions = 64

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.embed_query(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        total = np.zeros(self.dimensions, np.float32)
        for term in terms(text):
            total += np.random.default_rng(zlib.crc32(term.encode())).normal(size=self.dimensions).astype(np.float32)
        return unit_rows(total[np.newaxis])[0]


WORDS = WordVectors()


def entry(entry_id: str, text: str, **changes: Any) -> Entry:
    fields: dict[str, Any] = {"partition": HERE, "kind": "note", "at": NOW - timedelta(days=1)} | changes
    made = Entry(id=entry_id, text=text, **fields)
    if "embedding" in changes:
        return made
    vector = quantise(WORDS.embed([made.indexed_text()]))[0]
    return Entry(id=entry_id, text=text, **fields, embedding=vector)


def query(text: str, **changes: Any) -> Query:
    fields: dict[str, Any] = {"partitions": frozenset({HERE}), "now": NOW} | changes
    return Query(text=text, **fields)


def index_of(*entries: Entry, embedder: WordVectors | None = WORDS) -> RecallIndex:
    index = RecallIndex(embedder)
    index.upsert(entries)
    return index


def found(index: RecallIndex, text: str, **changes: Any) -> list[str]:
    return [hit.id for hit in hits(index, text, **changes)]


def hits(index: RecallIndex, text: str, **changes: Any) -> list[Hit]:
    return index.search(query(text, **changes)).hits
