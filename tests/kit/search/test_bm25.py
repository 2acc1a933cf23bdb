"""Postings give back exactly what was put in, whatever the segments they are kept in."""

import random
from collections import Counter

import numpy as np
import pytest

from claudetools.kit.search import bm25
from claudetools.kit.search.bm25 import Postings, idf, length_norm


@pytest.fixture(params=[1, 7, 50, 10_000])
def tail(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Sizes of the unsorted tail: from a segment for every document to no segment at all."""
    monkeypatch.setattr(bm25, "TAIL_POSTINGS", request.param)
    return int(request.param)


def corpus(seed: int, documents: int = 60) -> list[list[str]]:
    rng = random.Random(seed)
    return [[f"w{rng.randrange(40)}" for _ in range(rng.randrange(0, 30))] for _ in range(documents)]


def held(postings: Postings, word: str) -> list[tuple[int, float]]:
    rows, counts = postings.get(word)
    return list(zip(rows.tolist(), counts.tolist(), strict=True))


def expected(documents: list[list[str]], word: str) -> list[tuple[int, float]]:
    return [(row, float(n)) for row, words in enumerate(documents) if (n := Counter(words)[word])]


@pytest.mark.usefixtures("tail")
@pytest.mark.parametrize("seed", range(3))
def test_every_posting_is_found_in_row_order(seed: int) -> None:
    documents, postings = corpus(seed), Postings()
    lengths = [postings.add(row, words) for row, words in enumerate(documents)]
    assert lengths == [len(words) for words in documents]
    assert len(postings) == sum(len(set(words)) for words in documents)
    for word in {f"w{n}" for n in range(41)}:
        assert held(postings, word) == expected(documents, word)


@pytest.mark.usefixtures("tail")
def test_renumbering_drops_removed_rows_and_goes_on() -> None:
    documents, postings = corpus(9), Postings()
    for row, words in enumerate(documents):
        postings.add(row, words)
    kept = [row for row in range(len(documents)) if row % 3]
    new_row = np.full(len(documents), -1, np.int32)
    new_row[kept] = np.arange(len(kept))
    smaller = postings.renumber(new_row)
    remaining = [documents[row] for row in kept] + [["w1", "fresh"]]
    smaller.add(len(kept), remaining[-1])
    for word in {f"w{n}" for n in range(41)} | {"fresh"}:
        assert held(smaller, word) == expected(remaining, word)


def test_counts_above_a_byte_are_capped() -> None:
    postings = Postings()
    postings.add(0, ["loop"] * 1000)
    assert held(postings, "loop") == [(0, 255.0)]


def test_renumbering_an_empty_index_is_empty() -> None:
    assert held(Postings().renumber(np.empty(0, np.int32)), "any") == []


def test_rare_terms_weigh_more_and_never_less_than_nothing() -> None:
    assert idf(1000, 1) > idf(1000, 100) > idf(1000, 1000) > 0


def test_longer_documents_are_discounted_more() -> None:
    short, mean, long = length_norm(np.array([5, 10, 20], np.float32), 10.0)
    assert mean == pytest.approx(bm25.K1)
    assert short < mean < long
