"""Every former text of a document is kept."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.clients import document_revisions
from claudetools.kit.problems import NotFound
from claudetools.kit.resource.scope import ALL_TENANTS, Actor, Tenants
from tests.fixtures.application import Application


def actor(user_id: UUID, readable: Tenants) -> Actor:
    return Actor(
        user_id=user_id,
        email="someone@firm.test",
        display_name="Someone",
        role="technician",
        scopes=frozenset(),
        readable=readable,
        writable=readable,
    )


async def document(api: Application, owner: Any) -> tuple[str, UUID]:
    client = (await owner.post("/clients", {"name": "A"})).json()
    reply = await owner.post("/documents", {"client_id": client["id"], "title": "Backup", "body": "One"})
    assert reply.status_code == 201, reply.text
    return f"/documents/{reply.json()['id']}", UUID(reply.json()["id"])


async def test_a_changed_text_is_a_new_revision_and_nothing_else_is(api: Application) -> None:
    owner, other = await api.people.add(), await api.people.add()
    path, id = await document(api, owner)
    await owner.patch(path, {"title": "Backups"})
    await owner.patch(path, {"body": "One"})
    await other.patch(path, {"body": "one"})
    await owner.patch(path, {"body": "One"})
    found = await api.services.database.read(
        lambda session: document_revisions(session, actor(owner.id, ALL_TENANTS), id)
    )
    assert [(revision.number, revision.body, revision.user_id) for revision in found] == [
        (3, "One", owner.id),
        (2, "one", other.id),
        (1, "One", owner.id),
    ]


async def test_a_refused_change_leaves_no_revision_and_a_deleted_document_none(api: Application) -> None:
    owner = await api.people.add()
    path, id = await document(api, owner)
    await owner.patch(path, {"body": "Two"}, headers={"If-Match": '"v99"'})
    asker = actor(owner.id, ALL_TENANTS)
    read = api.services.database.read
    assert len(await read(lambda session: document_revisions(session, asker, id))) == 1
    assert (await owner.delete(path)).status_code == 204
    with pytest.raises(NotFound):
        await read(lambda session: document_revisions(session, asker, id))


async def test_revisions_of_another_clients_document_are_as_good_as_none(api: Application) -> None:
    owner = await api.people.add()
    _, id = await document(api, owner)
    stranger = actor(owner.id, Tenants(frozenset({uuid4()})))
    with pytest.raises(NotFound):
        await api.services.database.read(lambda session: document_revisions(session, stranger, id))
