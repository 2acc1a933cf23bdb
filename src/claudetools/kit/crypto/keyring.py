"""The root key, kept outside the database, and one derived key per purpose (HKDF-SHA256, RFC 5869)."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ROOT_KEY_FILE = "root.key"
ROOT_KEY_BYTES = 32


class KeyProblem(Exception):
    """The root key is missing, malformed or readable by others. The message says what to do."""


class Keyring:
    """Derives a separate key for each purpose from one root key."""

    def __init__(self, root: bytes) -> None:
        if len(root) != ROOT_KEY_BYTES or len(set(root)) < 8:
            raise KeyProblem(f"The root key must be {ROOT_KEY_BYTES} random bytes.")
        self._root = root

    def __repr__(self) -> str:
        return "Keyring(***)"

    def key(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose`."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"claudetools/{purpose}/1".encode()).derive(
            self._root
        )

    def signing_key(self, purpose: str) -> Ed25519PrivateKey:
        """Return the Ed25519 private key for `purpose`."""
        return Ed25519PrivateKey.from_private_bytes(self.key(purpose))


def open_keyring(folder: Path) -> Keyring:
    """Return the keyring stored in `folder`.

    Raises:
        KeyProblem: there is no root key, or it is not a private file holding 64 hexadecimal digits.
    """
    path = folder / ROOT_KEY_FILE
    try:
        text = path.read_text(encoding="ascii").strip()
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        raise KeyProblem(f"There is no root key at {path}. Restore it from your key backup.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyProblem(f"The root key at {path} cannot be read: {error}") from None
    if os.name == "posix" and mode & 0o077:
        raise KeyProblem(f"The root key at {path} is readable by others. Run: chmod 600 {path}")
    try:
        return Keyring(bytes.fromhex(text))
    except ValueError:
        raise KeyProblem(f"The root key at {path} is damaged. Restore it from your key backup.") from None


def create_keyring(folder: Path) -> Keyring:
    """Make a new root key in `folder` (mode 0600), or open the one that another process made first."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / ROOT_KEY_FILE
    draft = folder / f".{ROOT_KEY_FILE}.{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(ROOT_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    return open_keyring(folder)
