"""What is uploaded, once and in order, whatever the server or the disk does meanwhile."""

import json
import os
from datetime import UTC, datetime

import pytest

from claudetools.claude.connection import Connection
from claudetools.claude.server import NotAuthorisedError, ServerUnavailableError
from claudetools.claude.sync import CurrentSession, Progress, sweep
from tests.claude.conftest import FIXTURES, SESSION, Client, prompt, written
from tests.claude.stub_server import StubServer

REAL_SESSION = "9b2a10cc-f012-4d42-a251-395bb411647b"
REAL_AGENT = "aeefc9ab54745dd9a"


def texts(server: StubServer, key: str = SESSION) -> list[str]:
    return [line["message"]["content"] for line in server.lines(key)]


def test_a_real_session_arrives_with_its_subagent_and_without_bookkeeping(
    client: Client, server: StubServer, connection: Connection
) -> None:
    main, agent = client.transcript(REAL_SESSION), client.transcript(REAL_SESSION, REAL_AGENT)
    main.write_bytes((FIXTURES / "transcript.jsonl").read_bytes())
    agent.write_bytes((FIXTURES / "transcript_subagent.jsonl").read_bytes())

    sweep(connection, config_dir=client.config_dir)

    sent = server.lines(REAL_SESSION)
    assert [line["uuid"] for line in sent] == [
        line["uuid"] for line in map(json.loads, main.read_text().splitlines()) if line["type"] in ("user", "assistant")
    ]
    assert {line["type"] for line in server.lines(f"{REAL_SESSION}/agent-{REAL_AGENT}")} == {"user", "assistant"}
    assert server.cursors[REAL_SESSION]["offset"] == main.stat().st_size
    by_key = {item["key"]: item for item in server.items}
    assert by_key[REAL_SESSION]["cwd"] == "/home/tech/acme"
    assert by_key[REAL_SESSION]["agent_id"] is None
    assert by_key[f"{REAL_SESSION}/agent-{REAL_AGENT}"]["agent_id"] == REAL_AGENT
    assert by_key[f"{REAL_SESSION}/agent-{REAL_AGENT}"]["session_id"] == REAL_SESSION


def test_our_own_injected_text_never_leaves_the_machine_again(
    client: Client, server: StubServer, connection: Connection
) -> None:
    path = client.transcript(REAL_SESSION)
    path.write_bytes((FIXTURES / "transcript.jsonl").read_bytes())
    assert b"voice VLAN is 40" in path.read_bytes()

    sweep(connection, config_dir=client.config_dir)

    assert server.lines(REAL_SESSION)
    assert "memory for tech" not in json.dumps(server.items)


def test_a_prompt_typed_while_the_model_worked_is_sent_as_the_attachment_that_it_is(
    client: Client, server: StubServer, connection: Connection
) -> None:
    queued = {"type": "attachment", "attachment": {"type": "queued_command", "prompt": "and the printers?"}}
    other = {"type": "attachment", "attachment": {"type": "hook_additional_context", "content": ["x"]}}
    written(client.transcript(), queued, other)
    sweep(connection, config_dir=client.config_dir)
    assert server.lines(SESSION) == [queued]


def test_repeated_and_growing_uploads_send_each_line_once(
    client: Client, server: StubServer, connection: Connection
) -> None:
    path = client.transcript()
    for round_number in range(4):
        written(path, prompt(f"question {round_number}"))
        sweep(connection, config_dir=client.config_dir)
        sweep(connection, config_dir=client.config_dir)
    assert texts(server) == [f"question {number}" for number in range(4)]


def test_a_line_that_is_still_being_written_waits_for_its_end(
    client: Client, server: StubServer, connection: Connection
) -> None:
    path = client.transcript()
    whole = json.dumps(prompt("second")).encode()
    written(path, prompt("first"), whole[:25])
    sweep(connection, config_dir=client.config_dir)
    assert texts(server) == ["first"]
    written(path, whole[25:] + b"\n")
    sweep(connection, config_dir=client.config_dir)
    assert texts(server) == ["first", "second"]


