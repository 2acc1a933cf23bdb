"""The key that signs checkpoints: a file of its own, which only the process that seals needs.

Beside it lies the public half, by which checkpoints are checked elsewhere. The line of a key stays when it is replaced.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from claudetools.kit.crypto.roots import KeyProblem

KEY_FILE, PUBLIC_FILE = "checkpoint.key", "checkpoint.pub"


@dataclass(frozen=True, slots=True, repr=False)
class CheckpointKey:
    """A key that signs, under the id of its public half."""

    id: str
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, private: Ed25519PrivateKey) -> "CheckpointKey":
        """Return the key with its id."""
        return cls(id_of(private.public_key()), private)


def id_of(key: Ed25519PublicKey) -> str:
    """Return the id of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


def open_checkpoint_key(folder: Path) -> CheckpointKey | None:
    """Return the key in `folder`; None where there is none, so that this process does not seal.

    Raises:
        KeyProblem: the file is not a private one holding 64 hexadecimal digits.
    """
    path = folder / KEY_FILE
    try:
        text = path.read_text(encoding="ascii").strip()
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyProblem(f"The checkpoint key at {path} cannot be read: {error}") from None
    if os.name == "posix" and mode & 0o077:
        raise KeyProblem(f"The checkpoint key at {path} is readable by others. Run: chmod 600 {path}")
    try:
        return CheckpointKey.of(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text)))
    except ValueError:
        raise KeyProblem(f"The checkpoint key at {path} is damaged. Restore it from your key backup.") from None


def create_checkpoint_key(folder: Path) -> None:
    """Make a key in `folder` (mode 0600), unless there is one or was one: its public half says so."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / KEY_FILE).exists() or (folder / PUBLIC_FILE).exists():
        return
    private = Ed25519PrivateKey.generate()
    if _written(folder / KEY_FILE, private.private_bytes_raw().hex(), 0o600):
        _written(folder / PUBLIC_FILE, private.public_key().public_bytes_raw().hex(), 0o644)


def _written(path: Path, text: str, mode: int) -> bool:
    """Write a new file as a whole; return whether it is this one that is there now."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
            return True
        return False
    finally:
        draft.unlink()


def public_keys(file: Path) -> Mapping[str, Ed25519PublicKey]:
    """Return the public keys in a file, one a line in hexadecimal digits, by their ids.

    Raises:
        KeyProblem: the file cannot be read or holds something else.
    """
    try:
        lines = file.read_text(encoding="ascii").split()
        keys = [Ed25519PublicKey.from_public_bytes(bytes.fromhex(line)) for line in lines]
    except (OSError, ValueError) as error:
        raise KeyProblem(f"The public keys of the checkpoints at {file} cannot be read: {error}") from None
    return {id_of(key): key for key in keys}
