"""Hook events and transcript lines become turns: once each, without machine text, whatever comes in."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.domains.memory.capturing.capture import TurnDraft, from_hook, from_transcript, merge

FIXTURES = Path(__file__).parents[2] / "claude" / "fixtures"
BLOCK = '<claudetools-memory boundary="k3">\nthe voice VLAN is 40\n</claudetools-memory boundary="k3">'

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
EVENT_NAMES = st.sampled_from(
    [
        "UserPromptSubmit",
        "PreToolUse",
        "PostToolUse",
        "PostToolUseFailure",
        "PostToolBatch",
        "Stop",
        "SubagentStop",
        "PostCompact",
        "SessionEnd",
        "Unheard",
    ]
)


def lines_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FIXTURES / name).read_text(encoding="utf-8").splitlines()]


def captured(events: list[dict[str, Any]]) -> dict[str, TurnDraft]:
    drafts: dict[str, TurnDraft] = {}
    for event in events:
        for draft in from_hook(event):
            drafts[draft.key] = merge(drafts[draft.key], draft) if draft.key in drafts else draft
    return drafts


def hook(name: str, **fields: object) -> dict[str, object]:
    return {"hook_event_name": name, "session_id": "s1", "prompt_id": "p1", **fields}


def prompt_line(text: object, **fields: object) -> dict[str, object]:
    message = {"role": "user", "content": text}
    return {
        "type": "user",
        "uuid": "u1",
        "promptId": "p1",
        "timestamp": "2026-11-23T01:15:26.043Z",
        "message": message,
    } | fields


def answer_line(*blocks: dict[str, object], id: str = "m1", uuid: str = "a1", **fields: object) -> dict[str, object]:
    return {
        "type": "assistant",
        "uuid": uuid,
        "message": {"id": id, "role": "assistant", "content": list(blocks)},
    } | fields


def said(text: str) -> dict[str, object]:
    return {"type": "text", "text": text}


def use(name: str, id: str = "t1", **given: object) -> dict[str, object]:
    return {"type": "tool_use", "id": id, "name": name, "input": given}


def result_line(content: object, id: str = "t1", *, is_error: bool = False, **fields: object) -> dict[str, object]:
    block = {"type": "tool_result", "tool_use_id": id, "content": content, "is_error": is_error}
    return {"type": "user", "uuid": "r1", "promptId": "p1", "message": {"role": "user", "content": [block]}} | fields


def texts(drafts: list[TurnDraft]) -> list[str]:
    return [draft.text for draft in drafts]


def one(drafts: list[TurnDraft]) -> TurnDraft:
    assert len(drafts) == 1
    return drafts[0]


class TestTheRealClient:
    """The fixtures are recordings of one session, seen by hooks and written to transcripts by the client."""

    def test_every_turn_seen_by_a_hook_has_the_same_key_and_text_in_the_transcript(self) -> None:
        seen = captured(lines_of("hook_events.jsonl"))
        written = {
            draft.key: draft
            for name in ("transcript.jsonl", "transcript_subagent.jsonl")
            for draft in from_transcript(lines_of(name))
        }
        assert len(seen) == 16
        assert set(seen) <= set(written)
        assert {key: draft.text for key, draft in seen.items()} == {key: written[key].text for key in seen}

    def test_arguments_of_our_hook_tools_give_the_same_turns_as_raw_events(self) -> None:
        raw = captured(lines_of("hook_events.jsonl"))
        as_text = captured([line["arguments"] for line in lines_of("hook_arguments.jsonl")])
        assert len(as_text) >= 14
        for key, draft in as_text.items():
            assert (draft.kind, draft.prompt_id, draft.agent_id) == (
                raw[key].kind,
                raw[key].prompt_id,
                raw[key].agent_id,
            )
            assert draft.text == raw[key].text or draft.tool is not None

    def test_the_session_reads_as_it_happened(self) -> None:
        drafts = from_transcript(lines_of("transcript.jsonl"))
        assert [draft.kind for draft in drafts][:7] == ["prompt", "answer", "tool", "answer", "tool", "tool", "tool"]
        failed, worked = (draft.tool for draft in drafts if draft.key in ("tool:toolu_0000_01", "tool:toolu_0001_01"))
        assert failed
        assert worked
        assert (failed.succeeded, failed.output) == (False, None)
        assert failed.error == "Exit code 127\n/bin/bash: line 1: show-vlan: command not found"
        assert (worked.succeeded, worked.output) == (True, "vlan 40 voice\nport 12 tagged")
        assert all(draft.at is not None and draft.uuid and draft.prompt_id for draft in drafts)

    def test_a_compaction_is_one_summary_without_the_clients_sentences(self) -> None:
        summary = one([draft for draft in from_transcript(lines_of("transcript.jsonl")) if draft.kind == "summary"])
        assert summary.text.startswith("1. Primary request")
        assert "This session is being continued" not in summary.text
        assert "Continue the conversation" not in summary.text

    def test_a_subagent_is_marked_on_everything_it_does(self) -> None:
        drafts = from_transcript(lines_of("transcript_subagent.jsonl"))
        assert drafts
        assert {draft.agent_id for draft in drafts} == {"aeefc9ab54745dd9a"}

    @pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
    def test_any_cut_of_the_transcript_gives_the_same_turns(self, size: int) -> None:
        lines = lines_of("transcript.jsonl")
        whole = {draft.key: draft for draft in from_transcript(lines)}
        pieced: dict[str, TurnDraft] = {}
        prompt_id = None
        for start in range(0, len(lines), size):
            drafts = from_transcript(lines[start : start + size], prompt_id=prompt_id)
            for draft in drafts:
                pieced[draft.key] = merge(pieced[draft.key], draft) if draft.key in pieced else draft
            prompt_id = drafts[-1].prompt_id if drafts else prompt_id
        assert pieced.keys() == whole.keys()
        assert {key: draft.text for key, draft in pieced.items()} == {key: draft.text for key, draft in whole.items()}

    def test_without_the_bookkeeping_lines_nothing_changes(self) -> None:
        lines = lines_of("transcript.jsonl")
        spoken = [line for line in lines if line["type"] in ("user", "assistant")]
        assert from_transcript(spoken) == from_transcript(lines)


class TestPrompts:
    def test_a_prompt_is_known_by_its_prompt_id(self) -> None:
        draft = one(from_hook(hook("UserPromptSubmit", prompt="fix the VPN")))
        assert (draft.key, draft.kind, draft.text) == ("prompt:p1", "prompt", "fix the VPN")

    def test_the_transcript_adds_time_and_uuid(self) -> None:
        seen = one(from_hook(hook("UserPromptSubmit", prompt="fix the VPN")))
        both = merge(seen, one(from_transcript([prompt_line("fix the VPN")])))
        assert both.text == "fix the VPN"
        assert both.at == datetime(2026, 11, 23, 1, 15, 26, 43_000, tzinfo=UTC)
        assert both.uuid == "u1"

    @pytest.mark.parametrize(
        "text",
        [
            "<task-notification>\n<task-id>x</task-id>\n<status>completed</status>\n</task-notification>",
            "[Request interrupted by user]",
            "[Request interrupted by user for tool use]",
            "<local-command-stdout>Set model to opus</local-command-stdout>",
            "<system-reminder>\nToday is Monday\n</system-reminder>",
            "<command-name>/clear</command-name>\n<command-message>clear</command-message>\n<command-args></command-args>",
            "<bash-stdout>hello</bash-stdout><bash-stderr></bash-stderr>",
            "/clear",
            "/model opus",
            BLOCK,
            "   \n ",
            "",
        ],
    )
    def test_machine_text_is_no_prompt(self, text: str) -> None:
        assert from_hook(hook("UserPromptSubmit", prompt=text)) == []
        assert from_transcript([prompt_line(text)]) == []

    @pytest.mark.parametrize(
        "fields",
        [
            {"isMeta": True},
            {"origin": {"kind": "task-notification"}},
            {"promptSource": "task-notification"},
            {"turnOrigin": "system"},
        ],
    )
    def test_lines_that_no_person_wrote_are_skipped(self, fields: dict[str, object]) -> None:
        assert from_transcript([prompt_line("Background command finished", **fields)]) == []

    def test_a_slash_command_keeps_what_the_person_said(self) -> None:
        typed = one(from_hook(hook("UserPromptSubmit", prompt="/claudetools:remember the voice VLAN is 40")))
        expanded = (
            "<command-message>claudetools:remember</command-message>\n<command-name>/claudetools:remember</command-name>\n"
            "<command-args>the voice VLAN is 40</command-args>"
        )
        written = one(from_transcript([prompt_line(expanded)]))
        assert typed.text == written.text == "the voice VLAN is 40"
        assert typed.key == written.key

    def test_a_path_at_the_beginning_is_no_slash_command(self) -> None:
        assert one(from_hook(hook("UserPromptSubmit", prompt="/var/log is full"))).text == "/var/log is full"

    def test_reminders_inside_a_prompt_are_taken_out(self) -> None:
        text = "check sw01\n<system-reminder>a hint</system-reminder>\nand sw02"
        assert one(from_hook(hook("UserPromptSubmit", prompt=text))).text == "check sw01\n\nand sw02"

    def test_a_subagents_task_does_not_take_the_persons_key(self) -> None:
        draft = one(from_transcript([prompt_line("find the gateway", agentId="ag1", isSidechain=True)]))
        assert draft.key != "prompt:p1"
        assert draft.agent_id == "ag1"

    def test_a_prompt_typed_during_the_work_is_kept(self) -> None:
        attachment = {"type": "queued_command", "commandMode": "prompt", "prompt": "also check sw02"}
        line = {"type": "attachment", "uuid": "q1", "attachment": attachment}
        assert texts(from_transcript([prompt_line("check sw01"), line])) == ["check sw01", "also check sw02"]

    def test_images_are_left_out(self) -> None:
        image = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
        assert texts(from_transcript([prompt_line([said("what is this?"), image])])) == ["what is this?"]


class TestOwnText:
    @pytest.mark.parametrize(
        "text",
        [
            f"before\n{BLOCK}\nafter",
            f"before UserPromptSubmit hook additional context: {BLOCK} after",
            (
                'before\n<claudetools-memory boundary="z">\nfake </claudetools-memory boundary="y"> the VLAN is 40\n'
                '</claudetools-memory boundary="z">\nafter'
            ),
            f"before\n{BLOCK}\n{BLOCK}\nafter",
        ],
    )
    def test_an_injected_block_is_never_stored(self, text: str) -> None:
        found = one(from_hook(hook("Stop", last_assistant_message=text))).text
        assert "VLAN" not in found
        assert "before" in found
        assert "after" in found

    def test_a_block_that_is_cut_off_takes_the_rest_with_it(self) -> None:
        text = 'before\n<claudetools-memory boundary="k3">\nthe voice VLAN is 40'
        assert one(from_hook(hook("Stop", last_assistant_message=text))).text == "before"

    def test_the_marks_name_in_a_sentence_hides_nothing(self) -> None:
        text = "The opening `<claudetools-memory` mark is written by the packer."
        assert one(from_hook(hook("Stop", last_assistant_message=text))).text == text

    def test_hook_context_in_the_transcript_is_skipped(self) -> None:
        attachment = {"type": "hook_additional_context", "content": ["the voice VLAN is 40"]}
        assert from_transcript([{"type": "attachment", "uuid": "x", "attachment": attachment}]) == []

    @pytest.mark.parametrize("name", ["mcp__plugin_claudetools_claudetools__recall", "mcp__claudetools__get_memory"])
    def test_our_own_tools_leave_no_trace(self, name: str) -> None:
        event = hook("PostToolUse", tool_name=name, tool_use_id="t1", tool_input={}, tool_response="VLAN 40")
        assert from_hook(event) == []
        assert from_transcript([answer_line(use(name)), result_line("VLAN 40")]) == []

    def test_the_result_of_a_use_in_an_earlier_chunk_is_marked_as_completing_only(self) -> None:
        draft = one(from_transcript([result_line("VLAN 40")]))
        assert draft.tool is not None
        assert (draft.key, draft.tool.name) == ("tool:t1", "")

    def test_what_our_own_command_line_prints_is_not_stored(self) -> None:
        event = hook(
            "PostToolUse",
            tool_name="Bash",
            tool_use_id="t1",
            tool_input={"command": "claudetools recall 'voice VLAN'"},
            tool_response={"stdout": "the voice VLAN is 40"},
        )
        draft = one(from_hook(event))
        assert draft.tool is not None
        assert draft.tool.output is None
        assert "is 40" not in draft.text

    @pytest.mark.parametrize(
        "kind", ["api-request", "api-request-blob", "api-request-shape", "queue-operation", "last-prompt", "summary"]
    )
    def test_copies_of_prompts_are_skipped(self, kind: str) -> None:
        line = {
            "type": kind,
            "message": {"role": "user", "content": "fix it"},
            "content": "fix it",
            "lastPrompt": "fix it",
        }
        assert from_transcript([line]) == []


class TestAnswers:
    def test_stop_and_transcript_agree_on_the_last_answer(self) -> None:
        stop = one(from_hook(hook("Stop", last_assistant_message="Done.\n")))
        drafts = from_transcript([prompt_line("fix it"), answer_line(said("Done."))])
        assert drafts[-1].key == stop.key

    def test_blocks_of_one_message_are_one_answer(self) -> None:
        lines = [answer_line(said("First part."), uuid="a1"), answer_line(said("Second part."), uuid="a2")]
        assert texts(from_transcript(lines)) == ["First part.\nSecond part."]

    def test_a_tool_use_ends_an_answer(self) -> None:
        lines = [
            answer_line(said("Looking."), uuid="a1"),
            answer_line(use("Bash", command="ls"), uuid="a2"),
            answer_line(said("Found."), uuid="a3"),
        ]
        assert [draft.kind for draft in from_transcript(lines)] == ["answer", "tool", "answer"]

    def test_messages_are_kept_apart(self) -> None:
        lines = [answer_line(said("One."), id="m1"), answer_line(said("Two."), id="m2", uuid="a2")]
        assert texts(from_transcript(lines)) == ["One.", "Two."]

    def test_thinking_is_not_stored(self) -> None:
        line = answer_line({"type": "thinking", "thinking": "hmm"}, said("Done."))
        assert texts(from_transcript([line])) == ["Done."]

    @pytest.mark.parametrize(
        "fields", [{"isApiErrorMessage": True}, {"message": {"model": "<synthetic>", "content": "No"}}]
    )
    def test_what_the_client_says_in_the_models_place_is_skipped(self, fields: dict[str, object]) -> None:
        assert from_transcript([answer_line(said("API Error: 529")) | fields]) == []

    def test_the_compactions_own_run_is_no_answer(self) -> None:
        assert from_hook(hook("SubagentStop", agent_id="a9", agent_type="", last_assistant_message="summary")) == []

    def test_equal_answers_of_a_subagent_and_the_main_conversation_stay_apart(self) -> None:
        main = one(from_hook(hook("Stop", last_assistant_message="Done.")))
        sub = one(from_hook(hook("SubagentStop", agent_id="a9", agent_type="Explore", last_assistant_message="Done.")))
        assert main.key != sub.key

    def test_an_answer_at_the_beginning_of_a_chunk_belongs_to_the_prompt_being_worked_on(self) -> None:
        assert one(from_transcript([answer_line(said("Done."))], prompt_id="p7")).prompt_id == "p7"

    def test_a_tool_result_names_the_prompt_of_the_lines_before_it(self) -> None:
        lines = [answer_line(said("Looking.")), answer_line(use("Bash", command="ls"), uuid="a2"), result_line("x")]
        assert {draft.prompt_id for draft in from_transcript(lines, prompt_id="p0")} == {"p1"}

    def test_a_new_prompt_does_not_claim_the_lines_before_it(self) -> None:
        drafts = from_transcript([answer_line(said("Done.")), prompt_line("next")], prompt_id="p0")
        assert [draft.prompt_id for draft in drafts] == ["p0", "p1"]


class TestTools:
    def test_a_failure_is_told_with_its_error(self) -> None:
        event = hook(
            "PostToolUseFailure",
            tool_name="Bash",
            tool_use_id="t1",
            tool_input='{"command": "show vpn tunnel", "description": "List tunnels"}',
            error="Exit code 127\nshow: command not found",
            is_interrupt="false",
            duration_ms="52",
        )
        tool = one(from_hook(event)).tool
        assert tool is not None
        assert (tool.command, tool.summary, tool.succeeded, tool.duration_ms) == (
            "show vpn tunnel",
            "List tunnels",
            False,
            52,
        )
        assert tool.error == "Exit code 127\nshow: command not found"

    @pytest.mark.parametrize(
        "event",
        [
            hook("PostToolUseFailure", tool_name="Bash", tool_use_id="t1", error="stopped", is_interrupt=True),
            hook(
                "PostToolUseFailure",
                tool_name="Bash",
                tool_use_id="t1",
                error="The user doesn't want to proceed with this tool use. The tool use was rejected",
            ),
            hook("PreToolUse", tool_name="Bash", tool_use_id="t1", tool_input={"command": "ls"}),
        ],
    )
    def test_a_stopped_or_running_use_neither_failed_nor_succeeded(self, event: dict[str, object]) -> None:
        tool = one(from_hook(event)).tool
        assert tool is not None
        assert tool.succeeded is None

    def test_use_and_result_from_two_chunks_become_one_turn(self) -> None:
        asked = one(from_transcript([answer_line(use("Bash", command="ls /srv"))]))
        ended = one(from_transcript([result_line("portal")]))
        both = merge(asked, ended)
        assert both.tool is not None
        assert (both.tool.name, both.tool.command, both.tool.output, both.tool.succeeded) == (
            "Bash",
            "ls /srv",
            "portal",
            True,
        )
        assert both.text == "Bash: ls /srv\nsucceeded\nportal"

    def test_a_changed_file_keeps_its_path_and_what_was_put_in(self) -> None:
        event = hook(
            "PostToolUse",
            tool_name="Edit",
            tool_use_id="t1",
            tool_input={"file_path": "/srv/a.conf", "old_string": "x", "new_string": "port = 443"},
            tool_response={"filePath": "/srv/a.conf", "originalFile": "y" * 50_000},
        )
        tool = one(from_hook(event)).tool
        assert tool is not None
        assert (tool.path, tool.output, tool.succeeded) == ("/srv/a.conf", "port = 443", True)
        assert "port = 443" in tool.summary

    def test_the_report_of_a_subagent_is_kept_as_a_whole(self) -> None:
        report = "The service keeps its state in one table.\n" * 200
        for name, length in (("Task", len(report.strip())), ("Read", 2_000)):
            event = hook("PostToolUse", tool_name=name, tool_use_id="t1", tool_input={"prompt": "x"}, tool_response="")
            event["tool_response"] = [{"type": "text", "text": report if name == "Task" else "x 1\n" * 3_000}]
            tool = one(from_hook(event)).tool
            assert tool is not None
            assert tool.output is not None
            assert abs(len(tool.output) - length) < 5

    def test_long_output_keeps_its_beginning_and_its_end(self) -> None:
        output = "first line\n" + "x\n" * 20_000 + "last line"
        event = hook(
            "PostToolUse",
            tool_name="Bash",
            tool_use_id="t1",
            tool_input={"command": "y"},
            tool_response={"stdout": output},
        )
        tool = one(from_hook(event)).tool
        assert tool is not None
        assert tool.output is not None
        assert len(tool.output) <= 2_000
        assert tool.output.startswith("first line")
        assert tool.output.endswith("last line")
        assert "left out" in tool.output

    def test_colours_of_the_terminal_are_dropped(self) -> None:
        event = hook(
            "PostToolUse",
            tool_name="Bash",
            tool_use_id="t1",
            tool_input={},
            tool_response={"stdout": "\x1b[31mred\x1b[0m"},
        )
        tool = one(from_hook(event)).tool
        assert tool is not None
        assert tool.output == "red"

    @pytest.mark.parametrize(
        "name", ["SessionStart", "SessionEnd", "PreCompact", "PostToolBatch", "Notification", "", "New"]
    )
    def test_other_events_have_no_turn(self, name: str) -> None:
        call = {"tool_name": "Bash", "tool_use_id": "t1", "tool_input": {"command": "ls"}, "tool_response": "x"}
        assert from_hook(hook(name, tool_calls=[call], prompt="x", source="startup")) == []


class TestSummaries:
    def test_the_hook_and_the_transcript_give_the_same_summary(self) -> None:
        raw = (
            "<analysis>thinking about it</analysis>\n\n<summary>\n1. The VPN was fixed.\n2. Open: firmware.\n</summary>"
        )
        wrapped = (
            "This session is being continued from a previous conversation that ran out of context. The summary below "
            "covers the earlier portion of the conversation.\n\nSummary:\n1. The VPN was fixed.\n2. Open: firmware.\n\n"
            "If you need specific details from before compaction, read the full transcript at: /x.jsonl\n"
            "Continue the conversation from where it left off."
        )
        seen = one(from_hook(hook("PostCompact", compact_summary=raw)))
        written = one(from_transcript([prompt_line(wrapped, isCompactSummary=True)]))
        assert seen.text == written.text == "1. The VPN was fixed.\n2. Open: firmware."
        assert seen.key == written.key


class TestMerging:
    @given(st.text(max_size=60), st.text(max_size=60))
    def test_no_text_is_lost_and_merging_again_changes_nothing(self, older: str, newer: str) -> None:
        drafts = [TurnDraft(key="k", kind="answer", text=text) for text in (older, newer)]
        both = merge(*drafts)
        assert older in both.text
        assert newer in both.text
        assert merge(both, drafts[0]) == both
        assert merge(both, drafts[1]) == both

    def test_different_turns_are_refused(self) -> None:
        with pytest.raises(ValueError, match="same key"):
            merge(TurnDraft(key="a", kind="answer", text=""), TurnDraft(key="b", kind="answer", text=""))

    def test_a_result_stays_when_the_use_is_seen_again(self) -> None:
        done = hook(
            "PostToolUse",
            tool_name="Bash",
            tool_use_id="t1",
            tool_input={"command": "ls"},
            tool_response={"stdout": "x"},
        )
        before = hook("PreToolUse", tool_name="Bash", tool_use_id="t1", tool_input={"command": "ls"})
        both = merge(one(from_hook(done)), one(from_hook(before)))
        assert both == one(from_hook(done))


class TestHostileInput:
    @given(
        EVENT_NAMES,
        st.dictionaries(
            st.sampled_from(
                [
                    "prompt",
                    "prompt_id",
                    "tool_name",
                    "tool_input",
                    "tool_response",
                    "tool_use_id",
                    "error",
                    "is_interrupt",
                    "duration_ms",
                    "agent_id",
                    "agent_type",
                    "last_assistant_message",
                    "compact_summary",
                    "tool_calls",
                    "source",
                ]
            ),
            JSON,
        ),
    )
    def test_no_event_breaks_it(self, name: str, fields: dict[str, object]) -> None:
        for draft in from_hook({**fields, "hook_event_name": name}):
            assert draft.text
            assert len(draft.key) <= 200

    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(["type", "uuid", "promptId", "message", "attachment", "timestamp", "toolUseResult"]),
                JSON | st.sampled_from(["user", "assistant", "attachment"]),
            ),
            max_size=6,
        )
    )
    def test_no_line_breaks_it(self, lines: list[dict[str, object]]) -> None:
        drafts = from_transcript(lines)
        assert len({draft.key for draft in drafts}) == len(drafts)

    @given(st.sampled_from(["user", "assistant"]), JSON, JSON)
    def test_no_message_breaks_it(self, kind: str, content: object, result: object) -> None:
        from_transcript(
            [{"type": kind, "uuid": "u", "message": {"id": "m", "content": content}, "toolUseResult": result}]
        )
        from_transcript(
            [{"type": kind, "uuid": "u", "message": {"content": [content, {"type": "tool_result", "content": result}]}}]
        )

    def test_lines_that_are_no_objects_are_left_out(self) -> None:
        assert from_transcript([None, 3, "x", [], prompt_line("hi there")]) == from_transcript(
            [prompt_line("hi there")]
        )  # type: ignore[list-item]

    def test_deep_nesting_is_survived(self) -> None:
        deep = "[" * 100_000 + "]" * 100_000
        event = hook(
            "PostToolUse", tool_name="Bash", tool_use_id="t1", tool_input='{"command":' + deep + "}", tool_response=deep
        )
        assert one(from_hook(event)).tool is not None

    def test_huge_text_is_cut_with_a_marked_gap(self) -> None:
        draft = one(from_hook(hook("UserPromptSubmit", prompt="begin " + "word " * 500_000 + "end")))
        assert len(draft.text) <= 20_000
        assert draft.text.startswith("begin")
        assert draft.text.endswith("end")
        assert "characters left out" in draft.text

    @pytest.mark.parametrize(
        "text",
        [
            "<claudetools-memory boundary=1>" * 20_000,
            "x <claudetools-memory " * 20_000,
            "\n<system-reminder>" * 20_000,
            "<system-reminder></system-reminder>" * 20_000,
            '<claudetools-memory b="1">x</claudetools-memory>' * 9_000,
        ],
    )
    def test_a_flood_of_marks_is_read_in_linear_time(self, text: str) -> None:
        # Reading these in quadratic time would take minutes.
        assert all(len(draft.text) <= 20_000 for draft in from_hook(hook("Stop", last_assistant_message=text)))

    def test_placeholders_that_the_client_left_unfilled_count_as_absent(self) -> None:
        draft = one(from_hook(hook("UserPromptSubmit", prompt="fix it", agent_id="${agent_id}")))
        assert draft.agent_id is None


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/srv/app/settings.py", "MAX_RETRIES = 7"),
        ("/srv/app/README.md", "MAX_RETRIES = 7\nx = y(1)"),
        ("/srv/app/.env", None),
        ("/srv/app/db.tfvars", None),
        ("/srv/app/client-secret.json", None),
    ],
)
def test_of_a_written_file_what_it_tells_is_kept_and_of_secrets_nothing(path: str, kept: str | None) -> None:
    content = {"file_path": path, "content": "MAX_RETRIES = 7\nx = y(1)"}
    use = {"type": "tool_use", "id": "t1", "name": "Write", "input": content}
    said = {"type": "assistant", "uuid": "u1", "message": {"id": "m", "content": [use]}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": f"File created successfully at: {path}"}
    answered = {"type": "user", "uuid": "u2", "message": {"content": [result]}}
    whole = one(from_transcript([said, answered])).tool
    (first,), (second,) = from_transcript([said]), from_transcript([answered])
    for tool in (whole, merge(first, second).tool, merge(second, first).tool):
        assert tool is not None
        assert (tool.output, tool.succeeded) == (kept, True)
