"""Where a request comes from: the peer's address, or what a proxy that is trusted says of it.

`X-Forwarded-For` is a claim of whoever sent it. It counts only as far as trusted proxies have added to it: read from
the right, the first address that is not one of theirs is the client's.
"""

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

IPV6_PREFIX = 64
"""What one subscriber is usually given: addresses below it are the same stranger."""

Network = IPv4Network | IPv6Network


class ClientAddress:
    """Puts the client's address, and the scheme that it used, in the place of a trusted proxy's."""

    def __init__(self, app: ASGIApp, trusted: Sequence[Network]) -> None:
        self.app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        peer = _address(address_of(scope) or "")
        if peer is not None and self._is_trusted(peer):
            headers = Headers(scope=scope)
            client = self._client(peer, ",".join(headers.getlist("x-forwarded-for")).split(","))
            scope = dict(scope, client=(str(client), 0))
            if (scheme := headers.get("x-forwarded-proto")) in ("http", "https"):
                scope["scheme"] = scheme
        await self.app(scope, receive, send)

    def _client(self, peer: IPv4Address | IPv6Address, claimed: list[str]) -> IPv4Address | IPv6Address:
        found = peer
        for text in reversed(claimed):
            address = _address(text.strip())
            if address is None:
                break
            found = address
            if not self._is_trusted(address):
                break
        return found

    def _is_trusted(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def subscriber(host: str | None) -> str:
    """Return what stands for all addresses of the subscriber at `host`: the address itself, of IPv6 its /64."""
    address = _address(host or "")
    if address is None:
        return host or "unknown"
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))


def address_of(scope: Scope) -> str | None:
    """Return the address that a request comes from."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else None


def is_within(host: str | None, networks: Sequence[Network]) -> bool:
    """Return whether an address is in one of the networks."""
    address = _address(host or "")
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
