"""Connecting a machine by a code that a person approves elsewhere."""

import re
import subprocess
from typing import Any

import pytest

from tests.cli.running import OWNER, PASSWORD, PROGRAM, Account, RunningServer


def decide(server: RunningServer, code: str, *, approve: bool) -> None:
    body = {"email": OWNER, "password": PASSWORD}
    status, grant = server.call("/api/auth/login", "none", "POST", body)
    assert status == 200, grant
    decision = {"user_code": code, "approve": approve}
    status, facts = server.call("/api/auth/device/approve", grant["access_token"], "POST", decision)
    assert status == 200, facts


@pytest.mark.parametrize("approve", [True, False])
def test_a_machine_is_connected_when_its_code_is_approved(
    account: Account, server: RunningServer, approve: bool
) -> None:
    running = subprocess.Popen(
        [str(PROGRAM), "connect", server.endpoint, "--browser", "--no-plugin"],
        cwd=account.work,
        env=account.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        lines = iter(running.stdout.readline, "")
        place = next(line for line in lines if "/device" in line)
        code = next(lines).strip()
        assert f"{server.endpoint}/device" in place
        assert re.fullmatch(r"[A-Z]{4}-[A-Z]{4}", code)
        decide(server, code, approve=approve)
        output, errors = running.communicate(timeout=60)
    if not approve:
        assert running.returncode == 1
        assert "not approved" in errors
        assert not account.connection_file.exists()
        return
    assert running.returncode == 0, output + errors
    assert f"{OWNER}, approved in a browser" in output
    token = account.connection["token"]
    assert token not in output + errors
    me: dict[str, Any] = server.read("/api/auth/me", token)
    assert (me["email"], me["scopes"]) == (OWNER, ["memory:read", "memory:write", "msp:read", "msp:write"])
    again = account.must("connect", server.endpoint, "--no-plugin")
    assert "which still works" in again.output
