"""Firewall rules that are never reached, because an earlier one catches all they could match."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from claudetools.domains.infra.firewall_rules import FirewallRule
from claudetools.domains.infra.traffic import Addresses, intervals_cover, parse_ports, protocol_covers


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A rule that is never reached, and the first rule that covers it alone.

    `is_contradicted` says that the covering rule does something else, so that the firewall does not do what the
    shadowed rule says; otherwise the shadowed rule is only superfluous.
    """

    rule_id: UUID
    by_id: UUID
    is_contradicted: bool


class _Match:
    """What a rule matches, parsed once."""

    def __init__(self, rule: FirewallRule) -> None:
        self.rule = rule
        self.protocol = rule.protocol
        self.source = Addresses.parse(rule.source)
        self.destination = Addresses.parse(rule.destination)
        self.ports = parse_ports(rule.port)

    def covers(self, other: "_Match") -> bool:
        return (
            protocol_covers(self.protocol, other.protocol)
            and intervals_cover(self.ports, other.ports)
            and self.source.covers(other.source)
            and self.destination.covers(other.destination)
        )


def shadowed_rules(rules: Sequence[FirewallRule], on: date) -> list[Shadowed]:
    """Return the rules in force on a day that are never reached, by firewall and in the order of the firewall.

    Rules of the same order are taken in the order they were made. A rule that only several earlier ones together cover
    is not found. Names of objects cover only themselves.
    """
    # The spans stand beside the matches: most pairs are told apart by them, and there are as many as rules squared.
    firewalls: defaultdict[UUID, list[tuple[int, int, _Match]]] = defaultdict(list)
    found: list[Shadowed] = []
    in_force = (rule for rule in rules if rule.is_enabled and (rule.expires_on is None or rule.expires_on >= on))
    for rule in sorted(in_force, key=lambda rule: (rule.infrastructure_id, rule.order, rule.id)):
        match, earlier = _Match(rule), firewalls[rule.infrastructure_id]
        first, last = match.destination.span
        by = next((one for low, high, one in earlier if low <= first and last <= high and one.covers(match)), None)
        if by is None:
            # What a shadowed rule covers, its shadow covers too.
            earlier.append((first, last, match))
        else:
            found.append(Shadowed(rule.id, by.rule.id, by.rule.action is not rule.action))
    return found
