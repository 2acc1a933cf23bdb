"""The rules on the firewalls: those that every site has, and each client's own."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from claudetools.demo.client_files import RulePart, SitePart
from claudetools.demo.estate import Estate, site_firewall
from claudetools.demo.plan import Draft, Ref

TRUSTED = frozenset({"lan", "vlan"})


def firewall_records(estate: Estate, at: datetime) -> Iterator[Draft]:
    """Return the rules on a client's firewalls."""
    for site in estate.file.sites:
        yield from (_record(estate, rule, at) for rule in _standard_rules(estate, site))
    yield from (_record(estate, rule, at) for rule in estate.file.rules)


def _standard_rules(estate: Estate, site: SitePart) -> Iterator[RulePart]:
    """Return what every site has: narrow rules first, so that none is in another's shadow."""
    host = site_firewall(estate, site).part.host
    trusted = ",".join(network.cidr for network in site.networks if network.type in TRUSTED)
    servers = next((n.cidr for n in site.networks if n.name in ("Servers", "VLAN 20 Servers")), site.networks[0].cidr)

    def rule(name: str, order: int, source: str, destination: str, port: str, action: str, notes: str = "") -> RulePart:
        protocol = "any" if port == "any" else "tcp_udp" if port == "53" else "tcp"
        return RulePart(
            on=host,
            name=name,
            order=order,
            source=source,
            destination=destination,
            port=port,
            protocol=protocol,
            action=action,
            notes=notes or None,
        )

    for network in site.networks:
        if network.name == "Guests":
            yield rule("Guests to inside", 100, network.cidr, trusted, "any", "drop")
            yield rule("Guests to internet", 200, network.cidr, "any", "80,443", "allow")
        elif network.type == "vpn" and network.name != "Old VPN pool":
            yield rule(f"{network.name} to servers", 110, network.cidr, servers, "any", "allow")
        elif network.type == "dmz":
            yield rule(f"{network.name} names", 115, network.cidr, servers, "53", "allow")
            yield rule(f"{network.name} to inside", 120, network.cidr, trusted, "any", "drop")
            yield rule(f"Internet to {network.name}", 130, "any", network.cidr, "443", "allow")
    yield rule("Mail only by the relay", 140, trusted, "any", "25", "deny", "Printers send by the connector.")
    yield rule("Inside to internet", 300, trusted, "any", "any", "allow")
    yield rule("Everything else", 1000, "any", "any", "any", "drop")


def _record(estate: Estate, rule: RulePart, at: datetime) -> Draft:
    return Draft(
        resource="firewall-rules",
        key=f"rule/{estate.file.key}/{rule.on}/{rule.name}",
        values={
            "infrastructure_id": Ref(f"infrastructure/{estate.file.key}/{rule.on}"),
            "name": rule.name,
            "order": rule.order,
            "source": rule.source,
            "destination": rule.destination,
            "port": rule.port,
            "protocol": rule.protocol,
            "action": rule.action,
            "expires_on": None if rule.expires_days is None else (at + timedelta(days=rule.expires_days)).date(),
            "notes": rule.notes,
        },
    )
