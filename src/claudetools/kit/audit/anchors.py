"""Anchors: places outside the database that are told of each checkpoint.

Whoever changes the database cannot change them as well, if they are chosen well: another host, another owner.
"""

import asyncio
import json
import os
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from claudetools.kit.audit.checkpoints import Checkpoint, checkpoints_after
from claudetools.kit.db.session import Database
from claudetools.kit.logging import log

BATCH = 100
GIT_SECONDS = 60
LONGEST_LINE = 64 * 1024
SYSLOG_SOCKET, SYSLOG_PORT = "/dev/log", 514
AUTHPRIV_NOTICE = 10 * 8 + 5
"""Facility and severity of a message (RFC 5424, 6.2.1)."""
logger = log(__name__)


class Anchor(ABC):
    """A place that keeps checkpoints, one a line as JSON, in the order of their numbers."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def is_readable(self) -> bool:
        """Whether it gives back what it was told."""
        return True

    @abstractmethod
    def append(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Keep these checkpoints.

        Raises:
            OSError, subprocess.SubprocessError: it is away.
        """

    @abstractmethod
    def last_number(self) -> int:
        """Return the number of the last checkpoint that it keeps; 0 for none.

        Raises:
            OSError, subprocess.SubprocessError: it is away.
            ValueError: it holds something else.
        """

    def kept(self) -> Iterator[Checkpoint]:
        """Yield what it keeps, in order.

        Raises:
            OSError, subprocess.SubprocessError: it is away.
            ValueError: it holds something else.
        """
        raise NotImplementedError


class FileAnchor(Anchor):
    """Lines added to a file, which may be on another file system or one that only takes more (`chattr +a`)."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name)
        self._path = path

    def append(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Add the lines and wait until they are on the disk."""
        cut_off = b"\n" if self._tail()[-1:] not in (b"", b"\n") else b""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        with os.fdopen(descriptor, "ab") as file:
            file.write(cut_off + b"".join(_line(each) for each in checkpoints))
            file.flush()
            os.fsync(file.fileno())

    def last_number(self) -> int:
        """Return the number in the last whole line."""
        return max((each.number for each in _read(self._tail().splitlines()[-2:])), default=0)

    def kept(self) -> Iterator[Checkpoint]:
        """Yield the checkpoint of each line."""
        if self._path.exists():
            with self._path.open("rb") as file:
                yield from _read(file)

    def _tail(self) -> bytes:
        """Return the end of the file, with its last lines."""
        if not self._path.exists():
            return b""
        with self._path.open("rb") as file:
            file.seek(max(0, self._path.stat().st_size - 2 * LONGEST_LINE))
            return file.read()


