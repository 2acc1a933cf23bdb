"""Sessions of Claude Code, told briefly in `data/sessions.txt`, written out as the client writes its transcripts.

The tale has one line for each thing that happened:

    === DATE TIME | FOLDER      a session begins
    > TEXT                      a prompt
    $ COMMAND :: KIND N         a command with N made-up lines of that KIND (see `FILLERS`), or none (`short`)
      LINE                      a line that stands somewhere in that output
    ! COMMAND :: TEXT           a command that failed with this error
    ~ FILE | OLD | NEW          an edit
    + FILE :: KIND N            a new file
    * TEXT                      an answer
    ? QUESTION | FACT ; FACT | CATEGORY    what a later session asks, and what must be there: expressions

The output is of the length that such commands have, so a transcript is long beside what matters in it.
"""

import random
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path
from typing import Any

from bench.recall_sets import Question

TALE = Path(__file__).parent / "data" / "sessions.txt"
MODEL = "claude-opus-5-5"
VERSION = "2.1.330"
_NAMESPACE = uuid.UUID("7d1c5f1e-52d4-4f0b-9a40-0d8f3c5ee1aa")
_SPEC = re.compile(r"(\w+) (\d+)")


@dataclass
class Session:
    """One transcript: its lines as JSON objects, and what is asked about it."""

    id: str
    folder: str
    client: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)


def sessions(path: Path = TALE) -> list[Session]:
    """Return every session of a tale, the same for the same tale."""
    tellers: list[_Teller] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("=== "):
            if tellers:
                tellers[-1].finish()
            tellers.append(_Teller(line[4:]))
        elif tellers:
            tellers[-1].tell(line)
    if tellers:
        tellers[-1].finish()
    return [teller.session for teller in tellers]


