"""A secret in the real client: the model runs a command with it, and neither gets to see it nor leaves it anywhere."""

import base64
import hashlib
import json
import re

from claudetools.claude.connection import Connection, store_connection
from tests.e2e.firm import OWN_TOOL, Firm
from tests.e2e.model_stub import Block, ModelRequest, ModelStub, Reply, Text, ToolUse

SECRET = "Harbor-48" + "21!/lot-canary"
ENCODED = base64.b64encode(SECRET.encode()).decode()[:-4]
# A program that prints what it was given, as it is and encoded, and a digest that proves it was the right thing.
PROGRAM = """#!/bin/sh
echo "connecting with $PASSWORD"
printf %s "$PASSWORD" | base64
printf %s "$PASSWORD" | od -An -tx1
printf %s "$PASSWORD" | sha256sum
echo "tried $PASSWORD" >&2
"""


class CarelessModel:
    """Asks for a handle, and runs the line in it with a program that prints the secret."""

    def __call__(self, request: ModelRequest) -> Reply:
        results = [str(result["content"]) for result in request.tool_results()]
        steps: list[Block] = [
            ToolUse("ToolSearch", {"query": f"select:{OWN_TOOL}use_credential", "max_results": 5}),
            ToolUse(f"{OWN_TOOL}use_credential", {"what": "ERP database"}),
        ]
        if len(results) < len(steps):
            return [steps[len(results)]]
        if len(results) == len(steps):
            return [ToolUse("Bash", {"command": command_of(results[-1]), "description": "Count open orders"})]
        return [Text(f"It said: {results[-1]}")]


def command_of(handle: str) -> str:
    """The command line that a handle names, with a program of our own in it."""
    line = re.search(r"claudetools exec --secret PASSWORD=cred:[0-9a-f-]{36} --reason '<what for>' -- ", handle)
    assert line is not None, handle
    return line[0].replace("<what for>", "Count open orders") + "erp-client"


def test_the_model_uses_a_secret_that_nobody_gets_to_see(firm: Firm) -> None:
    client = firm.add_client(f"Client of {firm.folder.name}")
    jane = firm.add_technician("Jane", client, level="reveal")
    store_connection(Connection(jane.server.url, jane.token), {"XDG_CONFIG_HOME": str(jane.machine.home / ".config")})
    program = jane.machine.home / "bin" / "erp-client"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    body = {
        "client_id": client, "kind": "password", "service_name": "ERP database", "username": "erp",
        "password": SECRET, "allows_agents": True,
    }  # fmt: skip
    credential = firm.server.call("POST", "/credentials", body)["id"]
    with ModelStub(CarelessModel()) as model:
        session_id = jane.work(["How many orders are open in the ERP?"], model)
    output = str(model.requests[-1].tool_results()[-1]["content"])
    assert hashlib.sha256(SECRET.encode()).hexdigest() in output
    assert "connecting with *****" in output
    assert "tried *****" in output
    everywhere = [
        json.dumps([request.body for request in model.requests]).encode(),
        json.dumps(jane.machine.transcript(session_id)).encode(),
        firm.server.everything_written(),
        *(path.read_bytes() for path in firm.folder.rglob("*") if path.is_file()),
    ]
    hexadecimal = SECRET.encode().hex(" ")
    for written in everywhere:
        for trace in (SECRET, ENCODED, hexadecimal, hexadecimal.replace(" ", "")):
            assert trace.encode() not in written
    log = firm.server.call("GET", f"/credential-audit-logs?credential_id={credential}&sort=created_at")["items"]
    used = [(entry["action"], entry["reason"], entry["machine_id"]) for entry in log if entry["action"] != "create"]
    assert used == [("view", "Handle", jane.machine_id), ("use", "Count open orders", jane.machine_id)]
