"""The index in a file: the same answers after it as before, nothing of what was removed, and no trust in anything."""

import hashlib
import random
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from claudetools.domains.memory.recall_index import file as index_file
from claudetools.domains.memory.recall_index.file import FILE, IndexFile
from claudetools.domains.memory.recall_index.index import Entry, Hit, RecallIndex
from claudetools.domains.memory.recall_index.stamp import Stamp
from claudetools.kit.search import bm25, vectors
from claudetools.kit.search.saved import MAGIC
from tests.domains.memory.recall_setup import HERE, WORDS, WordVectors, entry, index_of, query
from tests.domains.memory.test_scoring import conversations

STAMP = Stamp(sequence=41, items={"a": 40}, deletions={"b": 41})
ELSEWHERE = "client:b"
BOTH = frozenset({HERE, ELSEWHERE})


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "BLOCK_ROWS", 64)
    monkeypatch.setattr(bm25, "TAIL_POSTINGS", 700)


def filled() -> RecallIndex:
    entries = conversations(500)
    entries += [replace(one, id=f"b{one.id}", partition=ELSEWHERE, tags=("w7", 'odd "tag"\n')) for one in entries[:90]]
    index = index_of(*entries)
    index.remove(f"{number:05d}" for number in range(0, 500, 7))
    return index


def reloaded(index: RecallIndex, folder: Path) -> RecallIndex:
    file = IndexFile(folder, WORDS)
    assert file.write(STAMP, index.snapshot())
    saved = file.read()
    assert saved is not None
    assert saved.stamp == STAMP
    return RecallIndex(WORDS, saved.partitions)


def answers(index: RecallIndex, number: int = 0, **changes: object) -> list[Hit]:
    return index.search(query(f"w1 w{number} w20 w33", partitions=BOTH, **changes)).hits


def test_a_loaded_index_answers_as_the_saved_one_did(tmp_path: Path) -> None:
    index = filled()
    loaded = reloaded(index, tmp_path)
    assert len(loaded) == len(index)
    for number in range(40):
        assert answers(loaded, number, tags=frozenset({"w7"})) == answers(index, number, tags=frozenset({"w7"})) != []


def test_a_loaded_index_goes_on_as_the_saved_one_does(tmp_path: Path) -> None:
    index = filled()
    loaded = reloaded(index, tmp_path)
    chance, known = random.Random(1), [one for one in conversations(600, seed=4) if int(one.id) % 7]
    for turn in range(12):
        changed = [replace(one, importance=chance.random()) for one in chance.sample(known, 40)]
        gone = [one.id for one in chance.sample(known, 5)]
        for each in (index, loaded):
            each.upsert(changed)
            each.remove(gone)
        assert answers(loaded, turn) == answers(index, turn)
    again = reloaded(loaded, tmp_path)
    assert [answers(again, number) for number in range(9)] == [answers(index, number) for number in range(9)]


def test_changing_a_loaded_index_never_reaches_the_file(tmp_path: Path) -> None:
    loaded = reloaded(filled(), tmp_path)
    before = (tmp_path / FILE).read_bytes()
    loaded.upsert([replace(one, importance=1.0, embedding=None) for one in conversations(500)])
    assert (tmp_path / FILE).read_bytes() == before


