"""Who may do what with any resource."""

import csv
import io
from typing import Any
from uuid import uuid4

import httpx2

from claudetools.kit.resource.declare import WRITES, Resource, Verb
from tests.contract.bodies import Maker, is_owned_by_reference, references
from tests.contract.conftest import World, role_for
from tests.contract.problems import problem, told
from tests.fixtures.people import Caller

METHODS = {
    Verb.LIST: "GET",
    Verb.CREATE: "POST",
    Verb.READ: "GET",
    Verb.REPLACE: "PUT",
    Verb.CHANGE: "PATCH",
    Verb.DELETE: "DELETE",
    Verb.BULK: "POST",
    Verb.HISTORY: "GET",
    Verb.EXPORT: "GET",
    Verb.IMPORT: "POST",
}
COLLECTION = {
    Verb.LIST: "",
    Verb.CREATE: "",
    Verb.BULK: "/bulk",
    Verb.EXPORT: "/export.csv",
    Verb.IMPORT: "/import",
}
"""Where the verbs are found that are not about one record."""


async def call(
    caller: Caller, resource: Resource, verb: Verb, id: object, body: dict[str, Any] | None = None
) -> httpx2.Response:
    """Send what `verb` needs: on the collection or on one record, with a body where there is one."""
    path = f"/{resource.name}" + COLLECTION.get(verb, f"/{id}/history" if verb is Verb.HISTORY else f"/{id}")
    if verb is Verb.IMPORT:
        return await caller.post(path, content=f"id\r\n{id}\r\n", headers={"Content-Type": "text/csv"})
    has_body = verb in (Verb.CREATE, Verb.REPLACE, Verb.CHANGE, Verb.BULK)
    if verb is Verb.BULK:
        body = {"update": [{"id": str(id)}]}
    return await caller.request(METHODS[verb], path, **({"json": body} if has_body else {}))


async def body_for(maker: Maker, resource: Resource, verb: Verb) -> dict[str, Any]:
    """Return a body that is valid for `verb`."""
    body = await maker.body(resource)
    return body if verb is Verb.CREATE else {k: v for k, v in body.items() if k not in resource.fixed}


def verbs(resource: Resource) -> list[Verb]:
    return sorted(resource.verbs)


async def test_a_stranger_is_asked_to_sign_in(world: World, resource: Resource) -> None:
    body = await world.maker().body(resource)
    for verb in verbs(resource):
        reply = await call(world.api.anonymous, resource, verb, uuid4(), body)
        assert problem(reply, 401)["title"]
        assert reply.headers["www-authenticate"] == "Bearer"


async def test_without_its_scope_no_verb_is_open(world: World, resource: Resource) -> None:
    maker = world.maker()
    record = await maker.create(resource)
    everything = (await world.owner.get("/auth/me")).json()["scopes"]
    for verb in verbs(resource):
        lacking = await world.api.people.token(world.owner, *(s for s in everything if s != resource.scope(verb)))
        body = await body_for(maker, resource, verb)
        document = problem(await call(lacking, resource, verb, record["id"], body), 403)
        assert resource.scope(verb) in document["detail"]
    same = await world.owner.get(f"/{resource.name}/{record['id']}")
    assert same.json() == record


async def test_with_its_scope_alone_each_verb_is_open(world: World, resource: Resource) -> None:
    maker = world.maker()
    for verb in verbs(resource):
        record = await maker.create(resource)
        holder = await world.api.people.token(world.owner, resource.scope(verb))
        reply = await call(holder, resource, verb, record["id"], await body_for(maker, resource, verb))
        assert reply.is_success, reply.text


async def test_a_reader_changes_nothing(world: World, resource: Resource) -> None:
    maker = world.maker()
    record = await maker.create(resource)
    reader = await world.api.people.add("readonly")
    may_read = resource.scope(Verb.LIST) in (await reader.get("/auth/me")).json()["scopes"]
    assert (await reader.get(f"/{resource.name}")).is_success == may_read
    for verb in verbs(resource):
        if verb in WRITES:
            problem(await call(reader, resource, verb, record["id"], await body_for(maker, resource, verb)), 403)
    assert (await world.owner.get(f"/{resource.name}/{record['id']}")).json() == record


async def test_a_listed_reader_of_a_client_changes_nothing_of_it(world: World, owned: Resource) -> None:
    maker = world.maker()
    record = await maker.create(owned)
    reader = await world.api.people.add(role_for(owned), {world.a: "read"})
    assert (await reader.get(f"/{owned.name}/{record['id']}")).json() == record
    for verb in verbs(owned):
        if verb in WRITES:
            problem(await call(reader, owned, verb, record["id"], await body_for(maker, owned, verb)), 403)
    assert (await world.owner.get(f"/{owned.name}/{record['id']}")).json() == record


async def test_z1_a_record_of_another_client_is_as_good_as_none(world: World, owned: Resource) -> None:
    local = await world.local(owned)
    theirs = await world.maker(world.b).create(owned, full=True)
    ours = await world.maker(caller=local).create(owned)
    maker = world.maker()
    for verb in set(owned.verbs) - {Verb.LIST, Verb.EXPORT, Verb.CREATE}:
        body = await body_for(maker, owned, verb)
        foreign = problem(await call(local, owned, verb, theirs["id"], body), 404)
        unknown = problem(await call(local, owned, verb, uuid4(), body), 404)
        assert told(foreign) == told(unknown)
    listed = (await local.get(f"/{owned.name}", params={"total": "true"})).json()
    assert [item["id"] for item in listed["items"]] == [ours["id"]]
    assert listed["total"] == 1
    if Verb.EXPORT in owned.verbs:
        exported = list(csv.DictReader(io.StringIO((await local.get(f"/{owned.name}/export.csv")).text)))
        assert [row["id"] for row in exported] == [ours["id"]]
    assert (await world.owner.get(f"/{owned.name}/{theirs['id']}")).json() == theirs


