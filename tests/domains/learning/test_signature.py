"""The signature of an error: the same for the same failure, another for another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claudetools.domains.learning import signature_of
from claudetools.domains.learning.signature import SIGNATURE_CHARS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot open /var/log/a.log", "Cannot open  /srv/data/b.log"),
        (r"cannot open C:\Users\ann\a.txt", r"cannot open D:\Data\b.txt"),
        ("2026-01-02T03:04:05.123Z timeout of 10.0.0.4", "2027-11-12 13:14:15 timeout of 192.168.1.250"),
        ("at 03:04:05 it died", "at 23:14:59.123 it died"),
        ("process 48213 was killed", "process 1048999 was killed"),
        ("no volume 018f3c3e-7e4b-7c6a-9d2e-0123456789ab", "no volume 99999999-7e4b-4c6a-9d2e-ba9876543210"),
        ("layer deadbeefdeadbeef0123 is broken", "layer 0123456789abcdef is broken"),
        ("denied for [REDACTED:password:a1b2c3]", "denied for [REDACTED:password:ffffff]"),
        ("  one\n two ", "One Two"),
    ],
)
def test_what_varies_is_left_out(one: str, other: str) -> None:
    assert signature_of(one) == signature_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("exit code 5", "exit code 53"),
        ("error 0x80070005", "error 0x80070057"),
        ("error 0x8007000580070005", "error 0x8007000580070057"),
        ("HTTP 403 from the API", "HTTP 404 from the API"),
        ("module rsync not found", "module robocopy not found"),
        ("needs version 2.10.3", "needs version 2.11.0"),
    ],
)
def test_what_tells_failures_apart_stays(one: str, other: str) -> None:
    assert signature_of(one) != signature_of(other)


@given(st.text(max_size=3000) | st.text("a0-:/\\. [", max_size=3000))
def test_a_signature_is_short_whatever_the_error(error: str) -> None:
    signature = signature_of(error)
    assert len(signature) <= SIGNATURE_CHARS
    assert signature == signature.strip()
    assert signature == signature_of(f"  {error}\n")
