"""Which statement corrects which: measured on pairs, one half for building the rules and one for reporting on them."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from claudetools.domains.memory.corrections.contradicting.verdict import Verdict, judge, may_correct

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "correction_cases.json").read_text())


@pytest.mark.parametrize(("half", "least_recall"), [("build", 0.9), ("report", 0.9)])
def test_corrections_are_told_from_what_only_looks_like_one(half: str, least_recall: float) -> None:
    """Both halves: no wrong correction at all, and most of the right ones."""
    cases = [case for case in CASES if case["half"] == half]
    corrects = [case for case in cases if judge(case["older"], case["newer"]) is Verdict.CORRECTS]
    wrong = [case for case in corrects if not case["is_correction"]]
    right = sum(case["is_correction"] for case in cases)
    assert wrong == []
    assert (len(corrects) - len(wrong)) / right >= least_recall
    assert right >= 30
    assert len(cases) - right >= 40


def test_nothing_corrects_itself_and_whatever_corrects_is_looked_at() -> None:
    for case in CASES:
        for text in (case["older"], case["newer"]):
            assert judge(text, text) is Verdict.INDEPENDENT
        if judge(case["older"], case["newer"]) is not Verdict.INDEPENDENT:
            assert may_correct(case["newer"])


def test_of_a_text_that_says_more_only_part_is_contradicted() -> None:
    old = "The gateway of Hamburg is 10.0.0.1. The rack key hangs at the reception."
    new = "The gateway of Hamburg is now 10.0.0.254."
    assert judge(old, new) is Verdict.CONTRADICTS
    assert judge(old.partition(". ")[0], new) is Verdict.CORRECTS
    assert judge("The gateway of Hamburg is 10.0.0.1.\nBecause: the provider set it so.", new) is Verdict.CORRECTS


@pytest.mark.parametrize(
    "text", ["moved from " * 72, "we moved " + "to from " * 99, "a is " * 159, "x." * 399, "\n" * 799]
)
def test_hostile_texts_are_judged_at_once(text: str) -> None:
    began = time.perf_counter()
    assert judge(text, f"{text[:700]} now 10.0.0.1") is not Verdict.CORRECTS
    assert time.perf_counter() - began < 1
