"""NetBox: the CSV files of its lists ("All data"), and replies to its REST API saved as JSON.

A CSV file is known by the kind in its name, such as `netbox_devices.csv`; the things in a JSON file by their `url`.
A tenant is a client.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from claudetools.domains.clients import CLIENTS, CONTACTS, SITES
from claudetools.domains.exchange.drafts import Drafts
from claudetools.domains.exchange.fitting import asset_type, host_address, host_name, lines, network
from claudetools.domains.exchange.rows import Row, csv_rows, json_document, normalised, objects, text_of, texts_of
from claudetools.domains.infra import INFRASTRUCTURE, NETWORKS, SERVICES

CONTAINED = {
    "device_role": "role",
    "device_type": "type",
    "virtual_machine_type": "type",
    "primary_ip": "ip_address",
    "serial": "serial_number",
    "content_type": "object_type",
}
"""What the REST API calls the columns of the lists."""


def read_netbox(files: Mapping[str, bytes], drafts: Drafts) -> None:
    """Add what the files hold to `drafts`.

    Raises:
        Invalid: a file is neither CSV nor JSON.
    """
    rows = [row for file, data in files.items() for row in _rows(file, data)]
    rows = _with_contacts(rows, drafts)
    for table, add in TABLES.items():
        chosen = [row for row in rows if row.table == table]
        for row in chosen:
            add(row, drafts)
        drafts.leave_out_unread(chosen)
    for row in rows:
        if row.table not in TABLES:
            drafts.leave_out(row.file, f"{row.table or 'things of an unknown kind'}: there is no place for them")


def _with_contacts(rows: list[Row], drafts: Drafts) -> list[Row]:
    """Return the rows without the contacts, which are put into their assignments: only these say whose they are."""
    contacts = {row.cells.get("name", ""): row for row in rows if row.table == "contacts"}
    assigned = {row.cells.get("contact", "") for row in rows if row.table == "contact_assignments"}
    for name, contact in contacts.items():
        if name not in assigned:
            drafts.leave_out(contact.file, "contacts that are assigned to nothing")
    return [
        replace(row, cells=_contact_cells(contacts.get(row.cells.get("contact", ""))) | dict(row.cells))
        if row.table == "contact_assignments"
        else row
        for row in rows
        if row.table != "contacts"
    ]


def _contact_cells(contact: Row | None) -> dict[str, str]:
    return {f"contact_{name}": contact.get(name) for name in ("title", "phone", "email")} if contact else {}


def _rows(file: str, data: bytes) -> list[Row]:
    if not file.lower().endswith(".json"):
        table = normalised(file.rsplit("/", 1)[-1].lower().removesuffix(".csv")).removeprefix("netbox_")
        return list(csv_rows(file, re.sub(r"_\d.*$", "", table), data))
    document = json_document(file, data)
    items = document.get("results", [document]) if isinstance(document, dict) else document
    return [Row(file, number, _table(item), _cells(item)) for number, item in objects(items)]


def _table(item: Mapping[str, Any]) -> str:
    parts = [part for part in urlsplit(text_of(item.get("url"))).path.split("/") if part]
    return normalised(parts[-2]) if len(parts) > 1 else ""


def _cells(item: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of an object of the REST API by the names of the columns in the lists."""
    cells = {CONTAINED.get(name, name): text for name, text in texts_of(item).items() if text}
    kind, vlan, custom = item.get("device_type"), item.get("vlan"), item.get("custom_fields")
    if isinstance(kind, dict):
        cells |= {"type": text_of(kind.get("model")), "manufacturer": text_of(kind.get("manufacturer"))}
    if isinstance(vlan, dict):
        cells["vlan"] = f"{text_of(vlan.get('name'))} ({text_of(vlan.get('vid'))})"
    if isinstance(custom, dict):
        cells |= {f"custom_field_{normalised(name)}": text_of(value) for name, value in custom.items()}
    return cells


def _add_tenant(row: Row, drafts: Drafts) -> None:
    values = {"name": row.get("name"), "notes": row.get("description")}
    drafts.add(row, CLIENTS, values, {"Group": row.get("group"), "Comments": row.get("comments")})


def _add_site(row: Row, drafts: Drafts) -> None:
    values = {
        "client_id": drafts.owner(row, row.get("tenant")),
        "name": row.get("name"),
        "address": lines(row.get("physical_address")),
        "timezone": row.get("time_zone"),
        "notes": row.get("description"),
    }
    remarks = {
        "Facility": row.get("facility"),
        "Region": row.get("region"),
        "Status": row.get("status"),
        "Comments": row.get("comments"),
    }
    drafts.add(row, SITES, values, remarks)


