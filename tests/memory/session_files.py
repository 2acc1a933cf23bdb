"""A real session as the client's hooks and its transcript files tell it, cut into pieces."""

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "claude" / "fixtures"
PLACE = {"cwd": "/home/tech/acme"}


@dataclass(frozen=True)
class File:
    """A transcript file: its lines, and where each one begins in bytes."""

    key: str
    session_id: str
    agent_id: str | None
    lines: Sequence[dict[str, Any]]
    starts: Sequence[int]

    @classmethod
    def of(cls, name: str, *, agent: bool = False) -> "File":
        raw = (FIXTURES / name).read_bytes().splitlines(keepends=True)
        lines = [json.loads(line) for line in raw]
        starts = [0]
        for line in raw:
            starts.append(starts[-1] + len(line))
        session_id = next(line["sessionId"] for line in lines if "sessionId" in line)
        agent_id = next(line["agentId"] for line in lines if "agentId" in line) if agent else None
        key = f"{session_id}/agent-{agent_id}" if agent else session_id
        return cls(key, session_id, agent_id, lines, starts)

    def piece(self, first: int, end: int) -> dict[str, Any]:
        """The lines from `first` up to `end` as they are sent."""
        return {
            "key": self.key,
            "session_id": self.session_id,
            "agent_id": self.agent_id,
            "offset": self.starts[first],
            "next_offset": self.starts[end],
            "lines": list(self.lines[first:end]),
            **PLACE,
        }

    def pieces(self, cuts: Sequence[int] = ()) -> Iterator[dict[str, Any]]:
        """The whole file, cut before these lines."""
        places = [0, *sorted(set(cuts) - {0, len(self.lines)}), len(self.lines)]
        for first, end in itertools.pairwise(places):
            yield self.piece(first, end)


MAIN = File.of("transcript.jsonl")
SUBAGENT = File.of("transcript_subagent.jsonl", agent=True)


def hook_events() -> list[dict[str, Any]]:
    """The hook events of the session as an HTTP hook gets them."""
    return [json.loads(line) for line in (FIXTURES / "hook_events.jsonl").read_text().splitlines()]


def hook_arguments() -> list[tuple[str, dict[str, str]]]:
    """The tools that the plugin's hooks called in the session, with their arguments."""
    lines = (FIXTURES / "hook_arguments.jsonl").read_text().splitlines()
    return [(call["tool"], call["arguments"]) for call in map(json.loads, lines)]
