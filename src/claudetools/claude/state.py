"""What the last sync of this machine came to, and when the next one may try: a small file, replaced as a whole."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

_PAUSE_SECONDS = 10.0
_LONGEST_PAUSE_SECONDS = 300.0


@dataclass(frozen=True)
class SyncState:
    """Outcome of the last sync. Instants are seconds since 1970; `problem` is empty if all went well."""

    ended_at: float = 0.0
    succeeded_at: float = 0.0
    lines_sent: int = 0
    failures: int = 0
    problem: str = ""

    def may_start(self, now: float) -> bool:
        """Whether a background sync may try: after failures in a row it waits longer, at most five minutes."""
        if self.failures < 2:
            return True
        pause = min(_PAUSE_SECONDS * 2 ** min(self.failures - 2, 10), _LONGEST_PAUSE_SECONDS)
        # A clock that was set back must not stop it for good.
        return not 0 <= now - self.ended_at < pause

    def after(self, now: float, lines_sent: int, problem: str) -> "SyncState":
        """The state after one more sync."""
        if problem:
            return SyncState(now, self.succeeded_at, lines_sent, self.failures + 1, problem)
        return SyncState(now, now, lines_sent, 0, "")


def state_folder(environment: Mapping[str, str]) -> Path:
    """Folder of the sync's own files."""
    if sys.platform == "win32":
        base = environment.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "claudetools"


def read_state(folder: Path) -> SyncState:
    """The state that was kept; the initial one if none can be read."""
    try:
        stored = json.loads((folder / "sync.json").read_text(encoding="utf-8"))
        return SyncState(
            ended_at=float(stored["ended_at"]),
            succeeded_at=float(stored["succeeded_at"]),
            lines_sent=int(stored["lines_sent"]),
            failures=int(stored["failures"]),
            problem=str(stored["problem"]),
        )
    except (OSError, ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return SyncState()


def keep_state(folder: Path, state: SyncState) -> None:
    """Keep the state. A full or read-only disk is no reason to fail: the next sync only knows less."""
    partial = folder / f"sync.{os.getpid()}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.write_text(json.dumps(asdict(state)), encoding="utf-8")
        partial.replace(folder / "sync.json")
    except OSError:
        partial.unlink(missing_ok=True)
