"""Links between any two records of one client."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.clients import relations_of
from claudetools.kit.resource.scope import ALL_TENANTS, Actor
from tests.contract.problems import problem, told
from tests.fixtures.application import Application
from tests.fixtures.people import Caller, Person


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


class Ground:
    """A client with a site and a project, and another client with a site."""

    owner: Person

    async def lay(self, api: Application) -> "Ground":
        self.owner = await api.people.add()
        self.a, self.b = [await made(self.owner, "/clients", name=name) for name in "AB"]
        self.site = await made(self.owner, "/sites", client_id=self.a["id"], name="Main")
        self.project = await made(self.owner, "/projects", client_id=self.a["id"], name="Move", slug="move")
        self.theirs = await made(self.owner, "/sites", client_id=self.b["id"], name="Main")
        return self

    def body(self, **more: Any) -> dict[str, Any]:
        return {
            "client_id": self.a["id"],
            "from_type": "project",
            "from_id": self.project["id"],
            "to_type": "site",
            "to_id": self.site["id"],
            "kind": "concerns",
            **more,
        }


@pytest.fixture
async def ground(api: Application) -> Ground:
    return await Ground().lay(api)


async def test_a_relation_is_shown_at_both_ends(api: Application, ground: Ground) -> None:
    relation = await made(ground.owner, "/relations", **ground.body())
    about_client = ground.body(to_type="client", to_id=ground.a["id"])
    await made(ground.owner, "/relations", **about_client)
    asker = Actor(
        user_id=ground.owner.id,
        email=ground.owner.email,
        display_name="Owner",
        role="owner",
        scopes=frozenset(),
        readable=ALL_TENANTS,
        writable=ALL_TENANTS,
    )

    async def shown(kind: str, record: dict[str, Any]) -> list[str]:
        rows = await api.services.database.read(lambda session: relations_of(session, asker, kind, UUID(record["id"])))
        return [str(row.id) for row in rows]

    assert await shown("site", ground.site) == [relation["id"]]
    assert len(await shown("project", ground.project)) == 2
    assert await shown("project", ground.site) == []


@pytest.mark.parametrize("end", ["from", "to"])
async def test_both_ends_are_records_of_the_client(ground: Ground, end: str) -> None:
    tag = await made(ground.owner, "/tags", name="vpn")
    post = ground.owner.post
    problem(await post("/relations", ground.body(**{f"{end}_type": "nothing"})), 422, f"/{end}_type")
    problem(await post("/relations", ground.body(**{f"{end}_id": str(uuid4())})), 404, f"/{end}_id")
    for kind, record in (("site", ground.theirs), ("client", ground.b), ("tag", tag)):
        body = ground.body(**{f"{end}_type": kind, f"{end}_id": record["id"]})
        problem(await post("/relations", body), 409, f"/{end}_id")
    assert (await ground.owner.get("/relations")).json()["items"] == []


async def test_a_foreign_end_is_as_good_as_none(api: Application, ground: Ground) -> None:
    technician = await api.people.add("technician", {UUID(ground.a["id"]): "write"})
    foreign = await technician.post("/relations", ground.body(to_id=ground.theirs["id"]))
    unknown = await technician.post("/relations", ground.body(to_id=str(uuid4())))
    assert told(problem(foreign, 404, "/to_id")) == told(problem(unknown, 404, "/to_id"))
    for client_id in (ground.b["id"], str(uuid4())):
        problem(await technician.post("/relations", ground.body(client_id=client_id)), 404, "/client_id")
    assert (await technician.post("/relations", ground.body())).status_code == 201


async def test_a_record_is_not_linked_to_itself_nor_twice_the_same_way(ground: Ground) -> None:
    itself = ground.body(to_type="project", to_id=ground.project["id"])
    problem(await ground.owner.post("/relations", itself), 422, "/to_id")
    await made(ground.owner, "/relations", **ground.body())
    problem(await ground.owner.post("/relations", ground.body(kind="Concerns")), 409, "/kind")
    await made(ground.owner, "/relations", **ground.body(kind="replaces"))
