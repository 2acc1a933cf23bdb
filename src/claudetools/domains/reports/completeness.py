"""How well a client is documented: named checks with weights, and what to do about each that is not met."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, case, func, inspect, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client, Contact, Document, Site
from claudetools.domains.infra import (
    AssetType,
    Criticality,
    FirewallRule,
    Infrastructure,
    M365Tenant,
    Network,
    RelationshipType,
    Service,
    ServiceRelationship,
)
from claudetools.domains.security import IncidentStatus, SecurityIncident, Severity
from claudetools.kit.db.base import Record
from claudetools.kit.resource.in_use import in_use
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Actor, find, scoped, visible

SERVERS = (AssetType.PHYSICAL_SERVER, AssetType.VIRTUAL_MACHINE, AssetType.DOMAIN_CONTROLLER)
HARDWARE = (AssetType.PHYSICAL_SERVER, AssetType.NETWORK_DEVICE, AssetType.NAS_STORAGE, AssetType.FIREWALL)
VITAL = (Criticality.HIGH, Criticality.CRITICAL)

Counts = Mapping[str, int]
"""How many records of one client fulfil each condition of `TALLIES`; a `Counter`, so that none is zero."""

_is_server, _is_hardware = Infrastructure.asset_type.in_(SERVERS), Infrastructure.asset_type.in_(HARDWARE)

TALLIES: tuple[tuple[type[Record], dict[str, ColumnElement[bool]]], ...] = (
    (
        Contact,
        {
            "reachable_primaries": and_(
                Contact.is_primary,
                or_(Contact.email.is_not(None), Contact.phone.is_not(None), Contact.mobile.is_not(None)),
            )
        },
    ),
    (Site, {"addressed_sites": Site.address != ""}),
    (Network, {"routed_networks": Network.gateway.is_not(None)}),
    (
        Infrastructure,
        {
            "equipment": true(),
            "servers": _is_server,
            "known_servers": and_(_is_server, Infrastructure.ip_address.is_not(None), Infrastructure.os.is_not(None)),
            "hardware": _is_hardware,
            "known_hardware": and_(
                _is_hardware, Infrastructure.serial.is_not(None), Infrastructure.warranty_ends_on.is_not(None)
            ),
        },
    ),
    (FirewallRule, {"firewall_rules": true()}),
    (M365Tenant, {"administered_tenants": M365Tenant.admin_contact.is_not(None)}),
    (Service, {"services": true(), "vital_services": Service.criticality.in_(VITAL)}),
    (ServiceRelationship, {"backups": ServiceRelationship.type == RelationshipType.BACKS_UP}),
    (
        SecurityIncident,
        {
            "untouched_incidents": and_(
                SecurityIncident.severity == Severity.CRITICAL, SecurityIncident.status == IncidentStatus.OPEN
            )
        },
    ),
    (Document, {"runbooks": Document.is_runbook.is_(True)}),
)
"""What is counted, in one statement for each table, among the records in use."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that should be on record. `weight` is its share of the score, relative to the others."""

    name: str
    weight: int
    is_met: Callable[[Counts], bool]
    what_to_do: str


def has(count: str) -> Callable[[Counts], bool]:
    """Return the check that there is at least one of these."""

    def is_met(counts: Counts) -> bool:
        return counts[count] > 0

    return is_met


def servers_are_known(counts: Counts) -> bool:
    """Return whether no server lacks what is needed to reach it. Where there is no equipment, nothing is known."""
    return counts["equipment"] > 0 and counts["known_servers"] == counts["servers"]


def hardware_is_known(counts: Counts) -> bool:
    """Return whether no hardware lacks what its maker asks for. Where there is no equipment, nothing is known."""
    return counts["equipment"] > 0 and counts["known_hardware"] == counts["hardware"]


def incidents_are_attended(counts: Counts) -> bool:
    """Return whether somebody has taken up every critical incident."""
    return counts["untouched_incidents"] == 0


