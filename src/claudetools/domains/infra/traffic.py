"""What a firewall rule's columns mean: sets of addresses, ports and protocols, and which set covers which."""

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

ANY = "any"
PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
OBJECT_NAME = re.compile(r"(?=.*[^\W\d_])[^,/:\x00-\x1f]{1,100}")
"""A letter at least, and nothing that only addresses have: a mistyped address is not taken for a name."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class TrafficProtocol(StrEnum):
    """What a firewall rule looks at."""

    ANY = "any"
    TCP = "tcp"
    UDP = "udp"
    TCP_UDP = "tcp_udp"
    ICMP = "icmp"
    GRE = "gre"
    ESP = "esp"
    AH = "ah"


PARTS = {TrafficProtocol.TCP_UDP: frozenset({TrafficProtocol.TCP, TrafficProtocol.UDP})}


def protocol_covers(outer: TrafficProtocol, inner: TrafficProtocol) -> bool:
    """Return whether all traffic of protocol `inner` is of protocol `outer`."""
    return outer is TrafficProtocol.ANY or PARTS.get(inner, frozenset({inner})) <= PARTS.get(outer, frozenset({outer}))


@dataclass(frozen=True, slots=True)
class Addresses:
    """A set of addresses: networks without overlap, and names of objects that only the firewall can resolve."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()
    is_any: bool = False

    @classmethod
    def parse(cls, text: str) -> "Addresses":
        """Return the set that a comma-separated list of networks, addresses, ranges and object names stands for.

        Raises:
            ValueError: an item is none of these.
        """
        if text.strip().lower() == ANY:
            return cls(is_any=True)
        v4: list[ipaddress.IPv4Network] = []
        v6: list[ipaddress.IPv6Network] = []
        names: set[str] = set()
        for item in (part.strip() for part in text.split(",")):
            found = _networks(item)
            if not found and not OBJECT_NAME.fullmatch(item):
                raise ValueError("any, or networks, addresses, ranges and object names with commas between them")
            v4.extend(network for network in found if isinstance(network, ipaddress.IPv4Network))
            v6.extend(network for network in found if isinstance(network, ipaddress.IPv6Network))
            names |= set() if found else {item.lower()}
        merged: list[Network] = [*ipaddress.collapse_addresses(v4)]
        merged.extend(ipaddress.collapse_addresses(v6))
        return cls(tuple(merged), frozenset(names), ANY in names)

    def covers(self, inner: "Addresses") -> bool:
        """Return whether every address of `inner` is surely in this set; a name covers only itself."""
        if self.is_any or inner.is_any:
            return self.is_any
        return inner.names <= self.names and all(self._holds(network) for network in inner.networks)

    def _holds(self, inner: Network) -> bool:
        first, last = int(inner.network_address), int(inner.broadcast_address)
        return any(
            outer.version == inner.version
            and int(outer.network_address) <= first
            and last <= int(outer.broadcast_address)
            for outer in self.networks
        )


def _networks(item: str) -> list[Network]:
    """Return the networks that an address, a network or a range is made of; none when it is not one."""
    first, dash, last = (part.strip() for part in item.partition("-"))
    try:
        if not dash:
            return [ipaddress.ip_network(item, strict=False)]
        low, high = ipaddress.ip_address(first), ipaddress.ip_address(last)
        return list(ipaddress.summarize_address_range(low, high))
    except (ValueError, TypeError):  # the latter where the ends are of two versions
        return []


def parse_ports(text: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges, first and last port, that a comma-separated list stands for: sorted, without overlap.

    Raises:
        ValueError: an item is neither a port from 1 to 65535 nor a range of them.
    """
    if text.strip().lower() == ANY:
        return ((0, 65535),)
    ranges: list[tuple[int, int]] = []
    for item in text.split(","):
        match = PORTS.fullmatch(item.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= 65535:
            raise ValueError("any, or ports and ranges with commas between them, such as 80,443,8000-8100")
        ranges.append((first, last))
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def ports_cover(outer: tuple[tuple[int, int], ...], inner: tuple[tuple[int, int], ...]) -> bool:
    """Return whether every port of `inner` is in `outer`; both as `parse_ports` gives them."""
    return all(any(low <= first and last <= high for low, high in outer) for first, last in inner)
