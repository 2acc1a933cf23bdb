"""What is written down about clients: from templates, and the network description from the equipment itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from claudetools.demo.client_files import SitePart
from claudetools.demo.estate import Estate, System, gateway_of, site_firewall
from claudetools.demo.facts import facts_about
from claudetools.demo.plan import Draft, Ref
from claudetools.demo.reading import Description, read
from claudetools.demo.texts import chance, fill

HOW = {
    "fortigate": "`get system status`, `diagnose hardware sysinfo conserve`, `get router info routing-table all`.",
    "sonicwall": "Browser: Monitor > Current Status; in the shell `show failover-lb status`.",
    "mikrotik": "`/interface print stats`, `/log print`, `/ip route print where active`.",
    "unifi-gateway": "Console > Internet; in the shell `ubnt-device-info summary`.",
}


class _DocumentPart(Description):
    title: str
    on: str
    runbook: bool
    body: str


class _DocumentsFile(Description):
    document: tuple[_DocumentPart, ...]


@cache
def _documents() -> tuple[_DocumentPart, ...]:
    return _DocumentsFile.model_validate(read("documents.toml")).document


def network_description_ref(estate: Estate) -> Ref:
    """Return the record of a client's network description."""
    return Ref(f"document/{estate.file.key}/Network description")


def document_records(estate: Estate, seed: int, at: datetime) -> Iterator[Draft]:
    """Return the documents about a client."""
    by = chance(seed, "documents", estate.file.key)
    texts = {"Network description": (_network_description(estate), False)}
    for part in _documents():
        systems = estate.with_role(part.on)
        if systems:
            texts[part.title] = (fill(part.body.lstrip(), _facts(estate, systems[0])), part.runbook)
    for title, (body, is_runbook) in texts.items():
        yield Draft(
            resource="documents",
            key=f"document/{estate.file.key}/{title}",
            by=estate.file.technicians[0],
            at=at - timedelta(days=by.randint(15, 380)),
            values={"client_id": estate.client, "title": title, "body": body, "is_runbook": is_runbook},
        )


def _facts(estate: Estate, system: System) -> dict[str, str]:
    file = estate.file
    edge = site_firewall(estate, file.sites[0])
    primary = next(contact for contact in file.contacts if contact.primary)
    hosts = [*estate.with_role("hyperv"), *estate.with_role("esxi")]
    hours = ", ".join(file.included) or "nothing; all by the hour"
    facts = facts_about(estate, system, list(estate.staff[:2]), chance(0, "documents", file.key))
    return facts | {
        "kind": file.kind.capitalize(),
        "staff": str(file.staff),
        "contact_role": primary.role,
        "notes": file.notes,
        "places": "\n".join(f"- **{site.name}**, {site.address}. {site.notes or ''}".rstrip() for site in file.sites),
        "agreement": f"Included: {hours}.",
        "edge": edge.part.host,
        "edge_model": edge.model,
        "edge_how": next(how for role, how in HOW.items() if role in edge.roles),
        "nas_list": _listing(estate.with_role("nas")),
        "hosts": _listing(hosts),
    }


def _listing(systems: list[System]) -> str:
    return ", ".join(f"`{system.part.host}`" for system in systems) or "none"


def _network_description(estate: Estate) -> str:
    parts = [f"# Network of {estate.file.name}"]
    parts += [_site_description(estate, site) for site in estate.file.sites]
    return "\n\n".join(parts) + "\n"


def _site_description(estate: Estate, site: SitePart) -> str:
    firewall = site_firewall(estate, site)
    lines = [
        f"## {site.name}",
        "",
        f"Line: {site.line}, public address {site.public}.",
        f"Firewall: `{firewall.part.host}`, {firewall.model}, {firewall.os} {firewall.version}.",
        "",
        "| Network | Range | VLAN | Gateway |",
        "|---|---|---|---|",
    ]
    lines += [f"| {n.name} | {n.cidr} | {n.vlan or '-'} | {gateway_of(n) or '-'} |" for n in site.networks]
    fixed = [s for s in estate.systems if s.part.site == site.key and s.part.role != "Workplace" and s.part.ip]
    lines += ["", "| Host | Address | What for |", "|---|---|---|"]
    lines += [f"| {system.part.host} | {system.part.ip} | {system.part.role} |" for system in fixed]
    return "\n".join(lines)
