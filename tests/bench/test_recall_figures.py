"""What counts as brought back, and what fits a budget."""

from pathlib import Path

import pytest

from bench.recall_figures import Piece, at_ranks, by_category, fitting, in_budget, mean, table
from bench.recall_sets import Question
from bench.recall_systems import PEERS, Elsewhere, NotInstalled

QUESTION = Question("q", "Which VLAN?", "VLAN 40 on port 12", "fact", frozenset({"a", "b"}), (r"VLAN 40\b", "port 12"))


def piece(turn_ids: str, text: str) -> Piece:
    return Piece(tuple(turn_ids.split()), text)


def test_a_piece_fits_with_its_line_end_and_a_longer_one_is_left_out_for_a_shorter() -> None:
    eight, nine, three = piece("a", "x" * 31), piece("b", "x" * 32), piece("c", "x" * 11)
    assert fitting([eight], 8) == [eight]
    assert fitting([nine], 8) == []
    assert fitting([eight, nine, three], 11) == [eight, three]


def test_ranks_count_each_turn_once_and_a_piece_for_all_its_turns() -> None:
    found = [piece("x a", "1"), piece("x", "2"), piece("v w z", "3"), piece("b", "4")]
    row = at_ranks(QUESTION, found)
    assert row["R@5"] == 0.5
    assert row["R@10"] == 1.0
    assert row["MRR"] == 0.5
    assert at_ranks(QUESTION, [])["MRR"] == 0.0


def test_a_budget_counts_evidence_words_and_facts_of_what_fits() -> None:
    found = [piece("a", "The phones use VLAN 40."), piece("b", "It is tagged on port 12. " + "x" * 400)]
    small, large = in_budget(QUESTION, found, 50), in_budget(QUESTION, found, 500)
    assert small == {"R@50t": 0.5, "words@50t": 0.5, "F@50t": 0.0}
    assert large == {"R@500t": 1.0, "words@500t": 1.0, "F@500t": 1.0}


def test_a_system_that_was_not_measured_says_why_and_others_are_shown_in_per_cent() -> None:
    row = at_ranks(QUESTION, [piece("a", "")]) | in_budget(QUESTION, [piece("a", "VLAN 40")], 1_000) | {"ms": 2.0}
    results = {"ours": [row], "theirs": "not installed"}
    _, _, ours, theirs = table(results).splitlines()
    assert ours.startswith("| ours | 50.0 | 50.0 |")
    assert theirs.startswith("| theirs | not installed |")
    assert by_category(results, ["fact"], "R@1000t").splitlines()[-1] == "| ours | 50.0 |"


def test_a_peer_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="not installed"):
        Elsewhere("peer", PEERS / "mcp_memory.py", tmp_path / "bin" / "python", "hybrid")


def test_the_mean_leaves_out_questions_that_lack_the_figure() -> None:
    assert mean([{"F@1000t": 1.0}, {}], "F@1000t") == pytest.approx(1.0)
    assert mean([{}], "F@1000t") is None
