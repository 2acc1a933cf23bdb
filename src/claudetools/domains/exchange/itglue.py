"""IT Glue's account export: a CSV file for each kind of thing, and a folder with an HTML file for each document."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import from_json

from claudetools.domains.clients import CLIENTS, CONTACTS, DOCUMENTS, SITES
from claudetools.domains.exchange.drafts import Drafts
from claudetools.domains.exchange.fitting import asset_type, day, host_address, host_name, lines
from claudetools.domains.exchange.html_text import MAX_HTML, markdown
from claudetools.domains.exchange.rows import Row, csv_rows, text_of
from claudetools.domains.infra import INFRASTRUCTURE

LOCATOR = re.compile(r"DOC-\d+-\d+")
INACTIVE = frozenset({"inactive", "decommissioned", "archived", "retired", "disposed"})


def read_itglue(files: Mapping[str, bytes], drafts: Drafts) -> None:
    """Add what the files hold to `drafts`.

    Raises:
        Invalid: a file is not CSV.
    """
    pages = {match[0]: data for file, data in files.items() if (match := _document(file))}
    for file, data in files.items():
        table = file.rsplit("/", 1)[-1].lower().removesuffix(".csv")
        rows = list(csv_rows(file, table, data)) if file.lower().endswith(".csv") else []
        if table == "documents":
            for row in rows:
                _add_document(row, drafts, pages)
        elif table in TABLES:
            for row in rows:
                TABLES[table](row, drafts)
        elif rows:
            drafts.leave_out(file, "the whole file: there is no place for what it holds")
            continue
        drafts.leave_out_unread(rows)


def _document(file: str) -> "re.Match[str] | None":
    return LOCATOR.search(file) if file.lower().endswith((".html", ".htm")) else None


def _add_organization(row: Row, drafts: Drafts) -> None:
    status = row.get("organization_status", "status")
    values = {
        "name": row.get("name"),
        "short_code": row.get("short_name"),
        "is_active": status.lower() not in INACTIVE if status else None,
        "notes": row.get("description"),
    }
    remarks = {
        "Type": row.get("organization_type", "type"),
        "Status": status,
        "Alert": row.get("alert"),
        "Quick notes": markdown(row.get("quick_notes")),
    }
    drafts.add(row, CLIENTS, values, remarks)


def _add_location(row: Row, drafts: Drafts) -> None:
    region = " ".join(filter(None, (row.get("region", "state"), row.get("postal_code", "zip"))))
    values = {
        "client_id": drafts.owner(row, row.get("organization")),
        "name": row.get("name"),
        "address": lines(row.get("address_1"), row.get("address_2"), row.get("city"), region, row.get("country")),
        "phone": row.get("phone"),
        "notes": markdown(row.get("notes")),
    }
    drafts.add(row, SITES, values, {"Fax": row.get("fax")})


def _add_contact(row: Row, drafts: Drafts) -> None:
    values = {
        "client_id": drafts.owner(row, row.get("organization")),
        "site_id": row.get("location"),
        "name": " ".join(filter(None, (row.get("first_name"), row.get("last_name")))) or row.get("name"),
        "role": row.get("title"),
        "email": row.get("primary_email"),
        "phone": row.get("primary_phone"),
        "notes": markdown(row.get("notes")),
    }
    drafts.add(row, CONTACTS, values, {"Type": row.get("contact_type")} | _more(row.get("additional_contact_items")))


def _more(text: str) -> dict[str, str]:
    """Return the further addresses and numbers of a contact, by what they are."""
    try:
        items: Any = from_json(text) if text else []
    except ValueError:
        return {"Also": text}
    found: dict[str, str] = {}
    for item in items if isinstance(items, list) else [items]:
        parts = item if isinstance(item, dict) else {"value": item}
        label = " ".join(filter(None, (text_of(parts.get("label_name")), text_of(parts.get("label_type"))))) or "Also"
        found[label] = lines(found.get(label, ""), text_of(parts.get("value")), text_of(parts.get("extension")))
    return found


def _add_configuration(row: Row, drafts: Drafts) -> None:
    name, kind, status = row.get("name"), row.get("configuration_type"), row.get("configuration_status")
    hostname = host_name(row.get("hostname")) or host_name(name)
    is_gone = status.lower() in INACTIVE or row.get("archived").lower() in ("yes", "true")
    values = {
        "client_id": drafts.owner(row, row.get("organization")),
        "site_id": row.get("location"),
        "hostname": hostname,
        "asset_type": asset_type(kind, row.get("model"), name),
        "status": "decommissioned" if is_gone else "active",
        "ip_address": host_address(row.get("primary_ip")),
        "mac_address": row.get("mac_address"),
        "manufacturer": row.get("manufacturer"),
        "model": row.get("model"),
        "serial": row.get("serial_number"),
        "os": row.get("operating_system"),
        "location": row.get("position"),
        "warranty_ends_on": day(row.get("warranty_expires_at")),
        "notes": markdown(row.get("notes")),
    }
    remarks = {
        "Name": name if name != hostname else "",
        "Type": kind,
        "Status": status,
        "Asset tag": row.get("asset_tag"),
        "Gateway": row.get("default_gateway"),
        "Operating system": markdown(row.get("operating_system_notes")),
        "Contact": row.get("contact"),
        "Installed": lines(day(row.get("installed_at")), row.get("installed_by")),
        "Bought": lines(day(row.get("purchased_at")), row.get("purchased_by")),
    }
    drafts.add(row, INFRASTRUCTURE, values, remarks)


def _add_document(row: Row, drafts: Drafts, pages: Mapping[str, bytes]) -> None:
    page = pages.get(row.get("locator"))
    if row.get("archived").lower() in ("yes", "true"):
        drafts.leave_out(row.file, "archived documents")
    elif page is None:
        drafts.leave_out(row.file, "documents whose text is not in the export")
    elif len(page) > MAX_HTML:
        drafts.leave_out(row.file, "documents that are too long")
    else:
        values = {
            "client_id": drafts.owner(row, row.get("organization")),
            "title": row.get("name"),
            "body": markdown(page.decode("utf-8-sig", "replace")),
        }
        drafts.add(row, DOCUMENTS, values)


TABLES: dict[str, Callable[[Row, Drafts], None]] = {
    "organizations": _add_organization,
    "locations": _add_location,
    "contacts": _add_contact,
    "configurations": _add_configuration,
}
"""What is read, by the name of its file; documents, whose texts are files of their own, beside them."""