def test_a_file_replaced_by_a_shorter_one_is_sent_from_its_start(
    client: Client, server: StubServer, connection: Connection
) -> None:
    path = client.transcript()
    written(path, *(prompt(f"old {number}") for number in range(5)))
    sweep(connection, config_dir=client.config_dir)
    path.unlink()
    written(path, prompt("new"))
    progress = sweep(connection, config_dir=client.config_dir)
    assert texts(server)[-1] == "new"
    assert progress.bytes_done == progress.bytes_total == path.stat().st_size
    assert server.cursors[SESSION]["offset"] == path.stat().st_size


def test_a_file_replaced_by_a_longer_one_with_other_lines_is_sent_from_its_start(
    client: Client, server: StubServer, connection: Connection
) -> None:
    path = client.transcript()
    written(path, prompt("old"))
    sweep(connection, config_dir=client.config_dir)
    path.unlink()
    written(path, prompt("a new beginning that is longer than what was there"), prompt("and its end"))
    sweep(connection, config_dir=client.config_dir)
    assert texts(server)[-2:] == ["a new beginning that is longer than what was there", "and its end"]


def test_large_transcripts_go_in_batches_that_follow_each_other(
    client: Client, server: StubServer, connection: Connection
) -> None:
    path = client.transcript()
    written(path, *(prompt(f"{number} " + "x" * 3_000) for number in range(1_200)))
    sweep(connection, config_dir=client.config_dir)
    spans = [(item["offset"], item["next_offset"]) for item in server.items]
    assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
    assert spans[-1][1] == path.stat().st_size
    assert max(len(item["lines"]) for item in server.items) <= 500
    assert max(server.sizes) <= 1_048_576
    assert len(texts(server)) == 1_200


