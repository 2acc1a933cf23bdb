"""The keys of a process: one derived key per purpose, from root keys that are kept outside the database."""

import time
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from claudetools.kit.clock import now
from claudetools.kit.crypto.roots import KeyProblem, Root, RootFile, RootSource, parse_roots

LOOK_EVERY_SECONDS = 5.0


class Keyring:
    """Derives a separate key for each purpose. It notices when its source was given another root key.

    What is stored under a key names the root by its id; keys that must not change with it are lasting ones.
    """

    def __init__(self, source: RootSource) -> None:
        self._source = source
        self._stamp = source.stamp
        self._roots = parse_roots(source.read())
        self._looked = time.monotonic()

    def __repr__(self) -> str:
        return "Keyring(***)"

    @property
    def roots(self) -> tuple[Root, ...]:
        """All root keys, the oldest first."""
        if time.monotonic() - self._looked >= LOOK_EVERY_SECONDS:
            self._look()
        return self._roots

    @property
    def current(self) -> Root:
        """The root key to use now."""
        at = now()
        return next((root for root in reversed(self.roots) if root.used_from <= at), self._roots[0])

    def root(self, root_id: str) -> Root:
        """Return the root key with this id; one that is not known yet makes the source be read once more.

        Raises:
            KeyProblem: there is none.
        """
        found = self._find(root_id)
        if found is None:
            self._look()
            found = self._find(root_id)
        if found is None:
            raise KeyProblem(f"The root key {root_id} is missing. Restore it from your key backup.")
        return found

    def is_in_use(self, root_id: str, grace: timedelta) -> bool:
        """Return whether this root key is used now, or was until less than `grace` ago."""
        roots = self.roots
        ends: list[datetime | None] = [*(root.used_from for root in roots[1:]), None]
        return any(
            root.id == root_id and (end is None or now() < end + grace) for root, end in zip(roots, ends, strict=True)
        )

    def key(self, purpose: str, root_id: str | None = None) -> bytes:
        """Return the 32-byte key for `purpose`, by default from the current root key."""
        return (self.current if root_id is None else self.root(root_id)).derive(purpose)

    def lasting_key(self, purpose: str) -> bytes:
        """Return the 32-byte key for `purpose` that stays the same when root keys are added."""
        return self.roots[0].derive(purpose)

    def signing_key(self, purpose: str, root_id: str | None = None) -> Ed25519PrivateKey:
        """Return the Ed25519 private key for `purpose`, by default from the current root key."""
        return Ed25519PrivateKey.from_private_bytes(self.key(purpose, root_id))

    def _find(self, root_id: str) -> Root | None:
        return next((root for root in self._roots if root.id == root_id), None)

    def _look(self) -> None:
        self._looked = time.monotonic()
        if (stamp := self._source.stamp) != self._stamp:
            self._roots, self._stamp = parse_roots(self._source.read()), stamp


def create_keyring(folder: Path) -> Keyring:
    """Make a first root key in `folder` (mode 0600), or open the one that another process made first."""
    file = RootFile(folder)
    file.create()
    return Keyring(file)
