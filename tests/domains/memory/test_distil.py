"""What holds for every prompt group, whatever was said in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.domains.memory.capturing.turn import ToolUse, TurnDraft
from claudetools.domains.memory.distilling.distil import Memory, distil, distil_session, from_dialogue, pieces
from tests.domains.memory.said import Group
from tests.domains.memory.test_distil_fragments import vpn_at_dataworks

PHRASES = """we decided to use fw01 instead of fw02 because it runs FortiOS 6.2.3 still needs to be renewed always never
TODO: bill 10.0.0.1 port 443 `show vpn` Next steps: not found ? . the cause was vlan 40 thanks ok ## [ ] ``` > |
ssh root@gw01 'systemctl restart x' Error: https://a.example/b"""
WORDS = st.sampled_from([*PHRASES.split(), "\n", "\n\n", "\n- ", "C:\\x"])
SPEECH = st.lists(WORDS, max_size=40).map(" ".join)
TEXTS = SPEECH | st.text(max_size=200)
TOOLS = st.builds(
    ToolUse,
    name=st.sampled_from(["Bash", "Edit", "Write", "WebFetch", "PowerShell", ""]),
    command=st.none() | TEXTS,
    path=st.none() | TEXTS,
    summary=TEXTS,
    succeeded=st.sampled_from([None, True, False]),
    error=st.none() | TEXTS,
    output=st.none() | TEXTS,
)


@st.composite
def groups(draw: Any) -> list[TurnDraft]:
    turns = []
    for number in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(["prompt", "answer", "tool", "tool", "summary"]))
        turns.append(
            TurnDraft(
                key=f"{kind}:{number}",
                kind=kind,
                text=draw(TEXTS),
                prompt_id=draw(st.sampled_from(["p1", "p1", None])) if number == 0 else "p1",
                agent_id=draw(st.sampled_from([None, None, "a1"])),
                tool=draw(TOOLS) if kind == "tool" else None,
            )
        )
    return turns


@given(groups())
def test_keys_are_unique_and_every_memory_is_within_bounds(turns: list[TurnDraft]) -> None:
    memories = distil(turns)
    assert len({memory.key for memory in memories}) == len(memories)
    known = {turn.key for turn in turns}
    for memory in memories:
        assert memory.text.strip()
        assert len(memory.text) <= 900
        assert len(memory.title) <= 100
        assert len(memory.tags) <= 8
        assert 0 <= memory.importance <= 1
        assert memory.trust in (1, 2, 3)
        assert memory.turn_keys
        assert set(memory.turn_keys) <= known


@given(groups())
def test_a_longer_group_updates_memories_and_loses_none(turns: list[TurnDraft]) -> None:
    whole = {memory.key: memory.kind for memory in distil(turns)}
    for length in range(len(turns)):
        for memory in distil(turns[:length]):
            assert whole.get(memory.key) == memory.kind


@given(groups())
def test_the_same_group_gives_the_same_memories(turns: list[TurnDraft]) -> None:
    assert distil(turns) == distil(list(turns))


@given(groups())
def test_only_what_a_person_said_has_the_highest_trust(turns: list[TurnDraft]) -> None:
    by_person = {turn.key for turn in turns if turn.kind == "prompt" and turn.agent_id is None}
    for memory in distil(turns):
        if memory.trust == 3:
            assert set(memory.turn_keys) <= by_person


@given(st.text(), st.integers(1, 200))
def test_pieces_lose_nothing_but_white_space(text: str, limit: int) -> None:
    found = pieces(text, limit)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(0 < len(piece) <= limit for piece in found)


@given(st.lists(st.text(alphabet="abcdefghij", min_size=1, max_size=30), max_size=60), st.integers(31, 200))
def test_pieces_never_cut_a_word(words: list[str], limit: int) -> None:
    assert " ".join(pieces(" ".join(words), limit)).split() == words


def test_pieces_end_at_paragraphs_before_lines_before_sentences() -> None:
    paragraph = "A sentence of some length about the switch. " * 10
    text = f"{paragraph.strip()}\n\n{paragraph.strip()}\n\n{paragraph.strip()}"
    assert all(piece.endswith("switch.") for piece in pieces(text))
    assert pieces(text)[0] == f"{paragraph.strip()}\n\n{paragraph.strip()}"
    lines = "\n".join(f"port {number} is in VLAN 40" for number in range(100))
    assert all(piece.endswith("VLAN 40") for piece in pieces(lines))


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        pieces("text", 0)


def test_every_piece_of_a_long_answer_is_kept_verbatim() -> None:
    answer = "\n\n".join(
        f"Paragraph {number} explains rule {number} of the firewall. " + "x " * 150 for number in range(9)
    )
    memories = [
        memory for memory in distil(Group().user("Explain the rules").says(answer).turns) if memory.kind == "answer"
    ]
    assert "".join("".join(memory.text for memory in memories).split()) == "".join(answer.split())
    assert all(memory.title == "Explain the rules" for memory in memories)


