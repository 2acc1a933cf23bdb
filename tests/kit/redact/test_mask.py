"""Secrets in a stream: masked in every spelling and however the stream is cut; everything else passes at once."""

import base64
import html
import json
import shlex
import textwrap
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from claudetools.kit.redact.mask import Mask
from claudetools.kit.redact.spellings import SHORTEST_ENCODED, forms_of

SECRET = "Harbor-48" + "21!/lot"
texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=SHORTEST_ENCODED, max_size=24)
likely = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=SHORTEST_ENCODED, max_size=24)
secrets = st.one_of(likely, texts)

Encode = Callable[[str], bytes]


def wrapped(data: bytes, width: int, end: str) -> bytes:
    return end.join(textwrap.wrap(data.decode(), width)).encode()


def in_json(times: int) -> Encode:
    def encode(text: str) -> bytes:
        for _ in range(times):
            text = json.dumps(text)[1:-1]
        return text.encode()

    return encode


WHOLE: dict[str, Encode] = {
    "as it is": str.encode,
    "reversed": lambda text: text[::-1].encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "hex with colons": lambda text: text.encode().hex(":").encode(),
    "hex in pairs, as xxd": lambda text: text.encode().hex(" ", -2).encode(),
    "hex as in C": lambda text: ", ".join(f"0x{byte:02X}" for byte in text.encode()).encode(),
    "hex as in Python": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()).encode(),
    "hex reversed": lambda text: text.encode()[::-1].hex().encode(),
    "percent": lambda text: quote(text, safe="").encode(),
    "percent, lower case": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()).encode(),
    "percent, slashes kept": lambda text: quote(text).encode(),
    "percent twice": lambda text: quote(quote(text, safe=""), safe="").encode(),
    "form": lambda text: quote_plus(text).encode(),
    "JSON": in_json(1),
    "JSON twice": in_json(2),
    "JSON three times": in_json(3),
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1].encode(),
    "HTML": lambda text: html.escape(text).encode(),
    "HTML by number": lambda text: "".join(f"&#{ord(each)};" for each in text).encode(),
    "HTML by hex number": lambda text: "".join(f"&#x{ord(each):X};" for each in text).encode(),
    "UTF-16LE": lambda text: text.encode("utf-16-le"),
    "UTF-16BE": lambda text: text.encode("utf-16-be"),
    "shell": lambda text: shlex.quote(text).removeprefix("'").removesuffix("'").encode(),
    "shell with backslashes": lambda text: "".join(
        each if each.isalnum() or ord(each) > 127 else f"\\{each}" for each in text
    ).encode(),
    "SQL": lambda text: text.replace("'", "''").encode(),
}


def base64_forms(text: str, before: bytes, width: int, end: str) -> Iterable[tuple[bytes, bytes]]:
    """Return encodings of a secret among other bytes, and of each the part that the secret alone decides."""
    for data in (text.encode(), text.encode("utf-16-le")):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(before + data + b"after")
            first, last = -(-len(before) * 8 // 6), (len(before) + len(data)) * 8 // 6
            yield wrapped(encoded, width, end), encoded[first:last]


def cut(data: bytes, lengths: list[int]) -> list[bytes]:
    pieces = []
    for length in lengths:
        pieces.append(data[:length])
        data = data[length:]
    return [*pieces, data]


def masked(mask: Mask, chunks: Iterable[bytes]) -> bytes:
    return b"".join([*map(mask.feed, chunks), mask.flush()])


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=25)
@given(text=secrets, around=st.tuples(st.binary(max_size=8), st.binary(max_size=8)), cuts=st.lists(st.integers(0, 9)))
@example(text=SECRET, around=(b"password: ", b"\n"), cuts=[1] * 60)
@example(text='it\'s "a" $\\path & <é😀>', around=(b"", b""), cuts=[3] * 60)
def test_no_spelling_of_a_secret_passes(name: str, text: str, around: tuple[bytes, bytes], cuts: list[int]) -> None:
    printed = WHOLE[name](text)
    out = masked(Mask([text]), cut(around[0] + printed + around[1], cuts))
    assert printed not in out
    assert text.encode() not in out


