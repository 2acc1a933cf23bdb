"""The real Claude Code client on an isolated machine: own home, own configuration folder, no network but loopback."""

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

TURN_TIMEOUT_SECONDS = 120.0
ALLOWED_TOOLS = "Bash,Read,Write,Edit,MultiEdit,NotebookEdit,Task,Agent,ToolSearch,mcp__plugin_claudetools_claudetools"
PLUGIN_ID = "claudetools@inline"
QUIET = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
}


@dataclass(frozen=True)
class Turn:
    """What the client said from one prompt to its ``result`` event."""

    events: list[dict[str, Any]]
    seconds: float

    @property
    def result(self) -> dict[str, Any]:
        return self.events[-1]

    @property
    def answer(self) -> str:
        return str(self.result.get("result", ""))


@dataclass
class Session:
    """A running client that takes one prompt after the other. Use it as a context manager."""

    process: subprocess.Popen[str]
    stderr_path: Path
    session_id: str = ""
    _lines: "queue.Queue[dict[str, Any] | None]" = field(default_factory=queue.Queue)

    def __enter__(self) -> "Session":
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip():
                self._lines.put(json.loads(line))
        self._lines.put(None)

    def send(self, prompt: str) -> Turn:
        """Send a prompt and wait for its result.

        Raises:
            RuntimeError: the client ended, or gave no result in time.
        """
        assert self.process.stdin is not None
        message = {"type": "user", "message": {"role": "user", "content": prompt}}
        started = time.monotonic()
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        events: list[dict[str, Any]] = []
        while True:
            try:
                event = self._lines.get(timeout=TURN_TIMEOUT_SECONDS)
            except queue.Empty:
                raise RuntimeError(f"no result in {TURN_TIMEOUT_SECONDS} s: {self.stderr()}") from None
            if event is None:
                raise RuntimeError(f"the client ended: {self.stderr()}")
            events.append(event)
            self.session_id = event.get("session_id") or self.session_id
            if event.get("type") == "result":
                return Turn(events, time.monotonic() - started)

    def close(self) -> int:
        """End the input, as a script would, and wait for the client's own end. Returns its exit status."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=TURN_TIMEOUT_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the client without any notice, as a crash or a power cut would."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def stderr(self) -> str:
        return self.stderr_path.read_text(errors="replace") if self.stderr_path.exists() else ""


@dataclass(frozen=True)
class Machine:
    """A technician's machine: a home folder, a client configuration and a working folder, all below ``root``.

    ``program`` is the client's program, see the fixture ``claude_code``.
    """

    program: Path
    root: Path
    name: str = "machine"

    @property
    def home(self) -> Path:
        return self.root / self.name / "home"

    @property
    def config_dir(self) -> Path:
        return self.home / ".claude"

    @property
    def cwd(self) -> Path:
        return self.home / "work"

    @property
    def log_path(self) -> Path:
        return self.root / self.name / "client.log"

    def prepare(self) -> None:
        self.config_dir.mkdir(parents=True, exist_ok=True)
        self.cwd.mkdir(parents=True, exist_ok=True)

    def configure_plugin(self, endpoint: str, token: str, plugin_id: str = PLUGIN_ID) -> None:
        """Give the plugin its options: the address in the settings, the token in the client's credential store."""
        self.prepare()
        _merge(self.config_dir / "settings.json", {"pluginConfigs": {plugin_id: {"options": {"endpoint": endpoint}}}})
        _merge(self.config_dir / ".credentials.json", {"pluginSecrets": {plugin_id: {"token": token}}}, mode=0o600)

    def transcript(self, session_id: str) -> list[dict[str, Any]]:
        """The lines that the client wrote of a session."""
        return [
            line for path in self.config_dir.glob(f"projects/*/{session_id}.jsonl") for line in _transcript_lines(path)
        ]

    def injected(self, session_id: str) -> list[str]:
        """The exact texts that hooks added to a session, oldest first."""
        attachments = [line["attachment"] for line in self.transcript(session_id) if line.get("type") == "attachment"]
        return [
            text for each in attachments if each.get("type") == "hook_additional_context" for text in each["content"]
        ]

    def environment(self, model_url: str, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CLAUDE_CONFIG_DIR": str(self.config_dir),
            "ANTHROPIC_BASE_URL": model_url,
            "ANTHROPIC_API_KEY": "dummy",
            **QUIET,
            **(extra or {}),
        }

    def command(self, *arguments: str, model_url: str, env: Mapping[str, str] | None = None) -> str:
        """Run one client command such as ``plugin validate`` and return its output.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        self.prepare()
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.cwd,
            env=self.environment(model_url, env),
            capture_output=True,
            text=True,
            timeout=TURN_TIMEOUT_SECONDS,
            check=True,
        )
        return done.stdout + done.stderr

    def session(
        self,
        model_url: str,
        *,
        plugin_dir: Path | None = None,
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Session:
        """Start a client that reads prompts as a stream. The session begins with the first prompt."""
        self.prepare()
        command = [str(self.program), "-p", "--input-format", "stream-json", "--output-format", "stream-json"]
        command += ["--verbose", "--permission-mode", "dontAsk", "--allowedTools", ALLOWED_TOOLS]
        if plugin_dir is not None:
            command += ["--plugin-dir", str(plugin_dir)]
        with self.log_path.open("a") as log:
            process = subprocess.Popen(
                [*command, *arguments],
                cwd=cwd or self.cwd,
                env=self.environment(model_url, env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return Session(process, self.log_path)

    def run(
        self,
        prompts: Sequence[str],
        model_url: str,
        *,
        plugin_dir: Path | None = None,
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> list[Turn]:
        """A whole session: these prompts one after the other, then the end."""
        with self.session(model_url, plugin_dir=plugin_dir, arguments=arguments, env=env, cwd=cwd) as session:
            return [session.send(prompt) for prompt in prompts]


def _transcript_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        yield json.loads(line)


def _merge(path: Path, addition: dict[str, Any], mode: int = 0o644) -> None:
    """Add nested keys to a JSON file, keeping what else is in it."""

    def merged(base: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        both = dict(base)
        for key, value in extra.items():
            nested = isinstance(value, dict) and isinstance(both.get(key), dict)
            both[key] = merged(both[key], value) if nested else value
        return both

    present = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(merged(present, addition)))
    path.chmod(mode)
