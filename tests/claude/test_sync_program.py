"""The program `claudetools-sync` as hooks and people start it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claudetools.claude.connection import Connection, store_connection
from claudetools.claude.lock import single_flight
from claudetools.claude.state import SyncState, keep_state, read_state, state_folder
from tests.claude.conftest import SESSION, Client, prompt, written
from tests.claude.stub_server import TOKEN, StubServer

SYNC = b"claudetools.claude.sync"


def run(client: Client, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    client.home.mkdir(exist_ok=True)
    return subprocess.run(
        ["claudetools-sync", *arguments],
        env=client.environment(**more),
        cwd=cwd or client.home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def plugin_options(server: StubServer) -> dict[str, str]:
    return {"CLAUDE_PLUGIN_OPTION_ENDPOINT": server.url, "CLAUDE_PLUGIN_OPTION_TOKEN": TOKEN}


def state(client: Client) -> SyncState:
    return read_state(state_folder(client.environment()))


def test_detached_it_returns_at_once_in_silence_and_uploads(client: Client, server: StubServer) -> None:
    written(client.transcript(), prompt("hello"))
    done = run(client, "--detach", **plugin_options(server))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    server.wait_until(lambda: SESSION in server.cursors)


def test_the_token_is_in_no_argument_of_any_process(client: Client, server: StubServer) -> None:
    seen: dict[int, bytes] = {}
    server.on_request = lambda: seen.update(command_lines())
    written(client.transcript(), prompt("hello"))
    run(client, "--detach", **plugin_options(server))
    server.wait_until(lambda: SESSION in server.cursors)
    assert any(SYNC in line for line in seen.values())
    assert not any(TOKEN.encode() in line for line in seen.values())


def test_ending_the_client_with_all_its_processes_leaves_the_sync_alone(client: Client, server: StubServer) -> None:
    sessions: set[int] = set()
    server.on_request = lambda: sessions.update(
        os.getsid(pid) for pid, line in command_lines().items() if SYNC in line and server.url.encode() in line
    )
    written(client.transcript(), prompt("hello"))
    run(client, "--detach", "--endpoint", server.url, CLAUDETOOLS_TOKEN=TOKEN)
    server.wait_until(lambda: SESSION in server.cursors)
    assert sessions
    assert os.getsid(0) not in sessions


def command_lines() -> dict[int, bytes]:
    """The command lines of the processes of this machine, by process id."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[int(path.parent.name)] = path.read_bytes()
        except OSError:
            # That process has ended.
            continue
    return found


def test_a_folder_with_its_own_python_modules_is_no_danger(client: Client, server: StubServer, tmp_path: Path) -> None:
    trap = tmp_path / "repository"
    trap.mkdir()
    for name in ("json", "argparse", "claudetools"):
        (trap / f"{name}.py").write_text(f"open({str(trap / 'ran')!r}, 'w')\n")
    written(client.transcript(), prompt("hello"))
    run(client, "--detach", cwd=trap, **plugin_options(server))
    server.wait_until(lambda: SESSION in server.cursors)
    assert not (trap / "ran").exists()


@pytest.mark.parametrize("arguments", [("--detach",), ("--background",)])
def test_a_hook_never_fails(client: Client, arguments: tuple[str, ...]) -> None:
    done = run(client, *arguments, CLAUDE_PLUGIN_OPTION_ENDPOINT="ftp://nowhere", CLAUDE_PLUGIN_OPTION_TOKEN="x")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_connection_from_the_users_own_variables(client: Client, server: StubServer) -> None:
    written(client.transcript(), prompt("hello"))
    assert run(client, CLAUDETOOLS_ENDPOINT=server.url, CLAUDETOOLS_TOKEN=TOKEN).returncode == 0
    assert SESSION in server.cursors


def test_connection_from_the_connection_file(client: Client, server: StubServer) -> None:
    written(client.transcript(), prompt("hello"))
    store_connection(Connection(server.url, TOKEN), client.environment())
    assert run(client).returncode == 0
    assert SESSION in server.cursors


def test_connection_from_the_arguments(client: Client, server: StubServer, tmp_path: Path) -> None:
    written(client.transcript(), prompt("hello"))
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert run(client, "--endpoint", server.url, "--token-file", str(tmp_path / "token")).returncode == 0
    assert SESSION in server.cursors


def test_a_proxy_for_the_internet_does_not_stand_before_a_server_on_this_machine(
    client: Client, server: StubServer
) -> None:
    written(client.transcript(), prompt("hello"))
    assert run(client, **plugin_options(server), http_proxy="http://127.0.0.1:9").returncode == 0
    assert SESSION in server.cursors


