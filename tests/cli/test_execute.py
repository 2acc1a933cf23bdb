"""`claudetools exec`: what the command is given, what comes out of it, and how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import typer

from claudetools.cli.credential_use import Run, secrets_of
from claudetools.cli.execute import child_environment, parts_of
from claudetools.cli.failure import Failure
from claudetools.cli.secret_names import SecretName, parse_secrets

ID = "0199a5f2-7c11-7d5e-8b1a-0123456789ab"
SECRET = "Harbor-48" + "21!/lot"
RUN = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)  # Who started the tests may have ignored them.
from claudetools.cli.masked_process import CommandFailure, run_masked
stdin = os.environ.pop("STDIN", None)
secret = os.environ["DB_PASS"]
try:
    sys.exit(run_masked(sys.argv[1:], os.environ, stdin and stdin.encode(), [secret]))
except CommandFailure as failure:
    print(failure, file=sys.stderr)
    sys.exit(failure.status)
"""


def started(*command: str, **variables: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *command],
        env={**os.environ, "DB_PASS": SECRET, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_what_a_command_prints_of_a_secret_is_masked_on_both_streams() -> None:
    script = 'echo "it is $DB_PASS."; printf %s "$DB_PASS" | base64; printf %s "$DB_PASS" | od -An -tx1 >&2'
    status, output, errors = ended(started("sh", "-c", script))
    assert (status, output) == (0, b"it is *****.\n*****==\n")
    assert SECRET.encode().hex() not in b"".join(errors.split()).decode()


def test_what_holds_no_secret_comes_through_byte_by_byte() -> None:
    data = bytes(range(256)) * 400
    script = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 400); sys.stderr.write('x'); sys.exit(7)"
    assert ended(started(sys.executable, "-c", script)) == (7, data, b"x")


def test_output_comes_while_the_command_runs() -> None:
    process = started("sh", "-c", "echo ready; read _ < /dev/null; exec sleep 60")
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    assert ended(process)[0] == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_signals_reach_the_command_and_its_status_comes_back(number: signal.Signals) -> None:
    script = f"trap 'echo caught; exit 3' {number.name.removeprefix('SIG')}; echo ready; while :; do sleep 0.05; done"
    process = started("sh", "-c", script)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert ended(process) == (3, b"caught\n", b"")


def test_a_secret_can_be_read_as_input() -> None:
    script = "import sys; sys.stdout.write(sys.stdin.read()[::-1]); sys.stdout.write(str(len(sys.argv)))"
    status, output, _ = ended(started(sys.executable, "-c", script, STDIN=SECRET))
    assert (status, output) == (0, b"*****1")


@pytest.mark.parametrize(("command", "status"), [("/nowhere/at-all", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_run_is_told_in_one_line(command: str, status: int) -> None:
    ended_with, output, errors = ended(started(command))
    assert (ended_with, output, errors.count(b"\n")) == (status, b"", 1)
    assert SECRET.encode() not in errors


def test_nobody_reading_ends_the_command() -> None:
    process = started(sys.executable, "-c", "import itertools\nfor n in itertools.count(): print('x' * 9999)")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        process.stderr.read()
    assert process.wait(60) != 0


def test_the_command_gets_nothing_of_our_own_settings() -> None:
    own = {"PATH": "/bin", "CLAUDETOOLS_TOKEN": "ct_1", "claudetools_home": "x", "CLAUDE_PLUGIN_OPTION_TOKEN": "ct_2"}
    assert child_environment(own, {"DB_PASS": SECRET}) == {"PATH": "/bin", "DB_PASS": SECRET}


@pytest.mark.parametrize(
    "text",
    [
        "", "DB_PASS", f"DB_PASS={ID}", f"DB_PASS=cred:{ID[:-1]}", f"1A=cred:{ID}", f"=cred:{ID}", f"A B=cred:{ID}",
        f"PATH=cred:{ID}", f"LD_PRELOAD=cred:{ID}", f"ld_preload=cred:{ID}", f"CLAUDETOOLS_TOKEN=cred:{ID}",
        f"PYTHONSTARTUP=cred:{ID}", f"BASH_ENV=cred:{ID}", f"A={SECRET}",
    ],
)  # fmt: skip
def test_names_and_sources_that_are_not_taken(text: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        parse_secrets([text])
    assert SECRET not in str(refused.value)


def test_a_name_is_given_once() -> None:
    assert parse_secrets([f"A=cred:{ID}", f"B=cred:{ID}.api_key"])[1].field == "api_key"
    with pytest.raises(typer.BadParameter, match="twice"):
        parse_secrets([f"A=cred:{ID}", f"A=cred:{ID}.api_key"])


def test_the_password_in_an_address_is_masked_too() -> None:
    assert list(parts_of("postgres://erp:p%40ss-word@db/erp"))[1:] == ["p%40ss-word", "p@ss-word"]
    assert list(parts_of("http://[broken")) == ["http://[broken"]


class Vault:
    """Stands in for the server: an approval takes the states that are given, one for each look at it."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.uses: list[dict[str, Any]] = []

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.uses.append(dict(body))
        if not self.states or body["approval_id"]:
            return {"value": SECRET, "approval": None}
        return {"value": None, "approval": self._approval("pending")}

    def get(self, path: str) -> dict[str, Any]:
        assert path == "/api/credential-use-requests/1"
        return self._approval(self.states.pop(0) if len(self.states) > 1 else self.states[0])

    def _approval(self, state: str) -> dict[str, Any]:
        return {"id": "1", "state": state, "expires_at": "2026-01-01T00:05:00Z"}


WANTED = parse_secrets([f"DB_PASS=cred:{ID}"])


def asked(vault: Vault, wanted: list[SecretName] = WANTED) -> tuple[dict[str, str], list[float]]:
    waits: list[float] = []
    return secrets_of(vault, wanted, Run("why", "psql", "pc"), wait=waits.append), waits  # type: ignore[arg-type]


def test_a_secret_that_needs_no_approval_is_there_at_once() -> None:
    vault = Vault()
    assert asked(vault) == ({"DB_PASS": SECRET}, [])
    assert vault.uses == [{"field": None, "reason": "why", "command": "psql", "host": "pc", "approval_id": None}]


def test_an_approval_is_waited_for_and_used(capsys: pytest.CaptureFixture[str]) -> None:
    vault = Vault("pending", "pending", "approved")
    given, waits = asked(vault)
    assert given == {"DB_PASS": SECRET}
    assert len(waits) == 3
    assert [use["approval_id"] for use in vault.uses] == [None, "1"]
    assert "`claudetools approvals approve 1`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("state", "told"), [("denied", "was denied"), ("expired", "Nobody approved"), ("used", "denied")]
)
def test_without_an_approval_nothing_is_run(state: str, told: str) -> None:
    vault = Vault("pending", state)
    with pytest.raises(Failure, match=told):
        asked(vault)
    assert len(vault.uses) == 1
