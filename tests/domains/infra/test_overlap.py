"""Overlaps within a site, and free addresses."""

import ipaddress
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from claudetools.domains.infra import Network, free_addresses, overlaps

SITE, OTHER_SITE, CLIENT, OTHER_CLIENT = (UUID(int=n) for n in range(1, 5))


def network(number: int, cidr: str, **more: Any) -> Network:
    values = {"client_id": CLIENT, "site_id": SITE, "dns_servers": [], **more}
    return Network(id=UUID(int=100 + number), cidr=cidr, **values)


def pairs(*networks: Network) -> list[tuple[int, int]]:
    return [(found.outer_id.int - 100, found.inner_id.int - 100) for found in overlaps(networks)]


def test_networks_that_lie_within_others_are_named_with_each_of_them() -> None:
    assert pairs(
        network(1, "10.0.1.0/24"),
        network(2, "10.0.0.0/16"),
        network(3, "10.0.1.128/25"),
        network(4, "10.0.2.0/24"),
        network(5, "10.1.0.0/16"),
    ) == [(2, 1), (2, 3), (1, 3), (2, 4)]


def test_the_same_range_twice_is_an_overlap() -> None:
    assert pairs(network(2, "192.168.1.0/24"), network(1, "192.168.1.0/24")) == [(1, 2)]


def test_other_sites_other_clients_and_the_other_version_do_not_count() -> None:
    same = "10.0.0.0/24"
    assert (
        pairs(
            network(1, same),
            network(2, same, site_id=OTHER_SITE),
            network(3, same, site_id=None),
            network(4, same, site_id=None, client_id=OTHER_CLIENT),
            network(5, "::a00:0/120"),
        )
        == []
    )


def test_networks_of_a_client_without_a_site_are_a_group() -> None:
    assert pairs(network(1, "10.0.0.0/8", site_id=None), network(2, "10.9.0.0/16", site_id=None)) == [(1, 2)]


RANGES = st.tuples(st.integers(0, 255), st.integers(24, 32)).map(
    lambda drawn: str(ipaddress.ip_network((f"10.0.0.{drawn[0]}", drawn[1]), strict=False))
)


@given(st.lists(RANGES, max_size=12))
def test_exactly_the_pairs_that_share_an_address_are_found(cidrs: list[str]) -> None:
    found = [tuple(sorted(pair)) for pair in pairs(*(network(n, cidr) for n, cidr in enumerate(cidrs)))]
    ranges = [ipaddress.ip_network(cidr) for cidr in cidrs]
    expected = [(a, b) for b in range(len(ranges)) for a in range(b) if ranges[a].overlaps(ranges[b])]
    assert sorted(found) == sorted(expected)


def test_free_addresses_leave_out_what_is_taken_and_what_no_host_may_have() -> None:
    free = free_addresses(
        network(1, "10.0.0.0/29", gateway="10.0.0.1", dns_servers=["10.0.0.2", "9.9.9.9"]),
        ["10.0.0.4", "10.0.0.4", "192.168.0.1", "2001:db8::1"],
    )
    assert (free.count, free.first) == (3, ("10.0.0.3", "10.0.0.5", "10.0.0.6"))


def test_only_as_many_free_addresses_are_named_as_are_asked_for() -> None:
    free = free_addresses(network(1, "10.0.0.0/8"), ["10.0.0.1", "10.0.0.3"], limit=2)
    assert (free.count, free.first) == (2**24 - 4, ("10.0.0.2", "10.0.0.4"))
    wide = free_addresses(network(1, "2001:db8::/64"), [], limit=1)
    assert (wide.count, wide.first) == (2**64 - 1, ("2001:db8::1",))


def test_small_networks_have_only_hosts() -> None:
    assert free_addresses(network(1, "10.0.0.0/31"), ["10.0.0.0"]).first == ("10.0.0.1",)
    assert free_addresses(network(1, "10.0.0.7/32"), []).first == ("10.0.0.7",)
    assert free_addresses(network(1, "10.0.0.7/32"), ["10.0.0.7"]).count == 0
