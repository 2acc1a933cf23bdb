"""Transcripts in the form in which Claude Code writes them, from a short script.

One mark begins a line: `>` what the person asks, `<` what Claude answers, `$` a command, `|` its output, `!` its error,
`~` a file edited. Lines with the same mark that follow each other are one text; an empty line ends it. What has the
mark `?` is no part of the transcript.
"""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

ROOT = UUID("5b0c0d4e-7a61-4f6e-9a35-3e1f0a6f9d10")
BEGAN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def parts_of(script: str) -> Iterator[tuple[str, str]]:
    """The marks of a script, each with its text."""
    lines = [line.strip() for line in script.strip().splitlines()]
    for mark, group in itertools.groupby(lines, key=lambda line: line[:1]):
        if mark:
            yield mark, "\n".join(line[1:].strip() for line in group)


class Script:
    """The lines of one transcript file."""

    def __init__(self, name: str, script: str, *, cwd: str = "/home/tech/acme") -> None:
        self.session_id = str(uuid5(ROOT, name))
        self.cwd = cwd
        self.lines: list[dict[str, Any]] = []
        self._prompt = ""
        self._use = ""
        self._answered = True
        does = {
            ">": self._ask,
            "<": self._say,
            "$": self._run,
            "|": self._print,
            "!": self._fail,
            "~": self._edit,
        }
        for mark, text in parts_of(script):
            if mark != "?":
                does[mark](text)
        self._settle()

    def chunk(self, first: int = 0, end: int | None = None) -> dict[str, Any]:
        """The lines from `first` up to `end` as they are sent."""
        starts = [0, *itertools.accumulate(len(json.dumps(line)) + 1 for line in self.lines)]
        end = len(self.lines) if end is None else end
        return {
            "key": self.session_id,
            "session_id": self.session_id,
            "offset": starts[first],
            "next_offset": starts[end],
            "lines": self.lines[first:end],
            "cwd": self.cwd,
        }

    def _add(self, kind: str, content: Any, **more: Any) -> None:
        number = len(self.lines)
        self.lines.append(
            {
                "parentUuid": self.lines[-1]["uuid"] if self.lines else None,
                "isSidechain": False,
                "type": kind,
                "message": {"role": kind, "content": content, **({"id": f"msg_{number}"} if kind != "user" else {})},
                "uuid": str(uuid5(ROOT, f"{self.session_id}:{number}")),
                "timestamp": (BEGAN + timedelta(seconds=20 * number)).isoformat().replace("+00:00", "Z"),
                "cwd": self.cwd,
                "sessionId": self.session_id,
                "version": "2.1.330",
                **({"promptId": self._prompt} if kind == "user" else {}),
                **more,
            }
        )

    def _settle(self) -> None:
        if not self._answered:
            self._print("")

    def _ask(self, text: str) -> None:
        self._settle()
        self._prompt = str(uuid5(ROOT, f"{self.session_id}:prompt:{len(self.lines)}"))
        self._add("user", text)

    def _say(self, text: str) -> None:
        self._settle()
        self._add("assistant", [{"type": "text", "text": text}])

    def _run(self, command: str) -> None:
        self._settle()
        self._tool("Bash", command=command)
        self._answered = False

    def _edit(self, path: str) -> None:
        self._settle()
        self._tool("Edit", file_path=path, old_string="a", new_string="b")
        self._print(f"The file {path} has been updated.")

    def _tool(self, name: str, **given: str) -> None:
        self._use = f"toolu_{uuid5(ROOT, f'{self.session_id}:{len(self.lines)}').hex[:20]}"
        self._add("assistant", [{"type": "tool_use", "id": self._use, "name": name, "input": given}])

    def _print(self, text: str) -> None:
        self._result(text, is_error=False, details={"stdout": text, "stderr": "", "interrupted": False})

    def _fail(self, text: str) -> None:
        self._result(f"Exit code 1\n{text}", is_error=True, details=f"Error: Exit code 1\n{text}")

    def _result(self, text: str, *, is_error: bool, details: Any) -> None:
        block = {"type": "tool_result", "tool_use_id": self._use, "content": text, "is_error": is_error}
        self._add("user", [block], toolUseResult=details)
        self._answered = True
