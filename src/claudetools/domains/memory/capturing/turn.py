"""What was said and done in a session, one turn at a time, before anything is stored.

Lengths are in characters. Nothing here reads a database or a clock.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

TurnKind = Literal["prompt", "answer", "tool", "summary"]

TEXT_LIMIT = 20_000
OUTPUT_LIMIT = 2_000
REPORT_LIMIT = 16_000
SUMMARY_LIMIT = 300
FILE_TOOLS = frozenset({"Write", "Edit", "MultiEdit", "NotebookEdit"})
REPORTING_TOOLS = frozenset({"Task", "Agent", "WebFetch", "WebSearch", "ExitPlanMode", "AskUserQuestion"})
"""What these answer is told in prose, for this session alone: a subagent's report, a page, a person's choice."""
_TAIL_SHARE = 0.4
_LONGEST_WORD = 400
_OWN_COMMAND = re.compile(r"(?:^|[\s;&|/(])claudetools\s+(?!up\b|backup\b|db\b)\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """One use of a tool by the model: what went in, how it ended.

    An empty `name` marks a result whose use was in an earlier chunk: it completes the stored turn of the same key
    and must be dropped if there is none (the uses of our own tools are never captured, so neither are their results).
    `succeeded` is None while the end is unknown, and for a use that the person refused or interrupted. `output` is
    what came out; of a tool that writes a file, what it wrote.
    """

    name: str
    command: str | None = None
    path: str | None = None
    summary: str = ""
    succeeded: bool | None = None
    error: str | None = None
    output: str | None = None
    duration_ms: int | None = None

    def rendered(self) -> str:
        """The turn's text: the input on the first line, then the error or the output."""
        head = f"{self.name}: {self.command or self.summary or self.path or ''}".strip(": ")
        outcome = {True: "succeeded", False: "failed", None: ""}[self.succeeded]
        tail = "\n".join(part for part in (outcome, self.error, self.output) if part)
        return excerpt("\n".join(part for part in (head, tail) if part), TEXT_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnDraft:
    """A turn as captured. `key` is its identity within the session, whichever way it was seen.

    `cwd` is the folder that it happened in, `folder_client_id` whose that is where it is not that of the session.
    """

    key: str
    kind: TurnKind
    text: str
    at: datetime | None = None
    prompt_id: str | None = None
    agent_id: str | None = None
    tool: ToolUse | None = None
    uuid: str | None = None
    cwd: str | None = None
    folder_client_id: UUID | None = None


class Turn(Protocol):
    """What distilling needs of a turn; a `TurnDraft` and a stored row both fit."""

    @property
    def key(self) -> str:
        """Identity within the session."""

    @property
    def kind(self) -> str:
        """A `TurnKind`."""

    @property
    def text(self) -> str:
        """What was said, redacted."""

    @property
    def at(self) -> datetime | None:
        """When, in UTC."""

    @property
    def prompt_id(self) -> str | None:
        """The prompt it belongs to."""

    @property
    def agent_id(self) -> str | None:
        """The subagent, None for the main conversation."""

    @property
    def tool(self) -> ToolUse | None:
        """The use of a tool, for that kind."""


def is_output_kept(name: str, command: str | None) -> bool:
    """Whether what a tool answers is worth storing.

    File tools repeat the file, and what our own command line prints is memory already.
    """
    return name not in FILE_TOOLS and not (command and _OWN_COMMAND.search(command))


def digest16(text: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a text; lone surrogates are allowed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def excerpt(text: str, limit: int) -> str:
    """The text, or its beginning and its end with a marked gap between them, at most `limit` characters."""
    if len(text) <= limit:
        return text
    gap = f"\n[... {len(text) - limit:,} characters left out ...]\n"
    room = max(limit - len(gap), 2)
    tail = int(room * _TAIL_SHARE)
    return (cut(text, room - tail) + gap + cut(text[::-1], tail)[::-1])[:limit]


def cut(text: str, limit: int) -> str:
    """The beginning of a text, at most `limit` characters.

    It ends before a word that would be cut, unless that is very long: half a secret is not known for one.
    """
    if len(text) <= limit or text[limit].isspace():
        return text[:limit]
    start = max(text.rfind(blank, 0, limit) for blank in " \n\t") + 1
    return text[:start] if start > 0 and limit - start <= _LONGEST_WORD else text[:limit]


def merge(older: TurnDraft, newer: TurnDraft) -> TurnDraft:
    """One draft out of two of the same thing: what is missing is filled in, no text is lost.

    Raises ValueError if the keys differ.
    """
    if older.key != newer.key:
        raise ValueError("only drafts with the same key can be merged")
    tool = _merge_tools(older.tool, newer.tool)
    times = [at for at in (older.at, newer.at) if at is not None]
    return replace(
        older,
        text=tool.rendered() if tool else _merge_text(older.text, newer.text, TEXT_LIMIT),
        at=_earliest(times),
        prompt_id=older.prompt_id or newer.prompt_id,
        agent_id=older.agent_id or newer.agent_id,
        uuid=older.uuid or newer.uuid,
        tool=tool,
        cwd=newer.cwd or older.cwd,
        folder_client_id=older.folder_client_id or newer.folder_client_id,
    )


def _earliest(times: list[datetime]) -> datetime | None:
    """The earlier time; a naive time never beats an aware one, with which it cannot be compared."""
    aware = [at for at in times if at.tzinfo is not None]
    return min(aware or times, default=None)


def _merge_tools(older: ToolUse | None, newer: ToolUse | None) -> ToolUse | None:
    if older is None or newer is None:
        return older or newer
    name, command = older.name or newer.name, older.command or newer.command
    return ToolUse(
        name=name,
        command=command,
        path=older.path or newer.path,
        summary=max(older.summary, newer.summary, key=len),
        succeeded=older.succeeded if newer.succeeded is None else newer.succeeded,
        error=_longer(older.error, newer.error),
        output=_merged_output(older, newer) if name in FILE_TOOLS or is_output_kept(name, command) else None,
        duration_ms=older.duration_ms if newer.duration_ms is None else newer.duration_ms,
    )


def _merged_output(older: ToolUse, newer: ToolUse) -> str | None:
    """The longer output. The result of a write whose use is not known says nothing of what was written."""
    named = [use for use in (older, newer) if use.name]
    outputs = [use.output for use in (older, newer) if use.name or not any(one.name in FILE_TOOLS for one in named)]
    return max((output for output in outputs if output), key=len, default=None)


def _longer(older: str | None, newer: str | None) -> str | None:
    if not older or not newer:
        return older or newer
    return newer if len(newer) > len(older) else older


def _merge_text(older: str, newer: str, limit: int) -> str:
    if newer in older:
        return older
    if older in newer:
        return newer
    return excerpt(f"{older}\n\n{newer}", limit)