def test_a_fix_that_comes_later_updates_the_failure() -> None:
    turns = vpn_at_dataworks().turns
    before = next(memory for memory in distil(turns[:3]) if memory.kind == "failure")
    after = next(memory for memory in distil(turns) if memory.kind == "failure")
    assert before.key == after.key
    assert "nothing that worked" in before.text
    assert "what worked instead" in after.text
    assert before.importance < after.importance


def test_a_subagents_task_is_no_memory_and_no_ask() -> None:
    group = (
        Group()
        .user("Which gateway does the voice VLAN use at Acme?")
        .user("Always search everything and never stop.", agent_id="a1")
        .says("The gateway of VLAN 40 is 10.0.40.1 on sw-core.", agent_id="a1")
        .says("It is 10.0.40.1.")
    )
    texts = " ".join(memory.text for memory in distil(group.turns))
    assert "never stop" not in texts
    assert "gateway of VLAN 40 is 10.0.40.1" in texts


def test_a_subagents_own_transcript_has_its_task_as_the_ask() -> None:
    group = (
        Group()
        .user("Find the gateway of the voice VLAN.", agent_id="a1")
        .says("The gateway of VLAN 40 is 10.0.40.1 on sw-core.", agent_id="a1")
    )
    memories = distil(group.turns)
    assert {memory.kind for memory in memories} == {"answer", "fact", "digest"}
    assert all(memory.trust <= 2 for memory in memories)


def test_a_digest_made_of_a_subagents_work_is_updated_by_the_main_conversation() -> None:
    group = Group().user("Find the gateway of the voice VLAN.", agent_id="a1").says("It is 10.0.40.1.", agent_id="a1")
    early = distil(group.turns)[-1]
    late = distil(group.user("Why are the phones at Acme silent?").says("Their gateway 10.0.40.1 was down.").turns)[-1]
    assert (early.kind, late.kind, late.key) == ("digest", "digest", early.key)
    assert "Find the gateway" in early.text
    assert late.text == "Asked: Why are the phones at Acme silent?\nOutcome: Their gateway 10.0.40.1 was down."


def test_a_compaction_summary_is_kept_in_pieces_and_states_nothing() -> None:
    turn = TurnDraft(key="summary:1", kind="summary", text="We decided to use fw01 because it is new.", prompt_id="p1")
    assert [memory.kind for memory in distil([turn])] == ["summary"]


def day() -> list[Memory]:
    backup = (
        Group("b0000000")
        .user("Run the backup report for Acme")
        .ran("python3 report.py", error="Exit code 1\nModuleNotFoundError: No module named 'veeam'")
        .ran("pip install veeam")
        .ran("python3 report.py", "3 jobs, 3 ok")
        .says("The report is ready: 3 jobs, all successful.")
    )
    return [*distil(vpn_at_dataworks().turns), *distil(backup.turns)]


def test_a_session_digest_tells_asks_outcomes_failures_and_what_is_open() -> None:
    digest = distil_session(day())
    assert digest is not None
    assert digest.kind == "digest"
    assert digest.trust == 1
    assert len(digest.text) <= 1_200
    for part in (
        "Run the backup report for Acme",
        "VPN at Dataworks",
        "3 jobs, all successful",
        "kept IKEv1 instead of IKEv2 because",
        "No module named 'veeam'",
        "pip install veeam",
        "Ask the data centre about IKEv2",
    ):
        assert part in digest.text


def test_a_session_of_small_talk_has_no_digest() -> None:
    assert distil_session(distil(Group().user("thanks").says("You're welcome!").turns)) is None
    assert distil_session([]) is None


def test_a_long_session_stays_within_its_limit() -> None:
    memories = [
        memory
        for number in range(60)
        for memory in distil(
            Group(f"p{number:07}")
            .user(f"Move printer {number} of Acme to VLAN {number}. " + "It matters a lot to the people there. " * 5)
            .ran(f"ssh sw{number:02} 'set port {number} vlan {number}'")
            .says(f"Printer {number} is in VLAN {number} now. Still open: label the cable of printer {number}.")
            .turns
        )
    ]
    digest = distil_session(memories)
    assert digest is not None
    assert len(digest.text) <= 1_200
    assert "printer 59" in digest.text.lower()


def test_a_session_digest_is_not_made_of_itself() -> None:
    memories = day()
    digest = distil_session(memories)
    assert digest is not None
    assert distil_session([*memories, digest]) == digest


@pytest.mark.parametrize("role", ["user", "assistant", "tool", "Caroline"])
def test_dialogue_is_kept_verbatim_without_injected_memory(role: str) -> None:
    text = "I moved to Boston.\n<claudetools-memory b=1>\nold\n</claudetools-memory b=1>\nIn 2021, that was."
    assert from_dialogue(role, text) == ["I moved to Boston.\n\nIn 2021, that was."]


def test_a_tools_output_in_dialogue_loses_its_colours() -> None:
    assert from_dialogue("tool", "\x1b[32mok\x1b[0m") == ["ok"]
