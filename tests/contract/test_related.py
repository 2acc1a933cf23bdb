"""Related records: put into a reply, and listed by what they belong to."""

from typing import Any
from uuid import uuid4

from claudetools.domains import RESOURCES
from claudetools.kit.resource.declare import Resource, Verb
from claudetools.kit.resource.expand import MAX_CHILDREN, expansions
from claudetools.kit.resource.registry import Registry
from tests.contract.bodies import AFRESH
from tests.contract.conftest import World
from tests.contract.problems import problem, told
from tests.contract.test_lists import statements
from tests.fixtures.people import Caller

REGISTRY = Registry(RESOURCES)


async def get(caller: Caller, path: str, **params: Any) -> Any:
    reply = await caller.get(path, params=params)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_what_is_put_in_hides_no_field() -> None:
    for resource in RESOURCES:
        assert not set(expansions(resource, REGISTRY)) & set(resource.read.model_fields), resource.name


async def test_the_record_that_a_field_names_is_put_in(world: World, resource: Resource) -> None:
    record = await world.maker().create(resource, full=True)
    ones = {key: each for key, each in expansions(resource, REGISTRY).items() if not each.is_many}
    for key, each in ones.items():
        page = await get(world.owner, f"/{resource.name}", expand=key, limit=500)
        item = next(item for item in page["items"] if item["id"] == record["id"])
        found = item.pop(key)
        assert item == record
        if record[each.field] is None:
            assert found is None
        else:
            assert found == await get(world.owner, f"/{each.target.name}/{record[each.field]}")
        assert await get(world.owner, f"/{resource.name}/{record['id']}", expand=key) == record | {key: found}
        narrow = await get(world.owner, f"/{resource.name}", expand=key, fields="version", limit=1)
        assert set(narrow["items"][0]) == {"version", key}


async def test_what_belongs_to_a_record_is_put_in_and_listed(world: World, resource: Resource) -> None:
    maker = world.maker()
    for name, (field, child) in REGISTRY.children(resource).items():
        if Verb.CREATE not in child.verbs or field not in child.create.model_fields:
            continue
        parent = await maker.create(resource)
        if resource.name == "clients":
            maker.client_id = parent["id"]
            maker._parents.clear()
        count = 1 if f"{child.name}.{field}" in AFRESH else 2
        made = [(await maker.create(child, **{field: parent["id"]}))["id"] for _ in range(count)]
        key = name.replace("-", "_")
        whole = await get(world.owner, f"/{resource.name}/{parent['id']}", expand=key)
        listed = (await get(world.owner, f"/{child.name}", **{field: parent["id"]}))["items"]
        assert set(made) <= {item["id"] for item in listed}
        assert whole.pop(key) == listed
        for path in (f"/{resource.name}/{parent['id']}/{name}", f"/{child.name}/by-{resource.singular}/{parent['id']}"):
            assert (await get(world.owner, path))["items"] == listed, path
            first = await get(world.owner, path, limit=1, total="true", fields="id")
            assert first["total"] == len(listed)
            assert first["items"] == [{"id": listed[0]["id"]}]
            if len(listed) > 1:
                rest = await get(world.owner, path, limit=1, fields="id", cursor=first["next_cursor"])
                assert rest["items"] == [{"id": listed[1]["id"]}]


async def test_z3_lists_by_parent_tell_nothing_of_another_client(world: World, owned: Resource) -> None:
    local = await world.local(owned)
    for parent, (_, target) in REGISTRY.parents(owned).items():
        if "client_id" not in target.model.__table__.c and target.name != "clients":
            continue
        theirs = str(world.b) if target.name == "clients" else await world.maker(world.b).parent(target)
        forms = ["/{owned.name}/by-{parent}/{id}"]
        if parent == target.singular:
            forms.append("/{target.name}/{id}/{owned.name}")
        for form in forms:
            paths = [form.format(owned=owned, parent=parent, target=target, id=id) for id in (theirs, uuid4())]
            foreign, unknown = [problem(await local.get(path), 404) for path in paths]
            assert told(foreign) == told(unknown)


async def test_what_the_caller_may_not_see_is_not_put_in(world: World) -> None:
    record = await world.maker().create(REGISTRY.by_name["conversation-contexts"])
    token = await world.api.people.token(world.owner, "memory:read")
    for path in ("/conversation-contexts", f"/conversation-contexts/{record['id']}"):
        document = problem(await token.get(path, params={"expand": "client"}), 403)
        assert "msp:read" in document["detail"]
    problem(await token.get(f"/conversation-contexts/by-client/{world.a}"), 403)
    reader = await world.api.people.token(world.owner, "msp:read")
    problem(await reader.get(f"/clients/{world.a}/conversation-contexts"), 403)


async def test_unknown_relations_are_refused(world: World, resource: Resource) -> None:
    record = await world.maker().create(resource)
    has_any = bool(expansions(resource, REGISTRY))
    for path in (f"/{resource.name}", f"/{resource.name}/{record['id']}"):
        for bad in ("nonsense", "client_id", "__class__", "client,nonsense"):
            if has_any or path.endswith(record["id"]):
                problem(await world.owner.get(path, params={"expand": bad}), 422, "?expand")
    if REGISTRY.parents(resource):
        problem(await world.owner.get(f"/{resource.name}/by-nonsense/{record['id']}"), 404)
    problem(await world.owner.get(f"/{resource.name}/{record['id']}/nonsense"), 404)


async def test_the_path_and_the_query_do_not_contradict_each_other(world: World) -> None:
    problem(await world.owner.get(f"/sites/by-client/{world.a}", params={"client_id": str(world.b)}), 422, "?client_id")
    problem(await world.owner.get(f"/clients/{world.a}/sites", params={"nonsense": "1"}), 422, "?nonsense")
    problem(await world.owner.get(f"/clients/{world.a}/sites", params={"limit": "0"}), 422, "?limit")
    maker = world.maker()
    site = await maker.create(REGISTRY.by_name["sites"])
    found = await get(world.owner, f"/clients/{world.a}/sites", client_id=str(world.a), name__in=f"{site['name']},x")
    assert [item["id"] for item in found["items"]] == [site["id"]]


async def test_each_relation_costs_one_statement(world: World) -> None:
    maker = world.maker()
    for _ in range(3):
        await maker.create(REGISTRY.by_name["infrastructure"], full=True)
    await get(world.owner, "/infrastructure")
    with statements(world.api.services.database) as sent:
        await get(world.owner, "/infrastructure", expand="client,site,services")
    assert len(sent) == 4, sent


async def test_only_the_first_children_are_put_in(world: World) -> None:
    sites = [{"client_id": str(world.a), "name": f"Site {number:03}"} for number in range(MAX_CHILDREN + 5)]
    assert (await world.owner.post("/sites/bulk", {"create": sites})).status_code == 200
    found = (await get(world.owner, f"/clients/{world.a}", expand="sites"))["sites"]
    assert [site["name"] for site in found] == [site["name"] for site in sites[:MAX_CHILDREN]]
