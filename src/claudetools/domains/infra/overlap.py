"""Which networks of a site overlap, and which addresses of a network are free."""

import ipaddress
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from claudetools.domains.infra.networks import Network
from claudetools.domains.infra.traffic import Network as Range

POINT_TO_POINT_HOSTS = 2


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two networks of one site that share addresses. `inner_id` lies within `outer_id`, or is the same range."""

    outer_id: UUID
    inner_id: UUID


@dataclass(frozen=True, slots=True)
class FreeAddresses:
    """How many addresses of a network nobody has, and the lowest of them."""

    count: int
    first: tuple[str, ...]


def overlaps(networks: Sequence[Network]) -> Iterator[Overlap]:
    """Yield every pair of networks that overlap within a site; those of a client without a site form a group too.

    There are many pairs when many ranges are the same: take as many as are wanted.
    """
    groups: defaultdict[tuple[UUID, UUID | None], list[tuple[Range, UUID]]] = defaultdict(list)
    for network in networks:
        groups[network.client_id, network.site_id].append((ipaddress.ip_network(network.cidr), network.id))
    for group in groups.values():
        yield from _nested(group)


def _nested(group: list[tuple[Range, UUID]]) -> Iterator[Overlap]:
    # Two ranges with prefixes either lie one within the other or apart. So in this order those that are still open
    # when a range begins are exactly those that contain it.
    group.sort(key=lambda entry: (entry[0].version, int(entry[0].network_address), entry[0].prefixlen, entry[1]))
    open_ranges: list[tuple[Range, UUID]] = []
    for inner, inner_id in group:
        while open_ranges and not _contains(open_ranges[-1][0], inner):
            open_ranges.pop()
        yield from (Overlap(outer_id, inner_id) for _, outer_id in open_ranges)
        open_ranges.append((inner, inner_id))


def _contains(outer: Range, inner: Range) -> bool:
    return outer.version == inner.version and int(inner.network_address) <= int(outer.broadcast_address)


def free_addresses(network: Network, taken: Iterable[str], limit: int = 10) -> FreeAddresses:
    """Return the addresses of `network` that hosts may have and that are not among `taken`, the lowest `limit` of them.

    The gateway and the network's DNS servers are taken too, and so are the network's own and its broadcast address;
    but in a network of two addresses both are for hosts (RFC 3021, RFC 6164). `taken` may hold addresses elsewhere.
    """
    subnet = ipaddress.ip_network(network.cidr)
    first, last = int(subnet.network_address), int(subnet.broadcast_address)
    if last - first >= POINT_TO_POINT_HOSTS:
        first += 1  # in IPv6 the anycast address of the routers (RFC 4291, 2.6.1)
        last -= 1 if subnet.version == 4 else 0
    known = (*taken, *network.dns_servers, *([network.gateway] if network.gateway else []))
    addresses = [address for address in map(ipaddress.ip_address, known) if address.version == subnet.version]
    used = {int(address) for address in addresses if first <= int(address) <= last}
    # Of that many lowest addresses, `limit` are free at least.
    candidates = range(first, min(last, first + len(used) + limit) + 1)
    free = itertools.islice((number for number in candidates if number not in used), limit)
    address_of = type(subnet.network_address)
    return FreeAddresses(last - first + 1 - len(used), tuple(str(address_of(number)) for number in free))
