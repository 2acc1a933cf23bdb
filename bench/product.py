"""A server of the product on loopback with a home of its own, and what a benchmark asks of it over HTTP."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from json import dumps, loads
from pathlib import Path
from typing import Any

from claudetools.domains.accounts import MACHINE_SCOPES, ensure_owner
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.migrate import upgrade
from claudetools.kit.settings import Settings
from claudetools.services import open_services
from tests.mariadb import MariaServer

OWNER = {"email": "owner@bench.test", "password": "only for this benchmark"}
READY_SECONDS = 600
IDLE_SECONDS = 2
"""Less than after which the server closes a connection that is not used."""


class Product:
    """The server's interface, as one person at one machine, over one connection that is kept."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.token = ""
        self._connection = HTTPConnection("127.0.0.1", port, timeout=600)
        self._used = 0.0

    def call(self, method: str, path: str, body: object = None) -> Any:
        return self._send(method, f"/api{path}", body)

    def _send(self, method: str, path: str, body: object) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()
        self._connection.request(method, path, None if body is None else dumps(body), headers)
        reply = self._connection.getresponse()
        text = reply.read()
        self._used = time.monotonic()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {text[:500].decode(errors='replace')}")
        return loads(text or b"{}")

    def sign_in(self) -> None:
        """Become a machine of the owner: its token outlives any benchmark, and hooks need one."""
        self.token = self.call("POST", "/auth/login", OWNER)["access_token"]
        machine = self.call("POST", "/machines", {"hostname": "bench", "fingerprint": os.urandom(8).hex()})
        wanted = {"name": "bench", "kind": "machine", "machine_id": machine["id"], "scopes": sorted(MACHINE_SCOPES)}
        self.token = self.call("POST", "/api-tokens", wanted)["token"]

    def add_client(self, name: str) -> str:
        """Make a client whose folder is `folder_of(name)`; return its id."""
        client = str(self.call("POST", "/clients", {"name": name})["id"])
        self.call("POST", "/claude/bindings", {"cwd": folder_of(name), "client_id": client})
        return client

    def given_to(self, prompt: str, *, folder: str, session: str) -> str:
        """Send a prompt as the plugin's hook does; return the text that is put beside it, often none."""
        event = {
            "hook_event_name": "UserPromptSubmit",
            "session_id": session,
            "cwd": folder,
            "prompt": prompt,
            "prompt_id": os.urandom(8).hex(),
        }
        asked = {"name": "hook_prompt", "arguments": event}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": asked}
        result = self._send("POST", "/mcp", message)["result"]
        if result.get("isError"):
            raise RuntimeError(str(result))
        reply = loads(result["content"][0]["text"])
        return str(reply.get("hookSpecificOutput", {}).get("additionalContext", ""))


class Server:
    """The process of a server, which can be stopped and started again on the same data."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; return the seconds until it said it was ready to recall."""
        environment = os.environ | {
            "CLAUDETOOLS_HOME": str(self.settings.home),
            "CLAUDETOOLS_DATABASE_URL": self.settings.database_url,
            "CLAUDETOOLS_LOG_LEVEL": "warning",
            "CLAUDETOOLS_RATE_LIMIT_PER_MINUTE": "0",
        }
        arguments = ["--factory", "claudetools.server:create_app", "--port", str(self.port), "--log-level", "warning"]
        began = time.monotonic()
        self._process = subprocess.Popen([sys.executable, "-m", "uvicorn", *arguments], env=environment)
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() - began > READY_SECONDS:
                raise RuntimeError("the server did not become ready")
            time.sleep(0.02)
        return time.monotonic() - began

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def memory_mb(self, field: str = "VmRSS") -> float:
        """Return the memory that the process holds (`VmRSS`) or has held at most (`VmHWM`), in MB."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{field}:")) / 1024

    def _is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/api/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def prepared(database: str) -> Iterator[Settings]:
    """A new home with an owner, on `sqlite`, a private server (`mariadb`) or an empty database given by its URL."""
    with ExitStack() as opened:
        home = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="claudetools-bench-")))
        url = "" if database == "sqlite" else database
        if database == "mariadb":
            url = opened.enter_context(MariaServer("--innodb-buffer-pool-size=2G")).create_database("bench")
        settings = Settings(home=home, database_url=url, log_level="warning")
        create_keyring(settings.keys_folder)
        asyncio.run(_prepare(settings))
        yield settings


async def _prepare(settings: Settings) -> None:
    await upgrade(settings.database_url)
    services = open_services(settings)
    try:
        await ensure_owner(services.database, services.passwords, OWNER["email"], OWNER["password"])
    finally:
        await services.database.close()


@contextmanager
def serving(database: str) -> Iterator[Product]:
    """A running server with nothing in it, and somebody signed in."""
    with prepared(database) as settings:
        server = Server(settings)
        server.start()
        try:
            product = Product(server.port)
            product.sign_in()
            yield product
        finally:
            server.stop()


def folder_of(client: str) -> str:
    """Return the working folder that belongs to a client."""
    return f"/srv/bench/{client}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
