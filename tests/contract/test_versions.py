"""Entity tags: nobody overwrites what they have not seen."""

import asyncio
from uuid import uuid4

from claudetools.kit.resource.declare import Resource, Verb
from tests.contract.conftest import World
from tests.contract.problems import problem


async def test_an_entity_tag_goes_round(world: World, changeable: Resource) -> None:
    maker = world.maker()
    record = await maker.create(changeable, full=True)
    path = f"/{changeable.name}/{record['id']}"
    first = (await world.owner.get(path)).headers["etag"]
    other = await maker.body(changeable, full=True)
    name = next(n for n in changeable.change.model_fields if other[n] != record[n] and not n.endswith("_at"))
    changed = await world.owner.patch(path, {name: other[name]}, headers={"If-Match": first})
    assert changed.status_code == 200, changed.text
    second = changed.headers["etag"]
    assert second != first
    assert (await world.owner.get(path)).headers["etag"] == second
    for stale in (first, '"v0"', '"x"', "x", '""', '"v99999999999999999999"'):
        problem(await world.owner.patch(path, {name: record[name]}, headers={"If-Match": stale}), 412)
        if Verb.REPLACE in changeable.verbs:
            body = {n: other[n] for n in other if n not in changeable.fixed}
            problem(await world.owner.put(path, body, headers={"If-Match": stale}), 412)
        problem(await world.owner.delete(path, headers={"If-Match": stale}), 412)
    assert (await world.owner.get(path)).json() == changed.json()
    assert (await world.owner.patch(path, {name: record[name]}, headers={"If-Match": "*"})).status_code == 200


async def test_a_deletion_names_the_version(world: World, deletable: Resource) -> None:
    record = await world.maker().create(deletable)
    path = f"/{deletable.name}/{record['id']}"
    current = (await world.owner.get(path)).headers["etag"]
    problem(await world.owner.delete(path, headers={"If-Match": '"v7"'}), 412)
    reply = await world.owner.delete(path, headers={"If-Match": current})
    assert (reply.status_code, reply.content) == (204, b"")
    problem(await world.owner.get(path), 404)
    problem(await world.owner.delete(path), 404)


async def test_what_is_known_is_not_sent_again(world: World, resource: Resource) -> None:
    record = await world.maker().create(resource)
    path = f"/{resource.name}/{record['id']}"
    tag = (await world.owner.get(path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        reply = await world.owner.get(path, headers={"If-None-Match": known})
        assert (reply.status_code, reply.content, reply.headers["etag"]) == (304, b"", tag)
    for other in ('"v99"', "x", '"'):
        assert (await world.owner.get(path, headers={"If-None-Match": other})).json() == record


async def test_an_unknown_record_has_no_version(world: World, changeable: Resource) -> None:
    path = f"/{changeable.name}/{uuid4()}"
    problem(await world.owner.get(path, headers={"If-None-Match": "*"}), 404)
    problem(await world.owner.patch(path, {}, headers={"If-Match": '"v1"'}), 404)


async def test_of_changes_at_once_one_wins_and_none_is_lost(world: World, changeable: Resource) -> None:
    maker = world.maker()
    record = await maker.create(changeable, full=True)
    path = f"/{changeable.name}/{record['id']}"
    tag = (await world.owner.get(path)).headers["etag"]
    bodies = [await maker.body(changeable, full=True) for _ in range(4)]
    name = next(n for n in changeable.change.model_fields if len({str(body[n]) for body in [record, *bodies]}) == 5)
    replies = await asyncio.gather(
        *(world.owner.patch(path, {name: body[name]}, headers={"If-Match": tag}) for body in bodies)
    )
    assert sorted(reply.status_code for reply in replies) == [200, 412, 412, 412]
    # Without If-Match all of them come through, one after the other.
    replies = await asyncio.gather(*(world.owner.patch(path, {name: body[name]}) for body in bodies))
    assert [reply.status_code for reply in replies] == [200] * 4
    versions = sorted(reply.json()["version"] for reply in replies)
    assert len(set(versions)) >= 3
    assert (await world.owner.get(path)).json()["version"] == versions[-1]