CHECKS: tuple[Check, ...] = (
    Check("primary_contact", 15, has("reachable_primaries"), "Name a primary contact, with a phone number or e-mail."),
    Check("site_address", 10, has("addressed_sites"), "Record a site with its address."),
    Check("network_gateway", 10, has("routed_networks"), "Record a network with its gateway."),
    Check("servers", 15, servers_are_known, "Record the equipment, and the IP address and OS of every server."),
    Check("hardware", 10, hardware_is_known, "Record serial number and end of warranty of all hardware."),
    Check("firewall_rules", 10, has("firewall_rules"), "Record the rules of a firewall."),
    Check("m365_tenant", 5, has("administered_tenants"), "Record the Microsoft 365 tenant, with its admin contact."),
    Check("vital_services", 10, has("vital_services"), "Record the services, and rate those high that must not fail."),
    Check("backups", 5, has("backups"), "Say which service backs up which, as a relationship."),
    Check("incidents", 5, incidents_are_attended, "Take up the critical security incidents that are still open."),
    Check("runbook", 5, has("runbooks"), "Write a document for the runbook: what to do when things break."),
)
TOTAL_WEIGHT = sum(check.weight for check in CHECKS)


class CheckResult(BaseModel):
    """One thing that should be on record, and what to do while it is not."""

    name: str
    weight: int
    is_met: bool
    what_to_do: str


class Completeness(BaseModel):
    """How well a client is documented: the weights of the checks that are met, in percent of all weights."""

    client_id: UUID
    client_name: str
    score: Annotated[int, Field(ge=0, le=100)]
    checks: list[CheckResult]


class CompletenessQuery(Input):
    """How many clients to list."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50


class CompletenessList(BaseModel):
    """The clients in use, the worst documented first. `total` counts all of them, `average_score` is over all."""

    items: list[Completeness]
    total: int
    average_score: int | None


async def completeness_of(session: AsyncSession, actor: Actor, client_id: UUID) -> Completeness:
    """Return how well one client is documented.

    Raises:
        NotFound: the client is not the actor's to see.
    """
    client = await find(session, actor, Client, client_id)
    counts = await _counts(session, actor, client_id)
    return _judged(client.id, client.name, counts[client_id])


async def completeness_of_all(session: AsyncSession, actor: Actor, query: CompletenessQuery) -> CompletenessList:
    """Return how well the clients in use are documented, as far as the actor may see them, the worst first."""
    clients = await session.execute(
        scoped(actor, Client).with_only_columns(Client.id, Client.name).where(in_use(Client)).order_by(Client.name)
    )
    counts = await _counts(session, actor, None)
    ranked = sorted(((_score(counts[id]), id, name) for id, name in clients), key=lambda one: one[0])
    scores = [score for score, _, _ in ranked]
    return CompletenessList(
        items=[_judged(id, name, counts[id]) for _, id, name in ranked[: query.limit]],
        total=len(ranked),
        average_score=round(sum(scores) / len(scores)) if scores else None,
    )


async def _counts(session: AsyncSession, actor: Actor, client_id: UUID | None) -> defaultdict[UUID, Counter[str]]:
    """Return what `TALLIES` counts, by client: of one client, or of all that the actor may see."""
    found: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    for model, conditions in TALLIES:
        owner = inspect(model).columns["client_id"]
        sums = (func.sum(case((condition, 1), else_=0)).label(name) for name, condition in conditions.items())
        statement = select(owner, *sums).where(visible(actor, model), in_use(model)).group_by(owner)
        if client_id is not None:
            statement = statement.where(owner == client_id)
        for id, *numbers in await session.execute(statement):
            found[id].update(dict(zip(conditions, map(int, numbers), strict=True)))
    return found


def _score(counts: Counts) -> int:
    return round(100 * sum(check.weight for check in CHECKS if check.is_met(counts)) / TOTAL_WEIGHT)


def _judged(client_id: UUID, name: str, counts: Counts) -> Completeness:
    checks = [
        CheckResult(name=check.name, weight=check.weight, is_met=check.is_met(counts), what_to_do=check.what_to_do)
        for check in CHECKS
    ]
    return Completeness(client_id=client_id, client_name=name, score=_score(counts), checks=checks)
