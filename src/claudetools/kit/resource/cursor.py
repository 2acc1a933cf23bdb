"""Opaque, signed cursors for keyset paging."""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from claudetools.kit.problems import invalid

MAC_BYTES = 12


class CursorCodec:
    """Turns the position after a page into text and back; a forged or altered cursor is refused."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, hashlib.sha256)[:MAC_BYTES]

    def encode(self, query: str, position: list[Any]) -> str:
        """Return the cursor for `position` in the list described by `query`."""
        body = json.dumps([query, position], separators=(",", ":")).encode()
        return _text(self._mac(body) + body)

    def decode(self, query: str, cursor: str) -> list[Any]:
        """Return the position in `cursor`.

        Raises:
            Invalid: the cursor was not made here, or was made for another list.
        """
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise invalid("?cursor", "This is not a cursor of this service.") from None
        mac, body = raw[:MAC_BYTES], raw[MAC_BYTES:]
        # The decoder overlooks foreign characters and spare bits: only the one text that was given out is taken back.
        if _text(raw) != cursor or not hmac.compare_digest(mac, self._mac(body)):
            raise invalid("?cursor", "This is not a cursor of this service.")
        made_for, position = json.loads(body)
        if made_for != query:
            raise invalid("?cursor", "This cursor belongs to a list with other filters or another order.")
        result: list[Any] = position
        return result


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
