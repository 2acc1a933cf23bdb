"""Devices that somebody has signed in from before (the device cookie that OWASP describes).

A device that is known has a counter of failures of its own, so that strangers who guess cannot keep it out. What the
device keeps is signed, names one person, and opens nothing by itself.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from claudetools.kit.clock import now

LIFETIME = timedelta(days=180)
_USER, _DEVICE, _TIME = 16, 16, 8
_MARK = hashlib.sha256().digest_size
MAX_LENGTH = 4 * (_USER + _DEVICE + _TIME + _MARK) // 3


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A device of a person."""

    id: str
    user_id: UUID


class KnownDevices:
    """Makes and reads what devices keep. `key` has 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, user_id: UUID, known: KnownDevice | None = None) -> str:
        """Return what a device keeps after a good sign-in; one that is known stays the same device."""
        device = bytes.fromhex(known.id) if known else secrets.token_bytes(_DEVICE)
        ends = int((now() + LIFETIME).timestamp())
        body = user_id.bytes + device + ends.to_bytes(_TIME, "big")
        return urlsafe_b64encode(body + self._mark(body)).decode().rstrip("=")

    def read(self, text: str | None) -> KnownDevice | None:
        """Return the device that `text` was given to; None when it is not one of ours or too old."""
        if not text or len(text) != MAX_LENGTH:
            return None
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            return None
        body, mark = raw[:-_MARK], raw[-_MARK:]
        if not hmac.compare_digest(mark, self._mark(body)):
            return None
        ends = datetime.fromtimestamp(int.from_bytes(body[_USER + _DEVICE :], "big"), UTC)
        return KnownDevice(body[_USER:-_TIME].hex(), UUID(bytes=body[:_USER])) if ends > now() else None

    def _mark(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)
