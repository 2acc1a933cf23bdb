"""Valid bodies for any resource, derived from its schema for creating and the foreign keys of its table."""

import types
import typing
from base64 import b32encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

from httpx2 import Response
from pydantic import AwareDatetime, SecretStr
from pydantic.fields import FieldInfo
from sqlalchemy import UniqueConstraint, inspect
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains import RESOURCES
from claudetools.kit.db.session import Database
from claudetools.kit.resource.declare import Resource, Verb
from claudetools.kit.resource.schema import values_of
from tests.contract.problems import problem
from tests.fixtures.people import Caller

BY_NAME = {resource.name: resource for resource in RESOURCES}
BY_TABLE = {resource.model.__tablename__: resource for resource in RESOURCES}

Special = Callable[[int], Any]
SPECIAL: dict[str, Special] = {
    "slug": lambda n: f"slug-{n}",
    "currency": lambda n: ("EUR", "USD", "CHF")[n % 3],
    "colour": lambda n: f"#{n % 0xFFFFFF:06x}",
    "email": lambda n: f"someone{n}@firm.test",
    "password": lambda n: f"a long enough password {n}",
    "client_access": lambda n: "all",
    "network_subnet": lambda n: f"10.{n % 256}.0.0/16",
    "vpn_subnet": lambda n: f"172.16.{n % 256}.0/24",
    "gateway_ip": lambda n: f"10.1.0.{n % 256}",
    "ip_address": lambda n: f"10.2.0.{n % 256}",
    "mac_address": lambda n: f"00:1a:2b:3c:4d:{n % 256:02x}",
    "dns_servers": lambda n: [f"10.3.0.{n % 256}"],
    "timezone": lambda n: ("Europe/Berlin", "America/New_York")[n % 2],
    "hostname": lambda n: f"host-{n}",
    "url": lambda n: f"https://host-{n}.test/",
    "management_url": lambda n: f"https://host-{n}.test/",
    "port": lambda n: n % 65535 + 1,
    "vlan_id": lambda n: n % 4094 + 1,
    "cidr": lambda n: f"10.0.0.0/{8 + n % 17}",
    "gateway": lambda n: f"10.0.0.{n % 250 + 1}",
    "source": lambda n: f"10.4.0.{n % 256}",
    "destination": lambda n: f"10.5.0.{n % 256}",
    "firewall-rules.port": lambda n: f"{n % 65535 + 1}",
    "tenant_id": lambda n: str(UUID(int=n)),
    "default_domain": lambda n: f"client{n}.test",
    "verified_domains": lambda n: [f"client{n}.test"],
    "contacts.is_primary": lambda n: False,
    "sessions.ended_at": lambda n: (datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=n)).isoformat(),
    "work-items.status": lambda n: "pending",
    "tasks.status": lambda n: "pending",
    "pending-tasks.status": lambda n: "open",
    "deployments.status": lambda n: "planned",
    "billable-time.status": lambda n: "draft",
    "billable-time.decision": lambda n: "billable",
    "billable-time.ended_at": lambda n: (datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=n)).isoformat(),
    "rate-rules.valid_to_on": lambda n: str(date(2027, 1, 1) + timedelta(days=n % 300)),
    "security-incidents.status": lambda n: "open",
    "security-incidents.contained_at": lambda n: (datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=n)).isoformat(),
    "security-incidents.resolved_at": lambda n: (datetime(2028, 1, 1, tzinfo=UTC) + timedelta(hours=n)).isoformat(),
    "failure-patterns.scope": lambda n: ("client", "os", "tool")[n % 3],
    "environmental-insights.priority": lambda n: n % 10 + 1,
    "external_url": lambda n: f"https://other-{n}.test/",
    "backup-schedules.cron": lambda n: f"{n % 60} {n % 24} * * *",
    "backup-schedules.retention_count": lambda n: n % 1000 + 1,
    "jobs.max_attempts": lambda n: n % 10 + 1,
    "backup-logs.completed_at": lambda n: (datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=n)).isoformat(),
    "content_hash": lambda n: f"{n:064x}",
    "locks.expires_at": lambda n: (datetime.now(UTC) + timedelta(minutes=5 + n % 1400)).isoformat(),
    "labour-types.increment_minutes": lambda n: n % 10 + 1,
    "totp_seed": lambda n: b32encode(f"Canary {n:09}".encode()).decode(),
    "rotate_every_days": lambda n: n % 365 + 1,
    "api-tokens.kind": lambda n: "personal",
    "api-tokens.allowed_ips": lambda n: [f"10.{n % 250}.0.0/16"],
    "api-tokens.scopes": lambda n: ["msp:read"],
    "api-tokens.expires_at": lambda n: (datetime.now(UTC) + timedelta(days=1 + n % 300)).isoformat(),
}
"""Values that the type does not tell: by field, or by resource and field."""
LEFT_OUT = {
    "users.clients",
    "api-tokens.machine_id",
    "api-tokens.client_ids",
    "ticket-links.work_item_id",
    "credential-permissions.grantee_id",
    "messages.recipient_machine_id",
    "messages.recipient_session_id",
}
"""Optional fields that go only with certain values of others."""
ALWAYS = {"users.client_access", "credential-permissions.role"}
"""Optional fields without which a body is not valid, or not of use."""
INSTEAD = {"credential-permissions.grantee_id": "role"}
"""Fields that, when they are given, take the place of another."""
MADE_BY = {"credential-audit-logs": ("credentials", "credential_id")}
"""What nobody sends: the resource whose creation makes such a record, and the field that names what was created."""
OWN_ROUTE = {"users", "api-tokens"}
"""Resources that callers create by a route beside those of the engine."""
APPOINTED = {"credential-permissions"}
"""Records that a technician writes only when an administrator has let them."""
COMPUTED = {
    "billable-time": {"billable_minutes", "hourly_rate", "currency", "amount", "explanation"},
    "backup-schedules": {"next_run_at"},
}
"""Columns that the service works out from the fields that callers set, by resource."""
AFRESH = {
    "service-relationships.to_service_id",
    "credential-permissions.credential_id",
    "project-states.project_id",
}
"""References that make a record unique, alone or together with others, so each body gets a new one."""


