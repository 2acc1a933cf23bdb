"""The real server as a process of its own, which can be killed and started again on the same data."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.mariadb import run_async

PROGRAMS = Path(sys.executable).parent
OWNER = "owner@firm.test"
PASSWORD = "correct horse battery staple"
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
        try:
            wait_until(self._is_ready, "the server is ready")
        except AssertionError:
            self.kill()
            raise

    def kill(self) -> None:
        """End the server at once, as a crash or a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the server in good order. Does nothing when it is not running."""
        self._end(signal.SIGTERM)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the server accept what it is sent and answer nothing while the block runs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

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

    @property
    def tables(self) -> str:
        """The statement that finds the names of all tables."""
        if self.database_url:
            return "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        return "SELECT name FROM sqlite_master WHERE type = 'table'"

    def everything_written(self) -> bytes:
        """All that the server has put on the disk: database, write-ahead log, keys and its own log."""
        return b"\n".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())
