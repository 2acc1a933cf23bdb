"""`claudetools exec` with a server: what a command gets, what a person approves, and what is recorded of it."""

import base64
import re
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.cli.running import LOGIN, PROGRAM, Account, RunningServer

SECRET = "canary Harbor-48" + "21!"
PRINT = 'echo "$DB_PASS"; printf %s "$DB_PASS" | base64; env | grep -c "^CLAUDETOOLS_" || true'


@pytest.fixture
def token(server: RunningServer) -> str:
    """An access token of the owner."""
    login = {"email": LOGIN["CLAUDETOOLS_OWNER_EMAIL"], "password": LOGIN["CLAUDETOOLS_OWNER_PASSWORD"]}
    status, grant = server.call("/api/auth/login", "none", "POST", login)
    assert status == 200, grant
    access: str = grant["access_token"]
    return access


def made(server: RunningServer, token: str, **more: Any) -> str:
    """Enter a credential of a new client."""
    status, client = server.call("/api/clients", token, "POST", {"name": f"Customer {uuid4().hex[:8]}"})
    assert status == 201, client
    body = {
        "client_id": client["id"], "kind": "password", "service_name": "ERP", "password": SECRET,
        "allows_agents": True, **more,
    }  # fmt: skip
    status, row = server.call("/api/credentials", token, "POST", body)
    assert status == 201, row
    id: str = row["id"]
    return id


def test_a_command_runs_with_a_secret_that_nobody_sees(
    connected: Account, server: RunningServer, token: str, tmp_path: Path
) -> None:
    id = made(server, token)
    seen = tmp_path / "seen.txt"
    script = f'{PRINT}; printf %s "$DB_PASS" > {seen}; tr "\\0" "\\n" < /proc/$PPID/cmdline; exit 9'
    done = connected.run(
        "exec", "--secret", f"DB_PASS=cred:{id}", "--reason", "Look", "--", "sh", "-c", script, CLAUDETOOLS_SPARE="1"
    )
    assert seen.read_text() == SECRET
    assert done.status == 9
    assert done.output.startswith("*****\n*****==\n0\n")
    assert SECRET not in done.everything
    assert base64.b64encode(SECRET.encode())[:-4].decode() not in done.everything
    assert SECRET not in server.log
    (entry,) = server.read(f"/api/credential-audit-logs?credential_id={id}&action=use", token)["items"]
    assert (entry["reason"], entry["machine_id"] is not None) == ("Look", True)


def test_a_command_reads_a_secret_as_its_input(connected: Account, server: RunningServer, token: str) -> None:
    id = made(server, token)
    script = 'read -r line; test "$line" = "canary Harbor-4821!" && test -z "$DB_PASS" && echo same'
    done = connected.must("exec", "--secret", f"DB_PASS=cred:{id}", "--stdin", "DB_PASS", "--", "sh", "-c", script)
    assert done.output == "same\n"


@pytest.mark.parametrize(
    ("fields", "more", "told"),
    [
        ({"allows_agents": False}, "", "Programs may not use this credential"),
        ({}, ".api_key", "There is no such secret. Name one of password."),
    ],
)
def test_what_is_refused_is_told_in_one_line(
    connected: Account, server: RunningServer, token: str, fields: dict[str, Any], more: str, told: str
) -> None:
    id = made(server, token, **fields)
    done = connected.run("exec", "--secret", f"DB_PASS=cred:{id}{more}", "--", "echo", "ran")
    assert (done.status, done.output, done.errors.count("\n")) == (1, "", 1)
    assert told in done.errors


def test_wrong_use_is_told(connected: Account) -> None:
    for arguments in (
        ["exec", "--", "true"],
        ["exec", "--secret", f"PATH=cred:{uuid4()}", "--", "true"],
        ["exec", "--secret", f"A=cred:{uuid4()}", "--stdin", "B", "--", "true"],
    ):
        assert connected.run(*arguments).status == 2


@pytest.mark.parametrize(("answer", "status", "output"), [("approve", 0, "*****\n"), ("deny", 1, "")])
def test_a_person_answers_while_the_command_waits(
    connected: Account,
    owner_elsewhere: Account,
    server: RunningServer,
    token: str,
    answer: str,
    status: int,
    output: str,
) -> None:
    id = made(server, token, agent_approval=True)
    arguments = [
        "exec",
        "--secret",
        f"DB_PASS=cred:{id}",
        "--reason",
        "Slow queries",
        "--",
        "sh",
        "-c",
        'echo "$DB_PASS"',
    ]
    running = subprocess.Popen(
        [str(PROGRAM), *arguments],
        cwd=connected.work,
        env=connected.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    first = running.stderr.readline()
    asked = re.search(r"`claudetools approvals approve ([0-9a-f-]{36})`", first)
    assert asked is not None, first
    listed = owner_elsewhere.must("approvals", "list", "--json", "--endpoint", server.endpoint).data
    (mine,) = (each for each in listed if each["id"] == asked[1])
    assert (mine["command"], mine["reason"], mine["state"]) == ("sh", "Slow queries", "pending")
    assert mine["id"] in owner_elsewhere.must("approvals", "list", "--endpoint", server.endpoint).output
    done = owner_elsewhere.must("approvals", answer, mine["id"], "--endpoint", server.endpoint)
    assert done.output.startswith("Approved" if answer == "approve" else "Denied")
    told, errors = running.communicate(timeout=60)
    assert (running.returncode, told) == (status, output), errors
    again = owner_elsewhere.run("approvals", answer, mine["id"], "--endpoint", server.endpoint)
    assert "no longer waits" in again.errors


@pytest.fixture
def owner_elsewhere(tmp_path: Path) -> Account:
    """The owner at another machine, with a password in the environment."""
    return Account(tmp_path / "elsewhere", dict(LOGIN))
