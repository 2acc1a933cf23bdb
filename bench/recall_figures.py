"""The arithmetic of recall: what of the evidence came back, at a rank and inside a number of tokens."""

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.recall_sets import Question
from claudetools.kit.search.text import STOP_WORDS

RANKS = (5, 10, 20, 50)
BUDGETS = (500, 1_000, 2_000, 4_000)
CHARS_PER_TOKEN = 4
"""The yardstick of published work, not of the product (2.6): a budget here is a number of characters."""
ANSWER_BUDGET = 2_000

Row = dict[str, float]
_WORD = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that came back: its text and the turns that it stands for."""

    turn_ids: tuple[str, ...]
    text: str


def tokens(text: str) -> int:
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def fitting(pieces: Sequence[Piece], budget: int) -> list[Piece]:
    """Return the pieces, best first, that fit: one that does not is left out, not cut."""
    kept, used = [], 0
    for piece in pieces:
        cost = tokens(piece.text + "\n")
        if used + cost <= budget:
            kept.append(piece)
            used += cost
    return kept


def at_ranks(question: Question, pieces: Sequence[Piece]) -> Row:
    """Return the share of the evidence among the first turns (`R@k`) and 1 / the place of the first one (`MRR`)."""
    ranked = list(dict.fromkeys(turn_id for piece in pieces for turn_id in piece.turn_ids))
    row = {f"R@{rank}": share_of(question, ranked[:rank]) for rank in RANKS}
    first = next((place for place, turn_id in enumerate(ranked, 1) if turn_id in question.evidence), None)
    return row | {"MRR": 1 / first if first else 0.0}


def in_budget(question: Question, pieces: Sequence[Piece], budget: int) -> Row:
    """Return the share of the evidence (`R@Nt`), of the answer's words (`words@Nt`), and the facts kept (`F@Nt`)."""
    kept = fitting(pieces, budget)
    row = {f"R@{budget}t": share_of(question, [turn_id for piece in kept for turn_id in piece.turn_ids])}
    text = "\n".join(piece.text for piece in kept)
    wanted = content_words(question.answer)
    if wanted:
        row[f"words@{budget}t"] = len(wanted & content_words(text)) / len(wanted)
    if question.must:
        row[f"F@{budget}t"] = float(holds(question, text))
    return row


def share_of(question: Question, turn_ids: Sequence[str]) -> float:
    return len(question.evidence & set(turn_ids)) / len(question.evidence)


def holds(question: Question, text: str) -> bool:
    """Whether a text matches everything that the answer must say."""
    return all(re.search(expression, text, re.IGNORECASE) for expression in question.must)


def content_words(text: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(text.lower()) if len(word) > 1 and word not in STOP_WORDS)


def mean(rows: Sequence[Row], key: str) -> float | None:
    values = [row[key] for row in rows if key in row]
    return statistics.fmean(values) if values else None


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def per_cent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table(results: dict[str, list[Row] | str]) -> str:
    """Return one line for each system; a text in place of its rows says why it was not measured."""
    keys = [f"R@{rank}" for rank in RANKS] + ["MRR"] + [f"R@{budget}t" for budget in BUDGETS]
    keys += [key for key in (f"words@{ANSWER_BUDGET}t", "F@1000t", "F@2000t") if _is_measured(results, key)]
    lines = [line(["system", *keys, "p50 ms", "p95 ms"]), "|" + "---|" * (len(keys) + 3)]
    for name, rows in results.items():
        if isinstance(rows, str):
            lines.append(line([name, rows, *[""] * (len(keys) + 1)]))
            continue
        times = [row["ms"] for row in rows]
        shown = [per_cent(mean(rows, key)) for key in keys]
        lines.append(line([name, *shown, f"{quantile(times, 0.5):.1f}", f"{quantile(times, 0.95):.1f}"]))
    return "\n".join(lines)


def by_category(results: dict[str, list[Row] | str], categories: Sequence[str], key: str) -> str:
    """Return one line for each system with the mean of `key` in each category; `categories` names that of each row."""
    names = sorted(set(categories))
    counts = [f"{name} ({categories.count(name)})" for name in names]
    lines = [line([key, *counts]), "|" + "---|" * (len(names) + 1)]
    for system, rows in results.items():
        if not isinstance(rows, str):
            groups = [[row for row, kind in zip(rows, categories, strict=True) if kind == name] for name in names]
            lines.append(line([system, *(per_cent(mean(group, key)) for group in groups)]))
    return "\n".join(lines)


def _is_measured(results: dict[str, list[Row] | str], key: str) -> bool:
    return any(key in row for rows in results.values() if not isinstance(rows, str) for row in rows)
