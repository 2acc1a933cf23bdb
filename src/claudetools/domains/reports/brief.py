"""A client on one page: what a technician should know before starting."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.reports.brief_inventory import contacts, equipment, mind_this, services, sites
from claudetools.domains.reports.brief_item import LINE_CHARS, BriefItem, Found
from claudetools.domains.reports.brief_work import (
    changes,
    expiring_soon,
    known_failures,
    last_sessions,
    open_incidents,
    open_work,
    remembered,
)
from claudetools.domains.reports.client_view import ClientView
from claudetools.kit.clock import now
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.scope import Actor, find

ABOUT_CHARS = 80


class BriefSection(BaseModel):
    """The most important records of a kind. `total` counts all of them."""

    name: str
    heading: str
    items: list[BriefItem]
    total: int


class ClientBrief(BaseModel):
    """A client on one page, the most important section first. What the caller has no scope for is left out."""

    client_id: UUID
    client_name: str
    about: list[str]
    sections: list[BriefSection]
    generated_at: datetime


@dataclass(frozen=True, slots=True)
class SectionMaker:
    """A section: its name and heading, what reads it, and the scope that this needs.

    `first` is how many of its items a text takes before it takes more of any section.
    """

    name: str
    heading: str
    first: int
    read: Callable[[ClientView], Awaitable[Found]]
    scope: str = "msp:read"


SECTIONS: tuple[SectionMaker, ...] = (
    SectionMaker("incidents", "Open security incidents", 3, open_incidents),
    SectionMaker("mind_this", "Mind this", 3, mind_this),
    SectionMaker("open_work", "Open and blocked", 3, open_work),
    SectionMaker("failures", "What fails here", 2, known_failures),
    SectionMaker("sessions", "Last sessions", 2, last_sessions),
    SectionMaker("services", "Services, most critical first", 3, services),
    SectionMaker("contacts", "Contacts", 1, contacts),
    SectionMaker("equipment", "Key equipment", 3, equipment),
    SectionMaker("memory", "What memory holds on to", 2, remembered, scope="memory:read"),
    SectionMaker("expiring", "Expiring", 2, expiring_soon),
    SectionMaker("changes", "Recent changes", 2, changes),
    SectionMaker("sites", "Sites", 1, sites),
)
"""In the order of importance."""


async def client_brief(
    session: AsyncSession, actor: Actor, resources: Sequence[Resource], client_id: UUID
) -> ClientBrief:
    """Return what a technician should know of a client. `resources` are those that may expire.

    Raises:
        NotFound: the client is not the actor's to see.
    """
    client = await find(session, actor, Client, client_id)
    view = ClientView(session, actor, client, resources)
    sections = []
    for maker in SECTIONS:
        if maker.scope in actor.scopes:
            found = await maker.read(view)
            sections.append(BriefSection(name=maker.name, heading=maker.heading, items=found.items, total=found.total))
    return ClientBrief(
        client_id=client.id,
        client_name=view.line(client.name, LINE_CHARS),
        about=_about(view),
        sections=sections,
        generated_at=now(),
    )


def _about(view: ClientView) -> list[str]:
    client = view.client
    facts = (
        client.type.replace("_", " "),
        None if client.is_active else "not an active client",
        client.domain_name,
        client.network_subnet,
        f"Microsoft 365: {client.m365_tenant_name}" if client.m365_tenant_name else None,
        f"turn to {client.primary_contact}" if client.primary_contact else None,
    )
    lines = [view.line(fact, ABOUT_CHARS) for fact in facts]
    return [line for line in (*lines, view.line(client.notes, LINE_CHARS)) if line]
