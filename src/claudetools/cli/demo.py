"""The sample data for `claudetools up --demo`: loaded once, and a recall from it as proof."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from claudetools.cli.failure import Failure
from claudetools.cli.output import say

if TYPE_CHECKING:
    from claudetools.kit.resource.scope import Actor
    from claudetools.kit.settings import Settings
    from claudetools.services import Services

PROOF_CLIENT = "Harbour Dental Practice"
PROOF_QUESTION = "the reception printer cannot send scans"
PROOF_TOKENS = 500
COUNTED = {
    "clients": "clients",
    "infrastructure": "pieces of equipment",
    "services": "services",
    "sessions": "sessions of five technicians",
    "work-items": "pieces of work",
    "commands-run": "commands",
    "problem-solutions": "solved problems",
    "billable-time": "time entries",
}
TRIED_CLIENT = "Dataworks"
TO_TRY = (
    'claudetools recall "the VPN tunnel is slow again" --client {client}',
    "GET /api/clients/{id}/brief?format=text    {client} on one page",
    "GET /api/search?q=certificate    one search over everything",
)


def show_demo(settings: "Settings", scale: float) -> None:
    """Load the sample data if it is not there yet, and print what there is and what memory answers from it.

    Raises:
        Failure: there are other clients: sample data does not belong among them.
    """
    from claudetools.kit.logging import configure_logging

    configure_logging("warning")
    counts, answer, id = asyncio.run(_show(settings, scale))
    say("Sample data: " + ", ".join(f"{counts[name]:,} {what}" for name, what in COUNTED.items()) + ".")
    say(f"Asking memory about “{PROOF_QUESTION}” at {PROOF_CLIENT}:")
    for line in answer.splitlines():
        say(f"  | {line}")
    say("To try, once this machine is connected as said below:")
    for line in TO_TRY:
        say("  " + line.format(client=TRIED_CLIENT, id=id))


async def _show(settings: "Settings", scale: float) -> tuple[Mapping[str, int], str, UUID]:
    from claudetools.domains.memory import RecallRequest, recall
    from claudetools.services import open_services

    services = open_services(settings)
    try:
        actor = await _owner(services)
        clients = await _clients(services, actor)
        if PROOF_CLIENT not in clients:
            if clients:
                raise Failure("There are real clients in this data folder. Set CLAUDETOOLS_HOME to a new one.")
            await _load(services, actor, scale)
            clients = await _clients(services, actor)
        request = RecallRequest(query=PROOF_QUESTION, client_id=clients[PROOF_CLIENT], budget_tokens=PROOF_TOKENS)
        answer = await recall(services.memory, actor, request)
        return await _counts(services, actor), answer.text, clients[TRIED_CLIENT]
    finally:
        await services.database.close()


async def _owner(services: "Services") -> "Actor":
    """Return the owner as an actor. The sign-in that this takes is closed again."""
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.domains.accounts import Grant, Role, User, close

    async def sign_in(session: AsyncSession) -> Grant:
        owner = await session.scalar(select(User).where(User.role == Role.OWNER, User.is_active.is_(True)).limit(1))
        if owner is None:
            raise Failure("There is no active owner account to load the sample data for.")
        return await services.logins.open(session, owner, ip=None, agent="claudetools up --demo")

    grant = await services.database.write(sign_in)
    actor = await services.authenticator.actor(f"Bearer {grant.access_token}")
    await services.database.write(lambda session: close(session, actor))
    return actor


async def _clients(services: "Services", actor: "Actor") -> dict[str, UUID]:
    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.domains.clients import Client
    from claudetools.kit.resource.scope import scoped

    async def unit(session: AsyncSession) -> dict[str, UUID]:
        return {client.name: client.id for client in await session.scalars(scoped(actor, Client))}

    return await services.database.read(unit)


async def _counts(services: "Services", actor: "Actor") -> dict[str, int]:
    from sqlalchemy import func
    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.domains import RESOURCES
    from claudetools.kit.resource.scope import scoped

    async def unit(session: AsyncSession) -> dict[str, int]:
        found: dict[str, int] = {}
        for resource in RESOURCES:
            if resource.name in COUNTED:
                rows = scoped(actor, resource.model).with_only_columns(func.count(), maintain_column_froms=True)
                found[resource.name] = await session.scalar(rows) or 0
        return found

    return await services.database.read(unit)


async def _load(services: "Services", actor: "Actor", scale: float) -> None:
    """Make the sample data, with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from claudetools.demo import load, make_plan
    from claudetools.kit.clock import now

    plan = make_plan(now(), scale=scale)
    columns = (TextColumn("Sample data"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=plan.size)
        await load(services, actor, plan, lambda: bar.advance(task))
