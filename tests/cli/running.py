"""Running the real command and the real server as processes, each with a home of its own."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

PROGRAM = Path(sys.executable).parent / "claudetools"
PASSWORD = "the first password of the owner"
OWNER = "owner@firm.example"
LOGIN = {"CLAUDETOOLS_OWNER_EMAIL": OWNER, "CLAUDETOOLS_OWNER_PASSWORD": PASSWORD}
START_SECONDS = 120.0
COMMAND_SECONDS = 120.0
POLL_SECONDS = 0.05

# Stands in for the client: keeps what it was called with, and knows as much of plugins as `connect` needs.
CLIENT = """#!{python}
import json, os, sys
from pathlib import Path
folder = Path({folder!r})
given = sys.stdin.read() if "--values-stdin" in sys.argv else ""
with (folder / "calls.jsonl").open("a") as log:
    log.write(json.dumps({{"arguments": sys.argv[1:], "environment": dict(os.environ)}}) + "\\n")
state_file = folder / "state.json"
state = json.loads(state_file.read_text()) if state_file.exists() else {{}}
match sys.argv[1:]:
    case ["--version"]:
        print("2.1.330 (Claude Code)")
    case ["plugin", "marketplace", "list", "--json"]:
        print(json.dumps([{{"name": "claudetools", "path": state["path"]}}] if "path" in state else []))
    case ["plugin", "marketplace", "add", path]:
        state["path"] = path
    case ["plugin", "marketplace", "remove", "claudetools"]:
        del state["path"]
    case ["plugin", "list", "--json"]:
        plugin = {{"id": "claudetools@claudetools", "version": "0.1.0", "enabled": state.get("enabled")}}
        print(json.dumps([plugin] if "enabled" in state else []))
    case ["plugin", "install", "claudetools@claudetools"]:
        state.setdefault("enabled", True)
    case ["plugin", "enable", "claudetools@claudetools"]:
        state["enabled"] = True
    case ["plugin", "uninstall", "claudetools@claudetools"]:
        state.pop("enabled"), state.pop("options", None)
    case ["plugin", "configure", "claudetools@claudetools", "--values-stdin"]:
        state["options"] = json.loads(given)
    case ["plugin", "configure", "claudetools@claudetools", "--json"]:
        options = state.get("options", {{}})
        print(json.dumps({{"inputs": {{**options, "token": ""}}, "configured": list(options)}}))
    case unknown:
        sys.exit(f"unknown command {{unknown}}")
state_file.write_text(json.dumps(state))
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class Done:
    """How a command ended."""

    status: int
    output: str
    errors: str

    @property
    def data(self) -> Any:
        return json.loads(self.output)

    @property
    def everything(self) -> str:
        return self.output + self.errors


@dataclass
class Account:
    """A user of a machine: a home, a folder to work in, and an environment that knows nothing of other tests."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        self.programs.mkdir(exist_ok=True)

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def work(self) -> Path:
        return self.home / "work"

    @property
    def programs(self) -> Path:
        return self.root / "bin"

    @property
    def connection_file(self) -> Path:
        return self.home / ".config" / "claudetools" / "connection.json"

    @property
    def connection(self) -> dict[str, str]:
        connection: dict[str, str] = json.loads(self.connection_file.read_text())
        return connection

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "CLAUDETOOLS_EMBEDDER": "none",
            **self.variables,
        }

    def run(self, *arguments: str, cwd: Path | None = None, given: str = "", **variables: str) -> Done:
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            cwd=cwd or self.work,
            env={**self.environment, **variables},
            input=given,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def must(self, *arguments: str, cwd: Path | None = None, given: str = "", **variables: str) -> Done:
        done = self.run(*arguments, cwd=cwd, given=given, **variables)
        assert done.status == 0, done.everything
        return done

    def shell(self, line: str) -> Done:
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def install_client(self) -> None:
        """Put a stand-in for the client on the PATH."""
        program = self.programs / "claude"
        program.write_text(CLIENT.format(python=sys.executable, folder=str(self.programs)))
        program.chmod(0o755)

    @property
    def client_calls(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.programs / "calls.jsonl").read_text().splitlines()]

    @property
    def client_state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.programs / "state.json").read_text())
        return state


@dataclass
class RunningServer:
    """`claudetools up` in a process of its own."""

    account: Account
    data: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return (self.data.parent / "output.txt").read_text()

    @property
    def log(self) -> str:
        return (self.data.parent / "log.txt").read_text()

    def start(self, *arguments: str, **variables: str) -> None:
        """Start the server and wait until it can serve recall."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        environment = {
            "CLAUDETOOLS_HOME": str(self.data),
            "CLAUDETOOLS_PORT": str(self.port),
            # The tests are many people at one address.
            "CLAUDETOOLS_SIGN_IN_RATE_LIMIT_PER_MINUTE": "0",
            **variables,
        }
        output, log = (self.data.parent / name for name in ("output.txt", "log.txt"))
        with output.open("wb") as output_file, log.open("ab") as log_file:
            self.process = subprocess.Popen(
                [str(PROGRAM), "up", *arguments],
                cwd=self.account.work,
                env={**self.account.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output_file,
                stderr=log_file,
            )
        ends_at = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self.process.poll() is None, self.output + self.log
            assert time.monotonic() < ends_at, self.output + self.log
            time.sleep(POLL_SECONDS)

    def stop(self, by: int = signal.SIGTERM) -> int:
        """Stop the server and return its status."""
        assert self.process is not None
        self.process.send_signal(by)
        try:
            return self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.process.wait()

    def call(self, path: str, token: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        """Call the API; return the status and the body."""
        request = urllib.request.Request(self.endpoint + path, method=method)
        request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                text = response.read()
                return response.status, json.loads(text) if text else None
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def read(self, path: str, token: str) -> Any:
        status, body = self.call(path, token)
        assert status == 200, body
        return body

    def _is_ready(self) -> bool:
        try:
            return self.call("/api/health/ready", "none")[0] == 200
        except OSError:
            return False
