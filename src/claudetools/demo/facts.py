"""The facts that texts about a client are filled in with."""

import ipaddress
from random import Random

from claudetools.demo.client_files import SitePart
from claudetools.demo.estate import Employee, Estate, System

ROLES = {
    "dc": "dc",
    "file": "file",
    "app": "app",
    "nas": "nas",
    "veeam": "veeam",
    "print": "print",
    "printer": "printer",
    "hyperv": "hv",
    "vcenter": "vcenter",
    "unifi-controller": "controller",
}
"""Roles of equipment whose host name and address are facts, and what these facts are called."""


def facts_about(estate: Estate, system: System | None, people: list[Employee], by: Random) -> dict[str, str]:
    """Return the facts about a client and one of its systems, or its Microsoft 365 tenant. What it lacks is left out.

    `people` are the employee that it is about, and another.
    """
    file = estate.file
    site = estate.site(system.part.site) if system else file.sites[0]
    facts = {
        "client": file.name,
        "code": file.code,
        "domain": file.domain,
        "ad": file.ad,
        "site": site.name,
        "public": site.public,
        "lan_net": str(ipaddress.ip_network(site.networks[0].cidr).network_address),
        "contact": next(contact.name for contact in file.contacts if contact.primary),
        "user": people[0].name,
        "login": people[0].login,
        "user2": people[1].name,
    }
    if file.app is not None:
        facts |= {"app_name": file.app.name, "app_word": file.app.name.split()[-1]}
    facts |= _neighbours(estate, site, system)
    places = [place for place in estate.with_role("workstation") if place is not system]
    if places:
        facts["pc"] = by.choice([p for p in places if p.part.site == site.key] or places).part.host
    if system is not None:
        facts |= {"host": system.part.host, "ip": system.part.ip or "", "model": system.model}
        facts |= {"os": system.os or "", "version": system.version or "", "serial": system.serial or ""}
        if system.software is not None and system.software.updates:
            facts["kb"] = by.choice(system.software.updates)
        if "firewall" not in system.roles or "edge" in system.roles:
            facts |= _other_place(estate, site, by)
    return facts


def target_of(estate: Estate, facts: dict[str, str], name: str) -> str | None:
    """Return the key of the system whose host name is the fact `name`."""
    return next((system.key for system in estate.systems if system.part.host == facts.get(name)), None)


def _neighbours(estate: Estate, site: SitePart, system: System | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for role, name in ROLES.items():
        others = [other for other in estate.with_role(role, site.key) if other is not system]
        if system is not None and role in system.roles:
            others = [system, *others]
        if others:
            found |= {name: others[0].part.host, f"{name}_ip": others[0].part.ip or ""}
        if role == "dc" and len(others) > 1:
            found["dc2"] = others[1].part.host
    machines = estate.with_role("plc")
    if machines:
        found["fw_ot"] = next(s.part.host for s in estate.systems if s.part.host.endswith("fw-ot"))
    return found


def _other_place(estate: Estate, site: SitePart, by: Random) -> dict[str, str]:
    """Return the facts about the far end of a tunnel from this site."""
    others = [other for other in estate.file.sites if other.key != site.key and (other.vpn or site.vpn)]
    if not others:
        return {}
    far = by.choice(others)
    return {"branch": far.name, "branch_key": far.key, "branch_public": far.public}
