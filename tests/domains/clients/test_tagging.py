"""Tags on clients and projects, and how often each is used."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.clients import ClientTag, ProjectTag, TagLink, release_tags, set_tags, tags_of
from claudetools.kit.problems import Forbidden, NotFound
from claudetools.kit.resource.scope import ALL_TENANTS, Actor, Tenants
from tests.fixtures.application import Application
from tests.fixtures.people import Caller


async def made(caller: Caller, path: str, **body: Any) -> UUID:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    return UUID(reply.json()["id"])


def actor(readable: Tenants, writable: Tenants) -> Actor:
    return Actor(
        user_id=uuid4(),
        email="someone@firm.test",
        display_name="Someone",
        role="technician",
        scopes=frozenset(),
        readable=readable,
        writable=writable,
    )


EVERYBODY = actor(ALL_TENANTS, ALL_TENANTS)


@pytest.mark.parametrize("link", [ClientTag, ProjectTag])
async def test_a_record_has_exactly_the_tags_given_and_they_are_counted(api: Application, link: type[TagLink]) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    project = await made(owner, "/projects", client_id=str(client), name="P", slug="p")
    record = client if link is ClientTag else project
    tags = [await made(owner, "/tags", name=name) for name in ("vpn", "mail", "dns")]
    write = api.services.database.write

    async def put(*ids: UUID) -> list[str]:
        return [tag.name for tag in await write(lambda s: set_tags(s, EVERYBODY, link, record, list(ids)))]

    async def counts() -> list[int]:
        return [(await owner.get(f"/tags/{id}")).json()["usage_count"] for id in tags]

    assert await put(*tags, tags[0]) == ["dns", "mail", "vpn"]
    assert await put(tags[1]) == ["mail"]
    assert await counts() == [0, 1, 0]
    with pytest.raises(NotFound):
        await put(tags[0], uuid4())
    assert await counts() == [0, 1, 0]
    await write(lambda session: release_tags(session, link, record))
    assert await counts() == [0, 0, 0]


async def test_tags_are_behind_the_scope_door(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    read, write = api.services.database.read, api.services.database.write
    stranger = actor(Tenants(), Tenants())
    reader = actor(Tenants(frozenset({client})), Tenants())
    with pytest.raises(NotFound):
        await read(lambda session: tags_of(session, stranger, ClientTag, client))
    with pytest.raises(NotFound):
        await write(lambda session: set_tags(session, stranger, ClientTag, client, []))
    with pytest.raises(Forbidden):
        await write(lambda session: set_tags(session, reader, ClientTag, client, []))
    assert await read(lambda session: tags_of(session, reader, ClientTag, client)) == []
