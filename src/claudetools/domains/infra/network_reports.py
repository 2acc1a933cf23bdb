"""Reports on networks: which of them overlap, and which addresses of one are free."""

import itertools
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Row, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from claudetools.domains.clients import Client, Site
from claudetools.domains.infra.infrastructure import Infrastructure, InfrastructureStatus
from claudetools.domains.infra.networks import Network
from claudetools.domains.infra.overlap import free_addresses, overlaps
from claudetools.kit.resource.all_rows import all_rows
from claudetools.kit.resource.schema import Input, Output
from claudetools.kit.resource.scope import Actor, find, scoped, visible

MAX_NETWORKS = 5_000
MAX_EQUIPMENT = 20_000


class OverlapQuery(Input):
    """Whose networks to compare: all that the caller may see, those of a client, or those of one site."""

    client_id: UUID | None = None
    site_id: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class NetworkName(Output):
    """Which network is meant."""

    id: UUID
    name: str
    cidr: str


class NetworkOverlap(BaseModel):
    """Two networks of one place that share addresses: the inner one lies within the outer one, or is the same range."""

    client_id: UUID
    site_id: UUID | None
    outer: NetworkName
    inner: NetworkName


class NetworkOverlaps(BaseModel):
    """Networks that overlap. `is_complete` is false where there are more pairs than were asked for."""

    items: list[NetworkOverlap]
    is_complete: bool


class FreeAddressReport(BaseModel):
    """How many addresses of a network nobody has, as far as the records know, and the lowest of them."""

    network: NetworkName
    free_count: int
    addresses: list[str]


async def network_overlaps(session: AsyncSession, actor: Actor, query: OverlapQuery) -> NetworkOverlaps:
    """Return the networks that overlap within a site, or within what a client has without naming a site.

    Raises:
        NotFound: the client or site is not the actor's to see.
        Invalid: more than `MAX_NETWORKS` networks would have to be compared.
    """
    statement = scoped(actor, Network).order_by(Network.client_id, Network.site_id, Network.name, Network.id)
    if query.client_id is not None:
        await find(session, actor, Client, query.client_id)
        statement = statement.where(Network.client_id == query.client_id)
    if query.site_id is not None:
        await find(session, actor, Site, query.site_id)
        statement = statement.where(Network.site_id == query.site_id)
    pointer = "?client_id" if query.client_id is None else "?site_id"
    networks = {network.id: network for (network,) in await all_rows(session, statement, MAX_NETWORKS, pointer)}
    found = list(itertools.islice(overlaps(list(networks.values())), query.limit + 1))
    items = [
        NetworkOverlap(
            client_id=networks[overlap.outer_id].client_id,
            site_id=networks[overlap.outer_id].site_id,
            outer=NetworkName.model_validate(networks[overlap.outer_id]),
            inner=NetworkName.model_validate(networks[overlap.inner_id]),
        )
        for overlap in found[: query.limit]
    ]
    return NetworkOverlaps(items=items, is_complete=len(found) <= query.limit)


async def free_addresses_of(session: AsyncSession, actor: Actor, id: UUID, limit: int) -> FreeAddressReport:
    """Return which addresses of a network no record of its client names.

    Taken are the addresses of the equipment in use, and the gateways and DNS servers of networks and sites. What is
    known to be at another site than the network does not count: there the same range is another network.

    Raises:
        NotFound: the network is not the actor's to see.
        Invalid: its client has more than `MAX_EQUIPMENT` pieces of equipment.
    """
    network = await find(session, actor, Network, id)
    taken = [
        *await _equipment(session, actor, network),
        *await _of_neighbours(session, actor, network),
        *await _of_sites(session, actor, network),
    ]
    found = free_addresses(network, taken, limit)
    return FreeAddressReport(
        network=NetworkName.model_validate(network), free_count=found.count, addresses=list(found.first)
    )


async def _equipment(session: AsyncSession, actor: Actor, network: Network) -> list[str]:
    statement = select(Infrastructure.ip_address).where(
        visible(actor, Infrastructure),
        Infrastructure.client_id == network.client_id,
        Infrastructure.status != InfrastructureStatus.DECOMMISSIONED,
        _may_be_there(Infrastructure.site_id, network),
    )
    rows = await all_rows(session, statement, MAX_EQUIPMENT, "path:id")
    return [address for (address,) in rows if address is not None]


async def _of_neighbours(session: AsyncSession, actor: Actor, network: Network) -> list[str]:
    statement = select(Network.gateway, Network.dns_servers).where(
        visible(actor, Network),
        Network.client_id == network.client_id,
        _may_be_there(Network.site_id, network),
    )
    return _addresses(await all_rows(session, statement, MAX_NETWORKS, "path:id"))


async def _of_sites(session: AsyncSession, actor: Actor, network: Network) -> list[str]:
    statement = select(Site.gateway_ip, Site.dns_servers).where(
        visible(actor, Site),
        Site.client_id == network.client_id,
        _may_be_there(Site.id, network),
    )
    return _addresses(await all_rows(session, statement, MAX_NETWORKS, "path:id"))


def _may_be_there(site_id: InstrumentedAttribute[Any], network: Network) -> ColumnElement[bool]:
    """Return the condition for what is at the site of a network, or at none that is known."""
    return true() if network.site_id is None else or_(site_id == network.site_id, site_id.is_(None))


def _addresses(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[str]:
    return [address for gateway, servers in rows for address in (gateway, *servers) if address is not None]
