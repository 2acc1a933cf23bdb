"""What a brief says of a client's people, places, equipment and services."""

from sqlalchemy import Text, case, or_, type_coerce

from claudetools.domains.clients import Contact, Site
from claudetools.domains.infra import AssetType, Infrastructure, Service
from claudetools.domains.learning import EnvironmentalInsight
from claudetools.domains.reports.brief_item import MAX_ITEMS, Found, item
from claudetools.domains.reports.client_view import ClientView, rank
from claudetools.kit.clock import now

KEY_EQUIPMENT = (
    AssetType.FIREWALL,
    AssetType.DOMAIN_CONTROLLER,
    AssetType.PHYSICAL_SERVER,
    AssetType.NAS_STORAGE,
    AssetType.NETWORK_DEVICE,
    AssetType.VIRTUAL_MACHINE,
    AssetType.CONTAINER,
)
EQUIPMENT_ORDER = case(
    {kind: place for place, kind in enumerate(KEY_EQUIPMENT)},
    value=Infrastructure.asset_type,
    else_=len(KEY_EQUIPMENT),
)


async def mind_this(view: ClientView) -> Found:
    """Return what is special about the client's environment, the most important first, and then about each machine."""
    noted = view.current(EnvironmentalInsight).outerjoin(
        Infrastructure, Infrastructure.id == EnvironmentalInsight.infrastructure_id
    )
    most_important = EnvironmentalInsight.priority.desc(), EnvironmentalInsight.title, EnvironmentalInsight.id
    insights = await view.first(noted.add_columns(Infrastructure.hostname).order_by(*most_important), MAX_ITEMS)
    items = [
        item(
            view,
            "environmental-insights",
            row.id,
            row.title,
            f"on {hostname}" if hostname else None,
            row.confidence if row.confidence != "confirmed" else None,
            "to be checked again" if row.expires_at is not None and row.expires_at < now() else None,
            row.description,
        )
        for row, hostname in insights.rows
    ]
    is_unusual = or_(Infrastructure.environmental_notes != "", type_coerce(Infrastructure.known_limits, Text) != "[]")
    machines = await view.first(
        view.current(Infrastructure).where(is_unusual).order_by(EQUIPMENT_ORDER, Infrastructure.hostname), MAX_ITEMS
    )
    items += [
        item(view, "infrastructure", row.id, row.hostname, "; ".join(row.known_limits), row.environmental_notes)
        for (row,) in machines.rows
    ]
    return Found(items[:MAX_ITEMS], insights.total + machines.total)


async def services(view: ClientView) -> Found:
    """Return what runs for the client, the most critical first."""
    statement = view.current(Service).join(Infrastructure, Infrastructure.id == Service.infrastructure_id)
    order = rank(Service.criticality).desc(), Service.name, Service.id
    some = await view.first(statement.add_columns(Infrastructure.hostname).order_by(*order), MAX_ITEMS)
    items = [
        item(
            view,
            "services",
            row.id,
            row.name,
            f"{row.criticality}, on {hostname}",
            row.status if row.status != "running" else None,
            row.url or (f"port {row.port}" if row.port else None),
        )
        for row, hostname in some.rows
    ]
    return Found(items, some.total)


async def equipment(view: ClientView) -> Found:
    """Return the equipment that others depend on: firewalls, servers, storage and network devices."""
    statement = view.current(Infrastructure).outerjoin(Site, Site.id == Infrastructure.site_id).add_columns(Site.name)
    is_key = Infrastructure.asset_type.in_(KEY_EQUIPMENT)
    order = EQUIPMENT_ORDER, Infrastructure.hostname, Infrastructure.id
    some = await view.first(statement.where(is_key).order_by(*order), MAX_ITEMS)
    items = [
        item(
            view,
            "infrastructure",
            row.id,
            row.hostname,
            " ".join(part for part in (row.asset_type.replace("_", " "), row.ip_address) if part),
            " ".join(part for part in (row.os, row.os_version) if part),
            row.role_description,
            f"at {site}" if site else None,
            "reached by VPN only" if row.requires_vpn else None,
        )
        for row, site in some.rows
    ]
    return Found(items, some.total)


async def contacts(view: ClientView) -> Found:
    """Return whom to call or write to, the primary contact first."""
    some = await view.first(
        view.current(Contact).order_by(Contact.is_primary.desc(), Contact.name, Contact.id), MAX_ITEMS
    )
    items = [
        item(
            view,
            "contacts",
            row.id,
            row.name,
            "primary contact" if row.is_primary else None,
            row.role,
            ", ".join(way for way in (row.phone, row.mobile, row.email) if way),
            row.notes,
        )
        for (row,) in some.rows
    ]
    return Found(items, some.total)


async def sites(view: ClientView) -> Found:
    """Return where the client is, and how its networks are reached."""
    some = await view.first(view.every(Site).order_by(Site.name, Site.id), MAX_ITEMS)
    items = [
        item(
            view,
            "sites",
            row.id,
            row.name,
            row.address,
            "reached by VPN only" if row.vpn_required else None,
            row.network_subnet,
            row.notes,
        )
        for (row,) in some.rows
    ]
    return Found(items, some.total)
