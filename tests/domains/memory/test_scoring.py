"""Signals are those of their definition, and a large partition ranks as a small one does."""

import math
import random
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from claudetools.domains.memory.recall_index import scoring
from claudetools.domains.memory.recall_index.index import Entry, Hit, RecallIndex
from claudetools.domains.memory.recall_index.ranking import CONTEXT_WEIGHTS
from claudetools.domains.memory.recall_index.scoring import score
from claudetools.kit.search.bm25 import K1, B
from claudetools.kit.search.embed import dequantise
from claudetools.kit.search.text import terms
from tests.domains.memory.recall_setup import HERE, NOW, WORDS, entry, index_of, query

ASKED = "w1 w7 w20 w33"


def conversations(count: int, seed: int = 3) -> list[Entry]:
    chance = random.Random(seed)
    return [
        entry(
            f"{number:05d}",
            " ".join(f"w{min(int(chance.expovariate(0.05)), 99)}" for _ in range(chance.randrange(3, 15))),
            conversation=f"c{number // 12}" if number % 12 < 9 else None,
            position=number % 12,
            at=NOW - timedelta(minutes=count - number),
            kind=chance.choice(["note", "tool"]),
        )
        for number in range(count)
    ]


def told(entries: list[Entry], number: int) -> list[tuple[float, Entry]]:
    """The piece and the two before it in its conversation, each with its weight."""
    own = entries[number]
    before = [one for one in entries[:number] if own.conversation and one.conversation == own.conversation][:-3:-1]
    return [(1.0, own), *zip(CONTEXT_WEIGHTS, before, strict=False)]


def bm25(entries: list[Entry], pieces: list[list[tuple[float, Entry]]]) -> list[float]:
    """By the book: tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean length)), times idf, over the terms asked."""
    words = [[(weight, Counter(terms(one.text))) for weight, one in piece] for piece in pieces]
    lengths = [sum(weight * counts.total() for weight, counts in piece) for piece in words]
    mean = sum(lengths) / len(lengths)
    found = [0.0] * len(pieces)
    for term in set(terms(ASKED)):
        containing = sum(term in terms(one.text) for one in entries)
        idf = math.log(1 + (len(entries) - containing + 0.5) / (containing + 0.5))
        for number, piece in enumerate(words):
            tf = sum(weight * counts[term] for weight, counts in piece)
            found[number] += idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * lengths[number] / mean))
    return found


def test_the_signals_are_those_of_their_definition() -> None:
    entries = conversations(150)
    partition = index_of(*entries)._partitions[HERE]
    asked = WORDS.embed_query(ASKED)
    words = terms(ASKED)
    _, signals, _ = score(partition, words, frozenset(words), asked, np.ones(len(entries), np.bool_))
    contexts = [told(entries, number) for number in range(len(entries))]
    vectors = dequantise([one.embedding or b"" for one in entries])
    place = {one.id: number for number, one in enumerate(entries)}
    assert signals.lexical == pytest.approx(bm25(entries, [piece[:1] for piece in contexts]), abs=1e-4)
    assert signals.lexical_context == pytest.approx(bm25(entries, contexts), abs=1e-4)
    assert signals.semantic == pytest.approx(vectors @ asked, abs=0.01)
    for number, piece in enumerate(contexts):
        whole = sum(weight * vectors[place[one.id]] for weight, one in piece)
        cosine = float(whole @ asked / np.linalg.norm(whole))
        assert signals.semantic_context[number] == pytest.approx(cosine, abs=0.02)


def answers(index: RecallIndex, **changes: object) -> list[Hit]:
    return index.search(query(ASKED, **changes)).hits


@pytest.mark.parametrize("changes", [{}, {"exclude_kinds": frozenset({"tool"})}, {"as_of": NOW - timedelta(hours=5)}])
def test_a_pool_of_all_rows_ranks_as_the_whole_does(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = index_of(*conversations(600))
    index.remove(f"{number:05d}" for number in range(0, 600, 17))
    whole = answers(index, **changes)
    monkeypatch.setattr(scoring, "EXACT_ROWS", 0)
    assert answers(index, **changes) == whole
    assert len(whole) == 50


def test_a_small_pool_still_finds_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(*conversations(3000))
    whole = answers(index, limit=20)
    monkeypatch.setattr(scoring, "EXACT_ROWS", 0)
    monkeypatch.setattr(scoring, "POOL_ROWS", 300)
    pooled = answers(index, limit=20)
    assert index.search(query(ASKED)).considered == 3000
    assert len({hit.id for hit in pooled} & {hit.id for hit in whole}) >= 19
    assert pooled[0].id == whole[0].id
    assert pooled[0].score == pytest.approx(whole[0].score, abs=0.02)


def test_what_may_not_be_seen_does_not_crowd_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    loud = [entry(f"loud-{number}", ASKED, kind="tool") for number in range(200)]
    index = index_of(*loud, entry("quiet", "w1 and something else"), entry("other", "w80 w81"))
    monkeypatch.setattr(scoring, "EXACT_ROWS", 0)
    monkeypatch.setattr(scoring, "POOL_ROWS", 10)
    assert [hit.id for hit in answers(index, exclude_kinds=frozenset({"tool"}), limit=1)] == ["quiet"]
