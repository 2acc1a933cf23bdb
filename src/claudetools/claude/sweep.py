"""One pass over this machine's transcripts: sends the server what it has not received yet."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from claudetools.claude.connection import Connection
from claudetools.claude.repository import git_remote
from claudetools.claude.server import BatchRefusedError, Server
from claudetools.claude.transcripts import Batch, Transcript, find_transcripts, read_batches

_LONGEST_ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Progress:
    """How far a sweep is. Bytes are those of transcript files; `recorded` is what the server had not had before."""

    transcripts: int
    transcripts_done: int
    bytes_total: int
    bytes_done: int
    lines_sent: int = 0
    lines_skipped: int = 0
    recorded: int = 0
    refused: int = 0


class _Sweep:
    def __init__(self, server: Server, on_progress: Callable[[Progress], None] | None, ends_at: float | None) -> None:
        self._server = server
        self._on_progress = on_progress
        self._ends_at = ends_at
        self._remotes: dict[str, str | None] = {}
        self.progress = Progress(0, 0, 0, 0)

    def run(self, config_dir: Path, *, everything: bool, session: "CurrentSession | None") -> None:
        cursors = self._server.cursors()
        lagging: list[tuple[Transcript, int]] = []
        for transcript in find_transcripts(config_dir):
            is_known = transcript.key in cursors.offsets
            is_older = cursors.since is not None and transcript.modified_at < cursors.since.timestamp()
            offset = cursors.offsets.get(transcript.key, 0)
            if transcript.size != offset and (everything or is_known or not is_older):
                lagging.append((transcript, offset if offset < transcript.size else 0))
        total = sum(transcript.size - offset for transcript, offset in lagging)
        self._report(Progress(len(lagging), 0, total, 0))
        if session is not None and session.id not in cursors.offsets:
            self._announce(session)
        for transcript, offset in lagging:
            if self._is_over():
                return
            self._send(transcript, offset)

    def _announce(self, session: "CurrentSession") -> None:
        """Say which repository the folder of a session is in, before there is a transcript to say it with."""
        if self._remote(session.cwd) is not None:
            item = Transcript(session.id, session.id, None, Path(), 0, 0.0)
            try:
                self._server.record(self._body(item, Batch(0, 0), session.cwd))
            except BatchRefusedError:
                self._count(refused=1)

    def _send(self, transcript: Transcript, offset: int) -> None:
        done = 0
        try:
            for batch in read_batches(transcript.path, offset):
                cursor, recorded = self._server.record(self._body(transcript, batch, batch.cwd))
                span = max(min(batch.next_offset, transcript.size) - offset - done, 0)
                done += span
                self._count(
                    bytes_done=span, lines_sent=len(batch.lines), lines_skipped=batch.skipped, recorded=recorded
                )
                if self._is_over():
                    return
                # Another run is ahead, or the server wants an earlier part again: the next run asks anew.
                if cursor is not None and cursor != batch.next_offset:
                    break
        except BatchRefusedError:
            self._count(refused=1)
        except OSError:
            # Deleted or made unreadable meanwhile: the next run sees what is left.
            pass
        self._count(transcripts_done=1, bytes_done=transcript.size - offset - done)

    def _body(self, transcript: Transcript, batch: Batch, cwd: str | None) -> dict[str, object]:
        return {
            "key": transcript.key,
            "session_id": transcript.session_id,
            "agent_id": transcript.agent_id,
            "offset": batch.offset,
            "next_offset": batch.next_offset,
            "cwd": cwd,
            "git_remote": self._remote(cwd) if cwd else None,
            "lines": batch.lines,
        }

    def _remote(self, cwd: str) -> str | None:
        if cwd not in self._remotes:
            self._remotes[cwd] = git_remote(cwd)
        return self._remotes[cwd]

    def _is_over(self) -> bool:
        return self._ends_at is not None and time.monotonic() >= self._ends_at

    def _count(self, **additions: int) -> None:
        now = {name: getattr(self.progress, name) + addition for name, addition in additions.items()}
        self._report(Progress(**{**vars(self.progress), **now}))

    def _report(self, progress: Progress) -> None:
        self.progress = progress
        if self._on_progress is not None:
            self._on_progress(progress)


@dataclass(frozen=True)
class CurrentSession:
    """The session of the client that started this program: its id and its folder."""

    id: str
    cwd: str


def sweep(
    connection: Connection,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    config_dir: Path | None = None,
    everything: bool = False,
    limit_seconds: float | None = None,
    session: CurrentSession | None = None,
) -> Progress:
    """Send what the server has missed. `everything` includes what was written before the machine was connected.

    `config_dir` is the client's configuration folder, by default the one it uses itself. A transcript that the server
    refuses, or that cannot be read, is left alone; the others go on. Sending something twice records it once.

    Raises:
        ServerUnavailableError: not reachable, or in trouble; the rest is for the next time.
        NotAuthorisedError: the token is not accepted.
    """
    ends_at = None if limit_seconds is None else time.monotonic() + limit_seconds
    longest = _LONGEST_ANSWER_SECONDS if limit_seconds is None else min(_LONGEST_ANSWER_SECONDS, limit_seconds)
    sweeping = _Sweep(Server(connection, timeout_seconds=max(longest, 1.0)), on_progress, ends_at)
    sweeping.run(config_dir or config_folder(os.environ), everything=everything, session=session)
    return sweeping.progress


def config_folder(environment: Mapping[str, str]) -> Path:
    """The client's configuration folder."""
    configured = environment.get("CLAUDE_CONFIG_DIR")
    return Path(configured) if configured else Path.home() / ".claude"