def bare(annotation: Any) -> Any:
    """Return `annotation` without `| None` and without `Annotated`."""
    if typing.get_origin(annotation) is Annotated:
        return bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return bare(next(part for part in typing.get_args(annotation) if part is not type(None)))
    return annotation


def accepts_null(annotation: Any) -> bool:
    """Return whether None is among what `annotation` accepts."""
    if typing.get_origin(annotation) is Annotated:
        return accepts_null(typing.get_args(annotation)[0])
    return type(None) in typing.get_args(annotation)


def read_back(resource: Resource) -> dict[str, FieldInfo]:
    """Return the fields that callers send and get back: secrets are none of them, and have tests of their own."""
    return {name: info for name, info in resource.create.model_fields.items() if name in resource.read.model_fields}


def references(resource: Resource) -> dict[str, Resource]:
    """Return the fields that callers set to the id of another record, and what kind of record that is."""
    columns = inspect(resource.model).columns
    found = {}
    for name in resource.create.model_fields:
        keys = columns[name].foreign_keys if name in columns else set()
        table = next((key.column.table.name for key in keys), None)
        if table in BY_TABLE:
            found[name] = BY_TABLE[table]
    return found


def is_creatable(resource: Resource) -> bool:
    """Return whether callers can create records of `resource`."""
    return Verb.CREATE in resource.verbs or resource.name in OWN_ROUTE


def sample(kind: Any, n: int) -> Any:
    """Return the `n`th value of a type, as JSON."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)[n % len(kind)].value
    if typing.get_origin(kind) in (list, dict):
        return [sample(bare(typing.get_args(kind)[0]), n)] if typing.get_origin(kind) is list else {"key": n}
    simple: dict[Any, Any] = {
        str: f"Word {n}",
        SecretStr: f"Canary secret {n}",
        UUID: str(UUID(int=n)),
        bool: n % 2 == 0,
        int: n % 10,
        float: (n % 100) / 10,
        Decimal: f"{n % 90 + 10}.5",
        AwareDatetime: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n, microseconds=n)).isoformat(),
        date: str(date(2026, 1, 1) + timedelta(days=n % 300)),
    }
    return simple[kind]


def is_owned_by_reference(resource: Resource) -> bool:
    """Return whether a record's client is that of another record which it goes with."""
    return "client_id" in resource.model.__table__.c and "client_id" not in resource.create.model_fields


