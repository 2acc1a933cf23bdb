"""A machine with the client's transcripts on it, and a server that takes them."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claudetools.claude.connection import Connection
from tests.claude.stub_server import TOKEN, StubServer

FIXTURES = Path(__file__).parent / "fixtures"
SESSION = "5b0f8f5e-2f3c-4a57-9c3e-0d7f1c3a9b11"


@dataclass(frozen=True)
class Client:
    """The client's configuration folder of a test, and the environment of programs that run beside it."""

    home: Path

    @property
    def config_dir(self) -> Path:
        return self.home / ".claude"

    def transcript(self, session_id: str = SESSION, agent_id: str | None = None, slug: str = "-home-tech-acme") -> Path:
        folder = self.config_dir / "projects" / slug
        path = folder / f"{session_id}.jsonl"
        if agent_id is not None:
            path = folder / session_id / "subagents" / f"agent-{agent_id}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "CLAUDE_CONFIG_DIR": str(self.config_dir),
            **more,
        }


def prompt(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "user", "uuid": f"u-{text[:30]}", "message": {"role": "user", "content": text}, **more}


def written(path: Path, *lines: dict[str, Any] | bytes) -> int:
    """Append lines to a transcript; bytes as they are. Returns the size of the file."""
    with path.open("ab") as file:
        for line in lines:
            file.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
    return path.stat().st_size


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path / "home")


@pytest.fixture
def server() -> Iterator[StubServer]:
    with StubServer() as running:
        yield running


@pytest.fixture
def connection(server: StubServer) -> Connection:
    return Connection(server.url, TOKEN)
