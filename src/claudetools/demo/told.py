"""Sessions told line by line, as Claude Code would have written them down."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

from claudetools.demo.plan import Ref, Told
from claudetools.demo.reading import Description, read

PAUSE = timedelta(seconds=40)


class _Step(Description):
    """One thing in a session: a prompt, a command with what came of it, an edit, or an answer."""

    kind: Literal["prompt", "command", "edit", "answer"]
    text: str
    output: str = ""
    failed: bool = False


class _Story(Description):
    key: str
    by: str
    machine: str
    folder: str
    days_ago: int
    steps: tuple[_Step, ...]


class _StoriesFile(Description):
    session: tuple[_Story, ...]


def told_sessions(at: datetime) -> Iterator[Told]:
    """Return the sessions, so many days before `at`."""
    for story in _StoriesFile.model_validate(read("told.toml")).session:
        yield Told(
            key=story.key,
            by=story.by,
            machine=Ref(f"machine/{story.machine}"),
            folder=story.folder,
            lines=tuple(_lines(story, at - timedelta(days=story.days_ago))),
        )


def _lines(story: _Story, at: datetime) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    prompt = ""

    def add(kind: str, content: object, **more: Any) -> None:
        id = str(uuid5(NAMESPACE_URL, f"{story.key}/{len(lines)}"))
        message = {"role": kind, "content": content, **({"id": f"msg_{id}"} if kind == "assistant" else {})}
        said_at = at + PAUSE * (len(lines) + 1)
        shared = {"uuid": id, "timestamp": said_at.isoformat(), "sessionId": story.key, "cwd": story.folder}
        lines.append({"type": kind, "message": message, **shared, **more})

    for number, step in enumerate(story.steps):
        tool_id = f"toolu_{story.key}_{number}"
        if step.kind == "prompt":
            prompt = str(uuid5(NAMESPACE_URL, f"{story.key}/prompt/{number}"))
            add("user", step.text, promptId=prompt)
        elif step.kind == "answer":
            add("assistant", [{"type": "text", "text": step.text}])
        else:
            is_edit = step.kind == "edit"
            given = {"file_path": step.text, "content": step.output} if is_edit else {"command": step.text}
            name = "Write" if is_edit else "Bash"
            add("assistant", [{"type": "tool_use", "id": tool_id, "name": name, "input": given}])
            done: object = {"stdout": step.output, "stderr": "", "interrupted": False}
            if is_edit:
                done = {"type": "create", "filePath": step.text, "content": step.output}
            elif step.failed:
                done = f"Error: {step.output}"
            result = {"type": "tool_result", "tool_use_id": tool_id, "content": step.output, "is_error": step.failed}
            add("user", [result], promptId=prompt, toolUseResult=done)
    return lines
