"""The scoring formula, and the floor below which nothing is said."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from claudetools.domains.memory.recall_index import ranking
from claudetools.domains.memory.recall_index.index import Entry, Query, RecallIndex
from claudetools.kit.search.embed import MiniLM, quantise

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CASES = json.loads((Path(__file__).parent / "silence_cases.json").read_text(encoding="utf-8"))


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def test_signals_count_as_shares_of_their_best() -> None:
    assert ranking.relative(floats(4, 2, -1), 4).tolist() == [1, 0.5, 0]
    assert ranking.relative(floats(-0.2, -0.1), -0.1).tolist() == [0, 0]


def test_session_evidence_is_the_mean_of_the_best_three() -> None:
    base = floats(0.9, 0.6, 0.3, 0.1, 0.8, 0.2, 0.7)
    conversations = ints(0, 0, 0, 0, 1, 1, -1)
    got = ranking.session_evidence(base, conversations, ints(4, 4, 4, 4, 2, 2, 0))
    assert got == pytest.approx([0.6, 0.6, 0.6, 0.6, 0.5, 0.5, 0.7])


def test_pieces_that_are_not_candidates_count_as_the_least_candidate() -> None:
    got = ranking.session_evidence(floats(0.9, 0.3), ints(0, 1), ints(50, 1))
    assert got == pytest.approx([(0.9 + 0.3 + 0.3) / 3, 0.3])


def test_a_signal_without_a_meaningful_value_is_not_blown_up() -> None:
    nothing = np.zeros(2, np.float32)
    signals = ranking.Signals(floats(0.5, 0.1), floats(6, 1), floats(0.1, 0), nothing, nothing, attainable=10.0)
    assert ranking.best_values([signals]) == pytest.approx(
        {
            "lexical": ranking.MEANINGFUL_LEXICAL * 10,
            "lexical_context": 6,
            "semantic": ranking.MEANINGFUL_COSINE,
            "semantic_context": 0,
        }
    )


@pytest.mark.parametrize("count", [1, 5, 49, 50, 60])
@pytest.mark.parametrize("sample", [4, 50, 10_000])
def test_the_best_rows_are_the_largest_values(count: int, sample: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "SAMPLE", sample)
    for seed in range(20):
        values = np.random.default_rng(seed).permutation(50).astype(np.float32)
        assert sorted(ranking.best_rows(values, count)) == sorted(np.argsort(-values)[:count])


def test_a_half_life_halves_and_pinned_never_ages() -> None:
    day = ranking.DAY_SECONDS
    ages, lives = np.array([0, 10 * day, 20 * day, 1e9, -5.0]), floats(10, 10, 10, 10, 10)
    pinned = np.array([False, False, False, True, False])
    assert ranking.recency_decay(ages, lives, pinned) == pytest.approx([1, 0.5, 0.25, 1, 1])


def test_facts_outlive_digests() -> None:
    lives = {kind: ranking.half_life_days(kind) for kind in ("fact", "decision", "note", "digest", "turn")}
    assert min(lives["fact"], lives["decision"], lives["note"]) > max(lives["digest"], lives["turn"])
    assert ranking.half_life_days("something new") == ranking.DEFAULT_HALF_LIFE_DAYS


def test_usage_saturates_and_votes_go_both_ways() -> None:
    none, some, full, more = ranking.usage_bonus(ints(0, 3, 20, 10_000), ints(0, 0, 0, 0))
    assert 0 == none < some < full == pytest.approx(ranking.USAGE_WEIGHT)
    assert more == full
    up, down = ranking.usage_bonus(ints(0, 0), ints(2, -2))
    assert up == pytest.approx(ranking.FEEDBACK_WEIGHT / 2) == -down


def test_the_one_author_whom_a_query_names_counts() -> None:
    authors = ints(4, 7, -1)
    assert ranking.author_bonus(authors, {4}) == pytest.approx([ranking.AUTHOR_WEIGHT, 0, 0])
    assert not ranking.author_bonus(authors, {4, 7}).any()
    assert not ranking.author_bonus(authors, ()).any()


def test_a_named_time_counts_from_its_first_instant_to_before_its_end() -> None:
    at = np.array([9.9, 10, 19.9, 20, 35])
    bonus = ranking.date_bonus(at, [(10, 20), (30, 40)])
    assert bonus == pytest.approx([0, ranking.DATE_WEIGHT, ranking.DATE_WEIGHT, 0, ranking.DATE_WEIGHT])


def test_all_modifiers_together_stay_mild() -> None:
    best = (
        ranking.RECENCY_WEIGHT
        + float(ranking.importance_bonus(floats(1))[0])
        + float(ranking.usage_bonus(ints(10**6), ints(10**6))[0])
        + ranking.TAG_WEIGHT
        + float(ranking.scope_bonus(np.array([True]), np.array([True]))[0])
        + float(ranking.trust_bonus(np.array([3], np.int8), floats(1))[0])
    )
    worst = float(ranking.importance_bonus(floats(0))[0]) + float(
        ranking.trust_bonus(np.array([0], np.int8), floats(0))[0]
    )
    worst += float(ranking.usage_bonus(ints(0), ints(-(10**6)))[0])
    assert 0.3 < best < 0.6
    assert -0.4 < worst < 0


def test_evidence_grows_with_either_signal_and_needs_substance() -> None:
    low, cosine, covered, both, short, asks = ranking.evidence(
        floats(0.2, 0.6, 0.2, 0.6, 0.6, 0.6),
        floats(0.1, 0.1, 1, 1, 1, 1),
        floats(9, 9, 9, 9, 1, 9),
        np.array([False, False, False, False, False, True]),
    )
    assert low < covered < cosine < both
    assert low < ranking.SILENCE_FLOOR < covered
    assert short < ranking.SILENCE_FLOOR
    assert cosine < asks < both


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        ({"test"}, False),
        ({"dc02"}, True),
        ({"0x800423f4"}, True),
        ({"set-mailbox"}, True),
        ({"run", "test"}, True),
        ((), True),
    ],
)
def test_one_plain_word_is_little_to_cover(content: set[str], whole: bool) -> None:
    assert (ranking.query_substance(content) == 1) is whole


@pytest.fixture(scope="module")
def memory() -> RecallIndex:
    embedder = MiniLM()
    texts = [case["text"] for case in CASES["memories"]]
    entries = [
        Entry(id=str(n), partition="c", kind="fact", text=text, at=NOW, embedding=vector)
        for n, (text, vector) in enumerate(zip(texts, quantise(embedder.embed(texts)), strict=True))
    ]
    index = RecallIndex(embedder)
    index.upsert(entries)
    return index


def injected(memory: RecallIndex, prompt: str) -> list[str]:
    asked = Query(text=prompt, partitions=frozenset({"c"}), now=NOW, limit=10, min_score=ranking.SILENCE_FLOOR)
    return [hit.id for hit in memory.search(asked).hits]


def test_unrelated_prompts_get_silence(memory: RecallIndex) -> None:
    noisy = [prompt for prompt in CASES["unrelated"] if injected(memory, prompt)]
    assert len(CASES["unrelated"]) >= 60
    assert len(noisy) <= 0.05 * len(CASES["unrelated"]), noisy


def test_related_prompts_get_their_memory(memory: RecallIndex) -> None:
    missed = [
        case["prompt"] for n, case in enumerate(CASES["memories"]) if str(n) not in injected(memory, case["prompt"])
    ]
    assert len(CASES["memories"]) >= 60
    assert len(missed) <= 0.07 * len(CASES["memories"]), missed


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("0x800423f4", "Veeam"),
        ("80180014", "Intune"),
        ("10.20.0.201", "iLO"),
        ("ETHA123456?", "leased line"),
        ("sync-hr.ps1", "Nightly script"),
        ("SW-CORE-1", "flapped"),
    ],
)
def test_an_identifier_alone_is_evidence_enough(memory: RecallIndex, prompt: str, text: str) -> None:
    first, *_ = injected(memory, prompt)
    assert text in CASES["memories"][int(first)]["text"]
