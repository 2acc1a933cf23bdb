"""The client's transcripts on this machine: where they are, and what of them is worth sending."""

import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

BATCH_LINES = 500
BATCH_BYTES = 1_000_000
LINE_BYTES = 256_000
# Longer lines are not even parsed: no conversation has them, and they would have to fit into memory several times.
READABLE_LINE_BYTES = 64_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_STRING_LIMITS = (200_000, 50_000, 10_000, 1_000, 200)
_DEPTH = 50
# Repeats whole files, or what the line says already in another form.
_REPETITIONS = ("originalFile", "structuredPatch")


@dataclass(frozen=True)
class Transcript:
    """One transcript file. `key` is the session's id, for a subagent `<session id>/agent-<agent id>`."""

    key: str
    session_id: str
    agent_id: str | None
    path: Path
    size: int
    modified_at: float


@dataclass
class Batch:
    """Consecutive lines of a transcript, from byte `offset` to byte `next_offset`, without what is never sent.

    `skipped` counts lines that could not be read. The batch is empty of lines if none was worth sending.
    """

    offset: int
    next_offset: int
    lines: list[dict[str, Any]] = field(default_factory=list)
    skipped: int = 0

    @property
    def cwd(self) -> str | None:
        """The first working folder that a line of the batch names."""
        folders = (line.get("cwd") for line in self.lines)
        return next((folder for folder in folders if isinstance(folder, str) and folder), None)


def find_transcripts(config_dir: Path) -> list[Transcript]:
    """Every transcript below a configuration folder of the client, last written first."""
    found: dict[str, Transcript] = {}
    for path in config_dir.glob("projects/*/*.jsonl"):
        _keep(found, path, path.stem, None)
    for path in config_dir.glob("projects/*/*/subagents/agent-*.jsonl"):
        _keep(found, path, path.parents[1].name, path.stem.removeprefix("agent-"))
    return sorted(found.values(), key=lambda transcript: transcript.modified_at, reverse=True)


def _keep(found: dict[str, Transcript], path: Path, session_id: str, agent_id: str | None) -> None:
    if not _NAME.fullmatch(session_id) or (agent_id is not None and not _NAME.fullmatch(agent_id)):
        return
    try:
        state = path.stat()
    except OSError:
        return
    if not stat.S_ISREG(state.st_mode):
        return
    key = session_id if agent_id is None else f"{session_id}/agent-{agent_id}"
    # A session that moved to another folder may have left a shorter copy behind.
    if key not in found or found[key].size < state.st_size:
        found[key] = Transcript(key, session_id, agent_id, path, state.st_size, state.st_mtime)


def read_batches(path: Path, offset: int) -> Iterator[Batch]:
    """What a transcript says from a byte offset on, in batches that the server takes.

    It begins at the start if the file was replaced by another. A last line without an end is still being written and is
    left for the next time.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        batch = Batch(start := _resumable(file, offset), start)
        size = 0
        for raw, end in _complete_lines(file):
            line, is_readable = _parsed(raw)
            text = json.dumps(line) if line is not None else ""
            if line is not None and (len(batch.lines) >= BATCH_LINES or size + len(text) > BATCH_BYTES):
                yield batch
                batch, size = Batch(batch.next_offset, batch.next_offset), 0
            if line is not None:
                batch.lines.append(line)
                size += len(text)
            batch.skipped += not is_readable
            batch.next_offset = end
        if batch.next_offset > batch.offset:
            yield batch


def _resumable(file: BinaryIO, offset: int) -> int:
    """Put a file to an offset where a line starts; to its start if there is none: the file is another one by now."""
    if offset > 0:
        file.seek(offset - 1)
        if file.read(1) == b"\n":
            return offset
        file.seek(0)
    return 0


def _complete_lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Each line that has an end, with the offset behind it; an empty one in place of a line that is far too long."""
    while True:
        raw = file.readline(READABLE_LINE_BYTES)
        is_whole = len(raw) < READABLE_LINE_BYTES
        while raw and not raw.endswith(b"\n") and len(raw) == READABLE_LINE_BYTES:
            raw = file.readline(READABLE_LINE_BYTES)
        if not raw.endswith(b"\n"):
            return
        yield raw if is_whole else b"", file.tell()


def _parsed(raw: bytes) -> tuple[dict[str, Any] | None, bool]:
    """The line as it is sent, None if it is not, and whether it could be read."""
    if raw.isspace():
        return None, True
    try:
        line = json.loads(raw.decode(errors="replace"), parse_constant=lambda _: None)
        if isinstance(line, dict) and not _is_conversation(line):
            return None, True
        sent = _shortened(_without_repetitions(line)) if isinstance(line, dict) else None
    except (ValueError, RecursionError):
        sent = None
    return sent, sent is not None


def _is_conversation(line: dict[str, Any]) -> bool:
    """Whether a line is something said or done; most others repeat prompts, or our own injected text."""
    kind = line.get("type")
    if kind == "attachment":
        attachment = line.get("attachment")
        # A prompt that was typed while the model was still at work.
        return isinstance(attachment, dict) and attachment.get("type") == "queued_command"
    return kind in ("user", "assistant")


def _without_repetitions(line: dict[str, Any]) -> dict[str, Any]:
    result = line.get("toolUseResult")
    if isinstance(result, dict):
        line = {**line, "toolUseResult": {key: result[key] for key in result if key not in _REPETITIONS}}
    return line


def _shortened(line: dict[str, Any]) -> dict[str, Any] | None:
    """The line within its size: its long texts keep their beginning and their end. None if that does not help."""
    for limit in _STRING_LIMITS:
        shorter = _cut(line, limit, _DEPTH)
        if isinstance(shorter, dict) and len(json.dumps(shorter)) <= LINE_BYTES:
            return shorter
    return None


def _cut(value: Any, limit: int, depth: int) -> Any:
    """The value with every text within `limit` characters, without pictures and without what is nested too deep."""
    if isinstance(value, str) and len(value) > limit:
        half = limit // 2
        return f"{value[:half]}\n[... {len(value) - 2 * half} characters left out ...]\n{value[-half:]}"
    if isinstance(value, (dict, list)) and depth == 0:
        return None
    if isinstance(value, list):
        return [_cut(each, limit, depth - 1) for each in value]
    if isinstance(value, dict):
        is_picture = value.get("type") == "base64"
        return {key: _cut(each, limit, depth - 1) for key, each in value.items() if not (is_picture and key == "data")}
    return value
