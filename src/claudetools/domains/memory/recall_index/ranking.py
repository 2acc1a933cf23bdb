"""How memories are scored: every constant of the formula and the pure functions that use it.

    base      = mean of four signals, each divided by its best value for this query (if that is meaningful):
                  BM25 of the piece, BM25 of the piece with the two before it in its conversation,
                  cosine of the piece, cosine of the (weighted) mean of the piece and the two before it
    near      = base + 0.2 base of the next piece + 0.1 base of the one after it: an ask is as good as its answer
    relevance = 0.7 near + 0.3 session, where session is how well the piece's conversation does as a whole
    ranked    = relevance * (1 + modifiers), modifiers being mild: relevance decides. They are recency by kind,
                importance, usage and votes, tags, project and machine, trust and confidence; the author or the time
                that the query names; and whether the piece only asks
    score     = evidence * ranked / best ranked

The weights of followers, session, author, date and question were fitted on three long chats of LoCoMo (Maharana et al.,
2024) and confirmed on two others; nothing was fitted on notes of IT operations but the floor of silence.

evidence (0..1) is absolute: how sure it is that the memory holds anything about the query at all. It makes scores
comparable between queries, so that one floor separates an unrelated prompt from a related one.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

CONTEXT_WEIGHTS = (0.7, 0.5)
"""Weight of the piece before, and of the one before that, in the context signals."""

FOLLOWER_WEIGHTS = (0.2, 0.1)
"""Share of the base value of the piece after, and of the one after that, which a piece is given."""

SESSION_WEIGHT = 0.3
SESSION_BEST = 3
"""A conversation is as relevant as the mean of its best three pieces."""

MEANINGFUL_COSINE = 0.4
MEANINGFUL_LEXICAL = 0.2
"""A signal whose best value for a query is below this is measured against it, so that noise is not taken for a match:
a cosine, and a share of the BM25 that a piece holding every word of the query could reach."""

CANDIDATES = 4096
"""Only so many best pieces get session evidence and modifiers."""

COVERAGE_WEIGHT = 0.25
"""What covering all content words of the query adds to the cosine (exact names count even where vectors fail)."""
COVERAGE_ALONE_WEIGHT = 0.8
"""The same without an embedding model."""
EVIDENCE_MIDPOINT = 0.44
EVIDENCE_WIDTH = 0.07
"""Cosine plus coverage at which a relation is as likely as not, and how sharply that turns."""
SINGLE_WORD_SHARE = 0.5
"""So much counts the coverage of a query whose only content is one plain word ("run the tests")."""
QUESTION_DOUBT = 0.10
"""What a piece that only asks proves less than one that tells."""
SUBSTANTIAL_TERMS = 4
"""Shorter pieces ("thanks, that worked") prove less."""

SAMPLE = 65_536
"""Of more values than this, a sample bounds the best."""

SILENCE_FLOOR = 0.40
"""Scores below this are noise: a prompt without a related memory should bring back nothing. Chosen by
hand on tests/domains/memory/silence_cases.json, alone and among thousands of other notes."""

HALF_LIFE_DAYS = {
    "fact": 720.0,
    "decision": 720.0,
    "note": 540.0,
    "insight": 540.0,
    "solution": 540.0,
    "pattern": 540.0,
    "document": 720.0,
    "infrastructure": 720.0,
    "change": 180.0,
    "failure": 180.0,
    "todo": 60.0,
    "digest": 90.0,
    "turn": 60.0,
    "prompt": 60.0,
    "answer": 60.0,
    "tool": 45.0,
}
DEFAULT_HALF_LIFE_DAYS = 180.0
RECENCY_WEIGHT = 0.08

IMPORTANCE_WEIGHT = 0.10
"""Change of the score at importance 1 (and, downwards, at 0); 0.5 is neutral."""
USAGE_WEIGHT = 0.04
USAGE_SATURATION = 20
"""Uses at which the usage bonus is full."""
FEEDBACK_WEIGHT = 0.08
FEEDBACK_HALF = 2
"""Net votes at which half of the feedback weight is reached."""
TAG_WEIGHT = 0.10
SAME_PROJECT = 0.10
SAME_MACHINE = 0.04
TRUST_STEP = 0.03
"""A step of trust (0..3); 1 is neutral."""
NEUTRAL_TRUST = 1
CONFIDENCE_WEIGHT = 0.10
"""Loss of the score at confidence 0; 1 is neutral."""

AUTHOR_WEIGHT = 0.30
"""For memories by the one author whom the query names."""
DATE_WEIGHT = 0.20
"""For memories of a time that the query names."""
QUESTION_WEIGHT = -0.10
"""For memories that only ask: what answers them stands in another."""

DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Signals:
    """The four raw signals, one value a row, shape (n,); and how much of the query each row's context covers."""

    lexical: Floats
    lexical_context: Floats
    semantic: Floats
    semantic_context: Floats
    coverage: Floats
    """Share (0..1) of the query's term weight (idf) that occurs in the piece or the two before it."""

    attainable: float
    """About the most BM25 that a piece could reach for the query."""

    def hide(self, rows: NDArray[np.intp]) -> None:
        """Leaves these rows without any signal."""
        for values in (self.lexical, self.lexical_context, self.semantic, self.semantic_context):
            values[rows] = 0

    def base(self, best: Mapping[str, float]) -> Floats:
        """The mean of the four signals as shares of their best values, shape (n,); signals without any are left out."""
        total = np.zeros_like(self.lexical)
        used = sum(1 for value in best.values() if value > 0) or 1
        for name, value in best.items():
            if value > 0:
                total += np.maximum(getattr(self, name), 0) * np.float32(1 / value / used)
        return total