class GitAnchor(Anchor):
    """An empty commit for each checkpoint, which its message holds, pushed when the repository has a remote."""

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(name)
        self._folder = folder

    def append(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Commit each checkpoint by itself, then push."""
        if not self._folder.exists():
            self._folder.mkdir(parents=True, mode=0o700)
            self._git("init", "--quiet")
        for each in checkpoints:
            subject, body = f"Checkpoint {each.number}", _line(each).decode()
            self._git("commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--no-verify", "-m", subject, "-m", body)
        if self._git("remote"):
            self._git("push", "--quiet")

    def last_number(self) -> int:
        """Return the number in the last commit."""
        if not self._has_commits():
            return 0
        return int(self._git("log", "-1", "--format=%s").decode().removeprefix("Checkpoint "))

    def kept(self) -> Iterator[Checkpoint]:
        """Yield the checkpoint of each commit."""
        if not self._has_commits():
            return
        listing = self._command("log", "--reverse", "--format=%b")
        with subprocess.Popen(  # noqa: S603 - a list of arguments, none from a caller
            listing, env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as log_of:
            assert log_of.stdout is not None
            yield from _read(line for line in log_of.stdout if line.strip())

    def _has_commits(self) -> bool:
        return self._folder.exists() and bool(self._git("rev-list", "--all", "--max-count=1"))

    def _command(self, *arguments: str) -> list[str]:
        identity = ("-c", "user.name=ClaudeTools", "-c", "user.email=audit@localhost")
        return ["git", "-C", str(self._folder), *identity, *arguments]

    def _git(self, *arguments: str) -> bytes:
        done = subprocess.run(  # noqa: S603 - a list of arguments, none from a caller
            self._command(*arguments),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=True,
        )
        return done.stdout


class SyslogAnchor(Anchor):
    """Messages to the system log of this host or, by UDP, of another. What it was told is noted in a file."""

    def __init__(self, name: str, address: str | tuple[str, int], noted: Path) -> None:
        super().__init__(name)
        self._address = address
        self._noted = noted

    @property
    def is_readable(self) -> bool:
        """A system log is read by other means than this."""
        return False

    def append(self, checkpoints: Sequence[Checkpoint]) -> None:
        """Send one message for each checkpoint, and note the last."""
        family = socket.AF_INET if isinstance(self._address, tuple) else socket.AF_UNIX
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.connect(self._address)
            for each in checkpoints:
                text = f"claudetools: audit checkpoint {each.number} {each.hash.hex()} total {each.total}"
                sender.send(f"<{AUTHPRIV_NOTICE}>{text}".encode())
        self._noted.write_text(f"{checkpoints[-1].number}\n", encoding="ascii")

    def last_number(self) -> int:
        """Return the number noted last."""
        return int(self._noted.read_text(encoding="ascii")) if self._noted.exists() else 0


class Anchors:
    """All anchors of a service. `problems` tells, by anchor, what went wrong the last time."""

    def __init__(self, anchors: Sequence[Anchor]) -> None:
        self.each = tuple(anchors)
        self.problems: dict[str, str] = {}

    async def catch_up(self, database: Database) -> None:
        """Tell every anchor of the checkpoints that it does not have yet. One that fails does not stop the others.

        Raises:
            Unavailable: the database is away.
        """
        for anchor in self.each:
            try:
                await _catch_up(anchor, database)
            except FAULTS as error:
                self.problems[anchor.name] = told = describe(error)
                logger.error("a checkpoint was not anchored", anchor=anchor.name, error=told)
            else:
                self.problems.pop(anchor.name, None)


async def _catch_up(anchor: Anchor, database: Database) -> None:
    waiting: list[Checkpoint] = []
    async for row in checkpoints_after(database, await asyncio.to_thread(anchor.last_number)):
        waiting.append(Checkpoint.of(row))
        if len(waiting) == BATCH:
            await asyncio.to_thread(anchor.append, tuple(waiting))
            waiting.clear()
    if waiting:
        await asyncio.to_thread(anchor.append, tuple(waiting))


FAULTS = (OSError, subprocess.SubprocessError, ValueError)
"""What an anchor may fail with."""


def describe(error: Exception) -> str:
    """Return what went wrong with an anchor, in one line."""
    if isinstance(error, subprocess.CalledProcessError):
        return f"git: {error.stderr.decode(errors='replace').strip()[:200] or error.returncode}"
    return f"{type(error).__name__}: {error}"[:200]


def open_anchors(setting: str, home: Path) -> Anchors:
    """Return the anchors in the setting `audit_anchors`; one that cannot be read notes in `home` what it was told."""
    return Anchors([_anchor(each, home) for each in setting.split(",") if each])


def _anchor(name: str, home: Path) -> Anchor:
    kind, _, place = name.partition(":")
    if kind == "file":
        return FileAnchor(name, Path(place))
    if kind == "git":
        return GitAnchor(name, Path(place))
    host, _, port = place.partition(":")
    address = (host, int(port or SYSLOG_PORT)) if host else SYSLOG_SOCKET
    return SyslogAnchor(name, address, home / f"anchor-syslog-{host or 'local'}")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SSH_AUTH_SOCK") if name in os.environ}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _line(checkpoint: Checkpoint) -> bytes:
    return json.dumps(checkpoint.as_json(), sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _read(lines: Iterable[bytes]) -> Iterator[Checkpoint]:
    """Yield the checkpoints in lines; one that was cut off by a crash, and then written again, is passed over."""
    for line in lines:
        try:
            given = json.loads(line)
        except ValueError:
            continue
        yield Checkpoint.of(given)