def identified(resource: Resource) -> list[str]:
    """Return the fields of `resource` whose value must be unique, alone."""
    table = resource.model.__table__
    return [
        name
        for name in resource.create.model_fields
        if name in table.c and (table.c[name].unique or _is_alone_unique(resource, name))
    ]


def _is_alone_unique(resource: Resource, name: str) -> bool:
    """Return whether `name` is unique among the records with the same references, which bodies have by default."""
    table: Any = resource.model.__table__
    same = {other for other in references(resource) if f"{resource.name}.{other}" not in AFRESH} | {name}
    return any(
        isinstance(constraint, UniqueConstraint) and name in {column.name for column in constraint.columns} <= same
        for constraint in table.constraints
    )


async def settle(caller: Caller, method: str, path: str, base: dict[str, Any], fields: dict[str, Any]) -> Response:
    """Send the fields all at once, then without those that are refused, until the rest is taken."""
    left = dict(fields)
    while True:
        reply = await caller.request(method, path, json=base | left)
        if reply.is_success or not left:
            return reply
        assert reply.status_code in (403, 404, 409, 422), (sorted(left), reply.text)
        faults = problem(reply, reply.status_code)["errors"]
        refused = {fault["pointer"].split("/")[1] for fault in faults if fault["pointer"]}
        # What is refused as a whole is refused for one of the fields: they go one by one.
        for name in refused & set(left) or [min(left)]:
            del left[name]


@dataclass
class Maker:
    """Makes bodies and records of any resource for one client at a time, in the name of one caller."""

    caller: Caller
    client_id: str
    numbers: Iterator[int]
    database: Database
    _parents: dict[str, str] = field(default_factory=dict)

    async def body(self, resource: Resource, *, full: bool = False, **given: Any) -> dict[str, Any]:
        """Return a valid body: the required fields, or all of them, and those given."""
        n = next(self.numbers)
        targets = references(resource)
        displaced = {INSTEAD.get(f"{resource.name}.{name}") for name in given}
        made: dict[str, Any] = {}
        for name, info in resource.create.model_fields.items():
            key = f"{resource.name}.{name}"
            if name in given or key in LEFT_OUT or name in displaced:
                continue
            if name in resource.secrets and not info.is_required():
                continue
            special = SPECIAL.get(key, SPECIAL.get(name))
            if name in targets and (full or info.is_required() or name == "client_id"):
                made[name] = await (self.fresh if key in AFRESH else self.parent)(targets[name])
            elif (full or info.is_required() or key in ALWAYS) and name not in targets:
                made[name] = special(n) if special else sample(bare(info.annotation), n)
        if resource.name == "relations":
            made |= {"from_type": "client", "from_id": self.client_id, "to_type": "site"}
            made["to_id"] = await self.fresh(BY_TABLE["sites"])
        return made | given

    async def fresh(self, resource: Resource) -> str:
        """Return the id of a new record of this client."""
        id: str = (await self.create(resource))["id"]
        return id

    async def parent(self, resource: Resource) -> str:
        """Return the id of a record of this client that others may refer to."""
        if resource.name == "clients":
            return self.client_id
        if resource.name not in self._parents:
            self._parents[resource.name] = await self.fresh(resource)
        return self._parents[resource.name]

    async def create(self, resource: Resource, *, full: bool = False, **given: Any) -> dict[str, Any]:
        """Create a record, or what makes the service create it, and return it. Else it is written past the API."""
        if resource.name in MADE_BY:
            maker, named = MADE_BY[resource.name]
            made_by = await self.create(BY_NAME[maker], full=full, **given)
            found = await self.caller.get(f"/{resource.name}", params={named: made_by["id"]})
            (record,) = found.json()["items"]
            return dict(record)
        body = await self.body(resource, full=full, **given)
        if is_creatable(resource):
            reply = await self.caller.post(f"/{resource.name}", body)
            assert reply.status_code == 201, reply.text
        else:
            reply = await self.caller.get(f"/{resource.name}/{await self._insert(resource, body)}")
            assert reply.status_code == 200, reply.text
        made: dict[str, Any] = reply.json()
        made.pop("token", None)  # shown this once
        return made

    async def _insert(self, resource: Resource, body: dict[str, Any]) -> UUID:
        """Write a row past the API and return its id."""

        async def unit(session: AsyncSession) -> UUID:
            row: Any = resource.model(**values_of(resource.create.model_validate(body)))
            session.add(row)
            await session.flush()
            id: UUID = row.id
            return id

        return await self.database.write(unit)
