"""Records on their way from an export into the database: whose they are, what fits, what is left out."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from claudetools.domains.clients import CLIENTS, CONTACTS, DOCUMENTS, SITES
from claudetools.domains.exchange.archive import holds_secrets
from claudetools.domains.exchange.fitting import fitted, host_name
from claudetools.domains.exchange.rows import Row, place
from claudetools.domains.infra import INFRASTRUCTURE, NETWORKS, SERVICES
from claudetools.kit.problems import FieldError
from claudetools.kit.resource.declare import Resource, Values

WRITTEN_IN_ORDER = (CLIENTS, SITES, CONTACTS, NETWORKS, INFRASTRUCTURE, SERVICES, DOCUMENTS)
"""A record stands before those that name it."""
TOLD_APART_BY: Mapping[str, tuple[str, ...]] = {
    CONTACTS.name: ("email", "phone", "mobile"),
    INFRASTRUCTURE.name: ("serial", "mac_address", "ip_address"),
    NETWORKS.name: ("cidr",),
}
"""What sets a second record of the same name apart from the first, by resource."""


BOOKKEEPING = re.compile(r"id|url|display(_url)?|slug|created(_at)?|(last_)?updated(_at)?|.*_count|depth|custom_fields")
"""Columns of another system that say nothing of the thing itself."""


@dataclass(slots=True)
class Draft:
    """A record to be written, with names in place of ids, and where in the export it was read."""

    row: Row
    resource: Resource
    values: Values


class Drafts:
    """What an export comes to. Rows that name no client belong to `client`."""

    def __init__(self, client: str | None) -> None:
        self.client = client
        self.faults: dict[str, FieldError] = {}
        self.left_out: Counter[tuple[str, str]] = Counter()
        self._drafts: dict[tuple[str, ...], Draft] = {}

    def leave_out(self, file: str, reason: str) -> None:
        """Note that something in a file is not imported."""
        self.left_out[file, reason] += 1

    def leave_out_unread(self, rows: Iterable[Row]) -> None:
        """Note the columns that hold something and were not read."""
        for row in rows:
            for name, text in row.cells.items():
                if text and name not in row.read and not BOOKKEEPING.fullmatch(name):
                    self.leave_out(row.file, f"column {name}{': it holds secrets' if holds_secrets(name) else ''}")

    def owner(self, row: Row, name: str) -> str | None:
        """Return the client of a row, by the name in it if it names one; else a fault is noted."""
        client = name or self.client
        if client is None:
            message = "Rows in this file name no client. Say whose they are."
            self.faults[row.file] = FieldError(place(row.file), "client", message)
        return client

    def client_of(self, resource: Resource, field: str, name: str) -> str | None:
        """Return the only client with a record of this name in the export; else the one that others belong to."""
        drafts = (draft.values for draft in self._drafts.values() if draft.resource is resource)
        clients = {str(values["client_id"]) for values in drafts if values.get(field) == name}
        return clients.pop() if len(clients) == 1 else self.client

    def add(
        self, row: Row, resource: Resource, values: Mapping[str, Any], remarks: Mapping[str, str] | None = None
    ) -> bool:
        """Add a record with the values that are known; return whether that was possible.

        What does not fit its field goes to the notes, as the remarks do. A record that is in the export already gets
        what it lacks; another one of the same name in the same table is told apart by more than its name.
        """
        fitting = fitted(resource, values, remarks or {})
        required = (name for name, info in resource.create.model_fields.items() if info.is_required())
        missing = next((name for name in required if name not in fitting), None)
        if missing is not None:
            self.leave_out(row.file, f"{resource.name} without a valid {missing}")
            return False
        draft = Draft(row, resource, fitting)
        known = self._drafts.setdefault(_key(draft), draft)
        if known is draft:
            return True
        if known.row.table == row.table and _differ(known, draft):
            return self._add_twin(known, draft)
        for name, value in fitting.items():
            known.values.setdefault(name, value)
        return True

    def _add_twin(self, known: Draft, draft: Draft) -> bool:
        """Add a record under its name and what sets it apart from the one that has this name already."""
        name, marks = draft.resource.key[-1], TOLD_APART_BY.get(draft.resource.name, ())
        mark = next((field for field in marks if field in draft.values), None)
        if mark is not None and draft.values[mark] != known.values.get(mark):
            apart = draft.values[mark]
            full = f"{draft.values[name]}-{apart}" if name == "hostname" else f"{draft.values[name]} ({apart})"
            draft.values[name] = host_name(full) if name == "hostname" else full
            if self._drafts.setdefault(_key(draft), draft) is draft:
                return True
        self.leave_out(draft.row.file, f"another of the {draft.resource.name} with the same name")
        return False

    def complete(self) -> list[Draft]:
        """Return all drafts in the order in which they can be written, with the clients and sites that they name."""
        for draft in list(self._drafts.values()):
            client, site = draft.values.get("client_id"), draft.values.get("site_id")
            if client is not None:
                self.add(draft.row, CLIENTS, {"name": client})
            if client is not None and site is not None:
                self.add(draft.row, SITES, {"client_id": client, "name": site})
        hosts = {_key(draft): draft for draft in self._drafts.values() if draft.resource is INFRASTRUCTURE}
        for draft in hosts.values():
            _keep_known_host(draft, hosts)
        order = {resource.name: number for number, resource in enumerate(WRITTEN_IN_ORDER)}
        return sorted(self._drafts.values(), key=lambda draft: (order[draft.resource.name], _depth(draft, hosts)))


def _key(draft: Draft) -> tuple[str, ...]:
    names = ("client_id", *draft.resource.key)
    return (draft.resource.name, *(str(draft.values.get(name, "")).casefold() for name in names))


def _differ(first: Draft, second: Draft) -> bool:
    shared = second.values.keys() & first.values.keys() - set(second.resource.key)
    return any(first.values[name] != second.values[name] for name in shared)


def _host_key(draft: Draft) -> tuple[str, ...] | None:
    host = draft.values.get("parent_host_id")
    return None if host is None else _key(Draft(draft.row, INFRASTRUCTURE, {**draft.values, "hostname": host}))


def _keep_known_host(draft: Draft, hosts: Mapping[tuple[str, ...], Draft]) -> None:
    """Turn the name of a host that is not in the export into a note: there may be no such record."""
    if _host_key(draft) not in (None, *hosts):
        remark = f"Runs on: {draft.values.pop('parent_host_id')}"
        draft.values["notes"] = "\n".join(filter(None, (draft.values.get("notes"), remark)))


def _depth(draft: Draft, hosts: Mapping[tuple[str, ...], Draft]) -> int:
    depth, seen = 0, {id(draft)}
    while (key := _host_key(draft)) is not None and id(hosts[key]) not in seen:
        draft = hosts[key]
        seen.add(id(draft))
        depth += 1
    return depth
