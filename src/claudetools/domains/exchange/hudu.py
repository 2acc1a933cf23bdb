"""Hudu's replies to its REST API, saved as JSON: companies, assets, articles and networks.

A file holds a page as it was answered, such as `{"assets": [...]}`, or a list of things. What an asset is, is told by
the name of its layout. Passwords, and fields of assets that hold secrets, are left out.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import from_json

from claudetools.domains.clients import CLIENTS, CONTACTS, DOCUMENTS, SITES
from claudetools.domains.exchange.archive import holds_secrets
from claudetools.domains.exchange.drafts import Drafts
from claudetools.domains.exchange.fitting import asset_type, day, host_address, host_name, lines, network
from claudetools.domains.exchange.html_text import MAX_HTML, markdown
from claudetools.domains.exchange.rows import Row, json_document, normalised, objects, text_of, texts_of
from claudetools.domains.infra import INFRASTRUCTURE, NETWORKS

TABLES = ("companies", "articles", "assets", "networks")
PLACES = re.compile(r"location|\bsites?\b|office|branch", re.IGNORECASE)
PEOPLE = re.compile(r"people|person|contact|employee|\bstaff\b|\busers?\b", re.IGNORECASE)
EQUIPMENT = re.compile(r"asset|device|hardware|configuration|equipment", re.IGNORECASE)
OWN = frozenset({"primary_serial", "primary_model", "primary_manufacturer", "primary_mail"})


def read_hudu(files: Mapping[str, bytes], drafts: Drafts) -> None:
    """Add what the files hold to `drafts`.

    Raises:
        Invalid: a file is not JSON.
    """
    found: dict[str, list[tuple[Row, dict[str, Any]]]] = {table: [] for table in TABLES}
    for file, data in files.items():
        if not file.lower().endswith(".json"):
            drafts.leave_out(file, "the whole file: only JSON from the REST API is read")
            continue
        for table, number, item in _things(json_document(file, data)):
            if table in found:
                found[table].append((Row(file, number, table, texts_of(item)), item))
            else:
                reason = ": they hold secrets" if holds_secrets(table) else ""
                drafts.leave_out(file, f"{table or 'things of an unknown kind'}{reason}")
    companies = {row.get("id"): row.get("name") for row, _ in found["companies"]}
    places = {row.get("id"): row.get("name") for row, _ in found["assets"] if PLACES.search(row.get("asset_type"))}
    for row, _ in found["companies"]:
        _add_company(row, drafts)
    for row, item in found["assets"]:
        _add_asset(row, item, drafts, companies)
    for row, _ in found["networks"]:
        _add_network(row, drafts, companies, places)
    for row, item in found["articles"]:
        _add_article(row, item, drafts, companies)


def _things(document: Any) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield what a file holds: the kind in the plural, the number and the thing."""
    if isinstance(document, dict) and not any(isinstance(value, list) for value in document.values()):
        document = [next(iter(document.values()))] if len(document) == 1 else [document]
    if isinstance(document, dict) and "object_type" not in document:
        for name, items in document.items():
            yield from ((name, number, item) for number, item in objects(items))
        return
    for number, item in objects(document if isinstance(document, list) else [document]):
        kind = normalised(text_of(item.get("object_type")))
        yield ("companies" if kind == "company" else f"{kind}s" if kind else ""), number, item


def _owner(row: Row, drafts: Drafts, companies: Mapping[str, str]) -> str | None:
    return drafts.owner(row, row.get("company_name") or companies.get(row.get("company_id"), ""))


def _add_company(row: Row, drafts: Drafts) -> None:
    town = " ".join(filter(None, (row.get("state"), row.get("zip"))))
    values = {
        "name": row.get("name"),
        "short_code": row.get("nickname"),
        "is_active": row.get("archived") != "true",
        "notes": markdown(row.get("notes")),
    }
    remarks = {
        "Type": row.get("company_type"),
        "Address": lines(
            row.get("address_line_1"), row.get("address_line_2"), row.get("city"), town, row.get("country_name")
        ),
        "Phone": row.get("phone_number"),
        "Fax": row.get("fax_number"),
        "Web site": row.get("website"),
        "Number": row.get("id_number"),
    }
    drafts.add(row, CLIENTS, values, remarks)


def _add_asset(row: Row, item: Mapping[str, Any], drafts: Drafts, companies: Mapping[str, str]) -> None:
    fields, layout = _fields(row, item, drafts), row.get("asset_type")
    details = Row(row.file, row.number, f"assets of {layout}", fields)
    shared = {"client_id": _owner(row, drafts, companies), "site_id": details.get("location", "site", "office")}
    if row.get("archived") == "true":
        drafts.leave_out(row.file, "archived assets")
    elif PLACES.search(layout):
        _add_place(row, details, shared["client_id"], drafts)
    elif PEOPLE.search(layout):
        _add_person(row, details, shared, drafts)
    elif EQUIPMENT.search(layout) or asset_type(layout) != "other":
        _add_equipment(row, details, shared, drafts)
    else:
        drafts.leave_out(row.file, f"assets of the layout {layout!r}: there is no place for them")


