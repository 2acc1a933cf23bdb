"""Root keys: what every other key comes from or is wrapped by. They are never kept in the database.

Their text is one key to a line: 64 hexadecimal digits and, for all but the oldest, the instant (RFC 3339) from which
it takes the place of the one before: `0f3a... 2026-05-01T00:00:00Z`. Old ones stay: what they wrapped or signed still
needs them. Where the text is kept is up to a source; for a key-management service that is a program which prints it.
"""

import os
import secrets
import shlex
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from claudetools.kit.settings import Settings

ROOT_KEY_FILE = "root.key"
ROOT_KEY_BYTES = 32
LEAST_DIFFERENT_BYTES = 16
"""A random key has fewer with a probability below 10^-12; written by hand, it has."""
COMMAND_SECONDS = 30


class KeyProblem(Exception):
    """A key is missing, malformed, readable by others or the wrong one. The message says what to do."""


@dataclass(frozen=True, slots=False, repr=False)
class Root:
    """A root key, and from when it is the one to use."""

    key: bytes
    used_from: datetime

    @cached_property
    def id(self) -> str:
        """What tells it from other root keys, and nothing about it: 16 hexadecimal digits."""
        return self.derive("root id")[:8].hex()

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose` (HKDF-SHA256, RFC 5869)."""
        info = f"claudetools/{purpose}/1".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self.key)

    def __repr__(self) -> str:
        return f"Root({self.id})"


class RootSource(Protocol):
    """Where the text of the root keys comes from."""

    @property
    def stamp(self) -> object:
        """What differs when the text may have changed."""

    def read(self) -> str:
        """Return the text; raise `KeyProblem` when it cannot be had."""


@dataclass(frozen=True, slots=True)
class RootFile:
    """A private file in a folder."""

    folder: Path

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self.folder / ROOT_KEY_FILE

    @property
    def stamp(self) -> object:
        """When the file was last changed."""
        with suppress(OSError):
            return self.path.stat().st_mtime_ns
        return None

    def read(self) -> str:
        """Return what is in the file, unless others can read it."""
        try:
            text = self.path.read_text(encoding="ascii")
            mode = stat.S_IMODE(self.path.stat().st_mode)
        except FileNotFoundError:
            raise KeyProblem(f"There is no root key at {self.path}. Restore it from your key backup.") from None
        except UnicodeDecodeError:
            raise KeyProblem(f"The root key at {self.path} is damaged. Restore it from your key backup.") from None
        except OSError as error:
            raise KeyProblem(f"The root key at {self.path} cannot be read: {error.strerror or error}.") from None
        if os.name == "posix" and mode & 0o077:
            raise KeyProblem(f"The root key at {self.path} is readable by others. Run: chmod 600 {self.path}")
        return text

    def create(self) -> None:
        """Make a first root key (mode 0600), unless another process was faster."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._draft(secrets.token_hex(ROOT_KEY_BYTES) + "\n")
        try:
            with suppress(FileExistsError):
                os.link(draft, self.path)
        finally:
            draft.unlink()

    def add(self, used_from: datetime) -> None:
        """Add a new root key, to be used from `used_from` on."""
        at = used_from.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._draft(f"{self.read().rstrip()}\n{secrets.token_hex(ROOT_KEY_BYTES)} {at}\n").replace(self.path)

    def _draft(self, text: str) -> Path:
        draft = self.folder / f".{ROOT_KEY_FILE}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return draft


@dataclass(frozen=True, slots=True, repr=False)
class RootText:
    """Text that was given to the process, through its environment."""

    text: str
    stamp: object = None

    def read(self) -> str:
        """Return the text."""
        return self.text


@dataclass(frozen=True, slots=True)
class RootCommand:
    """A program that prints the text, such as one that has a key-management service decrypt it."""

    command: str
    stamp: object = None

    def read(self) -> str:
        """Return what the program prints; it is run without a shell."""
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own setting
                shlex.split(self.command), capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
            )
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise KeyProblem(f"CLAUDETOOLS_ROOT_KEY_COMMAND cannot be run: {type(error).__name__}.") from None
        if done.returncode != 0:
            raise KeyProblem(f"CLAUDETOOLS_ROOT_KEY_COMMAND failed with status {done.returncode}.")
        return done.stdout


def root_source(settings: Settings) -> RootSource:
    """Return where the settings say that the root keys are."""
    if settings.root_keys is not None:
        return RootText(settings.root_keys.get_secret_value().replace(",", "\n"))
    if settings.root_key_command:
        return RootCommand(settings.root_key_command)
    return RootFile(settings.keys_folder)


def parse_roots(text: str) -> tuple[Root, ...]:
    """Return the root keys in a text, the oldest first.

    Raises:
        KeyProblem: there is none, or one is too short, an example, or there twice.
    """
    roots = sorted((_root(line) for line in text.splitlines() if line.strip()), key=lambda root: root.used_from)
    if not roots:
        raise KeyProblem("There is no root key in what was given. Restore it from your key backup.")
    if len({root.key for root in roots}) < len(roots):
        raise KeyProblem("The same root key is there twice. Remove one of the two lines.")
    return tuple(roots)


def _root(line: str) -> Root:
    digits, _, instant = line.strip().partition(" ")
    try:
        key = bytes.fromhex(digits)
        used_from = datetime.fromisoformat(instant.strip()) if instant else datetime.min.replace(tzinfo=UTC)
    except ValueError:
        raise KeyProblem("A root key is damaged: 64 hexadecimal digits. Restore it from your key backup.") from None
    if used_from.tzinfo is None:
        raise KeyProblem("The instant after a root key needs a time zone, such as 2026-05-01T00:00:00Z.")
    if len(key) != ROOT_KEY_BYTES:
        raise KeyProblem(f"A root key has {len(key)} bytes. It must be {ROOT_KEY_BYTES} random bytes.")
    steps = {(later - earlier) % 256 for earlier, later in pairwise(key)}
    if len(set(key)) < LEAST_DIFFERENT_BYTES or len(steps) == 1:
        raise KeyProblem("A root key is an example, not random. Make one with: openssl rand -hex 32")
    return Root(key, used_from)
