"""Reading transcript files that may hold anything."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.claude import transcripts
from claudetools.claude.transcripts import LINE_BYTES, Batch, find_transcripts, read_batches
from tests.claude.conftest import Client, prompt, written

UNREADABLE = [
    b"not json\n",
    b'"a text"\n',
    b"[1, 2]\n",
    b'{"type": "user", \n',
    b"\xff\xfe\x00\n",
    b"[" * 100_000 + b"\n",
    b'{"type": "user", "n": ' + b"9" * 5_000 + b"}\n",
]


def only_batch(path: Path) -> Batch:
    (batch,) = read_batches(path, 0)
    return batch


@pytest.mark.parametrize("line", UNREADABLE)
def test_a_line_that_cannot_be_read_is_counted_and_passed_over(tmp_path: Path, line: bytes) -> None:
    size = written(path := tmp_path / "t.jsonl", prompt("before"), line, b"\n", prompt("after"))
    batch = only_batch(path)
    assert [each["message"]["content"] for each in batch.lines] == ["before", "after"]
    assert (batch.skipped, batch.next_offset) == (1, size)


def test_what_is_no_json_for_others_is_not_passed_on(tmp_path: Path) -> None:
    written(path := tmp_path / "t.jsonl", b'{"type": "user", "a": NaN, "b": [Infinity]}\n')
    assert only_batch(path).lines == [{"type": "user", "a": None, "b": [None]}]


def test_what_is_nested_too_deep_is_left_out_of_its_line(tmp_path: Path) -> None:
    written(
        path := tmp_path / "t.jsonl", b'{"type": "user", "deep": ' + b"[" * 200 + b"]" * 200 + b', "text": "kept"}\n'
    )
    (line,) = only_batch(path).lines
    assert line["text"] == "kept"
    assert json.dumps(line).count("[") < 100


def test_a_long_result_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    output = "START" + "x" * 3_000_000 + "END"
    written(path := tmp_path / "t.jsonl", {"type": "user", "toolUseResult": {"stdout": output}, "uuid": "u"})
    (line,) = only_batch(path).lines
    sent = line["toolUseResult"]["stdout"]
    assert sent.startswith("START")
    assert sent.endswith("END")
    assert "characters left out" in sent
    assert len(json.dumps(line)) <= LINE_BYTES
    assert line["uuid"] == "u"


def test_a_line_that_stays_too_large_is_counted_and_passed_over(tmp_path: Path) -> None:
    written(path := tmp_path / "t.jsonl", {"type": "user", "list": ["some words"] * 50_000}, prompt("after"))
    batch = only_batch(path)
    assert (len(batch.lines), batch.skipped) == (1, 1)


def test_a_line_longer_than_memory_should_hold_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcripts, "READABLE_LINE_BYTES", 1_000)
    size = written(path := tmp_path / "t.jsonl", prompt("before"), prompt("x" * 5_000), prompt("after"))
    batch = only_batch(path)
    assert [each["message"]["content"] for each in batch.lines] == ["before", "after"]
    assert (batch.skipped, batch.next_offset) == (1, size)


def test_pictures_and_repeated_file_contents_are_not_sent(tmp_path: Path) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo"}}
    written(
        path := tmp_path / "t.jsonl",
        {"type": "user", "message": {"role": "user", "content": [picture, {"type": "text", "text": "see"}]}},
        {"type": "user", "toolUseResult": {"filePath": "/etc/hosts", "originalFile": "secret", "structuredPatch": []}},
    )
    first, second = only_batch(path).lines
    assert first["message"]["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png"}},
        {"type": "text", "text": "see"},
    ]
    assert second["toolUseResult"] == {"filePath": "/etc/hosts"}


def test_a_stretch_of_bookkeeping_still_moves_the_offset(tmp_path: Path) -> None:
    size = written(path := tmp_path / "t.jsonl", {"type": "queue-operation", "content": "secret prompt"})
    assert list(read_batches(path, 0)) == [Batch(0, size)]


def test_of_two_files_of_one_session_the_longer_one_counts(client: Client) -> None:
    written(client.transcript("s", slug="-old"), prompt("one"))
    longer = client.transcript("s", slug="-new")
    written(longer, prompt("one"), prompt("two"))
    assert [transcript.path for transcript in find_transcripts(client.config_dir)] == [longer]


@given(content=st.binary(max_size=400), offset=st.integers(0, 500))
def test_any_bytes_are_read_to_the_last_line_end(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, offset: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "t.jsonl"
    path.write_bytes(content)
    batches = list(read_batches(path, offset))
    if batches:
        assert batches[0].offset in (0, offset)
        assert batches[-1].next_offset == content.rfind(b"\n") + 1
