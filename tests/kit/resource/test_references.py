"""References are looked up once in a unit of work, and still never point at nothing."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import CONTACTS, SITES
from claudetools.kit.problems import Conflict, NotFound
from claudetools.kit.resource.schema import values_of
from claudetools.kit.resource.scope import Actor
from claudetools.kit.resource.write import create_row, delete_row
from tests.contract.test_lists import statements
from tests.fixtures.application import Application


async def actor_of(api: Application) -> tuple[Actor, UUID, UUID]:
    """Return an owner, a client and a site of it."""
    owner = await api.people.add()
    client = (await owner.post("/clients", {"name": "Acme"})).json()["id"]
    site = (await owner.post("/sites", {"client_id": client, "name": "Works"})).json()["id"]
    return await api.services.authenticator.actor(f"Bearer {owner.token}"), UUID(client), UUID(site)


async def add_contact(session: AsyncSession, actor: Actor, client: UUID, site: UUID, name: str) -> Any:
    body = CONTACTS.create.model_validate({"client_id": client, "site_id": site, "name": name})
    return await create_row(session, actor, CONTACTS, values_of(body))


async def test_a_record_that_many_refer_to_is_looked_up_once(api: Application) -> None:
    actor, client, site = await actor_of(api)

    async def unit(session: AsyncSession) -> None:
        for number in range(5):
            await add_contact(session, actor, client, site, f"Contact {number}")

    with statements(api.services.database) as sent:
        await api.services.database.write(unit)
    assert sum("FROM sites" in statement for statement in sent) == 1
    assert sum("FROM clients" in statement for statement in sent) == 1


async def test_the_next_unit_looks_again(api: Application) -> None:
    actor, client, site = await actor_of(api)
    add = partial(add_contact, actor=actor, client=client, site=site)
    await api.services.database.write(partial(add, name="First"))
    await api.services.database.write(lambda session: delete_row(session, actor, SITES, site, None))
    with pytest.raises(NotFound):
        await api.services.database.write(partial(add, name="Second"))


async def test_a_record_that_goes_in_the_same_unit_cannot_be_referred_to(api: Application) -> None:
    actor, client, site = await actor_of(api)

    async def unit(session: AsyncSession) -> None:
        await add_contact(session, actor, client, site, "First")
        await delete_row(session, actor, SITES, site, None)
        await add_contact(session, actor, client, site, "Second")

    with pytest.raises(Conflict):
        await api.services.database.write(unit)


async def test_another_actor_is_asked_for_their_own_rights(api: Application) -> None:
    actor, client, site = await actor_of(api)
    stranger = await api.people.add("technician", {})
    other = await api.services.authenticator.actor(f"Bearer {stranger.token}")

    async def unit(session: AsyncSession) -> None:
        await add_contact(session, actor, client, site, "First")
        await add_contact(session, other, client, site, "Second")

    with pytest.raises(NotFound):
        await api.services.database.write(unit)
