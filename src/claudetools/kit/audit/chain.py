"""How events are bound to each other, so that none can be altered, removed, moved or doubled without a trace.

Each event belongs to a lane and has a number in it without gaps. Its hash (SHA-256) covers all of its fields and the
hash of the event before it, so anybody can check the structure; its MAC (HMAC-SHA256) shows that who made it held the
key, which is not in the database. A checkpoint (see `checkpoints`) signs where the lanes stand.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from claudetools.kit.crypto.keyring import Keyring

GENESIS = bytes(32)
"""What stands for the hash of the event before the first."""
EVENT, HEAD = b"claudetools audit event 1", b"claudetools audit head 1"
FIELDS = (
    "lane",
    "seq",
    "id",
    "at",
    "user_id",
    "user_name",
    "token_id",
    "machine_id",
    "login_session_id",
    "request_id",
    "action",
    "resource",
    "record_id",
    "client_id",
    "before",
    "after",
    "message",
    "is_clock_behind",
    "key_id",
    "prev_hash",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
ENCODINGS: dict[type, tuple[bytes, Callable[[Any], bytes]]] = {
    type(None): (b"-", lambda _: b""),
    bool: (b"?", lambda value: b"\1" if value else b"\0"),
    int: (b"i", lambda value: str(value).encode()),
    # Of an enumeration's member the value, which is what a database gives back.
    str: (b"s", lambda value: str.__str__(value).encode("utf-8", "surrogatepass")),
    bytes: (b"b", lambda value: value),
    UUID: (b"u", lambda value: value.bytes),
    datetime: (b"d", lambda value: str((value - _EPOCH) // _MICROSECOND).encode()),
}
"""By type, in this order: the mark of the kind and the bytes of a value. Everything else is JSON."""


def canonical(values: Iterable[Any]) -> bytes:
    """Return the one byte string for these values: of each its kind, its length and itself.

    Instants are microseconds since 1970 in UTC and JSON has sorted keys and only ASCII, so that what a database gives
    back is encoded like what it was given.
    """
    parts: list[bytes] = []
    for value in values:
        kind, data = _encoded(value)
        parts += (kind, len(data).to_bytes(8), data)
    return b"".join(parts)


def _encoded(value: Any) -> tuple[bytes, bytes]:
    for kind, (mark, encode) in ENCODINGS.items():
        if isinstance(value, kind):
            return mark, encode(value)
    return b"j", json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def row_hash(event: Mapping[str, Any]) -> bytes:
    """Return the hash of an event, given by its columns. It covers `FIELDS`."""
    return hashlib.sha256(canonical([EVENT, *(event[name] for name in FIELDS)])).digest()


class ChainKeys:
    """The keys of the MACs, one for each root of the keyring."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._keys: dict[str, bytes] = {}

    @property
    def current_id(self) -> str:
        """The root whose key new events are authenticated with."""
        return self._keyring.current.id

    def mac(self, data: bytes, key_id: str) -> bytes:
        """Return the MAC of `data`.

        Raises:
            KeyProblem: the keyring has no root `key_id`.
        """
        if key_id not in self._keys:
            self._keys[key_id] = self._keyring.key("audit-chain", key_id)
        return hmac.digest(self._keys[key_id], data, hashlib.sha256)

    def is_genuine(self, data: bytes, key_id: str, mac: bytes | None) -> bool:
        """Return whether `mac` is that of `data`, in constant time.

        Raises:
            KeyProblem: the keyring has no root `key_id`.
        """
        return hmac.compare_digest(self.mac(data, key_id), mac or b"")


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """Return the root of the Merkle tree over `leaves` (RFC 6962, 2.1). It holds as many nodes as the tree is high."""
    waiting: list[tuple[int, bytes]] = []
    for leaf in leaves:
        size, node = 1, hashlib.sha256(b"\0" + leaf).digest()
        while waiting and waiting[-1][0] == size:
            _, left = waiting.pop()
            size, node = size * 2, _joined(left, node)
        waiting.append((size, node))
    if not waiting:
        return hashlib.sha256().digest()
    _, root = waiting.pop()
    while waiting:
        _, left = waiting.pop()
        root = _joined(left, root)
    return root


def _joined(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
