"""Clients with their places, people, projects, networks, Microsoft 365 tenants and equipment."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from claudetools.demo.client_files import ContactPart, NetworkPart, SitePart
from claudetools.demo.estate import Estate, System, gateway_of, site_firewall
from claudetools.demo.plan import Draft, Folder, Ref
from claudetools.demo.texts import chance, fill

FIRST_NUMBER = 100
TENANT_SUFFIX = "onmicrosoft.example"
ROLES_IN_TENANTS = ["Exchange Administrator", "User Administrator", "Helpdesk Administrator", "Global Reader"]


def client_records(estate: Estate, seed: int, at: datetime) -> Iterator[Draft]:
    """Return everything that there is of a client before any work is done for it."""
    file = estate.file
    taken_over = at - timedelta(days=chance(seed, "client", file.key).randint(400, 2400))
    tags = ["contract" if file.included else "by-the-hour"]
    tags += ["co-managed"] if "co-managed" in file.kind else []
    yield Draft(
        resource="clients",
        key=estate.client.key,
        at=taken_over,
        tags=tuple(tags) if file.type == "msp_client" else (),
        values={
            "name": file.name,
            "short_code": file.code,
            "type": file.type,
            "network_subnet": file.sites[0].networks[0].cidr,
            "domain_name": file.domain,
            "m365_tenant_name": _tenant_name(estate) if file.m365 else None,
            "primary_contact": _primary(estate).name,
            "hourly_rate": file.rate,
            "currency": "GBP" if file.rate else None,
            "notes": file.notes,
        },
    )
    yield from (_site(estate, site, taken_over) for site in file.sites)
    yield from _contacts(estate, taken_over)
    yield from _projects(estate, seed, at)
    yield from (_network(estate, site, network, taken_over) for site in file.sites for network in site.networks)
    if file.m365:
        yield _tenant(estate, seed, at)
    yield from (_equipment(estate, system, seed, at) for system in _hosts_first(estate))


def client_folders(estate: Estate) -> Iterator[Folder]:
    """Return the folders in which a client's projects are worked on."""
    for project in estate.file.projects:
        if project.folder is not None:
            yield Folder(
                path=project.folder, client=estate.client, project=Ref(f"project/{estate.file.key}/{project.slug}")
            )


def site_ref(estate: Estate, key: str) -> Ref:
    """Return the record of a place."""
    return Ref(f"site/{estate.file.key}/{key}")


def _primary(estate: Estate) -> ContactPart:
    return next(contact for contact in estate.file.contacts if contact.primary)


def _phone(estate: Estate, number: int) -> str:
    return f"{estate.file.phone}{FIRST_NUMBER + number:03}"


def _site(estate: Estate, site: SitePart, at: datetime) -> Draft:
    lan = site.networks[0]
    vpn = next((network.cidr for network in site.networks if network.type == "vpn"), None)
    names = [system.part.ip for system in estate.with_role("dc", site.key) if system.part.ip]
    line = f"Line: {site.line}. Public address {site.public}, firewall {site_firewall(estate, site).part.host}."
    return Draft(
        resource="sites",
        key=site_ref(estate, site.key).key,
        at=at,
        values={
            "client_id": estate.client,
            "name": site.name,
            "address": site.address,
            "phone": _phone(estate, estate.file.sites.index(site)),
            "network_subnet": lan.cidr,
            "vpn_required": site.vpn,
            "vpn_subnet": vpn,
            "gateway_ip": gateway_of(lan),
            "dns_servers": names or [gateway_of(lan)],
            "timezone": "Europe/London",
            "notes": f"{site.notes} {line}" if site.notes else line,
        },
    )


def _contacts(estate: Estate, at: datetime) -> Iterator[Draft]:
    for number, contact in enumerate(estate.file.contacts):
        first, *_, last = contact.name.removeprefix("Dr ").removeprefix("Mr ").split()
        yield Draft(
            resource="contacts",
            key=f"contact/{estate.file.key}/{number}",
            at=at,
            values={
                "client_id": estate.client,
                "site_id": site_ref(estate, contact.site),
                "name": contact.name,
                "role": contact.role,
                "email": f"{first}.{last}@{estate.file.domain}".lower(),
                "phone": _phone(estate, 50 + number),
                "mobile": f"07700 900{(len(estate.file.name) * 31 + number * 7) % 1000:03}",
                "is_primary": contact.primary,
                "notes": contact.notes,
            },
        )


def _projects(estate: Estate, seed: int, at: datetime) -> Iterator[Draft]:
    for project in estate.file.projects:
        by = chance(seed, "project", estate.file.key, project.slug)
        begun = at - timedelta(days=by.randint(40, 300))
        is_planned = project.status == "planned"
        hours = by.randrange(16, 120, 4)
        spent = {"completed": 1.08, "planned": 0.0}.get(project.status, by.uniform(0.3, 0.8))
        yield Draft(
            resource="projects",
            key=f"project/{estate.file.key}/{project.slug}",
            at=begun,
            values={
                "client_id": estate.client,
                "name": project.name,
                "slug": project.slug,
                "category": project.kind,
                "status": project.status,
                "priority": by.choice(["medium", "medium", "high"]),
                "description": project.description,
                "local_paths": [project.folder] if project.folder else [],
                "started_on": None if is_planned else begun.date(),
                "target_on": (at + timedelta(days=by.randint(10, 120))).date() if project.status == "active" else None,
                "estimated_hours": hours,
                "actual_hours": round(hours * spent, 1) or None,
            },
        )