def _fields(row: Row, item: Mapping[str, Any], drafts: Drafts) -> dict[str, str]:
    """Return the fields of an asset by normalised label, without those that hold secrets."""
    found = {name: text for name, text in row.cells.items() if name in OWN and text}
    for _, field in objects(item.get("fields")):
        label = text_of(field.get("label"))
        if holds_secrets(label):
            drafts.leave_out(row.file, f"field {label!r}: it holds secrets")
        else:
            found.setdefault(normalised(label), _value(field.get("value")))
    return {name: text for name, text in found.items() if text}


def _value(value: Any) -> str:
    """Return the value of a field as text: linked assets, which are given as JSON in a text, by their names."""
    text = text_of(value)
    if text.startswith("[{"):
        try:
            return text_of(from_json(text))
        except ValueError:
            return text
    return markdown(text) if "<" in text and len(text) <= MAX_HTML else text


def _remarks(details: Row) -> dict[str, str]:
    """Return what was not asked for, by label."""
    return {
        name.replace("_", " ").capitalize(): text for name, text in details.cells.items() if name not in details.read
    }


def _add_place(row: Row, details: Row, client: str | None, drafts: Drafts) -> None:
    town = " ".join(filter(None, (details.get("state", "region"), details.get("zip", "postal_code", "zip_code"))))
    street = lines(details.get("address", "address_1", "address_line_1", "street"), details.get("address_2"))
    values = {
        "client_id": client,
        "name": row.get("name"),
        "address": lines(street, details.get("city"), town, details.get("country")),
        "phone": details.get("phone", "phone_number"),
        "notes": details.get("notes"),
    }
    drafts.add(row, SITES, values, _remarks(details))


def _add_person(row: Row, details: Row, shared: Mapping[str, Any], drafts: Drafts) -> None:
    values = {
        **shared,
        "name": row.get("name"),
        "role": details.get("title", "job_title", "position", "role"),
        "email": details.get("email", "email_address", "primary_email", "primary_mail"),
        "phone": details.get("phone", "phone_number", "office_phone", "work_phone"),
        "mobile": details.get("mobile", "mobile_phone", "cell_phone", "cell"),
        "notes": details.get("notes"),
    }
    drafts.add(row, CONTACTS, values, _remarks(details))


def _add_equipment(row: Row, details: Row, shared: Mapping[str, Any], drafts: Drafts) -> None:
    name, layout = row.get("name"), row.get("asset_type")
    hostname = host_name(details.get("hostname", "host_name")) or host_name(name)
    kind = details.get("type", "device_type", "configuration_type")
    values = {
        **shared,
        "hostname": hostname,
        "asset_type": asset_type(kind, layout, name),
        "ip_address": host_address(details.get("ip_address", "primary_ip", "management_ip", "ip")),
        "mac_address": details.get("mac_address", "mac"),
        "manufacturer": details.get("manufacturer", "primary_manufacturer", "make"),
        "model": details.get("model", "primary_model"),
        "serial": details.get("serial_number", "primary_serial", "serial"),
        "os": details.get("operating_system", "os"),
        "warranty_ends_on": day(details.get("warranty_expires_at", "warranty_expiration", "warranty_expires")),
        "notes": details.get("notes", "description"),
    }
    remarks = {"Name": name if name != hostname else "", "Type": kind, "Layout": layout}
    drafts.add(row, INFRASTRUCTURE, values, remarks | _remarks(details))


def _add_network(row: Row, drafts: Drafts, companies: Mapping[str, str], places: Mapping[str, str]) -> None:
    cidr, _ = network(row.get("address"))
    values = {
        "client_id": _owner(row, drafts, companies),
        "site_id": places.get(row.get("location_id"), ""),
        "name": row.get("name") or cidr,
        "cidr": cidr,
        "notes": row.get("description"),
    }
    drafts.add(row, NETWORKS, values, {"Notes": markdown(row.get("notes"))})


def _add_article(row: Row, item: Mapping[str, Any], drafts: Drafts, companies: Mapping[str, str]) -> None:
    content = str(item.get("content") or "")
    if row.get("archived") == "true":
        drafts.leave_out(row.file, "archived articles")
    elif len(content) > MAX_HTML:
        drafts.leave_out(row.file, "articles that are too long")
    elif not row.get("company_id", "company_name") and drafts.client is None:
        drafts.leave_out(row.file, "articles that belong to no company")
    else:
        values = {
            "client_id": _owner(row, drafts, companies),
            "title": row.get("name"),
            "body": markdown(content),
        }
        drafts.add(row, DOCUMENTS, values)
