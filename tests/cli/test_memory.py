import json
import os
import re
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.running import Account, RunningServer, free_port

FIXTURES = Path(__file__).parent.parent / "claude" / "fixtures"


@pytest.fixture
def customer(connected: Account, machine_folder: Path) -> str:
    """Name of a client that a folder is bound to."""
    name = f"Customer {uuid4().hex[:8]}"
    connected.must("connect", "--client", name, "--create-client", cwd=machine_folder)
    return name


def test_what_is_remembered_is_recalled(connected: Account, customer: str, machine_folder: Path) -> None:
    text = "The label printer lp-07 stands in the cold store and needs special tape."
    made = connected.must("remember", text, "--kind", "fact", "--tag", "printer", "--json", cwd=machine_folder).data
    assert made["is_new"] is True
    assert (made["memory"]["kind"], made["memory"]["tags"]) == ("fact", ["printer"])
    again = connected.must("remember", text, "--kind", "fact", cwd=machine_folder)
    assert "Known already" in again.output
    assert "special tape" in connected.must("recall", "which tape for lp-07", cwd=machine_folder).output
    assert "special tape" in connected.must("recall", "which tape for lp-07", "--client", customer.upper()).output
    explained = connected.must("recall", "which tape for lp-07", "--explain", cwd=machine_folder).output
    assert re.search(r"\[[0-9a-f]{8}\] 0\.\d\d: .*words 0\.\d\d \(.*lp-07", explained)
    nothing = connected.must("recall", "which tape for lp-07")
    assert "special tape" not in nothing.output
    found = connected.must("recall", "tape for lp-07", "--budget", "60", "--json", cwd=machine_folder).data
    assert found["items"][0]["id"] == made["memory"]["id"]
    assert found["tokens"] <= 60


def test_text_from_the_input(connected: Account, customer: str) -> None:
    connected.must("remember", "-", "--client", customer, given="The gate code list is kept by the porter.\n")
    assert "porter" in connected.must("recall", "who keeps the gate code list", "--client", customer).output


def test_secrets_are_taken_out(connected: Account, customer: str) -> None:
    connected.must("remember", "The router accepts password=Tr0ub4dor&3xyz for admin", "--client", customer)
    assert "Tr0ub4dor" not in connected.must("recall", "router admin password", "--client", customer, "--json").output


def test_what_memory_holds_cannot_take_over_the_terminal(connected: Account, customer: str) -> None:
    connected.must("remember", "The crane \x1b]0;evil\x07\x1b[2J is blue \u202e", "--client", customer)
    said = connected.must("recall", "colour of the crane", "--client", customer).output
    assert "crane" in said
    assert not {"\x1b", "\x07", "\u202e"} & set(said)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["recall"], 2),
        (["recall", "x", "--budget", "1"], 2),
        (["recall", ""], 1),
        (["recall", "x", "--client", "Nobody at all"], 1),
        (["remember", "x" * 9_000], 1),
        (["remember", "something", "--kind", "gossip"], 2),
    ],
)
def test_bad_input(arguments: list[str], status: int, connected: Account) -> None:
    done = connected.run(*arguments)
    assert done.status == status
    assert done.errors


@pytest.mark.parametrize(
    "command", [["status"], ["recall", "x"], ["remember", "a note"], ["doctor"], ["import", "claude"]]
)
def test_without_a_connection(command: list[str], account: Account) -> None:
    done = account.run(*command)
    assert done.status == 1
    assert done.errors.strip() == "claudetools: This machine is not connected. Run `claudetools connect`."


@pytest.mark.parametrize("command", [["status"], ["recall", "x"], ["remember", "a note"], ["import", "claude"]])
def test_while_the_server_is_down(command: list[str], account: Account) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = account.run(*command, CLAUDETOOLS_ENDPOINT=address, CLAUDETOOLS_TOKEN="ct_machine_a_b_c")
    assert done.status == 1
    assert len(done.errors.strip().splitlines()) == 1
    assert "ct_machine" not in done.everything


def transcripts(account: Account, written_at: float | None = None) -> str:
    """Put a session that the client has written into the account's folders; return its id."""
    session = str(uuid4())
    lines = (FIXTURES / "transcript.jsonl").read_text()
    known = next(line["sessionId"] for line in map(json.loads, lines.splitlines()) if "sessionId" in line)
    folder = account.home / ".claude" / "projects" / "-home-tech"
    folder.mkdir(parents=True)
    path = folder / f"{session}.jsonl"
    path.write_text(lines.replace(known, session))
    if written_at is not None:
        os.utime(path, (written_at, written_at))
    return session


def test_earlier_sessions_are_imported_once(connected: Account, server: RunningServer) -> None:
    session = transcripts(connected)
    assert connected.must("status", "--json").data["transcripts_waiting"] == 1
    first = connected.must("import", "claude", "--all", "--json").data
    assert first["transcripts_done"] == 1
    assert first["recorded"] > 0
    second = connected.must("import", "claude", "--all")
    assert "has them all" in second.output
    assert connected.must("status", "--json").data["transcripts_waiting"] == 0
    recent = server.read("/api/sessions?sort=-created_at&limit=20", connected.connection["token"])["items"]
    assert any(session in each["claude_session_ids"] for each in recent)


def test_what_is_older_than_the_connection_is_sent_only_if_asked_for(connected: Account) -> None:
    transcripts(connected, written_at=1_000_000_000.0)
    assert connected.must("status", "--json").data["transcripts_waiting"] == 0
    assert connected.must("import", "claude", "--json").data["transcripts"] == 0
    assert "1 earlier ones could be sent" in connected.must("connect").output
    assert connected.must("import", "claude", "--all", "--json").data["transcripts_done"] == 1


def test_connect_says_what_could_be_imported_and_does_it_if_asked(owner: Account, server: RunningServer) -> None:
    transcripts(owner)
    assert "1 earlier ones could be sent" in owner.must("connect", server.endpoint).output
    assert "1 sent" in owner.must("connect", "--import").output


def test_status_says_what_the_last_prompt_was_given(
    connected: Account, server: RunningServer, customer: str, machine_folder: Path
) -> None:
    connected.must("remember", "The compressor cmp-3 trips at 40 degrees; open the louvre.", cwd=machine_folder)
    event = {
        "session_id": str(uuid4()),
        "cwd": str(machine_folder),
        "prompt_id": "p1",
        "prompt": "Why does the compressor cmp-3 trip?",
    }
    token = connected.connection["token"]
    status, answer = server.call("/api/claude/hooks/UserPromptSubmit", token, "POST", event)
    assert status == HTTPStatus.OK
    assert "louvre" in json.dumps(answer)
    found = connected.must("status", "--json", cwd=machine_folder).data
    assert found["folder"]["client"] == customer
    assert found["last_prompt"]["tokens"] > 0
    assert any("cmp-3" in item["title"] for item in found["last_prompt"]["items"])
    said = connected.must("status", cwd=machine_folder).output
    assert "cmp-3" in said
    assert customer in said
    assert token not in said
