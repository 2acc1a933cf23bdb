"""What a firewall rule's columns mean: sets of addresses, ports and protocols, and which set covers which."""

import ipaddress
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter

ANY = "any"
PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
OBJECT_NAME = re.compile(r"(?=.*[^\W\d_])[^,/:\x00-\x1f]{1,100}")
"""A letter at least, and nothing that only addresses have: a mistyped address is not taken for a name."""

BITS_OF_ADDRESS = 128
BELOW_ADDRESSES, ABOVE_ADDRESSES = -1, 1 << (BITS_OF_ADDRESS + 4)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Interval = tuple[int, int]
"""The first and the last of consecutive numbers."""


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


def merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the numbers in these intervals as the fewest intervals: sorted, neither overlapping nor adjacent."""
    found: list[Interval] = []
    for first, last in sorted(intervals):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def intervals_cover(outer: tuple[Interval, ...], inner: tuple[Interval, ...]) -> bool:
    """Return whether every number of `inner` is in `outer`; both as `merged` gives them."""
    for first, last in inner:
        place = bisect_right(outer, first, key=itemgetter(0))
        if not place or outer[place - 1][1] < last:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Addresses:
    """A set of addresses: intervals as `merged` gives them, and names of objects that only the firewall can resolve.

    The number of an address is made different from those of the other version by its highest bits.
    """

    intervals: tuple[Interval, ...] = ()
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
        intervals: list[Interval] = []
        names: set[str] = set()
        for item in (part.strip() for part in text.split(",")):
            interval = _interval(item)
            if interval is not None:
                intervals.append(interval)
            elif OBJECT_NAME.fullmatch(item):
                names.add(item.lower())
            else:
                raise ValueError("any, or networks, addresses, ranges and object names with commas between them")
        return cls(merged(intervals), frozenset(names), ANY in names)

    @property
    def span(self) -> Interval:
        """From the lowest to the highest address: only a set whose span holds that of another can cover it.

        That of no address is held by every span and holds no other.
        """
        if self.is_any:
            return BELOW_ADDRESSES, ABOVE_ADDRESSES
        return (self.intervals[0][0], self.intervals[-1][1]) if self.intervals else (ABOVE_ADDRESSES, BELOW_ADDRESSES)

    def covers(self, inner: "Addresses") -> bool:
        """Return whether every address of `inner` is surely in this set; a name covers only itself."""
        if self.is_any or inner.is_any:
            return self.is_any
        return inner.names <= self.names and intervals_cover(self.intervals, inner.intervals)


def _interval(item: str) -> Interval | None:
    """Return the first and the last address that an address, a network or a range stands for; None when it is none."""
    start, dash, end = (part.strip() for part in item.partition("-"))
    try:
        if dash:
            first, last = ipaddress.ip_address(start), ipaddress.ip_address(end)
        else:
            network = ipaddress.ip_network(item, strict=False)
            first, last = network.network_address, network.broadcast_address
    except ValueError:
        return None
    if first.version != last.version or int(first) > int(last):
        return None
    version = first.version << BITS_OF_ADDRESS
    return version + int(first), version + int(last)


def parse_ports(text: str) -> tuple[Interval, ...]:
    """Return the ranges, first and last port, that a comma-separated list stands for, as `merged` gives them.

    Raises:
        ValueError: an item is neither a port from 1 to 65535 nor a range of them.
    """
    if text.strip().lower() == ANY:
        return ((0, 65535),)
    ranges: list[Interval] = []
    for item in text.split(","):
        match = PORTS.fullmatch(item.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= 65535:
            raise ValueError("any, or ports and ranges with commas between them, such as 80,443,8000-8100")
        ranges.append((first, last))
    return merged(ranges)
