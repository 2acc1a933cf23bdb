"""The project's own sets hold what the benchmarks say of them."""

import json
from pathlib import Path

import pytest

from bench.recall_figures import holds
from bench.recall_sets import OWN, load
from bench.sessions import raw_text, sessions
from claudetools.domains.memory.capturing.capture import from_transcript
from tests.memory.session_files import FIXTURES


def test_the_own_set_is_large_enough_and_each_answer_is_in_its_evidence() -> None:
    data = load(OWN)
    assert len(data.conversations) >= 6
    assert min(len(conversation.turns) for conversation in data.conversations) >= 60
    assert sum(len(conversation.questions) for conversation in data.conversations) >= 120
    assert len(data.silence) >= 40
    for conversation in data.conversations:
        said = {turn.id: turn.text for turn in conversation.turns}
        assert len(said) == len(conversation.turns)
        for question in conversation.questions:
            assert question.must
            assert holds(question, "\n".join(said[turn_id] for turn_id in sorted(question.evidence))), question.text


def test_halves_are_disjoint_and_one_memory_of_all_keeps_every_turn_and_question() -> None:
    data = load(OWN)
    halves = [{one.id for one in data.split(part).conversations} for part in ("fit", "held-out")]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == {one.id for one in data.conversations}
    (whole,) = data.together(["A note."]).conversations
    known = {turn.id for turn in whole.turns}
    assert len(known) == len(whole.turns) == sum(len(one.turns) for one in data.conversations) + 1
    assert all(question.evidence <= known for question in whole.questions)


def test_a_question_without_evidence_in_the_conversation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    turns = [{"id": "1", "text": "The switch is grey."}]
    asked = [{"id": "q", "text": "Which colour?", "evidence": ["2"]}]
    path.write_text(json.dumps({"conversations": [{"id": "c", "turns": turns, "questions": asked}]}))
    with pytest.raises(ValueError, match="question q"):
        load(path)


def test_lines_of_own_sessions_have_the_fields_of_the_client_s_own() -> None:
    real = [json.loads(line) for line in (FIXTURES / "transcript.jsonl").read_text().splitlines()]
    known = {kind: {name for line in real if line["type"] == kind for name in line} for kind in ("user", "assistant")}
    for session in sessions():
        for line in session.lines:
            assert line.keys() <= known[line["type"]]


def test_own_sessions_are_transcripts_that_the_product_reads_whole() -> None:
    told = sessions()
    assert len(told) >= 10
    assert sum(len(session.questions) for session in told) >= 60
    assert [one.lines for one in sessions()] == [one.lines for one in told]
    for session in told:
        text = "\n".join(raw_text(line) for line in session.lines)
        assert all(holds(question, text) for question in session.questions)
        kinds = [draft.kind for draft in from_transcript(session.lines)]
        said = [line["message"] for line in session.lines]
        uses = [one for message in said if isinstance(message["content"], list) for one in message["content"]]
        assert kinds.count("prompt") == sum(isinstance(message["content"], str) for message in said)
        assert kinds.count("tool") == sum(one["type"] == "tool_use" for one in uses)
        assert kinds.count("answer") == sum(one["type"] == "text" for one in uses)
