"""What memory keeps of what a client has: documents, equipment, services, networks, sites, tenants, projects.

A record that is nothing but columns is found by its list; memory takes those on which somebody wrote a note.
"""

from claudetools.domains.clients import Document, Project, Site
from claudetools.domains.infra import Infrastructure, M365Tenant, Network, Service
from claudetools.domains.memory.records.recallable.content import Recallable, lines, said

IMPORTANCE = 0.5
KIND = "infrastructure"


def of_document(row: Document) -> Recallable | None:
    """Return a document; a long one is kept in pieces."""
    if not row.body.strip():
        return None
    return Recallable(kind="document", title=row.title, text=row.body, importance=0.6 if row.is_runbook else IMPORTANCE)


def of_infrastructure(row: Infrastructure) -> Recallable | None:
    """Return a piece of equipment with what somebody wrote on it."""
    if not (row.role_description or row.environmental_notes or row.known_limits or row.notes):
        return None
    system = " ".join(part for part in (row.os, row.os_version) if part)
    return Recallable(
        kind=KIND,
        title=row.hostname,
        text=lines(
            f"{row.hostname} ({said(row.asset_type.value)}, {said(row.status.value)})",
            row.role_description,
            address=row.ip_address,
            system=system,
            location=row.location,
            limits=row.known_limits,
            environment=row.environmental_notes,
            notes=row.notes,
        ),
        importance=IMPORTANCE,
        tags=tuple(part.lower() for part in (row.hostname, row.ip_address) if part),
    )


def of_service(row: Service) -> Recallable | None:
    """Return a service with its note."""
    if not row.notes:
        return None
    return Recallable(
        kind=KIND,
        title=row.name,
        text=lines(
            f"Service {row.name} ({said(row.status.value)})",
            type=row.type,
            url=row.url,
            port=None if row.port is None else str(row.port),
            version=row.software_version,
            notes=row.notes,
        ),
        importance=IMPORTANCE,
    )


def of_network(row: Network) -> Recallable | None:
    """Return an address range with its note."""
    if not row.notes:
        return None
    return Recallable(
        kind=KIND,
        title=row.name,
        text=lines(
            f"Network {row.name}: {row.cidr}",
            gateway=row.gateway,
            vlan=None if row.vlan_id is None else str(row.vlan_id),
            dns=row.dns_servers,
            notes=row.notes,
        ),
        importance=IMPORTANCE,
    )


def of_site(row: Site) -> Recallable | None:
    """Return a place with its note."""
    if not row.notes:
        return None
    return Recallable(
        kind=KIND,
        title=row.name,
        text=lines(
            f"Site {row.name}",
            address=row.address,
            subnet=row.network_subnet,
            gateway=row.gateway_ip,
            vpn="required" if row.vpn_required else None,
            notes=row.notes,
        ),
        importance=IMPORTANCE,
    )


def of_tenant(row: M365Tenant) -> Recallable | None:
    """Return a Microsoft 365 tenant with its note."""
    if not row.notes:
        return None
    return Recallable(
        kind=KIND,
        title=row.tenant_name,
        text=lines(f"Microsoft 365 tenant {row.tenant_name}", domain=row.default_domain, notes=row.notes),
        importance=IMPORTANCE,
    )


def of_project(row: Project) -> Recallable | None:
    """Return a project with its description and note."""
    if not (row.description or row.notes):
        return None
    return Recallable(
        kind="project",
        title=row.name,
        text=lines(f"Project {row.name} ({said(row.status.value)})", row.description, notes=row.notes),
        importance=IMPORTANCE,
    )
