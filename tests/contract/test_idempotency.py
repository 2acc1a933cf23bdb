"""Creating twice with one key makes one record, of whatever kind."""

from claudetools.kit.resource.declare import Resource, Verb
from tests.contract.conftest import World
from tests.contract.problems import problem


async def test_a_record_is_made_once(world: World, creatable: Resource) -> None:
    maker = world.maker()
    body, other = await maker.body(creatable, full=True), await maker.body(creatable, full=True)
    path, key = f"/{creatable.name}", {"Idempotency-Key": "key-of-this-test"}
    before = (await world.owner.get(path, params={"total": "true"})).json()["total"]
    first = await world.owner.post(path, body, headers=key)
    again = await world.owner.post(path, body, headers=key)
    assert first.status_code == again.status_code == 201, first.text
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    problem(await world.owner.post(path, other, headers=key), 422)
    assert (await world.owner.get(path, params={"total": "true"})).json()["total"] == before + 1
    if Verb.HISTORY in creatable.verbs:
        history = (await world.owner.get(f"{path}/{first.json()['id']}/history")).json()
        assert [event["action"] for event in history["items"]] == ["create"]
