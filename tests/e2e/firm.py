"""A firm on a server: its clients, its technicians, and their machines with the real client and our plugin."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import claudetools
from tests.e2e.client import Machine, Session
from tests.e2e.model_stub import ModelStub
from tests.e2e.server import PASSWORD, PROGRAMS, MemoryServer, wait_until

PLUGIN = Path(claudetools.__file__).parent / "claude" / "plugin"
SCOPES = ("msp:read", "msp:write", "memory:read", "memory:write")
OWN_TOOL = "mcp__plugin_claudetools_claudetools__"


@dataclass(frozen=True)
class Firm:
    """Clients and technicians on a server. `folder` holds the technicians' machines, `program` is the client's."""

    server: MemoryServer
    program: Path
    folder: Path

    def add_client(self, name: str) -> str:
        return str(self.server.call("POST", "/clients", {"name": name})["id"])

    def add_technician(self, name: str, *clients: str, level: str = "write") -> "Technician":
        """Add a person who may work for these clients, with a machine; its folder belongs to the first of them."""
        server, email = self.server, f"{name.lower()}-{secrets.token_hex(4)}@firm.test"
        granted = [{"client_id": client, "level": level} for client in clients]
        person = {"email": email, "display_name": name, "password": PASSWORD, "clients": granted}
        server.call("POST", "/users", person)
        login = server.log_in(email)
        machine = {"hostname": f"pc-{name.lower()}", "fingerprint": secrets.token_hex(16)}
        machine_id = str(server.call("POST", "/machines", machine, token=login)["id"])
        wanted = {"name": "Machine", "kind": "machine", "machine_id": machine_id, "scopes": SCOPES}
        token = str(server.call("POST", "/api-tokens", wanted, token=login)["token"])
        technician = Technician(server, Machine(self.program, self.folder, name), machine_id, token)
        technician.machine.configure_plugin(server.url, token)
        technician.bind(technician.machine.cwd, clients[0])
        return technician


@dataclass(frozen=True)
class Technician:
    """A person at their machine, which is connected to the server."""

    server: MemoryServer
    machine: Machine
    machine_id: str
    token: str

    @property
    def environment(self) -> dict[str, str]:
        """What their client finds in its environment: our programs, and the ones put into their own folder."""
        return {"PATH": os.pathsep.join([str(self.machine.home / "bin"), str(PROGRAMS), os.environ["PATH"]])}

    def call(self, method: str, path: str, body: object = None) -> Any:
        return self.server.call(method, path, body, token=self.token)

    def bind(self, folder: Path, client: str) -> None:
        self.call("POST", "/claude/bindings", {"cwd": str(folder), "client_id": client, "machine_id": self.machine_id})

    def session(self, model: ModelStub, cwd: Path | None = None) -> Session:
        return self.machine.session(model.url, plugin_dir=PLUGIN, env=self.environment, cwd=cwd)

    def work(self, prompts: Sequence[str], model: ModelStub, cwd: Path | None = None) -> str:
        """A whole session; returns its id when the server has received all of its transcript."""
        with self.session(model, cwd) as session:
            for prompt in prompts:
                session.send(prompt)
        self.wait_until_received(session.session_id)
        return session.session_id

    def wait_until_received(self, session_id: str) -> None:
        """Wait until the server has had every line of a session's transcript that says something."""
        (path,) = self.machine.config_dir.glob(f"projects/*/{session_id}.jsonl")

        def is_received() -> bool:
            said = end = 0
            for line in path.read_bytes().splitlines(keepends=True):
                end += len(line)
                said = end if json.loads(line)["type"] in ("user", "assistant") else said
            cursor = self.call("GET", "/claude/cursors")["cursors"].get(session_id)
            return cursor is not None and cursor["offset"] >= said

        wait_until(is_received, "the transcript is received")

    def turns(self, session_id: str) -> list[tuple[str, str]]:
        """Kind and text of what the server has of a session, in the order in which it was said."""
        rows = self.server.rows(
            "SELECT turn.kind, turn.text FROM transcript_turns turn JOIN transcripts script"
            " ON script.id = turn.transcript_id WHERE script.key = :key ORDER BY turn.said_at, turn.id",
            key=session_id,
        )
        return [(str(kind), str(said)) for kind, said in rows]
