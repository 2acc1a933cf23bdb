"""Behaviour of the redactor: markers, private spans, idempotence, hostile input."""

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.kit.redact import Redactor

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "Harbor-48" + "21!"
TOKEN = "gh" + "p_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5"
redactor = Redactor(KEY)


def test_marker_names_the_kind_and_keeps_the_rest() -> None:
    out = redactor.redact(f"before\npassword={SECRET} after")
    assert out.text.startswith("before\npassword=[REDACTED:password:")
    assert out.text.endswith("] after")
    assert SECRET not in repr(out)


def test_findings_are_offsets_in_the_original() -> None:
    text = f"a\x1b[1mb password: {SECRET}, token {TOKEN}."
    found = redactor.redact(text).findings
    assert [text[f.start : f.end] for f in found] == [SECRET, TOKEN]


def test_equal_secrets_get_equal_markers_in_every_form() -> None:
    plain = redactor.redact(f'"password": "{SECRET}"').text
    marker = plain[plain.index("[") : plain.index("]") + 1]
    for text in (
        json.dumps({"x": f'"password": "{SECRET}"'}),
        f"password={SECRET[:4]}\u200b{SECRET[4:]}",
        f"mysql -u root -p{SECRET} erp",
    ):
        assert marker in redactor.redact(text).text


def test_markers_depend_on_the_key() -> None:
    other = Redactor(b"another key of a good length")
    assert redactor.redact(f"password={SECRET}").text != other.redact(f"password={SECRET}").text


def test_short_key_is_refused_and_the_key_is_not_shown() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Redactor(b"short")
    assert "0123" not in repr(redactor)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a <private>x</private> b", "a [private] b"),
        ("a <PRIVATE >x\ny</Private> b", "a [private] b"),
        ("a <private>x", "a [private]"),
        ("a <private>x<private>y</private>z</private> b", "a [private] b"),
        ("a</private> b", "a</private> b"),
        ("a <pri\u200bvate>x</private> b", "a [private] b"),
        ("a \\u003cprivate\\u003ex\\u003c/private\\u003e b", "a [private] b"),
        ("<private>x</private><private>y</private>", "[private][private]"),
    ],
)
def test_private_spans_are_dropped(text: str, expected: str) -> None:
    assert redactor.redact(text).text == expected


@pytest.mark.parametrize("marker", ["gitleaks:allow", "pragma: allowlist secret", "nosec", "noqa"])
def test_allow_markers_are_ignored(marker: str) -> None:
    assert SECRET not in redactor.redact(f"password = '{SECRET}'  # {marker}").text


def test_base64_with_a_secret_goes_whole() -> None:
    inner = base64.b64encode(f"user=svc;password={SECRET}".encode()).decode()
    nested = base64.b64encode(f"data: {inner}".encode()).decode()
    utf16 = base64.b64encode(f'$p = "{SECRET}"; net user svc {SECRET} /add'.encode("utf-16-le")).decode()
    for chunk in (inner, nested, utf16):
        assert chunk not in redactor.redact(f"powershell -enc {chunk} end").text
    harmless = base64.b64encode(b"only the weather report of today").decode()
    assert redactor.redact(harmless).text == harmless


def test_forged_replacement_characters_do_not_hide_a_secret() -> None:
    for hidden in ("\ufffc", "\\ufffc", "\x00", "\u202e", "\U000e0041"):
        out = redactor.redact(f"password=Harb{hidden}or-4821! end").text
        assert "or-4821" not in out


def test_long_values_go_whole() -> None:
    value = "aB3-" * 300
    assert "aB3-" not in redactor.redact(f"password={value} end").text


def test_both_passwords_of_a_change_go() -> None:
    out = redactor.redact("changed the admin password from Harbor-11! to Winter-22!").text
    assert "Harbor" not in out
    assert "Winter" not in out


@given(st.text(max_size=300))
def test_any_text_is_accepted_and_idempotent(text: str) -> None:
    once = redactor.redact(text)
    assert redactor.redact(once.text).text == once.text
    assert all(0 <= f.start < f.end <= len(text) for f in once.findings)


PIECES = (
    "password",
    "=",
    ": ",
    '"',
    "'",
    "\\",
    "\\n",
    "\n",
    " ",
    "is ",
    "token ",
    "Bearer ",
    "admin / ",
    SECRET,
    TOKEN,
    "\x1b[1m",
    "\u200b",
    "<private>",
    "</private>",
    "[REDACTED:password:",
    "0a1b2c]",
    "-----BEGIN PRIVATE KEY-----",
    "://u:",
    "@h ",
    "curl -u a:",
    "-p",
    "mysql ",
    "UGFzc3dvcmQ9SGFyYm9yLTQ4MjEh",
    "login ",
    "as the password",
    "\ufffc",
    "$",
    "&quot;",
    "%22",
    "x",
    "eyJ",
    ".",
)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_mixtures_of_triggers_are_idempotent(text: str) -> None:
    once = redactor.redact(text).text
    assert redactor.redact(once).text == once


ADVERSARIAL = (
    "a",
    "=",
    '"',
    "'",
    "\\",
    "$",
    "0",
    "://",
    "://a:",
    "password=",
    "pass:",
    "password: ",
    "password is ",
    "as password ",
    "'password':'",
    '\\\\\\"password\\\\\\": ',
    "mysql -p ",
    " -w",
    " -p x",
    "eyJ-",
    "eyJaaaaaaaaa.",
    "-----BEGIN PRIVATE KEY-----",
    "<private>",
    "\x1b[1;",
    "\x1b]",
    "&quot;",
    "\u200b",
    "\u2167",
    "login a/",
    "net use x \\\\aaa ",
    "recovery code ",
    "radius server x\n a\n",
    "a\n",
    "abcd1234\n",
    "YWFhYWFhYWFhYWFhYWFh ",
    "basic aaaaaaaa ",
    "cookie: a=b; ",
    "[REDACTED:password:aaaaaa] ",
)


@pytest.mark.parametrize("piece", ADVERSARIAL)
def test_repetition_costs_linear_time(piece: str) -> None:
    # 200 KB; anything quadratic in the length takes ten times the limit.
    text = piece * (200_000 // len(piece))
    began = time.process_time()
    redactor.redact(text)
    assert time.process_time() - began < 3.0


def test_nested_base64_costs_linear_time() -> None:
    text = f"password={SECRET}\n" * 2000
    for _ in range(6):
        text = base64.b64encode(text.encode()).decode()
    began = time.process_time()
    redactor.redact(text)
    assert time.process_time() - began < 3.0
