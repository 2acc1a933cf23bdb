"""Recall finds what belongs to a text, only where it may look, and stays right however its index came to be."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from claudetools.domains.memory.recall_index import subindex
from claudetools.domains.memory.recall_index.index import Entry, Hit, RecallIndex
from tests.domains.memory.recall_setup import HERE, NOW, WORDS, entry, found, hits, index_of, query

SWITCH = "the core switch flapped because of a bad transceiver"
BACKUP = "veeam backup of FS01 failed with 0x800423f4"
PRINTER = "second floor printer needs the PCL6 driver"


def talk(*texts: str, conversation: str = "c1", **changes: object) -> list[Entry]:
    return [
        entry(f"{conversation}-{n}", text, conversation=conversation, position=n, **changes)
        for n, text in enumerate(texts)
    ]


def test_the_right_memory_comes_first() -> None:
    index = index_of(entry("s", SWITCH), entry("b", BACKUP), entry("p", PRINTER))
    assert found(index, "why did the switch flap")[0] == "s"
    assert found(index, "0x800423f4")[0] == "b"
    assert found(index, "printer driver on the second floor")[0] == "p"


def test_an_exact_identifier_beats_a_similar_one() -> None:
    index = index_of(*(entry(str(n), f"server at 10.0.0.{n} was rebooted after patching") for n in range(50)))
    assert found(index, "what happened to 10.0.0.37")[0] == "37"


def test_without_an_embedding_model_words_still_find() -> None:
    index = index_of(entry("s", SWITCH, embedding=None), entry("b", BACKUP, embedding=None), embedder=None)
    assert found(index, "veeam backup failed with 0x800423f4", min_score=0.4) == ["b"]


def test_an_entry_without_a_vector_is_found_by_words() -> None:
    index = index_of(entry("s", SWITCH), entry("b", BACKUP, embedding=None))
    assert found(index, "veeam backup")[0] == "b"


@pytest.mark.parametrize("text", ["", "   ", "the of and", "!!! ???", "\x00\ud800"])
def test_a_query_without_words_finds_nothing(text: str) -> None:
    assert found(index_of(entry("s", SWITCH)), text) == []


def test_a_long_paste_is_searched_by_its_rarest_words() -> None:
    common = [f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(120)]
    noise = [entry(f"n{n}", " ".join(common[n : n + 30])) for n in range(120)]
    index = index_of(*noise, entry("b", BACKUP))
    asked = index.search(query(" ".join(common) + " 0x800423f4", limit=200))
    assert {hit.id: hit.parts["lexical"] for hit in asked.hits}.get("b", 0) > 0
    assert found(index, "x " * 50_000 + "error 0x800423f4")[0] == "b"


def test_title_and_author_are_found() -> None:
    index = index_of(
        entry("a", "replaced it", title="UPS battery"), entry("b", "replaced it", author="Priya"), entry("c", SWITCH)
    )
    assert found(index, "ups battery")[0] == "a"
    assert found(index, "what did Priya do")[0] == "b"


def test_what_the_named_author_said_comes_before_what_others_said_alike() -> None:
    index = index_of(
        entry("b", "we replaced the switch", author="Ben"), entry("a", "we replaced the switch", author="Anna")
    )
    for name, first in (("Anna", "a"), ("Ben", "b")):
        best = index.search(query(f"which switch did {name} replace")).hits[0]
        assert best.id == first
        assert best.parts["author"] > 0
    shared = index.search(query("which switch did Anna and Ben replace"))
    assert all(hit.parts["author"] == 0 for hit in shared.hits)


def test_whose_session_it_was_counts_like_who_spoke() -> None:
    index = index_of(*(entry(name, "we replaced the switch", person=name.title()) for name in ("ben", "anna")))
    for name in ("ben", "anna"):
        assert found(index, f"which switch did {name.title()} replace")[0] == name


def test_of_two_authors_of_one_first_name_the_whole_name_tells() -> None:
    index = index_of(
        *(entry(name, "we replaced the switch", author=name.title()) for name in ("anna koch", "anna berg"))
    )
    for name in ("anna koch", "anna berg"):
        assert found(index, f"which switch did {name.title()} replace")[0] == name
    assert all(hit.parts["author"] == 0 for hit in index.search(query("which switch did Anna replace")).hits)


def test_what_was_said_at_the_named_time_comes_first() -> None:
    march, june = NOW.replace(month=3, day=2), NOW.replace(month=6, day=2)
    index = index_of(entry("m", SWITCH, at=march), entry("j", SWITCH, at=june))
    for name, first in (("in March", "m"), (f"on {june:%Y-%m-%d}", "j")):
        assert found(index, f"why did the switch flap {name}")[0] == first


def test_what_tells_comes_before_what_only_asks() -> None:
    index = index_of(entry("q", "The transceiver of the switch?"), entry("t", "The transceiver of the switch."))
    assert found(index, "transceiver of the switch") == ["t", "q"]


def test_a_hit_names_the_piece_before_it() -> None:
    index = index_of(*talk("the switch flapped", "bad transceiver in the switch"))
    assert {hit.id: hit.before for hit in index.search(query("switch")).hits} == {"c1-0": None, "c1-1": "c1-0"}


def test_a_tag_is_found_as_a_word() -> None:
    index = index_of(entry("t", "replaced the unit in rack B", tags=("ups",)), entry("s", SWITCH))
    assert found(index, "ups")[0] == "t"
    index.upsert([entry("t", "replaced the unit in rack B")])
    assert [hit.parts["lexical"] for hit in hits(index, "ups")] == [0] * len(hits(index, "ups"))


@pytest.mark.parametrize("asked", ["why did the core switch flap", "core switch flapped, bad transceiver?"])
def test_what_is_asked_after_a_long_paste_is_understood(asked: str) -> None:
    index = index_of(entry("s", SWITCH, importance=0.5), *(entry(str(n), f"{PRINTER} {n}") for n in range(20)))
    paste = "unknown lorem ipsum " * 400
    assert found(index, f"{paste}\n{asked}")[0] == "s"


def test_hostile_entries_are_indexed() -> None:
    texts = ["", "\x00", "\ud800 broken", "x" * 300_000, "a.b" * 50_000, "\u202e\U000e0041"]
    index = index_of(*(entry(str(n), t, usage=2**40, feedback=-(2**40), position=2**40) for n, t in enumerate(texts)))
    assert len(index) == len(texts)
    assert found(index, "broken")[0] == "2"


class TestIsolation:
    def test_other_partitions_are_never_seen(self) -> None:
        index = index_of(entry("mine", SWITCH), entry("theirs", SWITCH, partition="client:b"))
        assert found(index, SWITCH) == ["mine"]
        assert found(index, SWITCH, partitions=frozenset({"client:b"})) == ["theirs"]

    def test_no_partition_means_nothing(self) -> None:
        assert found(index_of(entry("s", SWITCH)), SWITCH, partitions=frozenset()) == []
        assert found(index_of(entry("s", SWITCH)), SWITCH, partitions=frozenset({"client:unknown"})) == []

    def test_scores_do_not_tell_what_others_have(self) -> None:
        mine = [entry("s", SWITCH), entry("b", BACKUP)]
        alone = hits(index_of(*mine), "switch")
        others = [entry(f"o{n}", f"switch {n}", partition="client:b", conversation="c1") for n in range(30)]
        assert hits(index_of(*mine, *others), "switch") == alone

    def test_several_partitions_are_ranked_together(self) -> None:
        index = index_of(entry("weak", "a switch"), entry("strong", SWITCH, partition="user:u"))
        both = frozenset({HERE, "user:u"})
        assert found(index, "core switch flapped transceiver", partitions=both) == ["strong", "weak"]

    def test_moving_to_another_partition_leaves_nothing_behind(self) -> None:
        index = index_of(entry("s", SWITCH))
        index.upsert([entry("s", SWITCH, partition="client:b")])
        assert found(index, SWITCH) == []
        assert found(index, SWITCH, partitions=frozenset({"client:b"})) == ["s"]
        assert len(index) == 1

    def test_a_random_world_never_leaks(self) -> None:
        rng = random.Random(11)
        clients = [f"client:{n}" for n in range(12)]
        world = [
            entry(
                f"{n}", f"{SWITCH} at site {n % 5}", partition=rng.choice(clients), conversation=f"c{n % 9}", position=n
            )
            for n in range(300)
        ]
        index, home = index_of(*world), {one.id: one.partition for one in world}
        for _ in range(200):
            allowed = frozenset(rng.sample(clients, rng.randrange(4)))
            assert {home[i] for i in found(index, "core switch site 3", partitions=allowed)} <= allowed


def worded(index: RecallIndex, text: str) -> list[str]:
    """What is found by words, of the piece itself or of the two before it."""
    return [hit.id for hit in hits(index, text) if hit.parts["lexical"] > 0]


class TestContext:
    def test_an_answer_is_found_by_the_words_of_its_question(self) -> None:
        index = index_of(
            *talk("what did we do about the spooler crash", "swapped the Kyocera package for 8.4"),
            *talk("anything else today", "swapped a toner", conversation="c2"),
        )
        assert found(index, "spooler crash")[:2] == ["c1-0", "c1-1"]

    def test_context_ends_with_the_conversation(self) -> None:
        index = index_of(*talk("spooler crash"), *talk("unrelated words", conversation="c2"), entry("n", "stand alone"))
        assert worded(index, "spooler") == ["c1-0"]

    def test_order_is_by_position_not_by_arrival(self) -> None:
        late = talk("spooler crash", "first reply", "second reply", "third reply", "fourth reply")
        expected = hits(index_of(*late), "spooler")
        assert worded(index_of(*late), "spooler") == ["c1-0", "c1-1", "c1-2"]
        for seed in range(5):
            shuffled = random.Random(seed).sample(late, len(late))
            assert same(hits(index_of(*shuffled), "spooler"), expected)

    def test_removing_a_piece_brings_its_neighbours_together(self) -> None:
        index = index_of(*talk("spooler crash", "one", "two", "three"))
        assert "c1-3" not in worded(index, "spooler")
        index.remove(["c1-1"])
        assert "c1-3" in worded(index, "spooler")

    def test_a_conversation_that_answers_well_lifts_its_pieces(self) -> None:
        good = talk("vpn drops", "vpn tunnel down", "vpn phase two mismatch", "vpn note", conversation="good")
        bad = talk("lunch", "weather", "football", "vpn note", conversation="bad")
        order = found(index_of(*good, *bad), "vpn")
        assert order.index("good-3") < order.index("bad-3")


class TestVisibility:
    def test_expired_and_retired_memories_are_silent(self) -> None:
        index = index_of(
            entry("old", SWITCH, retired_at=NOW - timedelta(hours=1)),
            entry("ahead", SWITCH, retired_at=NOW + timedelta(minutes=5)),
            entry("gone", SWITCH, expires_at=NOW - timedelta(seconds=1)),
            entry("live", SWITCH, expires_at=NOW + timedelta(seconds=1)),
        )
        result = index.search(query(SWITCH))
        assert [hit.id for hit in result.hits] == ["live"]
        assert result.considered == 1

    def test_as_of_answers_as_it_was_known_then(self) -> None:
        index = index_of(
            entry("first", SWITCH, at=NOW - timedelta(days=9), retired_at=NOW - timedelta(days=3)),
            entry("second", SWITCH, at=NOW - timedelta(days=3)),
        )
        assert found(index, SWITCH, as_of=NOW - timedelta(days=5)) == ["first"]
        assert found(index, SWITCH, as_of=NOW - timedelta(days=3)) == ["second"]
        assert found(index, SWITCH) == ["second"]

    def test_retiring_takes_effect_at_once(self) -> None:
        index = index_of(entry("s", SWITCH))
        index.upsert([entry("s", SWITCH, retired_at=NOW)])
        assert found(index, SWITCH) == []

    def test_the_asking_session_does_not_hear_itself(self) -> None:
        index = index_of(*talk(SWITCH), entry("n", SWITCH))
        assert found(index, SWITCH, exclude_conversation="c1") == ["n"]
        assert set(found(index, SWITCH, exclude_conversation="unknown")) == {"c1-0", "n"}

    def test_kinds_filter(self) -> None:
        index = index_of(entry("f", SWITCH, kind="fact"), entry("d", SWITCH, kind="decision"))
        assert found(index, SWITCH, kinds=frozenset({"fact"})) == ["f"]
        assert found(index, SWITCH, kinds=frozenset({"unknown"})) == []
        assert found(index, SWITCH, kinds=frozenset()) == []

    def test_removed_memories_are_gone(self) -> None:
        index = index_of(entry("s", SWITCH), entry("b", BACKUP))
        index.remove(["s", "unknown", "s"])
        assert "s" not in found(index, SWITCH)
        assert len(index) == 1


class TestModifiers:
    @pytest.mark.parametrize(
        ("better", "worse", "asked"),
        [
            ({"at": NOW - timedelta(days=1)}, {"at": NOW - timedelta(days=2000)}, {}),
            ({"is_pinned": True, "at": NOW - timedelta(days=2000)}, {"at": NOW - timedelta(days=1999)}, {}),
            ({"importance": 0.9}, {"importance": 0.2}, {}),
            ({"usage": 12}, {}, {}),
            ({"feedback": 2}, {"feedback": -1}, {}),
            ({"trust": 3}, {"trust": 0}, {}),
            ({"confidence": 1.0}, {"confidence": 0.3}, {}),
            ({"tags": ("lan", "x")}, {"tags": ("x",)}, {"tags": frozenset({"lan"})}),
            ({"project_id": "p"}, {"project_id": "q"}, {"project_id": "p"}),
            ({"machine_id": "m"}, {}, {"machine_id": "m"}),
        ],
    )
    def test_of_two_equal_texts_the_better_one_is_first(
        self, better: dict[str, object], worse: dict[str, object], asked: dict[str, object]
    ) -> None:
        index = index_of(entry("a", SWITCH, **worse), entry("b", SWITCH, **better))
        assert found(index, SWITCH, **asked) == ["b", "a"]

    def test_relevance_decides_over_all_of_them_together(self) -> None:
        index = index_of(
            entry("relevant", BACKUP, at=NOW - timedelta(days=900), importance=0.3),
            entry("favoured", SWITCH + " near FS01", project_id="p", machine_id="m", importance=1.0, usage=50, trust=3),
        )
        order = found(index, "veeam backup failed 0x800423f4 FS01", project_id="p", machine_id="m")
        assert order == ["relevant", "favoured"]

    def test_a_changed_description_needs_no_new_text(self) -> None:
        index = index_of(entry("a", SWITCH), entry("b", SWITCH))
        index.upsert([entry("b", SWITCH, importance=1.0)])
        assert found(index, SWITCH) == ["b", "a"]
        index.upsert([entry("b", SWITCH, importance=0.0)])
        assert found(index, SWITCH) == ["a", "b"]


class TestScore:
    def test_parts_add_up(self) -> None:
        index = index_of(*talk(SWITCH, BACKUP, PRINTER, project_id="p"), entry("n", "switch", tags=("lan",)))
        for hit in hits(index, "switch transceiver", project_id="p", tags=frozenset({"lan"})):
            assert {"lexical", "semantic", "session", "recency", "importance", "usage", "tags", "scope"} <= set(
                hit.parts
            )
            assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=1e-5)
            assert 0 <= hit.score <= 1

    def test_hits_come_best_first_and_no_more_than_asked(self) -> None:
        index = index_of(*(entry(str(n), f"switch number {n} " + "filler " * n) for n in range(30)))
        scores = [hit.score for hit in hits(index, "switch", limit=10)]
        assert len(scores) == 10
        assert scores == sorted(scores, reverse=True)

    def test_min_score_cuts(self) -> None:
        index = index_of(entry("s", SWITCH), entry("b", BACKUP), entry("p", PRINTER))
        every = hits(index, "core switch printer")
        floor = every[0].score - 1e-6
        assert [hit.id for hit in hits(index, "core switch printer", min_score=floor)] == [every[0].id]
        assert len(every) > 1

    def test_a_limit_below_one_is_refused(self) -> None:
        with pytest.raises(ValueError, match="limit"):
            index_of().search(query("switch", limit=0))


def same(left: list[Hit], right: list[Hit]) -> bool:
    return [hit.id for hit in left] == [hit.id for hit in right] and [hit.score for hit in left] == pytest.approx(
        [hit.score for hit in right], abs=1e-5
    )


def random_entry(rng: random.Random, number: int) -> Entry:
    words = " ".join(f"w{rng.randrange(25)}" for _ in range(rng.randrange(1, 9)))
    return entry(
        f"{number:03d}",
        words,
        partition=rng.choice(["client:a", "client:b"]),
        conversation=rng.choice([None, "c1", "c2"]),
        position=rng.randrange(6),
        at=NOW - timedelta(hours=rng.randrange(3)),
        importance=rng.random(),
        retired_at=rng.choice([None, None, NOW]),
    )


@pytest.mark.parametrize("seed", range(6))
def test_an_index_that_was_changed_equals_one_built_anew(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subindex, "REBUILD_ROWS", 20)
    rng = random.Random(seed)
    index, truth = RecallIndex(WORDS), {}
    for _ in range(40):
        changed = [random_entry(rng, rng.randrange(60)) for _ in range(rng.randrange(1, 12))]
        changed += [replace(truth[i], usage=5) for i in rng.sample(sorted(truth), min(len(truth), 2))]
        index.upsert(changed)
        truth |= {one.id: one for one in changed}
        gone = rng.sample(sorted(truth), min(len(truth), rng.randrange(6)))
        index.remove(gone)
        for i in gone:
            del truth[i]
        asked = query(f"w{rng.randrange(25)} w{rng.randrange(25)}", partitions=frozenset({"client:a", "client:b"}))
        anew = index_of(*truth.values())
        assert len(index) == len(anew) == len(truth)
        assert same(index.search(asked).hits, anew.search(asked).hits)


def test_searching_while_others_write() -> None:
    index = index_of(entry("s", SWITCH))

    def write(worker: int) -> None:
        for n in range(40):
            index.upsert([entry(f"{worker}-{n}", f"{PRINTER} {n}", conversation=f"c{worker}", position=n)])
            if n % 3 == 0:
                index.remove([f"{worker}-{n}"])

    def read(_: int) -> list[str]:
        return [found(index, "why did the core switch flap")[0] for _ in range(40)]

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write, n) for n in range(3)]
        answers = list(pool.map(read, range(3)))
        for writer in writers:
            writer.result()
    assert {first for run in answers for first in run} == {"s"}
    assert len(index) == 1 + 3 * 26