@settings(max_examples=40)
@given(
    text=secrets,
    before=st.binary(max_size=7),
    width=st.integers(1, 80),
    end=st.sampled_from(["\n", "\r\n", "\n    ", "\n\t"]),
    cuts=st.lists(st.integers(0, 30)),
)
@example(text="a>>>???~~~", before=b"", width=80, end="\n", cuts=[])
@example(text=SECRET, before=b"u:", width=5, end="\n", cuts=[7] * 30)
def test_no_base64_of_a_secret_passes(text: str, before: bytes, width: int, end: str, cuts: list[int]) -> None:
    for printed, decided in base64_forms(text, before, width, end):
        out = masked(Mask([text]), cut(printed, cuts))
        joined = b"".join(out.split())
        assert decided not in joined
        assert max(map(len, joined.split(Mask([text]).marker[:1])), default=0) <= len(before) * 2 + 12


@given(st.lists(secrets, min_size=2, max_size=4), st.binary(max_size=20), st.lists(st.integers(0, 9)))
def test_no_secret_arises_from_what_is_left(several: list[str], around: bytes, cuts: list[int]) -> None:
    data = b"".join([around, *(text.encode() for text in several), several[0][:3].encode() * 2, around])
    out = masked(Mask(several), cut(data + data, cuts))
    assert not any(text.encode() in out for text in several)


@given(st.text(st.sampled_from("aab"), min_size=6, max_size=9), st.text("ab", max_size=60), st.lists(st.integers(0, 9)))
def test_overlapping_secrets_are_masked_together(text: str, data: str, cuts: list[int]) -> None:
    out = masked(Mask([text]), cut(data.encode(), cuts))
    assert text.encode() not in out
    assert (text in data) or (text[::-1] in data) or out == data.encode()


@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 30)))
def test_what_holds_no_secret_passes_unchanged(data: bytes, cuts: list[int]) -> None:
    # Nothing but a form of the secret has a piece of as many bytes of it.
    assume(not any(piece in data for piece in (SECRET[:2].encode(), SECRET[-2:].encode())))
    assert masked(Mask([SECRET]), cut(data, cuts)) == data
    assert masked(Mask([]), cut(data, cuts)) == data


@given(data=st.binary(max_size=200), cuts=st.lists(st.integers(0, 30)))
def test_how_the_stream_is_cut_makes_no_difference(data: bytes, cuts: list[int]) -> None:
    whole = data + SECRET.encode() + data
    assert SECRET.encode() not in masked(Mask([SECRET]), [whole])
    assert masked(Mask([SECRET]), cut(whole, cuts)).count(b"*****") == masked(Mask([SECRET]), [whole]).count(b"*****")


@pytest.mark.parametrize("line", [b"Listening on port 8080\n", b"Password: ", b"Continue? [y/N] ", b"50 %\r", b"48\n"])
def test_a_line_is_not_held_back(line: bytes) -> None:
    assert Mask([SECRET]).feed(line) == line


def test_only_what_may_be_a_secret_is_held_back() -> None:
    mask = Mask([SECRET])
    assert mask.feed(b"it is Harbor-") == b"it is "
    assert mask.feed(b"side\n") == b"Harbor-side\n"
    assert mask.feed(b"it is Harbor-4821") == b"it is "
    assert mask.feed(b"!/lot now") == b"***** now"
    assert mask.feed(b"Harbor-") == b""
    assert mask.flush() == b"Harbor-"


def test_what_is_held_back_is_bounded() -> None:
    mask, endless = Mask(["aaaaaaaa"]), b"a" * 1000
    out = b"".join(mask.feed(endless) for _ in range(20))
    assert out == b"*****"
    assert len(mask._held) < 600


def test_lines_of_a_key_are_masked_one_by_one() -> None:
    lines = ["-----BEGIN KEY-----", "MIIBVgIBADANBgkqhkiG9w0BAQ", "kCAwEAAQJAL8eJ5AKoIsjURpcE", "-----END KEY-----"]
    out = masked(Mask(["\n".join(lines)]), [f"  {line}\r\n".encode() for line in lines])
    assert out == b"  -----BEGIN KEY-----\r\n  *****\r\n  *****\r\n  -----END KEY-----\r\n"


def test_short_secrets_are_masked_only_as_they_are() -> None:
    out = masked(Mask(["a1b2"]), [b"pin a1b2, hex " + b"a1b2".hex().encode()])
    assert out == b"pin *****, hex 61316232"


def test_the_marker_is_of_no_character_that_a_secret_has() -> None:
    assert Mask(["*#~^@=!?" * 2]).marker not in (b"*****", b"~~~~~")
    assert not any(set(Mask([SECRET]).marker) & form.alphabet for form in forms_of(SECRET))
