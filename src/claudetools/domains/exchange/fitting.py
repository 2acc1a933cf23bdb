"""Making what another system says fit our fields, without losing what does not."""

import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.network_types import Hostname
from claudetools.kit.resource.schema import change_of

MAX_NOTES = 100_000
REFERENCES = frozenset({"client_id", "site_id", "infrastructure_id", "parent_host_id"})
"""Fields in which another record is named; whether there is such a one is seen when they are written."""
ASSET_TYPES: tuple[tuple[str, str], ...] = (
    (r"virtual|\bvms?\b", "virtual_machine"),
    (r"container", "container"),
    (r"firewall|\butm\b|security appliance", "firewall"),
    (r"domain controller", "domain_controller"),
    (r"\bnas\b|\bsan\b|storage", "nas_storage"),
    (r"print|copier|plotter|\bmf[pc]\b", "printer"),
    (r"switch|router|access point|\bw?ap\b|wireless|network|gateway|modem|load balancer", "network_device"),
    (r"server|hypervisor|\bhost\b|\besxi?\b", "physical_server"),
    (r"workstation|desktop|laptop|notebook|computer|\bpc\b|\bi?mac\b|macbook|tablet|thin client", "workstation"),
)
"""What kinds of equipment are called elsewhere, the most particular first."""

_hostname: TypeAdapter[str] = TypeAdapter(Hostname)


def fitted(resource: Resource, values: Mapping[str, Any], remarks: Mapping[str, str]) -> Values:
    """Return the values that fit their fields; the others and the remarks become lines of the notes."""
    kept, lines = Values(), [str(values.get("notes") or "").strip()]
    lines += [f"{label}: {text.strip()}" for label, text in remarks.items() if text and text.strip()]
    for name, value in values.items():
        if value in ("", None, []) or name == "notes":
            continue
        if name in REFERENCES or _fits(resource, name, value):
            kept[name] = value.strip() if isinstance(value, str) and name != "body" else value
        else:
            lines.append(f"{name.replace('_', ' ').capitalize()}: {value}")
    notes = "\n".join(line for line in lines if line).replace("\0", "")
    if notes and "notes" in resource.create.model_fields:
        kept["notes"] = notes[:MAX_NOTES]
    return kept


def _fits(resource: Resource, name: str, value: Any) -> bool:
    try:
        _any_fields(resource).model_validate({name: value})
    except ValidationError:
        return False
    return True


@cache
def _any_fields(resource: Resource) -> type[BaseModel]:
    return change_of(resource.create, f"{resource.schema_name}Draft")


def host_name(text: str) -> str:
    """Return a text as a valid host name, as it is if it is one; an empty one if nothing of it can be used."""
    plain = unicodedata.normalize("NFKD", text.strip()).encode("ascii", "ignore").decode()
    parts = (re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-")[:63].strip("-") for part in plain.split("."))
    name = ".".join(filter(None, parts))[:253].rstrip(".-")
    try:
        return _hostname.validate_python(text)
    except ValidationError:
        return name


def asset_type(*texts: str) -> str:
    """Return the type of a piece of equipment that another system describes by these texts, the best first."""
    for text in texts:
        for pattern, kind in ASSET_TYPES:
            if re.search(pattern, text, re.IGNORECASE):
                return kind
    return "other"


def day(text: str) -> str:
    """Return the day of an ISO date or instant, or the text as it is; an empty one for a day that means none."""
    match = re.match(r"\d{4}-\d{2}-\d{2}(?=$|[T ])", text)
    found = match[0] if match else text
    return "" if found == "0000-00-00" else found


def lines(*texts: str) -> str:
    """Return the texts that are not empty as one line, with commas between."""
    return ", ".join(filter(None, (" ".join(text.split()) for text in texts)))


def amount(text: str) -> str:
    """Return an amount of money; an empty text for none and for zero, which other systems write for none."""
    try:
        return text if Decimal(text) else ""
    except InvalidOperation:
        return text


def network(text: str, gateway: str = "") -> tuple[str, str]:
    """Return the network that an address with its prefix length is in, and the gateway if it lies in there.

    Empty texts stand for what is not valid.
    """
    try:
        found = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return "", ""
    if "/" not in text:
        return "", ""
    try:
        is_within = ipaddress.ip_address(gateway.strip()) in found
    except ValueError:
        is_within = False
    return str(found), gateway.strip() if is_within else ""


def host_address(text: str) -> str:
    """Return an address without the prefix length that may follow it."""
    return text.partition("/")[0]
