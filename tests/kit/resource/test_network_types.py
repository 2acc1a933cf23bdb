"""Networking input: one spelling of each value, and nothing that is none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from claudetools.kit.resource.network_types import Cidr, Hostname, IpAddress, MacAddress, Port, Url

ADAPTERS: dict[str, TypeAdapter[Any]] = {
    "ip": TypeAdapter(IpAddress),
    "cidr": TypeAdapter(Cidr),
    "mac": TypeAdapter(MacAddress),
    "port": TypeAdapter(Port),
    "hostname": TypeAdapter(Hostname),
    "url": TypeAdapter(Url),
}


@pytest.mark.parametrize(
    ("kind", "given_text", "kept"),
    [
        ("ip", " 192.168.0.1 ", "192.168.0.1"),
        ("ip", "2001:0DB8:0:0::1", "2001:db8::1"),
        ("cidr", "192.168.10.0/24", "192.168.10.0/24"),
        ("cidr", "10.0.0.0/255.255.0.0", "10.0.0.0/16"),
        ("cidr", "2001:DB8::/32", "2001:db8::/32"),
        ("cidr", "10.0.0.7/32", "10.0.0.7/32"),
        ("mac", "00-1A-2B-3C-4D-5E", "00:1a:2b:3c:4d:5e"),
        ("mac", "001a.2b3c.4d5e", "00:1a:2b:3c:4d:5e"),
        ("mac", "001A2B3C4D5E", "00:1a:2b:3c:4d:5e"),
        ("port", 65535, 65535),
        ("hostname", "DC01.example.com.", "DC01.example.com"),
        ("hostname", "_sip._tcp.example.com", "_sip._tcp.example.com"),
        ("url", "https://nas.local:5001/a?b=c#d", "https://nas.local:5001/a?b=c#d"),
        ("url", "ssh://root@[2001:db8::1]:22", "ssh://root@[2001:db8::1]:22"),
    ],
)
def test_what_is_valid_is_kept_in_one_spelling(kind: str, given_text: object, kept: object) -> None:
    assert ADAPTERS[kind].validate_python(given_text) == kept


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("ip", text) for text in ("", "10.0.0.256", "010.0.0.1", "10.0.0.0/8", "fe80::1%eth0", "nas", "1" * 100)),
        *(("cidr", text) for text in ("", "10.0.0.0", "10.0.0.1/24", "10.0.0.0/33", "::%1/64", "x/8", "10.0.0.0/")),
        *(("mac", text) for text in ("", "00:1a:2b:3c:4d", "00:1a-2b:3c-4d:5e", "00:1a:2b:3c:4d:5g", "0" * 13)),
        *(("port", number) for number in (0, -1, 65536)),
        *(("hostname", text) for text in ("", ".", "a..b", "-a", "a-", "a b", "ü", "a" * 64, ".".join(["a" * 60] * 5))),
        *(("url", text) for text in ("", "nas", "//nas", "https://", "https:///a", "http://a b", "http://a\nb")),
        *(("url", text) for text in ("javascript://a/%0aalert(1)", "JavaScript://a", "data:text/html,x", "file:///a")),
        *(("url", text) for text in ("https://a:99999", "https://a:0", "https://[::1", "https://u:secret@a/")),
        ("url", "https://a/" + "x" * 500),
    ],
)
def test_what_is_not_valid_is_refused(kind: str, text: object) -> None:
    with pytest.raises(ValidationError):
        ADAPTERS[kind].validate_python(text)


def test_a_refused_network_is_told_the_right_one() -> None:
    with pytest.raises(ValidationError, match=r"10\.0\.0\.0/24"):
        ADAPTERS["cidr"].validate_python("10.0.0.5/24")


def test_a_refused_password_is_not_repeated_in_the_reason() -> None:
    with pytest.raises(ValidationError) as refused:
        ADAPTERS["url"].validate_python("https://u:secret@a/")
    assert "secret" not in refused.value.errors()[0]["msg"]


@given(st.sampled_from(sorted(set(ADAPTERS) - {"port"})), st.text(alphabet="0123456789abf.:/-%[]@ é\x00", max_size=40))
def test_what_is_kept_is_kept_the_same_again(kind: str, text: str) -> None:
    try:
        kept = ADAPTERS[kind].validate_python(text)
    except ValidationError:
        return
    assert ADAPTERS[kind].validate_python(kept) == kept