def best_values(found: Sequence[Signals]) -> dict[str, float]:
    """What each signal is measured against: its best value, or the least meaningful one; 0 if it found nothing."""
    attainable = max((signals.attainable for signals in found), default=0.0)
    least = {
        "lexical": MEANINGFUL_LEXICAL * attainable,
        "lexical_context": MEANINGFUL_LEXICAL * attainable,
        "semantic": MEANINGFUL_COSINE,
        "semantic_context": MEANINGFUL_COSINE,
    }
    best = {name: max((float(getattr(signals, name).max()) for signals in found), default=0.0) for name in least}
    return {name: max(value, least[name]) if value > 0 else 0.0 for name, value in best.items()}


def best_rows(values: Floats, count: int) -> NDArray[np.intp]:
    """The places of the count largest values, in no order."""
    if len(values) <= count:
        return np.arange(len(values))
    stride = max(len(values) // SAMPLE, 1)
    if stride > 1:
        # A sample tells a bound that leaves about twice as many as wanted: cheaper than sorting out all of them.
        sample = values[::stride]
        place = len(sample) - (2 * count // stride + 1)
        bound = np.partition(sample, place)[place]
        above = np.flatnonzero(values >= bound)
        if count <= len(above) < len(values) // 2:
            chosen: NDArray[np.intp] = above[np.argpartition(values[above], len(above) - count)[-count:]]
            return chosen
    largest: NDArray[np.intp] = np.argpartition(values, len(values) - count)[-count:]
    return largest


def relative(values: Floats, best: float) -> Floats:
    """Values as a share of the best; negative ones and those of a signal that found nothing are 0."""
    if best <= 0:
        return np.zeros_like(values)
    shares: Floats = (np.maximum(values, 0) / np.float32(best)).astype(np.float32)
    return shares


def session_evidence(base: Floats, conversations: Ints, sizes: Ints) -> Floats:
    """For each row the mean of the best three values of its conversation (its own value if it has none, -1).

    sizes: how many pieces the conversation of each row has. Pieces of it that are not among the rows are counted with
    the least value of the rows, since the rows are the best of all.
    """
    out = base.copy()
    grouped = np.flatnonzero(conversations >= 0)
    if not len(grouped):
        return out
    order = grouped[np.lexsort((-base[grouped], conversations[grouped]))]
    groups, starts, counts = np.unique(conversations[order], return_index=True, return_counts=True)
    wanted = np.minimum(sizes[order[starts]], SESSION_BEST)
    total = np.zeros(len(groups), np.float32)
    for nth in range(SESSION_BEST):
        there = counts > nth
        total[there] += base[order[starts[there] + nth]]
    missing = np.maximum(wanted - counts, 0)
    means = (total + missing * base.min()) / np.maximum(wanted, 1)
    out[order] = np.repeat(means, counts)
    return out


def half_life_days(kind: str) -> float:
    """Days after which the recency bonus of this kind of memory is half."""
    return HALF_LIFE_DAYS.get(kind, DEFAULT_HALF_LIFE_DAYS)


def recency_decay(ages_seconds: NDArray[np.float64], half_lives_days: Floats, is_pinned: NDArray[np.bool_]) -> Floats:
    """1 for something new, 0.5 after one half-life; pinned memories do not age."""
    ages_days = np.maximum(ages_seconds, 0) / DAY_SECONDS
    decayed = np.exp2(-ages_days / half_lives_days)
    return np.where(is_pinned, 1.0, decayed).astype(np.float32)


def usage_bonus(usage: Ints, feedback: Ints) -> Floats:
    """Up to USAGE_WEIGHT for being used, and up to FEEDBACK_WEIGHT either way for votes."""
    used = np.minimum(np.log1p(np.maximum(usage, 0)) / math.log1p(USAGE_SATURATION), 1)
    voted = feedback / (np.abs(feedback) + FEEDBACK_HALF)
    bonus: Floats = (USAGE_WEIGHT * used + FEEDBACK_WEIGHT * voted).astype(np.float32)
    return bonus


def importance_bonus(importance: Floats) -> Floats:
    """Between -IMPORTANCE_WEIGHT and +IMPORTANCE_WEIGHT."""
    bonus: Floats = (IMPORTANCE_WEIGHT * (2 * np.clip(importance, 0, 1) - 1)).astype(np.float32)
    return bonus


def trust_bonus(trust: NDArray[np.int8], confidence: Floats) -> Floats:
    """By who said it (trust 0..3) and how sure it is (confidence 0..1)."""
    steps = TRUST_STEP * (trust.astype(np.float32) - NEUTRAL_TRUST)
    doubt = CONFIDENCE_WEIGHT * (np.clip(confidence, 0, 1) - 1)
    bonus: Floats = (steps + doubt).astype(np.float32)
    return bonus


def author_bonus(authors: Ints, named: Collection[int]) -> Floats:
    """For memories by the author whom the query names; a query that names several speaks of what they share."""
    bonus: Floats = np.float32(AUTHOR_WEIGHT if len(named) == 1 else 0) * np.isin(authors, list(named))
    return bonus


def date_bonus(at: NDArray[np.float64], spans: Collection[tuple[float, float]]) -> Floats:
    """For memories of a time (seconds since the epoch) in one of the spans that the query names."""
    is_named = np.zeros(len(at), np.bool_)
    for start, end in spans:
        is_named |= (at >= start) & (at < end)
    bonus: Floats = np.float32(DATE_WEIGHT) * is_named
    return bonus


def scope_bonus(is_same_project: NDArray[np.bool_], is_same_machine: NDArray[np.bool_]) -> Floats:
    """For memories of the asking project and machine."""
    bonus: Floats = (SAME_PROJECT * is_same_project + SAME_MACHINE * is_same_machine).astype(np.float32)
    return bonus


def query_substance(content: Collection[str]) -> float:
    """How much covering the content terms of a query proves: all, or less for one plain word (not a name or code)."""
    is_plain_word = len(content) == 1 and all(term.isalpha() for term in content)
    return SINGLE_WORD_SHARE if is_plain_word else 1.0


def evidence(
    semantic: Floats,
    coverage: Floats,
    lengths: Floats,
    is_question: NDArray[np.bool_],
    *,
    is_lexical_only: bool = False,
) -> Floats:
    """How sure it is (0..1) that each memory is about the query.

    From its cosine, the share of the query's content it covers (times how much that proves), whether it only asks,
    and its length in terms: two words are no evidence.
    """
    seen = COVERAGE_ALONE_WEIGHT * coverage if is_lexical_only else semantic + COVERAGE_WEIGHT * coverage
    substance = np.minimum(lengths / SUBSTANTIAL_TERMS, 1)
    told = seen * substance - QUESTION_DOUBT * is_question
    sure: Floats = (1 / (1 + np.exp((EVIDENCE_MIDPOINT - told) / EVIDENCE_WIDTH))).astype(np.float32)
    return sure
