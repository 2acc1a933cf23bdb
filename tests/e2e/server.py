"""The real server as a process of its own, and the technicians of a firm with their machines on it."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import claudetools
from tests.e2e.client import Machine, Session, Turn
from tests.e2e.model_stub import ModelStub
from tests.mariadb import run_async

PROGRAMS = Path(sys.executable).parent
PLUGIN = Path(claudetools.__file__).parent / "claude" / "plugin"
OWNER = "owner@firm.test"
PASSWORD = "correct horse battery staple"
SCOPES = ("msp:read", "msp:write", "memory:read", "memory:write")
WAIT_SECONDS = 60.0


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Look again and again until something that other processes do has happened.

    Raises:
        AssertionError: it did not.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"waited {WAIT_SECONDS} s in vain until {what}"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on and that the system gives to nobody for a connection of their own."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass
class MemoryServer:
    """A server with its own data folder; SQLite in it, or the database at `database_url`. Use as a context manager.

    After `kill` (SIGKILL) `start` starts another process on the same data and port.
    """

    folder: Path
    database_url: str = ""
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "MemoryServer":
        self._http = httpx2.Client(base_url=self.url, timeout=WAIT_SECONDS, trust_env=False)
        self.home.mkdir(parents=True, mode=0o700)
        self.start()
        self._owner_token = self.log_in(OWNER)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def home(self) -> Path:
        return self.folder / "data"

    @property
    def log_path(self) -> Path:
        return self.folder / "server.log"

    def start(self) -> None:
        """Start the server and wait until it answers with its recall index loaded."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "CLAUDETOOLS_HOME": str(self.home),
            "CLAUDETOOLS_PORT": str(self.port),
            "CLAUDETOOLS_DATABASE_URL": self.database_url,
            "CLAUDETOOLS_OWNER_EMAIL": OWNER,
            "CLAUDETOOLS_OWNER_PASSWORD": PASSWORD,
            "CLAUDETOOLS_LOG_LEVEL": "debug",
            "OMP_NUM_THREADS": "1",
        }
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [str(PROGRAMS / "claudetools"), "up"],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until(self._is_ready, "the server is ready")

    def kill(self) -> None:
        """End the server at once, as a crash or a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server in good order. Does nothing when it is not running."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(WAIT_SECONDS)
            self._process = None

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log_path.read_text(errors="replace")
        try:
            return self._http.get("/api/health/ready").status_code == 200
        except httpx2.TransportError:
            return False

    def call(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Any:
        """Send a request of the owner, or of whoever the token belongs to, and return the parsed answer."""
        bearer = {"Authorization": f"Bearer {token or self._owner_token}"}
        reply = self._http.request(method, f"/api{path}", json=body, headers=bearer)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply.json()

    def log_in(self, email: str) -> str:
        reply = self._http.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        assert reply.is_success, reply.text
        return str(reply.json()["access_token"])

    def rows(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        """The rows that a statement finds in the server's database."""
        url = self.database_url or f"sqlite+aiosqlite:///{self.home / 'claudetools.db'}"

        async def read() -> list[tuple[Any, ...]]:
            engine = create_async_engine(url)
            try:
                async with engine.connect() as connection:
                    return [tuple(row) for row in await connection.execute(text(statement), values)]
            finally:
                await engine.dispose()

        return run_async(read())

    def everything_written(self) -> bytes:
        """All that the server has put on the disk: database, write-ahead log, keys and its own log."""
        return b"\n".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())


@dataclass(frozen=True)
class Firm:
    """Clients and technicians on a server. `folder` holds the technicians' machines, `program` is the client's."""

    server: MemoryServer
    program: Path
    folder: Path

    def add_client(self, name: str) -> str:
        return str(self.server.call("POST", "/clients", {"name": name})["id"])

    def add_technician(self, name: str, *clients: str) -> "Technician":
        """Add a person who may work for these clients, with a machine; its folder belongs to the first of them."""
        server, email = self.server, f"{name.lower()}@{self.folder.name.replace('_', '-')}.test"
        granted = [{"client_id": client, "level": "write"} for client in clients]
        person = {"email": email, "display_name": name, "password": PASSWORD, "clients": granted}
        server.call("POST", "/users", person)
        login = server.log_in(email)
        machine = {"hostname": f"pc-{name.lower()}", "fingerprint": email}
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
        self.call(
            "POST", "/claude/bindings", {"cwd": str(folder), "client_id": client, "machine_id": self.machine_id}
        )

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
