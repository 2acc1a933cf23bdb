"""The ways in which programs print a secret, each as a form that a stream of bytes can be compared with.

Base64 and hexadecimal are those of RFC 4648, percent-encoding that of RFC 3986, strings those of JSON (RFC 8259),
character references those of HTML.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html.entities import codepoint2name

BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
URL_SAFE = bytes.maketrans(b"+/", b"-_")
WHITE_SPACE = frozenset(b" \t\r\n")
BETWEEN_HEX = frozenset(b" \t\r\n:-,;")
BACKSLASHES = frozenset(b"\\")
SHORTEST_ENCODED = 6
"""Characters of the shortest secret that is looked for encoded: shorter ones would be found in harmless text."""
SHORTEST_LINE = 16
"""Characters of the shortest line of a secret of several lines that is looked for by itself."""

Element = tuple[bytes, ...]
"""The spellings of one piece of a secret."""


@dataclass(frozen=True, slots=True)
class Form:
    """The pieces of a secret in order, each with its spellings. Bytes of `between` may stand between two pieces."""

    elements: tuple[Element, ...]
    between: frozenset[int] = frozenset()

    @property
    def alphabet(self) -> frozenset[int]:
        """Every byte that can stand in this form."""
        return self.between.union(*(spelling for element in self.elements for spelling in element))


def forms_of(secret: str) -> list[Form]:
    """Return the forms in which `secret` may be printed; only as it is if it is short."""
    if len(secret) < SHORTEST_ENCODED:
        return [_as_it_is(secret.encode())]
    lines = secret.splitlines()
    parts = [line for line in lines if len(line) >= SHORTEST_LINE and not line.startswith("-----")]
    return [form for part in dict.fromkeys((secret, *(parts if len(lines) > 1 else ()))) for form in _forms(part)]


def _forms(text: str) -> Iterable[Form]:
    utf8, utf16 = text.encode(), text.encode("utf-16-le")
    yield Form(tuple(_character(each) for each in text), BACKSLASHES)
    yield _as_it_is(text[::-1].encode())
    yield _as_it_is(utf16)
    yield _as_it_is(text.encode("utf-16-be"))
    for data in (utf8, utf8[::-1], utf16):
        yield Form(tuple(_hex(byte) for byte in data), BETWEEN_HEX)
    for data in (utf8, utf16):
        for bytes_before in range(3):
            yield Form(tuple(_base64(data, bytes_before)), WHITE_SPACE)


def _as_it_is(data: bytes) -> Form:
    return Form(tuple((data[at : at + 1],) for at in range(len(data))))


def _spelled(*spellings: bytes) -> Element:
    return tuple(dict.fromkeys(spellings))


def _cased(*spellings: str) -> Iterable[bytes]:
    """Yield spellings with digits in hexadecimal, in both cases."""
    for spelling in spellings:
        yield spelling.lower().encode()
        yield re.sub("[0-9a-f]+", lambda digits: digits[0].upper(), spelling).encode()


@cache
def _character(character: str) -> Element:
    r"""Return the spellings of one character in text. Backslashes before it are left to the form.

    That makes them escapes of JSON, once or many times over, and of the shell, as in `\"`, `\\\"` and `\$`.
    """
    code, utf8, utf16 = ord(character), character.encode(), character.encode("utf-16-be")
    octets = [f"{byte:02x}" for byte in utf8]
    units = [utf16[at : at + 2].hex() for at in range(0, len(utf16), 2)]
    return _spelled(
        utf8,
        *_cased(*("".join(mark + octet for octet in octets) for mark in ("%", "%25", "\\x"))),
        *_cased(*("".join(f"{mark}{unit}" for unit in units) for mark in ("\\u", "\\\\u", "\\" * 4 + "u"))),
        *_cased(*(f"&#x{code:x};", f"&#x{code:02x};", f"\\x{code:02x}")),
        "".join(f"\\{byte:03o}" for byte in utf8).encode(),
        f"&#{code};".encode(),
        f"&#{code:03};".encode(),
        *((f"&{codepoint2name[code]};".encode(),) if code in codepoint2name else ()),
        *_OTHER_SPELLINGS.get(character, ()),
    )


_OTHER_SPELLINGS: dict[str, tuple[bytes, ...]] = {
    " ": (b"+",),
    "\n": (b"\\n", b"\r\n"),
    "\r": (b"\\r",),
    "\t": (b"\\t",),
    "\b": (b"\\b",),
    "\f": (b"\\f",),
    "'": (b"&apos;", b"''", b"'\\''", b"'\"'\"'"),
    '"': (b'""',),
}


@cache
def _hex(byte: int) -> Element:
    high, low = f"{byte >> 4:x}", f"{byte & 15:x}"
    pairs = (a + b for a in (high, high.upper()) for b in (low, low.upper()))
    return _spelled(*(f"{mark}{pair}".encode() for pair in pairs for mark in ("", "0x", "0X", "\\x")))


def _base64(data: bytes, bytes_before: int) -> Iterable[Element]:
    """Yield the characters that hold bits of `data` when so many bytes, which nobody knows, stand before it."""
    bits = "?" * (8 * bytes_before) + "".join(f"{byte:08b}" for byte in data)
    bits += "?" * (-len(bits) % 6)
    groups = (bits[at : at + 6] for at in range(0, len(bits), 6))
    return (_digit(group) for group in groups if group != "??????")


@cache
def _digit(group: str) -> Element:
    """Return the characters of base64 for six bits, some of which may be unknown (`?`)."""
    values = (value for value in range(64) if all(want in ("?", f"{value:06b}"[at]) for at, want in enumerate(group)))
    fitting = [BASE64[value : value + 1] for value in values]
    return _spelled(*fitting, *(each.translate(URL_SAFE) for each in fitting))
