"""What stands in the input or the output of a tool alone is kept: nobody may say it again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.domains.memory.capturing.turn import ToolUse
from claudetools.domains.memory.distilling.distil import Memory, distil
from claudetools.domains.memory.distilling.outputs import is_prose
from claudetools.domains.memory.distilling.pieces import MARKED_LIMIT, pieces
from claudetools.domains.memory.distilling.remarks import Remark, remarks_in
from claudetools.domains.memory.distilling.written import telling_code
from tests.domains.memory.said import Group

ANSWER = """All four sites are on the new firmware.

## Switches

| Site | Model | Firmware |
|------|-------|----------|
| Harbour | 2930F | 16.11.0012 |
| Mill | 2930F | 16.11.0019 |
| Quarry | 2530 | 16.11.0004 |

**What is left:**

- Mill: the uplink to the barn runs at 100 Mbit/s, the cable has to be replaced before the winter
- Quarry: SNMP community is still the one of the former supplier, to be changed together with the monitoring
- Harbour: nothing

The controllers follow on Thursday:

1. First the one at Harbour, since its licence ends on the third
2. Then the two others, in one evening, with a copy of the configuration taken right before
"""


def used(name: str, output: str, **more: str) -> list[Memory]:
    group = Group().user("Look into the sync of the portal")
    group._add_tool(ToolUse(name=name, summary="look", succeeded=True, output=output, **more))  # type: ignore[arg-type]
    return [memory for memory in distil(group.turns) if memory.kind not in ("prompt", "digest")]


def test_rows_and_items_stay_whole_and_keep_what_they_stand_under() -> None:
    found = pieces(ANSWER)
    assert all(len(piece) <= MARKED_LIMIT for piece in found)
    row = next(piece for piece in found if "16.11.0004" in piece)
    assert "| Site | Model | Firmware |" in row
    assert "Switches" in row
    item = next(piece for piece in found if "SNMP" in piece)
    assert "What is left" in item
    last = next(piece for piece in found if "Then the two others" in piece)
    assert "The controllers follow on Thursday:" in last
    for line in ANSWER.splitlines():
        assert any(line in piece for piece in found), line


LINES = st.sampled_from(
    ["# a", "## b c", "**d**", "- e f", "  - g", "1. h", "| i | j |", "|---|---|", "k l:", "m n o.", "", "```", "> p"]
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r", "\r\n"])


@given(st.lists(st.tuples(LINES, ENDS), min_size=40, max_size=160), st.integers(60, 400))
def test_no_line_of_a_marked_text_is_lost(lines: list[tuple[str, str]], limit: int) -> None:
    text = "".join(f"{line}{number}{end}" for number, (line, end) in enumerate(lines))
    found = pieces(text, limit)
    assert all(0 < len(piece) <= limit for piece in found)
    said = "".join("\n".join(found).split())
    for line in text.split():
        assert line in said
    places = [said.rfind(number) for number in re.findall(r"[a-z`|.:]\d+", text)]
    assert -1 not in places


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (
            "cd /srv && git add . && git commit -q -m 'Sync keeps the order of edits of a day'",
            [Remark("git commit", "Sync keeps the order of edits of a day")],
        ),
        (
            (
                "git commit -m \"$(cat <<'EOF'\nSync keeps the order\n\nThe batch has 250 rows.\n\n"
                'Co-Authored-By: Claude <x@y.example>\nEOF\n)" && git push'
            ),
            [Remark("git commit", "Sync keeps the order\n\nThe batch has 250 rows.")],
        ),
        (
            'gh issue create --title "Sync; order" --body "Rows of one day come in another order"',
            [Remark("gh issue create", "Sync; order\n\nRows of one day come in another order")],
        ),
        ("python -c 'print(1)' -m \"short text\"", []),
        ("cat > notes.txt <<'EOF'\nthis is written to a file of its own\nEOF", []),
    ],
)
def test_what_a_command_says_in_words_is_found(command: str, found: list[Remark]) -> None:
    assert remarks_in(command) == found


def test_a_commit_is_kept_once_and_a_refused_one_as_that() -> None:
    command = "git commit -m 'Sync keeps the order of edits of one day'"
    group = Group().user("Mend the sync").ran(command, error="hook failed").ran(command, "[main 1a2b3c4] Sync")
    group.ran(command, "[main 1a2b3c4] Sync")
    texts = [memory.text for memory in distil(group.turns) if memory.key.startswith("remark:")]
    assert texts == [
        "`git commit` (failed): Sync keeps the order of edits of one day",
        "`git commit`: Sync keeps the order of edits of one day",
    ]


def test_a_report_and_a_page_are_kept_in_pieces_of_low_trust() -> None:
    report = "\n".join(f"- Worker {number} takes {number * 17} rows of the queue at a time" for number in range(60))
    for name in ("Task", "Agent", "WebFetch"):
        memories = used(name, report)
        assert "".join(memory.text for memory in memories).count("rows of the queue") == 60
        assert {memory.trust for memory in memories} == {1}
        assert all(memory.tool_text == memory.text for memory in memories)
    assert used("Read", report) == []


def test_what_a_person_chose_is_a_decision() -> None:
    (choice,) = used("AskUserQuestion", 'User has answered your questions: "Which queue?"="The one in Postgres".')
    assert (choice.kind, choice.trust) == ("decision", 2)
    assert "The one in Postgres" in choice.text


def test_a_command_that_prints_prose_is_kept_as_a_report() -> None:
    issue = "The sync loses edits when two people write on one day.\n" * 10 + "It takes 250 rows at most, as agreed.\n"
    assert is_prose(issue)
    assert any("250 rows" in memory.text for memory in used("Bash", issue, command="gh issue view 12"))
    assert not is_prose("drwxr-xr-x 2 root root 4096 Jan 1 bin\n" * 30)


def test_settings_remarks_and_names_of_written_code_are_told() -> None:
    code = [
        "import os",
        "BATCH_ROWS = 250",
        "# Rows of one day must keep their order, whoever wrote them",
        "def take_batch(queue):",
        "    rows = queue.read(limit)",
        "    return rows",
        '    url = os.environ.get("SYNC_URL")',
        'router.post("/api/sync/batches", take)',
    ]
    told = [code[1], code[2], code[3], code[6].strip(), code[7]]
    assert telling_code("/srv/sync.py", "\n".join(code)) == told
    assert len("\n".join(telling_code("/srv/sync.py", "\n".join(f"LIMIT_{n} = {n}" for n in range(999))))) <= 900
    assert telling_code("/srv/.env", "\n".join(code)) == []


def test_hundreds_of_turns_under_one_prompt_say_more_than_a_few() -> None:
    group = Group().user("Go on until all is done")
    for number in range(120):
        group.ran(f"git commit -m 'Part {number} of the sync keeps the order of edits'", "done")
    kept = [memory for memory in distil(group.turns) if memory.key.startswith("remark:")]
    assert 20 < len(kept) < 60


@pytest.mark.parametrize(
    "said", ["Now update the router and the hooks:", "Good. Now add the tests.", "Then run the suite:"]
)
def test_what_a_model_only_announces_is_not_kept_and_a_persons_ask_is(said: str) -> None:
    kinds = [memory.kind for memory in distil(Group().user(said).says(said).turns)]
    assert "answer" not in kinds
    assert "prompt" in kinds
