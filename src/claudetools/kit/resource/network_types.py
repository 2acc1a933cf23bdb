"""Input types of networking: addresses, networks, ports, host names and locators, each kept in one spelling."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

MAX_URL_LENGTH = 500
URL_SCHEMES = frozenset(
    [
        *("http", "https", "ws", "wss", "ftp", "ftps", "sftp"),
        *("ssh", "telnet", "rdp", "vnc", "tcp", "udp"),
        *("smb", "nfs", "ldap", "ldaps", "smtp", "smtps", "sip", "rtsp"),
    ]
)
"""What a service is reached by. Schemes that a browser would run, such as `javascript`, are not among them."""

HOST_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
MAC_SPELLINGS = re.compile(
    r"[0-9a-f]{2}(?:(:|-)[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}|[0-9a-f]{12}"
)


def ip_address(text: str) -> str:
    """Return an IPv4 or IPv6 address in its shortest spelling (RFC 5952).

    Raises:
        ValueError: it is none, or names a zone, which means something on one host only.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError("an IPv4 or IPv6 address") from None
    if "%" in text:
        raise ValueError("an address without a zone")
    return str(address)


def cidr(text: str) -> str:
    """Return a network as address and prefix length (RFC 4632); a mask is turned into the length.

    Raises:
        ValueError: it is none, has no prefix length, or its address lies inside of the network, not at its start.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("a network such as 192.168.10.0/24") from None
    address, slash, _ = text.partition("/")
    if not slash or "%" in address:
        raise ValueError("a network with its prefix length, such as 192.168.10.0/24")
    if ipaddress.ip_address(address) != network.network_address:
        raise ValueError(f"the address of the network itself: {network}")
    return str(network)


def mac_address(text: str) -> str:
    """Return a MAC address as six lower-case pairs with colons; dashes, Cisco's dots and bare digits are understood.

    Raises:
        ValueError: it is none.
    """
    if not MAC_SPELLINGS.fullmatch(text.lower()):
        raise ValueError("a MAC address such as 00:1a:2b:3c:4d:5e")
    return ":".join(re.findall("..", re.sub(r"[:.-]", "", text.lower())))


def hostname(text: str) -> str:
    """Return a host or domain name (RFC 1123, with the underscore that Windows allows), without a final dot.

    Raises:
        ValueError: it is none. Names in other scripts are given as punycode.
    """
    name = text.removesuffix(".")
    if len(name) > 253 or not all(HOST_LABEL.fullmatch(part) for part in name.split(".")):
        raise ValueError("a host name of letters, digits, hyphens and dots")
    return name


def url(text: str) -> str:
    """Return an absolute locator with a scheme of `URL_SCHEMES`.

    Raises:
        ValueError: it is none, or carries a password, which belongs into a credential.
    """
    if not text.isprintable() or " " in text:
        raise ValueError("a URL without blanks and control characters")
    try:
        parts = urlsplit(text)
        has_host, has_password = bool(parts.hostname) and parts.port != 0, parts.password is not None
    except ValueError:
        raise ValueError("a URL such as https://host:8443/path") from None
    if has_password:
        raise ValueError("a URL without a password: keep that as a credential")
    if parts.scheme not in URL_SCHEMES:
        raise ValueError(f"a URL with one of the schemes {', '.join(sorted(URL_SCHEMES))}")
    if not has_host:
        raise ValueError("a URL such as https://host:8443/path")
    return text


IpAddress = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(ip_address)]
Cidr = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(cidr)]
MacAddress = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(mac_address)]
Port = Annotated[int, Field(ge=1, le=65535)]
Hostname = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254), AfterValidator(hostname)
]
Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_URL_LENGTH), AfterValidator(url)]
