"""Reports on what services need: what breaks when one or a machine goes, and which need each other in a circle."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from claudetools.domains.clients import Client
from claudetools.domains.infra.impact import cycles, impact_of
from claudetools.domains.infra.infrastructure import AssetType, Infrastructure, InfrastructureStatus
from claudetools.domains.infra.service_relationships import ServiceRelationship
from claudetools.domains.infra.services import Criticality, Service, ServiceStatus
from claudetools.kit.resource.all_rows import all_rows
from claudetools.kit.resource.schema import Input, Output
from claudetools.kit.resource.scope import Actor, find, scoped, visible

MAX_EQUIPMENT = 20_000
MAX_SERVICES = 10_000
MAX_RELATIONSHIPS = 2_000
"""Of one client. Each service that breaks keeps the way to it, so a chain costs the square of its length."""
MAX_RELATIONSHIPS_IN_ALL = 10_000
"""Of all clients: circles are found in one pass."""
Fields = Row[*tuple[Any, ...]]
GRAVITY = {criticality: place for place, criticality in enumerate(Criticality)}


class ImpactQuery(Input):
    """How much to list of each kind; the counts are of all."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100


class CycleQuery(Input):
    """Whose services to look at: all that the caller may see, or those of a client."""

    client_id: UUID | None = None


class ServiceName(Output):
    """Which service is meant, and where it runs."""

    id: UUID
    name: str
    hostname: str


class ServiceSummary(ServiceName):
    """A service, where it runs, how bad it is when it is down, and whether it runs now."""

    criticality: Criticality
    status: ServiceStatus


class BrokenService(ServiceSummary):
    """A service that stops working or cannot be reached.

    `way` is how it comes to that: from a service that goes, over those that break on the way, to this one.
    """

    way: list[ServiceName]


class EquipmentName(Output):
    """A machine that goes along with the one it runs on."""

    id: UUID
    hostname: str
    asset_type: AssetType


class ImpactReport(BaseModel):
    """What follows when a service or a piece of equipment goes.

    Attributes:
        equipment: machines that run on the one that goes, directly or through others, the nearest first.
        gone: services that go themselves, the most critical first.
        broken: services that stop working because they need one of those, the most critical first.
        unprotected: services that go on without a backup or a replica they had, the most critical first.
        worst: the highest criticality among what goes and what breaks; null when that is nothing.
    """

    equipment: list[EquipmentName]
    equipment_count: int
    gone: list[ServiceSummary]
    gone_count: int
    broken: list[BrokenService]
    broken_count: int
    unprotected: list[ServiceSummary]
    unprotected_count: int
    worst: Criticality | None


class ServiceCycle(BaseModel):
    """Services that all need each other, so that none can be started first."""

    client_id: UUID
    services: list[ServiceName]


class ServiceCycles(BaseModel):
    """All groups of services that need each other."""

    items: list[ServiceCycle]


async def impact_of_service(session: AsyncSession, actor: Actor, id: UUID, query: ImpactQuery) -> ImpactReport:
    """Return what breaks when a service goes.

    Raises:
        NotFound: the service is not the actor's to see.
        Invalid: its client has more services or relationships than can be looked at together.
    """
    service = await find(session, actor, Service, id)
    return await _impact(session, actor, service.client_id, [], {service.id}, query.limit)


async def impact_of_equipment(session: AsyncSession, actor: Actor, id: UUID, query: ImpactQuery) -> ImpactReport:
    """Return what breaks when a piece of equipment goes, with the machines that run on it and all their services.

    Raises:
        NotFound: the equipment is not the actor's to see.
        Invalid: its client has more equipment, services or relationships than can be looked at together.
    """
    machine = await find(session, actor, Infrastructure, id)
    statement = select(
        Infrastructure.id, Infrastructure.hostname, Infrastructure.asset_type, Infrastructure.parent_host_id
    ).where(
        visible(actor, Infrastructure),
        Infrastructure.client_id == machine.client_id,
        Infrastructure.parent_host_id.is_not(None),
        Infrastructure.status != InfrastructureStatus.DECOMMISSIONED,
    )
    guests = _guests(id, await all_rows(session, statement.order_by(Infrastructure.hostname), MAX_EQUIPMENT, "path:id"))
    on_them = select(Service.id).where(
        visible(actor, Service), Service.infrastructure_id.in_([id, *(guest.id for guest in guests)])
    )
    gone = {service_id for (service_id,) in await all_rows(session, on_them, MAX_SERVICES, "path:id")}
    return await _impact(session, actor, machine.client_id, guests, gone, query.limit)