def test_not_connected_says_what_to_do(client: Client) -> None:
    done = run(client)
    assert done.returncode == 1
    assert "claudetools connect" in done.stderr


def test_a_refused_token_is_said_and_kept_for_the_status(client: Client, server: StubServer) -> None:
    done = run(client, CLAUDETOOLS_ENDPOINT=server.url, CLAUDETOOLS_TOKEN="another-token")
    assert done.returncode == 1
    assert "does not accept the token" in done.stderr
    assert "another-token" not in done.stderr
    assert "does not accept the token" in state(client).problem


def test_progress_is_shown_when_asked_for(client: Client, server: StubServer) -> None:
    written(client.transcript(), prompt("hello"))
    done = run(client, "--progress", **plugin_options(server))
    assert "100%  1 of 1 transcripts, 1 lines" in done.stdout


def test_a_second_one_leaves_the_work_to_the_first(client: Client, server: StubServer) -> None:
    written(client.transcript(), prompt("hello"))
    with single_flight(state_folder(client.environment()) / "sync.lock") as is_alone:
        assert is_alone
        done = run(client, **plugin_options(server))
        assert (done.returncode, done.stderr) == (0, "")
        assert not server.requests
    run(client, **plugin_options(server))
    assert SESSION in server.cursors


def test_a_hanging_server_is_given_up_within_the_limit(client: Client, server: StubServer) -> None:
    server.hangs = True
    started = time.monotonic()
    run(client, "--background", "--once-limit", "0.5", **plugin_options(server))
    assert time.monotonic() - started < 20


def test_a_server_that_drips_does_not_keep_the_process(client: Client) -> None:
    program = """
import os, socket, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
connection.recv(65536)
connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 1000000\\r\\n\\r\\n")
while True:
    try:
        connection.sendall(b" ")
    except OSError:
        break
    threading.Event().wait(0.05)
"""
    dripping = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert dripping.stdout is not None
        endpoint = f"http://127.0.0.1:{dripping.stdout.readline().strip()}"
        done = run(
            client, "--background", "--once-limit", "0.5", CLAUDETOOLS_ENDPOINT=endpoint, CLAUDETOOLS_TOKEN="token"
        )
        assert done.returncode == 0
    finally:
        dripping.kill()
        dripping.wait()
        dripping.stdout.close()


def test_after_repeated_failures_the_background_waits_and_a_person_does_not(client: Client, server: StubServer) -> None:
    written(client.transcript(), prompt("hello"))
    folder = state_folder(client.environment())
    keep_state(folder, SyncState(ended_at=time.time(), failures=3, problem="status 503"))
    run(client, "--background", **plugin_options(server))
    assert not server.requests
    run(client, **plugin_options(server))
    assert SESSION in server.cursors
    assert state(client).failures == 0
    written(client.transcript(), prompt("again"))
    run(client, "--background", **plugin_options(server))
    assert len(server.lines(SESSION)) == 2


def test_a_server_in_trouble_is_asked_ever_more_rarely(client: Client, server: StubServer) -> None:
    server.cursor_status = 503
    for _ in range(4):
        run(client, "--background", **plugin_options(server))
    assert len(server.requests) == 2
    assert (state(client).failures, state(client).problem) == (2, "status 503")


@pytest.mark.parametrize(
    ("failures", "seconds_ago", "may_start"),
    [(0, 0, True), (1, 0, True), (2, 9, False), (2, 11, True), (4, 39, False), (99, 301, True), (99, -1, True)],
)
def test_pauses_grow_with_failures_in_a_row(failures: int, seconds_ago: float, may_start: bool) -> None:
    assert SyncState(ended_at=1_000.0, failures=failures).may_start(1_000.0 + seconds_ago) is may_start


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"ended_at": []}', "\x00", "[" * 100_000, '{"ended_at": 1e999}'])
def test_a_damaged_state_file_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "sync.json").write_text(content)
    assert read_state(tmp_path) == SyncState()


def test_the_state_file_is_one_small_file(client: Client, server: StubServer) -> None:
    for number in range(3):
        written(client.transcript(), prompt(f"{number}"))
        run(client, **plugin_options(server))
    folder = state_folder(client.environment())
    assert sorted(path.name for path in folder.iterdir()) == ["sync.json", "sync.lock"]
    assert json.loads((folder / "sync.json").read_text())["succeeded_at"] > 0
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000