class _Teller:
    """Writes one session. A command waits until the lines that stand in its output are known."""

    def __init__(self, title: str) -> None:
        began, folder = (part.strip() for part in title.split(" | "))
        self.at = datetime.strptime(began, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        self.chance = random.Random(title)
        self._count = 0
        self.session = Session(self._id(title), folder, folder)
        self._parent: str | None = None
        self._prompt = ""
        self._waiting: tuple[str, str, list[str]] | None = None

    def tell(self, line: str) -> None:
        mark, text = line[:2], line[2:].strip()
        if mark == "  " and self._waiting:
            self._waiting[2].append(text)
            return
        self.finish()
        if mark == "> ":
            self._prompt = self._id(text)
            self._add("user", {"role": "user", "content": text}, promptId=self._prompt, permissionMode="default")
        elif mark == "$ ":
            command, _, spec = text.rpartition(" :: ")
            self._waiting = (command or text, spec if command else "short", [])
        elif mark == "! ":
            command, _, error = text.partition(" :: ")
            error = "Exit code 1\n" + error.replace("\\n", "\n")
            use = self._use("Bash", {"command": command, "description": "Run it"})
            self._result(use, error, f"Error: {error}", failed=True)
        elif mark == "~ ":
            self._edit(*(part.strip() for part in text.split(" | ", 2)))
        elif mark == "+ ":
            file, _, spec = text.partition(" :: ")
            content = "\n".join(self._filled(spec, []))
            use = self._use("Write", {"file_path": file, "content": content})
            made = {"type": "create", "filePath": file, "content": content, "structuredPatch": [], "originalFile": None}
            self._result(use, f"File created successfully at: {file}", made)
        elif mark == "* ":
            self._answer([{"type": "text", "text": text}], "end_turn")
        elif mark == "? ":
            self._ask(*(part.strip() for part in text.split(" | ")))

    def finish(self) -> None:
        """Write the command that waits, if one does."""
        if self._waiting is None:
            return
        (command, spec, known), self._waiting = self._waiting, None
        output = "\n".join(self._filled(spec, known))
        use = self._use("Bash", {"command": command, "description": "Run it"})
        self._result(use, output or "(no output)", {"stdout": output, "stderr": "", "interrupted": False})

    def _edit(self, file: str, old: str, new: str) -> None:
        use = self._use("Edit", {"file_path": file, "old_string": old, "new_string": new, "replace_all": False})
        patch = [{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": [f"-{old}", f"+{new}"]}]
        changed = {"filePath": file, "oldString": old, "newString": new, "structuredPatch": patch, "replaceAll": False}
        self._result(use, f"The file {file} has been updated successfully.", changed)

    def _ask(self, text: str, facts: str, category: str) -> None:
        number = len(self.session.questions) + 1
        must = tuple(fact.strip() for fact in facts.split(" ; "))
        asked = Question(f"{self.session.id}/{number}", text, "", category, frozenset({self.session.id}), must)
        self.session.questions.append(asked)

    def _filled(self, spec: str, known: list[str]) -> list[str]:
        found = _SPEC.fullmatch(spec)
        if found is None:
            return known
        lines = [FILLERS[found[1]](self.chance, number) for number in range(int(found[2]))]
        for line in known:
            lines.insert(self.chance.randrange(len(lines) + 1), line)
        return lines

    def _use(self, name: str, given: dict[str, Any]) -> str:
        use = f"toolu_{self._id(name).replace('-', '')[:24]}"
        self._answer([{"type": "tool_use", "id": use, "name": name, "input": given}], "tool_use")
        return use

    def _result(self, use: str, content: str, details: Any, *, failed: bool = False) -> None:
        block = {"tool_use_id": use, "type": "tool_result", "content": content, "is_error": failed}
        self._add("user", {"role": "user", "content": [block]}, promptId=self._prompt, toolUseResult=details)

    def _answer(self, content: list[dict[str, Any]], reason: str) -> None:
        message = {"id": f"msg_{self._count:04}", "type": "message", "role": "assistant", "model": MODEL}
        message |= {"content": content, "stop_reason": reason, "stop_sequence": None}
        message["usage"] = {"input_tokens": 1000, "output_tokens": 20}
        self._add("assistant", message, requestRef=self._id("request"))

    def _add(self, kind: str, message: dict[str, Any], **more: Any) -> None:
        line_id = self._id(kind)
        self.at += timedelta(seconds=self.chance.randrange(2, 40))
        head = {"parentUuid": self._parent, "isSidechain": False, "type": kind, "message": message, "uuid": line_id}
        stamp = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        tail = {"timestamp": stamp, "userType": "external", "entrypoint": "cli", "cwd": self.session.folder}
        tail |= {"sessionId": self.session.id, "version": VERSION, "gitBranch": "main"}
        self.session.lines.append(head | more | tail)
        self._parent = line_id

    def _id(self, text: str) -> str:
        self._count += 1
        return str(uuid.uuid5(_NAMESPACE, f"{self.at.isoformat()} {self._count} {text}"))


def raw_text(line: dict[str, Any]) -> str:
    """Return what a transcript's line put before the model or came from it; nothing for other lines."""
    message = line.get("message")
    if line.get("type") not in ("user", "assistant") or not isinstance(message, dict):
        return ""
    return "\n".join(_texts(message.get("content")))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for block in content if isinstance(content, list) else []:
        if not isinstance(block, dict):
            continue
        if block.get("type") == "text":
            yield str(block.get("text", ""))
        elif block.get("type") == "tool_use":
            yield dumps(block.get("input"), ensure_ascii=False)
        elif block.get("type") == "tool_result":
            yield from _texts(block.get("content"))


def _log(chance: random.Random, number: int) -> str:
    place = chance.choice(["kernel", "sshd", "svc-monitor", "ntpd", "cron", "snmpd", "agent"])
    what = chance.choice(
        [
            "session opened for user monitor",
            "link state polled, no change",
            "synchronised to stratum 2",
            "health probe answered in {n} ms",
            "rotated file {n}.gz",
            "lease renewed for 10.{m}.{k}.{n}",
        ]
    )
    values = {"n": chance.randrange(2, 250), "m": chance.randrange(100, 250), "k": chance.randrange(250)}
    day, hour = f"2025-{number % 12 + 1:02}-{number % 27 + 1:02}", f"{number % 24:02}:{number % 60:02}:11"
    return f"{day}T{hour} {place}[{number}]: {what.format(**values)}"


def _config(chance: random.Random, number: int) -> str:
    name = chance.choice(["interface", "policy", "object", "service", "zone", "route", "profile"])
    state = chance.choice(["enabled", "disabled", "inherited", "default"])
    return f'  {name}-{number:04} {{ state {state}; weight {chance.randrange(900)}; comment "" }}'


def _tests(chance: random.Random, number: int) -> str:
    area = chance.choice(["billing", "tickets", "customers", "search", "mail", "reports"])
    return f"tests/{area}/test_{area}_{number:03}.py::test_case_{chance.randrange(90):02} PASSED [{number % 100:3}%]"


def _code(chance: random.Random, number: int) -> str:
    name = chance.choice(["value", "row", "ticket", "session", "answer", "customer"])
    form = chance.choice(
        [
            "    {x}_{n} = load_{x}(store, {n})",
            "    if {x}_{n} is None:",
            "        return []",
            "def keep_{x}_{n}(store):",
            "",
        ]
    )
    return f"{number:5}\t{form.format(x=name, n=chance.randrange(400))}"


def _vpn(chance: random.Random, number: int) -> str:
    return (
        f"  tunnel-{number:03}  state=ESTABLISHED  in={chance.randrange(10**7)}  out={chance.randrange(10**7)}  dpd=ok"
    )


FILLERS: dict[str, Callable[[random.Random, int], str]] = {
    "log": _log,
    "config": _config,
    "tests": _tests,
    "code": _code,
    "vpn": _vpn,
}