def _add_device(row: Row, drafts: Drafts) -> None:
    role, model = row.get("role"), row.get("type")
    position = f"unit {row.get('position')}" if row.get("position") else ""
    values = {
        "asset_type": asset_type(role, row.get("platform"), model, row.get("name")),
        "manufacturer": row.get("manufacturer"),
        "model": model,
        "location": lines(row.get("location"), row.get("rack"), position),
    }
    _add_equipment(row, values, {"Parent device": row.get("parent_device"), "Cluster": row.get("cluster")}, drafts)


def _add_virtual_machine(row: Row, drafts: Drafts) -> None:
    values = {"asset_type": "virtual_machine", "parent_host_id": host_name(row.get("device"))}
    remarks = {name.capitalize(): row.get(name) for name in ("cluster", "type", "vcpus", "memory", "disk")}
    _add_equipment(row, values, remarks, drafts)


def _add_equipment(row: Row, values: Mapping[str, Any], remarks: Mapping[str, str], drafts: Drafts) -> None:
    name, status = row.get("name"), row.get("status")
    hostname = host_name(name)
    shared = {
        "client_id": drafts.owner(row, row.get("tenant")),
        "site_id": row.get("site"),
        "hostname": hostname,
        "status": "decommissioned" if status.lower() in ("decommissioning", "decommissioned") else "active",
        "ip_address": host_address(row.get("ip_address", "ipv4_address", "primary_ip4", "ipv6_address", "primary_ip6")),
        "os": row.get("platform"),
        "serial": row.get("serial_number"),
        "role_description": lines(row.get("role"), row.get("description")),
    }
    more = {
        "Name": name if name != hostname else "",
        "Status": status,
        "Asset tag": row.get("asset_tag"),
        "Out-of-band address": row.get("oob_ip"),
        "Comments": row.get("comments"),
    }
    drafts.add(row, INFRASTRUCTURE, {**shared, **values}, {**more, **remarks})


def _add_prefix(row: Row, drafts: Drafts) -> None:
    if row.get("status").lower() == "container":
        drafts.leave_out(row.file, "prefixes that only contain others")
        return
    cidr, _ = network(row.get("prefix"))
    vlan = re.fullmatch(r"(.*?)\s*\((\d+)\)", row.get("vlan"))
    is_at_site = row.get("scope_type") in ("dcim.site", "dcim | site", "site")
    values = {
        "client_id": drafts.owner(row, row.get("tenant")),
        "site_id": row.get("site") or (row.get("scope") if is_at_site else ""),
        "name": row.get("description") or (vlan[1] if vlan else "") or cidr,
        "cidr": cidr,
        "vlan_id": int(vlan[2]) if vlan else None,
    }
    remarks = {
        "Role": row.get("role"),
        "Status": row.get("status"),
        "VRF": row.get("vrf"),
        "Scope": "" if is_at_site else row.get("scope"),
        "Comments": row.get("comments"),
    }
    drafts.add(row, NETWORKS, values, remarks)


def _add_service(row: Row, drafts: Drafts) -> None:
    host = host_name(row.get("parent", "device", "virtual_machine"))
    ports = re.findall(r"\d+", row.get("ports"))
    values = {
        "client_id": drafts.client_of(INFRASTRUCTURE, "hostname", host),
        "infrastructure_id": host,
        "name": row.get("name"),
        "port": int(ports[0]) if ports else None,
        "protocol": row.get("protocol").lower(),
        "notes": row.get("description"),
    }
    remarks = {"Ports": ", ".join(ports) if len(ports) > 1 else "", "Comments": row.get("comments")}
    drafts.add(row, SERVICES, values, remarks)


def _add_contact(row: Row, drafts: Drafts) -> None:
    """Add a contact as it is assigned to a tenant or a site; others belong to no client."""
    kind = row.get("object_type").lower().replace(" | ", ".")
    if kind not in ("tenancy.tenant", "dcim.site"):
        drafts.leave_out(row.file, "contacts of other things than tenants and sites")
        return
    is_tenant = kind == "tenancy.tenant"
    values = {
        "client_id": row.get("object") if is_tenant else drafts.client_of(SITES, "name", row.get("object")),
        "site_id": "" if is_tenant else row.get("object"),
        "name": row.get("contact"),
        "role": row.get("contact_title") or row.get("role"),
        "email": row.get("contact_email"),
        "phone": row.get("contact_phone"),
    }
    drafts.add(row, CONTACTS, values, {"Role": row.get("role") if row.get("contact_title") else ""})


TABLES: dict[str, Callable[[Row, Drafts], None]] = {
    "tenants": _add_tenant,
    "sites": _add_site,
    "devices": _add_device,
    "virtual_machines": _add_virtual_machine,
    "prefixes": _add_prefix,
    "services": _add_service,
    "application_services": _add_service,
    "contact_assignments": _add_contact,
}
"""What is read, in this order: services and contacts are known by the things that they belong to."""