def _network(estate: Estate, site: SitePart, network: NetworkPart, at: datetime) -> Draft:
    names = [system.part.ip for system in estate.with_role("dc", site.key) if system.part.ip]
    return Draft(
        resource="networks",
        key=f"network/{estate.file.key}/{site.key}/{network.name}",
        at=at,
        values={
            "client_id": estate.client,
            "site_id": site_ref(estate, site.key),
            "name": network.name,
            "type": network.type,
            "cidr": network.cidr,
            "gateway": gateway_of(network),
            "vlan_id": network.vlan,
            "dns_servers": [] if network.type == "isolated" else names,
            "notes": network.notes,
        },
    )


def _tenant_name(estate: Estate) -> str:
    return f"{estate.file.domain.partition('.')[0].replace('-', '')}.{TENANT_SUFFIX}"


def _tenant(estate: Estate, seed: int, at: datetime) -> Draft:
    tenant, file = estate.file.m365, estate.file
    assert tenant is not None
    by = chance(seed, "tenant", file.key)
    return Draft(
        resource="m365-tenants",
        key=f"m365/{file.key}",
        at=at - timedelta(days=by.randint(200, 900)),
        values={
            "client_id": estate.client,
            "tenant_id": UUID(int=by.getrandbits(128), version=4),
            "tenant_name": file.name,
            "default_domain": file.domain,
            "verified_domains": [file.domain, _tenant_name(estate)],
            "admin_contact": _primary(estate).name,
            "licences": list(tenant.licences),
            "gdap_roles": ROLES_IN_TENANTS,
            "gdap_expires_on": (at + timedelta(days=tenant.gdap_days)).date(),
            "cipp_name": file.code,
            "notes": tenant.notes,
        },
    )


def _hosts_first(estate: Estate) -> list[System]:
    """Return the systems so that each comes after what it runs on."""
    depths: dict[str, int] = {}
    parents = {system.part.host: system.part.on for system in estate.systems}
    for host, parent in parents.items():
        on, depth = parent, 0
        while on is not None:
            on, depth = parents[on], depth + 1
        depths[host] = depth
    return sorted(estate.systems, key=lambda system: depths[system.part.host])


def _equipment(estate: Estate, system: System, seed: int, at: datetime) -> Draft:
    part, hardware, software = system.part, system.hardware, system.software
    by = chance(seed, "equipment", estate.file.key, part.host)
    made = software or hardware
    years = hardware.warranty_years if hardware else 4
    bought = at - timedelta(days=round(365 * years * by.uniform(0.1, 1.2)))
    return Draft(
        resource="infrastructure",
        key=system.key,
        at=bought,
        tags=_tags(system),
        values={
            "client_id": estate.client,
            "site_id": site_ref(estate, part.site),
            "parent_host_id": Ref(f"infrastructure/{estate.file.key}/{part.on}") if part.on else None,
            "asset_type": _asset_type(system),
            "hostname": part.host,
            "ip_address": part.ip,
            "mac_address": _mac(by) if part.ip else None,
            "os": system.os,
            "os_version": system.version,
            "role_description": part.role,
            "status": part.status,
            "manufacturer": hardware.maker if hardware else None,
            "model": hardware.model if hardware else None,
            "serial": system.serial,
            "location": None if hardware is None or part.role == "Workplace" else estate.site(part.site).name,
            "management_url": fill(hardware.url, {"ip": part.ip}) if hardware and hardware.url and part.ip else None,
            "warranty_ends_on": _warranty(system, bought),
            "environmental_notes": part.environment,
            "powershell_version": made.powershell if made else None,
            "available_shells": list(made.shells) if made else [],
            "known_limits": list(made.limits) if made else [],
            "has_gui": software.gui if software else "workstation" in system.roles or "scada" in system.roles,
            "requires_vpn": estate.site(part.site).vpn,
            "monitored": not system.roles.isdisjoint({"windows-server", "linux", "firewall", "esxi", "nas", "switch"}),
            "notes": part.notes,
        },
    )


def _asset_type(system: System) -> str:
    if "dc" in system.roles:
        return "domain_controller"
    if system.hardware is None:
        return "container" if system.part.hw == "container" else "virtual_machine"
    return system.hardware.type


def _mac(by: Random) -> str:
    # Locally administered: such an address is nobody's product.
    return ":".join(["02", *(f"{by.randrange(256):02x}" for _ in range(5))])


def _warranty(system: System, bought: datetime) -> object:
    if system.hardware is None:
        return None
    return (bought + timedelta(days=365 * system.hardware.warranty_years)).date()


def _tags(system: System) -> tuple[str, ...]:
    roles = system.roles
    marks = {
        "critical": not roles.isdisjoint({"dc", "sql"}),
        "end-of-life": "windows-10" in roles or system.part.os == "ws2016" or system.part.hw == "fortigate-60e",
        "ot": not roles.isdisjoint({"plc", "scada", "historian"}),
    }
    return tuple(tag for tag, holds in marks.items() if holds)
