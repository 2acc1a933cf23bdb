"""ITFlow's CSV exports of clients, locations, contacts, assets and networks.

The columns are those that its export dialogs offer; a file is known by the kind in its name, such as
`Northwind-Assets-….csv`. Only the list of clients, and that of assets if asked for, names clients: for the others the
caller says whose they are.
"""

import re
from collections.abc import Callable, Mapping

from claudetools.domains.clients import CLIENTS, CONTACTS, SITES
from claudetools.domains.exchange.drafts import Drafts
from claudetools.domains.exchange.fitting import amount, asset_type, day, host_name, lines, network
from claudetools.domains.exchange.rows import Row, csv_rows
from claudetools.domains.infra import INFRASTRUCTURE, NETWORKS


def read_itflow(files: Mapping[str, bytes], drafts: Drafts) -> None:
    """Add what the files hold to `drafts`.

    Raises:
        Invalid: a file is not CSV.
    """
    for table, add in TABLES.items():
        for file, data in files.items():
            if _table(file) == table:
                rows = list(csv_rows(file, table, data))
                for row in rows:
                    add(row, drafts)
                drafts.leave_out_unread(rows)
    for file in files:
        if _table(file) not in TABLES:
            drafts.leave_out(file, "the whole file: there is no place for what it holds")


def _table(file: str) -> str:
    match = re.search(r"(client|location|contact|asset|network)s\b(?!.*interfaces)[^/]*\.csv$", file, re.IGNORECASE)
    return f"{match[1].lower()}s" if match else ""


def _add_location(row: Row, drafts: Drafts) -> None:
    values = {
        "client_id": drafts.owner(row, row.get("client", "client_name")),
        "name": row.get("name"),
        "address": _address(row),
        "phone": row.get("phone"),
        "notes": row.get("description"),
    }
    drafts.add(row, SITES, values, {"Hours": row.get("hours")})


def _add_contact(row: Row, drafts: Drafts) -> None:
    values = {
        "client_id": drafts.owner(row, row.get("client", "client_name")),
        "site_id": row.get("location"),
        "name": row.get("name"),
        "role": row.get("title"),
        "email": row.get("email"),
        "phone": _phone(row.get("phone"), row.get("ext", "extension")),
        "mobile": row.get("mobile"),
    }
    drafts.add(row, CONTACTS, values, {"Department": row.get("department")})


def _add_network(row: Row, drafts: Drafts) -> None:
    cidr, gateway = network(row.get("network_cidr", "network"), row.get("gateway"))
    values = {
        "client_id": drafts.owner(row, row.get("client", "client_name")),
        "site_id": row.get("location"),
        "name": row.get("name"),
        "cidr": cidr,
        "gateway": gateway,
        "vlan_id": int(row.get("vlan")) if row.get("vlan").isdigit() and int(row.get("vlan")) else None,
        "dns_servers": [text for text in (row.get("primary_dns"), row.get("secondary_dns")) if text],
        "notes": row.get("description"),
    }
    remarks = {"Gateway": "" if gateway else row.get("gateway"), "Range": row.get("ip_range", "dhcp_range")}
    drafts.add(row, NETWORKS, values, remarks)


def _add_asset(row: Row, drafts: Drafts) -> None:
    name, kind = row.get("name"), row.get("type")
    hostname = host_name(name)
    values = {
        "client_id": drafts.owner(row, row.get("client", "client_name")),
        "site_id": row.get("location"),
        "hostname": hostname,
        "asset_type": asset_type(kind, name),
        "manufacturer": row.get("make"),
        "model": row.get("model"),
        "serial": row.get("serial_number"),
        "os": row.get("operating_system"),
        "ip_address": row.get("primary_ip"),
        "mac_address": row.get("primary_mac"),
        "location": row.get("physical_location"),
        "warranty_ends_on": day(row.get("warranty_expire")),
        "role_description": row.get("description"),
        "notes": row.get("notes"),
    }
    remarks = {
        "Name": name if hostname != name else "",
        "Type": kind,
        "Assigned to": row.get("assigned_to"),
        "Bought on": day(row.get("purchase_date")),
        "Installed on": day(row.get("install_date")),
    }
    drafts.add(row, INFRASTRUCTURE, values, remarks)


def _add_client(row: Row, drafts: Drafts) -> None:
    name = row.get("client_name", "name")
    contact, site = row.get("primary_contact_name"), row.get("primary_location_name")
    values = {
        "name": name,
        "short_code": row.get("abbreviation"),
        "hourly_rate": amount(row.get("hourly_rate")),
        "currency": row.get("currency"),
        "primary_contact": contact,
    }
    remarks = {
        "Industry": row.get("industry"),
        "Referred by": row.get("referral"),
        "Web site": row.get("website"),
        "Payment terms": row.get("payment_terms"),
        "Tax ID": row.get("tax_id"),
    }
    if not drafts.add(row, CLIENTS, values, remarks):
        return
    if site:
        phone = row.get("location_phone")
        drafts.add(row, SITES, {"client_id": name, "name": site, "address": _address(row), "phone": phone})
    if contact:
        person = {
            "client_id": name,
            "site_id": site,
            "name": contact,
            "role": row.get("title"),
            "email": row.get("contact_email"),
            "phone": _phone(row.get("contact_phone"), row.get("extension")),
            "mobile": row.get("contact_mobile"),
            "is_primary": True,
        }
        drafts.add(row, CONTACTS, person)


def _address(row: Row) -> str:
    town = " ".join(filter(None, (row.get("state"), row.get("postal_code"))))
    return lines(row.get("location_address", "address"), row.get("city"), town, row.get("country"))


def _phone(number: str, extension: str) -> str:
    return f"{number} ext. {extension}" if number and extension else number


TABLES: dict[str, Callable[[Row, Drafts], None]] = {
    "locations": _add_location,
    "contacts": _add_contact,
    "networks": _add_network,
    "assets": _add_asset,
    "clients": _add_client,
}
"""What is read, by kind of file; the list of clients, which repeats locations and contacts in short, comes last."""