def test_the_file_is_its_owners_and_holds_no_text(tmp_path: Path) -> None:
    reloaded(index_of(entry("one", "the quick gateway of Hamburg answers", title="A title")), tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    held = (tmp_path / FILE).read_bytes()
    assert b"hamburg" in held
    assert b"gateway of" not in held
    assert {one.name for one in tmp_path.iterdir()} == {FILE, "recall.lock"}


def test_what_was_removed_leaves_no_word_and_no_vector_in_the_file(tmp_path: Path) -> None:
    secret = entry("gone-id", "zanzibarium hides here", conversation="c1", position=600)
    index = index_of(*conversations(300), secret, entry("else", "marsupilami", partition=ELSEWHERE))
    index.remove(["gone-id", "else"])
    index.upsert(conversations(302)[300:])
    loaded = reloaded(index, tmp_path)
    held = (tmp_path / FILE).read_bytes()
    for trace in (b"zanzibarium", b"gone-id", b"marsupilami", ELSEWHERE.encode(), secret.embedding or b"?"):
        assert trace not in held
    assert answers(loaded) == answers(index)
    loaded.upsert([secret])
    assert loaded.search(query("zanzibarium", limit=1)).hits[0].id == "gone-id"


def cut(data: bytes) -> bytes:
    return data[:-500]


def flipped(data: bytes) -> bytes:
    place = len(data) * 2 // 3
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def other_head(data: bytes) -> bytes:
    return data.replace(b'"sequence":41', b'"sequence":99')


def cut_head(data: bytes) -> bytes:
    return data[:100]


def huge_head(data: bytes) -> bytes:
    return MAGIC + b"\xff" * 7 + b"\x00" + data[len(MAGIC) + 8 :]


def no_json(data: bytes) -> bytes:
    return data.replace(b'{"facts"', b'["facts"', 1)


def nothing(_: bytes) -> bytes:
    return b""


def foreign(_: bytes) -> bytes:
    return b"SQLite format 3\x00" + bytes(4000)


@pytest.mark.parametrize("damage", [cut, flipped, other_head, cut_head, huge_head, no_json, nothing, foreign])
def test_a_damaged_file_is_not_used_and_removed(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    reloaded(filled(), tmp_path)
    path = tmp_path / FILE
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert path.read_bytes() != whole
    assert IndexFile(tmp_path, WORDS).read() is None
    assert not path.exists()


class OtherVectors(WordVectors):
    name = "others"


@pytest.mark.parametrize("embedder", [OtherVectors(), None])
def test_a_file_of_another_model_is_not_used(embedder: WordVectors | None, tmp_path: Path) -> None:
    reloaded(filled(), tmp_path)
    other = IndexFile(tmp_path, embedder)
    assert other.sequence() == 0
    assert other.read() is None


def test_a_file_of_another_format_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reloaded(filled(), tmp_path)
    monkeypatch.setattr(index_file, "FORMAT", index_file.FORMAT + 1)
    assert IndexFile(tmp_path, WORDS).read() is None


def test_a_file_that_is_whole_but_makes_no_sense_is_not_used(tmp_path: Path) -> None:
    file, index = IndexFile(tmp_path, WORDS), filled()
    snapshot = index.snapshot()
    snapshot[HERE].columns["at"] = snapshot[HERE].columns["at"][:3]
    file.write(STAMP, snapshot)
    assert file.read() is None


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert IndexFile(tmp_path / "none", WORDS).read() is None
    assert IndexFile(tmp_path / "none", WORDS).sequence() == 0


def test_of_many_writers_at_once_each_leaves_a_whole_file(tmp_path: Path) -> None:
    snapshots = [index_of(*conversations(count)).snapshot() for count in (50, 100, 150, 200)]

    def write(number: int) -> bool:
        file = IndexFile(tmp_path, WORDS)
        written = [file.write(replace(STAMP, sequence=number + 1), snapshots[number]) for _ in range(6)]
        # Whoever was kept out each time may be ahead of the first file.
        assert not any(written) or file.read() is not None
        return any(written)

    with ThreadPoolExecutor(4) as pool:
        assert any(pool.map(write, range(4)))
    saved = IndexFile(tmp_path, WORDS).read()
    assert saved is not None
    assert len(RecallIndex(WORDS, saved.partitions)) == 50 * saved.stamp.sequence
    assert {one.name for one in tmp_path.iterdir()} == {FILE, "recall.lock"}


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = filled()
    reloaded(index, tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("claudetools.kit.search.saved.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            IndexFile(tmp_path, WORDS).write(replace(STAMP, sequence=50), index.snapshot())
    assert {one.name for one in tmp_path.iterdir()} == {FILE, "recall.lock"}
    assert IndexFile(tmp_path, WORDS).sequence() == STAMP.sequence


def test_a_head_that_points_outside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE
    reloaded(index_of(entry("one", "a word")), tmp_path)
    data = path.read_bytes()[:-32].replace(b'"0.columns.at":["<f8",[1]', b'"0.columns.at":["<f8",[9]')
    path.write_bytes(data + hashlib.sha256(data).digest())
    assert IndexFile(tmp_path, WORDS).read() is None


def test_only_what_is_indexed_is_in_the_digest() -> None:
    one: Entry = entry("one", "text \ud800", tags=("a", "b"))
    assert one.digest() == replace(one, id="two", importance=0.9).digest() != replace(one, tags=("a",)).digest()
