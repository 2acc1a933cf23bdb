"""The history of a record: every change of it, by whom, and nothing that was not kept."""

from typing import Any
from uuid import uuid4

from claudetools.kit.resource.declare import Resource, Verb
from tests.contract.bodies import COMPUTED
from tests.contract.conftest import World
from tests.contract.problems import problem


async def history(world: World, resource: Resource, id: str, **params: Any) -> list[dict[str, Any]]:
    reply = await world.owner.get(f"/{resource.name}/{id}/history", params=params)
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def test_a_record_begins_with_what_it_was_made_with(world: World, tracked: Resource) -> None:
    maker = world.maker()
    record = await maker.create(tracked, full=True)
    [event] = await history(world, tracked, record["id"])
    assert (event["action"], event["before"]) == ("create", {})
    assert event["user_id"] == str(world.owner.id)
    assert event["request_id"]
    assert set(event["after"]) <= set(tracked.read.model_fields) - {"id", "version", "created_at", "updated_at"}
    assert {name: record[name] for name in event["after"]} == {
        name: value if not name.endswith("_at") else record[name] for name, value in event["after"].items()
    }


async def test_a_change_shows_what_was_and_what_is(world: World, tracked: Resource) -> None:
    if Verb.CHANGE not in tracked.verbs:
        return
    maker = world.maker()
    record = await maker.create(tracked, full=True)
    body = await maker.body(tracked, full=True)
    path = f"/{tracked.name}/{record['id']}"
    name = next(n for n in tracked.change.model_fields if body[n] != record[n] and not n.endswith("_at"))
    changed = await world.owner.patch(path, {name: body[name]})
    assert changed.status_code == 200, changed.text
    event = (await history(world, tracked, record["id"]))[0]
    assert (event["action"], event["before"][name], event["after"][name]) == (
        "change",
        record[name],
        changed.json()[name],
    )
    assert event["request_id"] == changed.headers["x-request-id"]
    assert set(event["before"]) == set(event["after"])
    others = set(event["after"]) - {name} - COMPUTED.get(tracked.name, set())
    assert all(record[other] != changed.json()[other] for other in others)
    before = await history(world, tracked, record["id"])
    assert (await world.owner.patch(path, {name: changed.json()[name]})).status_code == 200
    refused = await world.owner.patch(path, {name: body[name]}, headers={"If-Match": '"v0"'})
    problem(refused, 412)
    assert await history(world, tracked, record["id"]) == before


async def test_a_history_is_read_in_pages_by_those_who_may_read_the_record(world: World, tracked: Resource) -> None:
    maker = world.maker()
    record = await maker.create(tracked)
    path = f"/{tracked.name}/{record['id']}"
    if Verb.CHANGE in tracked.verbs:
        for _ in range(3):
            body = await maker.body(tracked, full=True)
            await world.owner.patch(
                path, {n: body[n] for n in body if n not in tracked.fixed and not n.endswith("_at")}
            )
    whole = await history(world, tracked, record["id"])
    pages: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await world.owner.get(f"{path}/history", params={"limit": 1, **cursor})).json()
        pages += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        elsewhere = await world.owner.get(
            f"/{tracked.name}/{(await maker.create(tracked))['id']}/history", params=cursor
        )
        problem(elsewhere, 422, "?cursor")
    assert pages == whole
    problem(await world.owner.get(f"/{tracked.name}/{uuid4()}/history"), 404)
    problem(await world.owner.get(f"{path}/history", params={"limit": 0}), 422, "?limit")
    if "client_id" in tracked.model.__table__.c:
        theirs = await world.maker(world.b).create(tracked)
        stranger = await world.local(tracked)
        problem(await stranger.get(f"/{tracked.name}/{theirs['id']}/history"), 404)


async def test_what_was_tried_out_or_refused_leaves_no_history(world: World, bulky: Resource) -> None:
    maker = world.maker()
    record = await maker.create(bulky)
    before = await history(world, bulky, record["id"])
    body = await maker.body(bulky, full=True)
    name = next(n for n in bulky.change.model_fields if body[n] != record[n] and not n.endswith("_at"))
    change = {"id": record["id"], name: body[name]}
    tried = await world.owner.post(f"/{bulky.name}/bulk", {"update": [change], "dry_run": True})
    assert tried.status_code == 200, tried.text
    problem(await world.owner.post(f"/{bulky.name}/bulk", {"update": [change], "delete": [{"id": str(uuid4())}]}), 404)
    assert await history(world, bulky, record["id"]) == before
    done = await world.owner.post(f"/{bulky.name}/bulk", {"update": [change]})
    assert done.status_code == 200
    assert [event["action"] for event in await history(world, bulky, record["id"])] == ["change", "create"]
