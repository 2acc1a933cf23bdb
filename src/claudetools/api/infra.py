"""Reports on networks, firewall rules and services, beside the records themselves."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from claudetools.api.security import Db, RecordReader
from claudetools.domains.infra import (
    CycleQuery,
    FreeAddressReport,
    ImpactQuery,
    ImpactReport,
    NetworkOverlaps,
    OverlapQuery,
    ServiceCycles,
    ShadowedQuery,
    ShadowedRules,
    free_addresses_of,
    impact_of_equipment,
    impact_of_service,
    network_overlaps,
    service_cycles,
    shadowed_of_client,
    shadowed_on_firewall,
)
from claudetools.kit.http.problems import problem_responses

router = APIRouter()
ERRORS = problem_responses(401, 403, 404, 422, 503)


@router.get("/networks/overlaps", operation_id="list_network_overlaps", tags=["networks"], responses=ERRORS)
async def list_network_overlaps(
    query: Annotated[OverlapQuery, Query()], actor: RecordReader, db: Db
) -> NetworkOverlaps:
    """Return the pairs of networks that share addresses at one site, or at no site of one client."""
    return await db.read(lambda session: network_overlaps(session, actor, query))


@router.get("/networks/{id}/free-addresses", operation_id="list_free_addresses", tags=["networks"], responses=ERRORS)
async def list_free_addresses(
    id: UUID, actor: RecordReader, db: Db, limit: Annotated[int, Query(ge=1, le=1000)] = 10
) -> FreeAddressReport:
    """Return the lowest addresses of a network that no equipment, gateway or DNS server on record has."""
    return await db.read(lambda session: free_addresses_of(session, actor, id, limit))


@router.get(
    "/firewall-rules/shadowed", operation_id="list_shadowed_firewall_rules", tags=["firewall-rules"], responses=ERRORS
)
async def list_shadowed(query: Annotated[ShadowedQuery, Query()], actor: RecordReader, db: Db) -> ShadowedRules:
    """Return the firewall rules that are never reached, because an earlier one catches all they could match."""
    return await db.read(lambda session: shadowed_of_client(session, actor, query))


@router.get(
    "/infrastructure/{id}/shadowed-rules",
    operation_id="list_shadowed_infrastructure_rules",
    tags=["infrastructure"],
    responses=ERRORS,
)
async def list_shadowed_on_firewall(id: UUID, actor: RecordReader, db: Db) -> ShadowedRules:
    """Return the rules on one firewall that are never reached, because an earlier one catches all they could match."""
    return await db.read(lambda session: shadowed_on_firewall(session, actor, id))


@router.get("/services/{id}/impact", operation_id="read_service_impact", tags=["services"], responses=ERRORS)
async def read_service_impact(
    id: UUID, query: Annotated[ImpactQuery, Query()], actor: RecordReader, db: Db
) -> ImpactReport:
    """Return what breaks when a service goes, and how it comes to that."""
    return await db.read(lambda session: impact_of_service(session, actor, id, query))


@router.get(
    "/infrastructure/{id}/impact",
    operation_id="read_infrastructure_impact",
    tags=["infrastructure"],
    responses=ERRORS,
)
async def read_equipment_impact(
    id: UUID, query: Annotated[ImpactQuery, Query()], actor: RecordReader, db: Db
) -> ImpactReport:
    """Return what breaks when a piece of equipment goes, with the machines on it and everything that runs on them."""
    return await db.read(lambda session: impact_of_equipment(session, actor, id, query))


@router.get(
    "/service-relationships/cycles",
    operation_id="list_service_cycles",
    tags=["service-relationships"],
    responses=ERRORS,
)
async def list_cycles(query: Annotated[CycleQuery, Query()], actor: RecordReader, db: Db) -> ServiceCycles:
    """Return the groups of services that need each other, so that none of them can be started first."""
    return await db.read(lambda session: service_cycles(session, actor, query))
