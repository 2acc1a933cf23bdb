"""Firewall rules that are never reached."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from claudetools.domains.infra import FirewallRule, shadowed_rules
from claudetools.domains.infra.firewall_rules import FirewallAction
from claudetools.domains.infra.traffic import Addresses, TrafficProtocol, parse_ports

TODAY = date(2026, 6, 15)
FIREWALL, OTHER_FIREWALL = UUID(int=1), UUID(int=2)


def rule(number: int, **more: Any) -> FirewallRule:
    values = {
        "infrastructure_id": FIREWALL,
        "order": number,
        "source": "any",
        "destination": "any",
        "port": "any",
        "protocol": TrafficProtocol.ANY,
        "action": FirewallAction.ALLOW,
        "is_enabled": True,
        **more,
    }
    return FirewallRule(id=UUID(int=100 + number), **values)


def found(*rules: FirewallRule) -> list[tuple[int, int, bool]]:
    shadowed = shadowed_rules(rules, TODAY)
    return [(item.rule_id.int - 100, item.by_id.int - 100, item.is_contradicted) for item in shadowed]


def is_shadowed(earlier: dict[str, Any], later: dict[str, Any]) -> bool:
    return bool(found(rule(1, **earlier), rule(2, **later)))


def test_a_rule_behind_one_that_covers_it_is_found_whatever_order_the_rows_come_in() -> None:
    allow = rule(2, source="10.0.0.0/24", port="443", protocol=TrafficProtocol.TCP)
    deny = rule(1, source="10.0.0.0/8", action=FirewallAction.DENY)
    assert found(allow, deny) == found(deny, allow) == [(2, 1, True)]


def test_a_rule_that_says_the_same_again_is_superfluous_not_contradicted() -> None:
    assert found(rule(1), rule(2, port="22"), rule(3, port="80")) == [(2, 1, False), (3, 1, False)]


def test_the_first_rule_that_covers_is_named() -> None:
    assert found(rule(1, port="1-100"), rule(2, port="50"), rule(3, port="40-60"), rule(4)) == [
        (2, 1, False),
        (3, 1, False),
    ]


@pytest.mark.parametrize(
    "off", [{"is_enabled": False}, {"expires_on": date(2026, 6, 14)}, {"infrastructure_id": OTHER_FIREWALL}]
)
def test_rules_that_are_not_in_force_there_neither_shadow_nor_are_shadowed(off: dict[str, Any]) -> None:
    assert not is_shadowed(off, {})
    assert not is_shadowed({}, off)


def test_a_rule_is_in_force_on_its_last_day() -> None:
    assert is_shadowed({"expires_on": TODAY}, {})


@pytest.mark.parametrize(
    ("column", "outer", "inner", "covered"),
    [
        ("source", "any", "fileserver", True),
        ("source", "0.0.0.0/0", "any", False),
        ("source", "10.0.0.0/8", "10.1.2.3", True),
        ("source", "10.1.2.3", "10.0.0.0/8", False),
        ("source", "10.0.0.0/25, 10.0.0.128/25", "10.0.0.0/24", True),
        ("source", "10.0.0.1-10.0.0.20", "10.0.0.5-10.0.0.6", True),
        ("source", "10.0.0.1-10.0.0.20", "10.0.0.19-10.0.0.21", False),
        ("source", "0.0.0.0/0", "::1", False),
        ("source", "2001:db8::/32", "2001:db8:1::5", True),
        ("destination", "FileServer,10.0.0.1", "fileserver", True),
        ("destination", "fileserver", "fileserver,mailserver", False),
        ("destination", "10.0.0.0/8", "fileserver", False),
        ("destination", "10.0.0.1,any", "10.9.9.9", True),
        ("port", "any", "1-65535", True),
        ("port", "80,443", "443", True),
        ("port", "80-90,91,92-100", "85-95", True),
        ("port", "80-90,92-100", "85-95", False),
        ("port", "443", "any", False),
        ("protocol", "any", "icmp", True),
        ("protocol", "tcp_udp", "udp", True),
        ("protocol", "tcp", "tcp_udp", False),
        ("protocol", "tcp", "any", False),
        ("protocol", "esp", "ah", False),
    ],
)
def test_one_column_decides_when_the_others_cover(column: str, outer: str, inner: str, covered: bool) -> None:
    values = [{column: TrafficProtocol(text) if column == "protocol" else text} for text in (outer, inner)]
    assert is_shadowed(values[0], values[1]) is covered


@pytest.mark.parametrize(
    "text", ["", ",", "10.0.0.300", "10.0.0.0/33", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "fe80::zz", "a/b", "a\nb"]
)
def test_a_mistyped_address_is_not_taken_for_a_name(text: str) -> None:
    with pytest.raises(ValueError):
        Addresses.parse(text)


@pytest.mark.parametrize("text", ["", "0", "65536", "90-80", "80-", "-80", "http", "80;81", "8 0", "٨٠"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_ports(text)