def _guests(host: UUID, rows: Iterable[Fields]) -> list[Fields]:
    """Return the machines that run on a host, directly or through others, the nearest first."""
    on: defaultdict[UUID, list[Fields]] = defaultdict(list)
    for row in rows:
        on[row.parent_host_id].append(row)
    found: list[Fields] = []
    level = on.pop(host, [])
    while level:
        found.extend(level)
        level = [guest for row in level for guest in on.pop(row.id, [])]
    return found


async def _impact(
    session: AsyncSession,
    actor: Actor,
    client_id: UUID,
    guests: list[Fields],
    gone: Collection[UUID],
    limit: int,
) -> ImpactReport:
    statement = _services(actor).where(Service.client_id == client_id)
    known = {row.id: row for row in await all_rows(session, statement, MAX_SERVICES, "path:id")}
    related = scoped(actor, ServiceRelationship).where(ServiceRelationship.client_id == client_id)
    rows = await all_rows(session, related.order_by(ServiceRelationship.id), MAX_RELATIONSHIPS, "path:id")
    relationships = [row for (row,) in rows if row.from_service_id in known and row.to_service_id in known]
    found = impact_of(known.keys() & gone, relationships)
    gone_rows = _by_gravity(known, known.keys() & gone)
    broken = sorted(found.broken, key=lambda id: (-GRAVITY[known[id].criticality], len(found.broken[id]), id))
    unprotected = _by_gravity(known, found.unprotected)
    hit = [row.criticality for row in gone_rows] + [known[id].criticality for id in broken]
    return ImpactReport(
        equipment=[EquipmentName.model_validate(guest) for guest in guests[:limit]],
        equipment_count=len(guests),
        gone=[ServiceSummary.model_validate(row) for row in gone_rows[:limit]],
        gone_count=len(gone_rows),
        broken=[_broken(known, id, found.broken[id]) for id in broken[:limit]],
        broken_count=len(broken),
        unprotected=[ServiceSummary.model_validate(row) for row in unprotected[:limit]],
        unprotected_count=len(unprotected),
        worst=max(hit, key=GRAVITY.__getitem__, default=None),
    )


def _by_gravity(known: Mapping[UUID, Fields], ids: Iterable[UUID]) -> list[Fields]:
    return sorted((known[id] for id in ids), key=lambda row: (-GRAVITY[row.criticality], row.name, row.id))


def _broken(known: Mapping[UUID, Fields], id: UUID, way: Iterable[UUID]) -> BrokenService:
    steps = [ServiceName.model_validate(known[step]) for step in way]
    return BrokenService(**ServiceSummary.model_validate(known[id]).model_dump(), way=steps)


def _services(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return the query for the services in use: neither retired nor on decommissioned equipment, which it names."""
    return (
        select(
            Service.id, Service.client_id, Service.name, Service.criticality, Service.status, Infrastructure.hostname
        )
        .join(Infrastructure, Infrastructure.id == Service.infrastructure_id)
        .where(
            visible(actor, Service),
            visible(actor, Infrastructure),
            Service.status != ServiceStatus.RETIRED,
            Infrastructure.status != InfrastructureStatus.DECOMMISSIONED,
        )
    )


async def service_cycles(session: AsyncSession, actor: Actor, query: CycleQuery) -> ServiceCycles:
    """Return the groups of services that need each other in a circle.

    Raises:
        NotFound: the client is not the actor's to see.
        Invalid: more than `MAX_RELATIONSHIPS_IN_ALL` relationships would have to be followed.
    """
    statement = scoped(actor, ServiceRelationship)
    for end in (ServiceRelationship.from_service_id, ServiceRelationship.to_service_id):
        # Joins by key: as conditions with IN, SQLite looks through all services for each relationship.
        service, machine = aliased(Service), aliased(Infrastructure)
        statement = (
            statement.join(service, service.id == end)
            .join(machine, machine.id == service.infrastructure_id)
            .where(service.status != ServiceStatus.RETIRED, machine.status != InfrastructureStatus.DECOMMISSIONED)
        )
    if query.client_id is not None:
        await find(session, actor, Client, query.client_id)
        statement = statement.where(ServiceRelationship.client_id == query.client_id)
    rows = await all_rows(session, statement, MAX_RELATIONSHIPS_IN_ALL, "?client_id")
    groups = cycles([row for (row,) in rows])
    found = await session.execute(_services(actor).where(Service.id.in_([id for group in groups for id in group])))
    known = {row.id: row for row in found}
    return ServiceCycles(
        items=[
            ServiceCycle(
                client_id=known[group[0]].client_id, services=[ServiceName.model_validate(known[id]) for id in group]
            )
            for group in groups
        ]
    )
