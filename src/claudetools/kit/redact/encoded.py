"""Base64 stretches that decode to readable text, for scanning what is inside them."""

import base64
import binascii
import re
from typing import NamedTuple

_CHUNK = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,}+={0,2}")
_SHORT_CHUNK = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{8,15}+={0,2}")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_URL_ALPHABET = str.maketrans("-_", "+/")
_SEPARATOR = "\n\x1e\n"


class Chunk(NamedTuple):
    """A base64 stretch of a view and the text it decodes to."""

    start: int
    end: int
    decoded: str


def readable_chunks(text: str, *, are_short: bool = False) -> list[Chunk]:
    """Return the base64 stretches of `text` that decode to UTF-8 or UTF-16 text, in order.

    They have at least 16 characters; the `are_short` ones have 8 to 15, which is enough for a known secret only.
    """
    found = []
    for match in (_SHORT_CHUNK if are_short else _CHUNK).finditer(text):
        decoded = _decoded(match[0])
        if decoded is not None:
            found.append(Chunk(match.start(), match.end(), decoded))
    return found


def concatenated(chunks: list[Chunk]) -> tuple[str, list[int]]:
    """Return the decoded texts in one string, apart enough for no rule to span two, and where each begins."""
    starts, length = [], 0
    for chunk in chunks:
        starts.append(length)
        length += len(chunk.decoded) + len(_SEPARATOR)
    return _SEPARATOR.join(chunk.decoded for chunk in chunks), starts


def _decoded(chunk: str) -> str | None:
    body = chunk.rstrip("=").translate(_URL_ALPHABET)
    if len(body) % 4 == 1:
        body = body[:-1]
    try:
        data = base64.b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error:
        return None
    if data[1:2] == b"\x00" and data[3:4] == b"\x00":
        text = data.decode("utf-16-le", "ignore")
    else:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            if error.start < len(data) - 3:
                return None
            text = data[: error.start].decode()
    return None if _CONTROL.search(text) else text
