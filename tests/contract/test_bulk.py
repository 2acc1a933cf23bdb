"""Bulk writes: all or none, each error by its place, and a dry run that leaves nothing."""

from uuid import uuid4

from claudetools.kit.resource.declare import Resource, Verb
from tests.contract.conftest import World
from tests.contract.problems import problem


async def test_what_can_be_replaced_and_deleted_can_be_written_in_bulk(world: World, resource: Resource) -> None:
    path = f"/api/{resource.name}/bulk"
    offered = path in world.api.app.openapi()["paths"]
    assert offered == (Verb.BULK in resource.verbs) == ({Verb.REPLACE, Verb.DELETE} <= resource.verbs)


async def count(world: World, resource: Resource) -> int:
    return int((await world.owner.get(f"/{resource.name}", params={"total": "true"})).json()["total"])


async def test_many_writes_are_one(world: World, bulky: Resource) -> None:
    maker = world.maker()
    first, second = await maker.create(bulky), await maker.create(bulky)
    body = await maker.body(bulky, full=True)
    name = next(n for n in bulky.change.model_fields if body[n] != first[n] and not n.endswith("_at"))
    request = {
        "create": [await maker.body(bulky), await maker.body(bulky)],
        "update": [{"id": first["id"], "version": first["version"], name: body[name]}],
        "delete": [{"id": second["id"]}],
    }
    before = await count(world, bulky)
    tried = await world.owner.post(f"/{bulky.name}/bulk", {**request, "dry_run": True})
    assert tried.status_code == 200, tried.text
    assert await count(world, bulky) == before
    assert (await world.owner.get(f"/{bulky.name}/{first['id']}")).json() == first
    reply = await world.owner.post(f"/{bulky.name}/bulk", request)
    assert reply.status_code == 200, reply.text
    done = reply.json()
    assert [row[name] for row in done["updated"]] == [row[name] for row in tried.json()["updated"]]
    assert done["deleted"] == [second["id"]]
    assert not done["dry_run"]
    for row in done["created"] + done["updated"]:
        assert (await world.owner.get(f"/{bulky.name}/{row['id']}")).json() == row
    problem(await world.owner.get(f"/{bulky.name}/{second['id']}"), 404)
    assert await count(world, bulky) == before + 1


async def test_one_that_fails_takes_all_along_and_each_is_named(world: World, bulky: Resource) -> None:
    maker = world.maker()
    record = await maker.create(bulky)
    body = await maker.body(bulky, full=True)
    name = next(n for n in bulky.change.model_fields if body[n] != record[n] and not n.endswith("_at"))
    request = {
        "create": [await maker.body(bulky)],
        "update": [
            {"id": record["id"], name: body[name]},
            {"id": record["id"], "version": 99, name: record[name]},
            {"id": str(uuid4()), name: body[name]},
        ],
        "delete": [{"id": str(uuid4())}],
    }
    before = await count(world, bulky)
    document = problem(await world.owner.post(f"/{bulky.name}/bulk", request), 409)
    assert [(error["pointer"], error["code"]) for error in document["errors"]] == [
        ("/update/1", "precondition_failed"),
        ("/update/2", "not_found"),
        ("/delete/0", "not_found"),
    ]
    assert await count(world, bulky) == before
    assert (await world.owner.get(f"/{bulky.name}/{record['id']}")).json() == record


async def test_input_is_checked_by_place(world: World, bulky: Resource) -> None:
    body = await world.maker().body(bulky)
    unknown = {"create": [body, {**body, "no_such_field": 1}]}
    problem(await world.owner.post(f"/{bulky.name}/bulk", unknown), 422, "/create/1/no_such_field")
    record = await world.maker().create(bulky)
    for name in (*bulky.fixed, "created_at"):
        change = {"update": [{"id": record["id"], name: record.get(name)}]}
        problem(await world.owner.post(f"/{bulky.name}/bulk", change), 422, f"/update/0/{name}")
    many = {"delete": [{"id": str(uuid4())}] * 501}
    problem(await world.owner.post(f"/{bulky.name}/bulk", many), 422, "/delete")
