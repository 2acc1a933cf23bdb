"""Neighbouring pieces of a conversation are read together, within the room and the number asked for."""

import math
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from claudetools.domains.memory.recalling.packing import Memory, pack
from claudetools.domains.memory.recalling.passages import passages

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def turn(number: int, text: str = "", **changes: Any) -> Memory:
    fields: dict[str, Any] = {
        "kind": "turn",
        "at": AT,
        "author": "Anna" if number % 2 else "Ben",
        "turn_ids": (f"t{number}",),
        "before": f"m{number - 1}" if number else None,
        "score": 1 / (number + 1),
    }
    return Memory(id=f"m{number}", text=text or f"said {number}", **fields | changes)


def turns_of(found: list[Memory]) -> list[tuple[str, ...]]:
    return [tuple(sorted(memory.turn_ids, key=lambda name: int(name[1:] or 0))) for memory in found]


def test_neighbours_are_one_passage_in_the_order_in_which_they_were_said() -> None:
    [passage] = passages([turn(4), turn(3), turn(5)], 10, math.inf)
    assert passage.text == "Anna: said 3\nBen: said 4\nAnna: said 5"
    assert passage.turn_ids == ("t3", "t4", "t5")  # Best first.
    assert (passage.id, passage.author, passage.joined) == ("m3", "", ("m4", "m5"))


def test_the_best_piece_gives_a_passage_its_place_and_its_score() -> None:
    found = passages([turn(9), turn(4), turn(10, score=0.9)], 10, math.inf)
    assert [memory.turn_ids for memory in found] == [("t10", "t9"), ("t4",)]
    assert (found[0].score, found[0].text) == (0.9, "Anna: said 9\nBen: said 10")


def test_one_speaker_is_named_as_the_author_only() -> None:
    [passage] = passages([turn(1), turn(2, author="Anna")], 10, math.inf)
    assert (passage.author, passage.text) == ("Anna", "said 1\nsaid 2")


def test_a_piece_between_two_passages_makes_them_one() -> None:
    assert turns_of(passages([turn(1), turn(3), turn(2)], 10, math.inf)) == [("t1", "t2", "t3")]


def test_pieces_of_other_conversations_and_kinds_stay_alone() -> None:
    fact = turn(2, kind="fact")
    assert turns_of(passages([turn(1), fact, turn(7, before="other")], 10, math.inf)) == [("t1",), ("t2",), ("t7",)]


def test_the_pieces_of_one_long_turn_are_one_passage_of_any_kind() -> None:
    one, two = (turn(n, kind="answer", author="", turn_ids=("t",)) for n in (1, 2))
    [passage] = passages([two, one], 10, math.inf)
    assert passage.text == "said 1\nsaid 2"
    assert passage.turn_ids == ("t",)


def test_there_are_no_more_passages_than_asked_for() -> None:
    found = passages([turn(n) for n in (0, 10, 20, 21, 30)], 3, math.inf)
    assert turns_of(found) == [("t0",), ("t10",), ("t20", "t21")]


def test_when_all_places_are_taken_a_found_piece_bridges_a_gap_of_one() -> None:
    pieces = [turn(0), turn(2), turn(9), turn(1)]
    assert turns_of(passages(pieces, 1, math.inf)) == [("t0", "t1", "t2")]
    assert turns_of(passages([turn(0), turn(2)], 1, math.inf)) == [("t0",)]


def test_what_found_no_room_comes_last_for_the_packer_to_cut() -> None:
    long = turn(5, "A first sentence. " * 40)
    found = passages([turn(0), long, turn(8)], 10, 100)
    assert turns_of(found) == [("t0",), ("t8",), ("t5",)]


@pytest.mark.parametrize("seed", range(20))
def test_every_piece_is_given_once_and_all_chosen_passages_fit_the_page(seed: int) -> None:
    rng = random.Random(seed)
    pieces = [turn(n, f"word{n} " * rng.randrange(1, 30), score=rng.random()) for n in range(60)]
    rng.shuffle(pieces)
    pieces = pieces[: rng.randrange(1, 60)]
    limit, budget = rng.randrange(1, 40), rng.randrange(50, 2_000)
    found = passages(pieces, limit, budget * 2.6)
    given = [turn_id for memory in found for turn_id in memory.turn_ids]
    assert len(given) == len(set(given))
    assert len(found) <= limit
    packed = pack([memory for memory in found if memory.joined], budget)
    assert packed.tokens <= budget
    # A joined passage was measured with the packer's own rule, so all of them fit whole.
    assert len(packed.items) == sum(1 for memory in found if memory.joined)
