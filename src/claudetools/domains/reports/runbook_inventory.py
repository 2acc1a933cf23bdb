"""The chapters of a runbook on what a client has: people, sites, networks, equipment, services, rules, tenants."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy.orm import aliased

from claudetools.domains.clients import Contact, Site
from claudetools.domains.infra import FirewallRule, Infrastructure, M365Tenant, Network, Service, ServiceRelationship
from claudetools.domains.reports.client_view import ClientView, rank
from claudetools.domains.reports.runbook_blocks import MAX_ROWS, Block, FreeText, Table, lines, words
from claudetools.kit.resource.in_use import in_use

NO_SITE = "At no site"
EQUIPMENT = ("Host", "Kind", "Address", "System", "Hardware", "What it is there for", "Mind this")
SERVICES = ("Service", "On", "Criticality", "State", "Reached by", "Version", "Notes")
RULES = ("Order", "Name", "Action", "Protocol", "Source", "Destination", "Port", "In force", "Notes")


async def overview(view: ClientView) -> list[Block]:
    """Return who the client is."""
    client = view.client
    facts = (
        ("Name", client.name),
        ("Short code", client.short_code),
        ("Kind", client.type.replace("_", " ")),
        ("State", "active" if client.is_active else "not active"),
        ("Domain", client.domain_name),
        ("Network", client.network_subnet),
        ("Microsoft 365", client.m365_tenant_name),
        ("Turn to", client.primary_contact),
        ("Notes", FreeText(client.notes or "")),
    )
    return [Table("", ("What", ""), [(name, value) for name, value in facts if value])]


async def contacts(view: ClientView) -> list[Block]:
    """Return whom to call or write to, the primary contact first."""
    statement = view.every(Contact).outerjoin(Site, Site.id == Contact.site_id).add_columns(Site.name)
    some = await view.first(statement.order_by(Contact.is_primary.desc(), Contact.name, Contact.id), MAX_ROWS)
    rows = [
        (
            words(row.name, "(primary)" if row.is_primary else ""),
            row.role or "",
            site or "",
            lines(row.phone, row.mobile),
            row.email or "",
            FreeText(row.notes or ""),
        )
        for row, site in some.rows
    ]
    return [Table("", ("Name", "Role", "Site", "Phone", "E-mail", "Notes"), rows, some.total - len(rows))]


async def sites(view: ClientView) -> list[Block]:
    """Return where the client is, and how its networks are reached."""
    some = await view.first(view.every(Site).order_by(Site.name, Site.id), MAX_ROWS)
    rows = [
        (
            row.name,
            lines(row.address, row.phone),
            words("VPN only" if row.vpn_required else "", row.vpn_subnet),
            lines(row.network_subnet, f"gateway {row.gateway_ip}" if row.gateway_ip else ""),
            lines(*row.dns_servers),
            row.timezone or "",
            FreeText(row.notes or ""),
        )
        for (row,) in some.rows
    ]
    columns = ("Site", "Address", "VPN", "Network", "DNS", "Time zone", "Notes")
    return [Table("", columns, rows, some.total - len(rows))]


async def networks(view: ClientView) -> list[Block]:
    """Return the address ranges, by site."""
    statement = view.every(Network).outerjoin(Site, Site.id == Network.site_id).add_columns(Site.name)
    some = await view.first(statement.order_by(Site.name, Network.name, Network.id), MAX_ROWS)
    rows = [
        (
            row.name,
            site or "",
            row.type,
            row.cidr,
            str(row.vlan_id or ""),
            row.gateway or "",
            lines(*row.dns_servers),
            FreeText(row.notes or ""),
        )
        for row, site in some.rows
    ]
    columns = ("Network", "Site", "Kind", "Range", "VLAN", "Gateway", "DNS", "Notes")
    return [Table("", columns, rows, some.total - len(rows))]


async def infrastructure(view: ClientView) -> list[Block]:
    """Return the equipment in use and what runs on it, site by site."""
    host = aliased(Infrastructure)
    statement = (
        view.current(Infrastructure)
        .outerjoin(Site, Site.id == Infrastructure.site_id)
        .outerjoin(host, host.id == Infrastructure.parent_host_id)
        .add_columns(Site.name, host.hostname)
    )
    order = Site.name.is_(None), Site.name, Infrastructure.hostname, Infrastructure.id
    some = await view.first(statement.order_by(*order), MAX_ROWS)
    most_critical = rank(Service.criticality).desc(), Service.name, Service.id
    services = await view.first(view.current(Service).order_by(*most_critical), MAX_ROWS)
    running: defaultdict[UUID, list[Service]] = defaultdict(list)
    for (service,) in services.rows:
        running[service.infrastructure_id].append(service)
    by_site: defaultdict[str, list[tuple[Infrastructure, str | None]]] = defaultdict(list)
    for row, site, host_name in some.rows:
        by_site[site or NO_SITE].append((row, host_name))
    blocks: list[Block] = []
    for site, machines in by_site.items():
        blocks.append(Table(site, EQUIPMENT, [_machine(row, host_name) for row, host_name in machines]))
        on_them = [_service(row, machine) for machine, _ in machines for row in running[machine.id]]
        blocks += [Table(f"{site}: services", SERVICES, on_them)] if on_them else []
    for what, columns, found in (("equipment", EQUIPMENT, some), ("services", SERVICES, services)):
        left_out = found.total - len(found.rows)
        blocks += [Table(f"More {what}", columns, [], left_out)] if left_out else []
    return blocks


def _machine(row: Infrastructure, host_name: str | None) -> tuple[str, ...]:
    return (
        row.hostname,
        lines(row.asset_type.replace("_", " "), f"on {host_name}" if host_name else "", row.location),
        lines(row.ip_address, row.mac_address, "VPN only" if row.requires_vpn else ""),
        words(row.os, row.os_version),
        lines(
            words(row.manufacturer, row.model),
            f"serial {row.serial}" if row.serial else "",
            f"warranty until {row.warranty_ends_on}" if row.warranty_ends_on else "",
        ),
        FreeText(lines(row.role_description, row.notes)),
        FreeText(lines(*row.known_limits, row.environmental_notes)),
    )


def _service(row: Service, machine: Infrastructure) -> tuple[str, ...]:
    return (
        row.name,
        machine.hostname,
        row.criticality,
        row.status,
        lines(row.url, words(row.protocol, row.port)),
        row.software_version or "",
        FreeText(row.notes or ""),
    )


async def firewall_rules(view: ClientView) -> list[Block]:
    """Return the rules of each firewall in use, in its order."""
    statement = (
        view.every(FirewallRule)
        .join(Infrastructure, Infrastructure.id == FirewallRule.infrastructure_id)
        .where(in_use(Infrastructure))
        .add_columns(Infrastructure.hostname)
        .order_by(Infrastructure.hostname, FirewallRule.infrastructure_id, FirewallRule.order, FirewallRule.id)
    )
    some = await view.first(statement, MAX_ROWS)
    by_firewall: defaultdict[tuple[str, UUID], list[tuple[str, ...]]] = defaultdict(list)
    for row, hostname in some.rows:
        by_firewall[hostname, row.infrastructure_id].append(
            (
                str(row.order),
                row.name,
                row.action,
                row.protocol,
                row.source,
                row.destination,
                row.port,
                lines("yes" if row.is_enabled else "off", f"until {row.expires_on}" if row.expires_on else ""),
                FreeText(row.notes or ""),
            )
        )
    blocks: list[Block] = [Table(hostname, RULES, rows) for (hostname, _), rows in by_firewall.items()]
    left_out = some.total - len(some.rows)
    return [*blocks, Table("More rules", RULES, [], left_out)] if left_out else blocks


async def dependencies(view: ClientView) -> list[Block]:
    """Return what each service in use is to others."""
    start, end = aliased(Service), aliased(Service)
    start_host, end_host = aliased(Infrastructure), aliased(Infrastructure)
    statement = (
        view.every(ServiceRelationship)
        .join(start, start.id == ServiceRelationship.from_service_id)
        .join(end, end.id == ServiceRelationship.to_service_id)
        .join(start_host, start_host.id == start.infrastructure_id)
        .join(end_host, end_host.id == end.infrastructure_id)
        .add_columns(start.name, start_host.hostname, end.name, end_host.hostname)
        .order_by(start.name, end.name, ServiceRelationship.id)
    )
    some = await view.first(statement, MAX_ROWS)
    rows = [
        (
            f"{start_name} on {start_on}",
            row.type.replace("_", " "),
            f"{end_name} on {end_on}",
            FreeText(row.notes or ""),
        )
        for row, start_name, start_on, end_name, end_on in some.rows
    ]
    return [Table("", ("Service", "", "Other service", "Notes"), rows, some.total - len(rows))]


async def microsoft_365(view: ClientView) -> list[Block]:
    """Return the Microsoft 365 tenants, and how they are administered."""
    some = await view.first(view.every(M365Tenant).order_by(M365Tenant.tenant_name, M365Tenant.id), MAX_ROWS)
    rows = [
        (
            row.tenant_name,
            str(row.tenant_id),
            lines(row.default_domain, *row.verified_domains),
            row.admin_contact or "",
            lines(*row.licences),
            lines(*row.gdap_roles, f"until {row.gdap_expires_on}" if row.gdap_expires_on else ""),
            FreeText(lines(f"CIPP: {row.cipp_name}" if row.cipp_name else "", row.notes)),
        )
        for (row,) in some.rows
    ]
    columns = ("Tenant", "Identifier", "Domains", "Admin contact", "Licences", "Delegated roles", "Notes")
    return [Table("", columns, rows, some.total - len(rows))]