def test_a_refused_transcript_is_left_alone_and_tried_again_next_time(
    client: Client, server: StubServer, connection: Connection
) -> None:
    written(client.transcript("refused"), prompt("no"))
    written(client.transcript("taken"), prompt("yes"))
    server.refuse = lambda item: 422 if item["key"] == "refused" else 0
    assert sweep(connection, config_dir=client.config_dir).refused == 1
    assert list(server.cursors) == ["taken"]
    server.refuse = lambda item: 0
    assert sweep(connection, config_dir=client.config_dir).refused == 0
    assert texts(server, "refused") == ["no"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_ends_the_sweep_and_nothing_is_lost(
    client: Client, server: StubServer, connection: Connection, status: int
) -> None:
    written(client.transcript("one"), prompt("first"))
    written(client.transcript("two"), prompt("second"))
    server.refuse = lambda item: status
    with pytest.raises(ServerUnavailableError):
        sweep(connection, config_dir=client.config_dir)
    assert len(server.sizes) == 1
    server.refuse = lambda item: 0
    sweep(connection, config_dir=client.config_dir)
    assert texts(server, "one") + texts(server, "two") == ["first", "second"]


def test_a_server_that_fails_in_the_middle_gets_the_rest_next_time(
    client: Client, server: StubServer, connection: Connection
) -> None:
    path = client.transcript()
    written(path, *(prompt(f"line {number}") for number in range(1_100)))
    server.refuse = lambda item: 503 if item["offset"] else 0
    with pytest.raises(ServerUnavailableError):
        sweep(connection, config_dir=client.config_dir)
    server.refuse = lambda item: 0
    sweep(connection, config_dir=client.config_dir)
    assert texts(server) == [f"line {number}" for number in range(1_100)]


def test_a_server_that_is_not_there(client: Client) -> None:
    with StubServer() as gone:
        url = gone.url
    written(client.transcript(), prompt("kept"))
    with pytest.raises(ServerUnavailableError):
        sweep(Connection(url, "token"), config_dir=client.config_dir)


def test_a_wrong_token_is_told_from_a_server_in_trouble(client: Client, server: StubServer) -> None:
    written(client.transcript(), prompt("kept"))
    with pytest.raises(NotAuthorisedError):
        sweep(Connection(server.url, "wrong"), config_dir=client.config_dir)
    assert not server.items


def test_a_redirect_is_not_followed(client: Client, server: StubServer, connection: Connection) -> None:
    written(client.transcript(), prompt("kept"))
    server.cursor_status = 302
    with pytest.raises(ServerUnavailableError):
        sweep(connection, config_dir=client.config_dir)
    assert [path for _, path, _ in server.requests] == ["/api/claude/cursors"]


def test_what_was_said_before_the_machine_was_connected_is_sent_only_when_asked_for(
    client: Client, server: StubServer, connection: Connection
) -> None:
    connected_at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    server.since = "2026-05-04T12:00:00Z"
    for name, second in (("older", -1), ("newer", 1)):
        path = client.transcript(name)
        written(path, prompt(name))
        os.utime(path, (connected_at.timestamp() + second,) * 2)
    sweep(connection, config_dir=client.config_dir)
    assert list(server.cursors) == ["newer"]
    sweep(connection, config_dir=client.config_dir, everything=True)
    assert sorted(server.cursors) == ["newer", "older"]


def test_the_repository_of_the_folder_goes_along_without_its_credentials(
    client: Client, server: StubServer, connection: Connection
) -> None:
    folder = client.home / "acme"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text('[remote "origin"]\n\turl = https://me:pass@git.example.com/acme.git\n')
    written(client.transcript(), prompt("hello", cwd=str(folder)))
    sweep(connection, config_dir=client.config_dir)
    assert [item["git_remote"] for item in server.items] == ["https://git.example.com/acme.git"]


def test_the_repository_of_a_new_session_is_known_before_its_first_prompt(
    client: Client, server: StubServer, connection: Connection
) -> None:
    folder = client.home / "acme"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text('[remote "origin"]\n\turl = git@git.example.com:acme.git\n')
    session = CurrentSession(SESSION, str(folder))
    sweep(connection, config_dir=client.config_dir, session=session)
    assert [(item["key"], item["git_remote"], item["lines"]) for item in server.items] == [
        (SESSION, "git@git.example.com:acme.git", [])
    ]
    sweep(connection, config_dir=client.config_dir, session=session)
    assert len(server.items) == 1


def test_progress_ends_with_everything_done(client: Client, server: StubServer, connection: Connection) -> None:
    written(client.transcript("one"), *(prompt(f"line {number}") for number in range(700)))
    written(client.transcript("two"), prompt("short"), b"not json\n")
    seen: list[Progress] = []
    last = sweep(connection, config_dir=client.config_dir, on_progress=seen.append)
    assert seen[-1] == last
    assert (last.transcripts, last.transcripts_done) == (2, 2)
    assert last.bytes_done == last.bytes_total > 0
    assert (last.lines_sent, last.lines_skipped, last.recorded) == (701, 1, 701)
    assert [each.bytes_done for each in seen] == sorted(each.bytes_done for each in seen)


def test_a_transcript_that_cannot_be_read_does_not_keep_the_others(
    client: Client, server: StubServer, connection: Connection
) -> None:
    client.transcript("folder").mkdir()
    os.mkfifo(client.transcript("pipe"))
    client.transcript("dangling").symlink_to(client.home / "nowhere")
    written(client.transcript("two words"), prompt("no name of a session"))
    written(client.transcript("readable"), prompt("fine"))
    server.cursors["pipe"] = {"offset": 5}
    sweep(connection, config_dir=client.config_dir)
    assert [item["key"] for item in server.items] == ["readable"]


def test_no_transcripts_at_all(client: Client, connection: Connection) -> None:
    assert sweep(connection, config_dir=client.config_dir) == Progress(0, 0, 0, 0)


def test_time_is_up_between_batches(client: Client, server: StubServer, connection: Connection) -> None:
    written(client.transcript("one"), prompt("first"))
    written(client.transcript("two"), prompt("second"))
    assert sweep(connection, config_dir=client.config_dir, limit_seconds=0.0).transcripts_done == 0
    assert not server.items