async def test_z3_filters_tell_nothing_of_another_client(world: World, owned: Resource) -> None:
    local = await world.local(owned)
    theirs = await world.maker(world.b).create(owned, full=True)
    for name in owned.filters:
        if theirs[name] is not None:
            params = {name: str(theirs[name]), "total": "true"}
            reply = await local.get(f"/{owned.name}", params=params)
            assert reply.json() == {"items": [], "next_cursor": None, "total": 0}


async def test_z1_nobody_creates_in_a_client_that_is_not_theirs(world: World, owned_creatable: Resource) -> None:
    local = await world.local(owned_creatable)
    body = await world.maker().body(owned_creatable)
    if is_owned_by_reference(owned_creatable):
        # Where the client is that of another record, naming that of a foreign client is all that can be tried.
        foreign_body = await world.maker(world.b).body(owned_creatable)
        name = next(iter(references(owned_creatable)))
        foreign = await local.post(f"/{owned_creatable.name}", foreign_body)
        unknown = await local.post(f"/{owned_creatable.name}", foreign_body | {name: str(uuid4())})
        assert told(problem(foreign, 404, f"/{name}")) == told(problem(unknown, 404, f"/{name}"))
        assert (await world.owner.get(f"/{owned_creatable.name}")).json()["items"] == []
        return
    foreign = await local.post(f"/{owned_creatable.name}", body | {"client_id": str(world.b)})
    unknown = await local.post(f"/{owned_creatable.name}", body | {"client_id": str(uuid4())})
    assert told(problem(foreign, 404, "/client_id")) == told(problem(unknown, 404, "/client_id"))
    assert (await world.owner.get(f"/{owned_creatable.name}")).json()["items"] == []


async def test_z1_a_reference_to_another_clients_record_is_as_good_as_none(world: World, referring: Resource) -> None:
    local = await world.local(referring)
    maker = world.maker(caller=local)
    record = await maker.create(referring)
    for name, target in references(referring).items():
        if "client_id" not in target.model.__table__.c:
            continue
        foreign_id = await world.maker(world.b).parent(target)
        body = await maker.body(referring)
        foreign = await local.post(f"/{referring.name}", body | {name: foreign_id})
        unknown = await local.post(f"/{referring.name}", body | {name: str(uuid4())})
        assert told(problem(foreign, 404, f"/{name}")) == told(problem(unknown, 404, f"/{name}"))
        path = f"/{referring.name}/{record['id']}"
        if name == next(iter(references(referring))) and is_owned_by_reference(referring):
            continue
        # Whoever sees both clients is told what is wrong.
        both = await world.owner.post(f"/{referring.name}", body | {name: foreign_id})
        assert name in problem(both, 409, f"/{name}")["detail"]
        if name in referring.fixed or Verb.CHANGE not in referring.verbs:
            continue
        foreign = await local.patch(path, {name: foreign_id})
        unknown = await local.patch(path, {name: str(uuid4())})
        assert told(problem(foreign, 404, f"/{name}")) == told(problem(unknown, 404, f"/{name}"))
        assert (await world.owner.get(path)).json() == record
        problem(await world.owner.patch(path, {name: foreign_id}), 409, f"/{name}")
        assert (await world.owner.get(path)).json() == record


async def test_a_token_for_some_clients_reads_of_no_other(world: World, owned: Resource) -> None:
    theirs = await world.maker(world.b).create(owned)
    ours = await world.maker().create(owned)
    holder = await world.api.people.token(world.owner, owned.scope(Verb.READ), client_ids=[str(world.a)])
    assert [item["id"] for item in (await holder.get(f"/{owned.name}")).json()["items"]] == [ours["id"]]
    problem(await holder.get(f"/{owned.name}/{theirs['id']}"), 404)


async def test_a_token_for_some_clients_writes_to_no_other(world: World, owned_creatable: Resource) -> None:
    scope = owned_creatable.scope(Verb.CREATE)
    holder = await world.api.people.token(world.owner, scope, client_ids=[str(world.a)])
    body = await world.maker(world.b).body(owned_creatable)
    by_reference = is_owned_by_reference(owned_creatable)
    named = next(iter(references(owned_creatable))) if by_reference else "client_id"
    problem(await holder.post(f"/{owned_creatable.name}", body), 404, f"/{named}")


async def test_z2_no_way_to_write_the_filter_widens_what_is_seen(world: World, owned: Resource) -> None:
    if "client_id" not in owned.filters:
        return
    local = await world.local(owned)
    theirs = await world.maker(world.b).create(owned)
    ours = await world.maker(caller=local).create(owned)
    a, b = str(world.a), str(world.b)
    filters: list[list[tuple[str, str]]] = [
        [],
        [("client_id", "")],
        [("client_id", "null")],
        [("client_id", "*")],
        [("client_id", "%")],
        [("client_id", b)],
        [("client_id", a), ("client_id", b)],
        [("client_id", b), ("client_id", a)],
        [("client_id__in", "")],
        [("client_id__in", f"{a},{b}")],
        [("client_id__in", b), ("client_id__in", a)],
        [("client_id__isnull", "true")],
        [("client_id__isnull", "false")],
        [("client_id[]", b)],
        [("client_ids", b)],
    ]
    for given in filters:
        for path in (f"/{owned.name}", f"/{owned.name}/export.csv"):
            reply = await local.request("GET", path, params=given)
            assert reply.status_code in (200, 400, 422), (given, reply.text)
            assert theirs["id"] not in reply.text, given
            if not given:
                assert ours["id"] in reply.text
