"""What callers send: every field is known, of its type, and theirs to set."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claudetools.kit.resource.declare import Resource, Verb
from tests.contract.bodies import COMPUTED, Maker, accepts_null, bare, read_back, sample, settle
from tests.contract.conftest import World
from tests.contract.problems import problem

ROW_COLUMNS = ("id", "created_at", "updated_at", "version")
JSON = {"Content-Type": "application/json"}
MEBIBYTE = 1024 * 1024


async def changes(resource: Resource, maker: Maker) -> dict[str, Any]:
    """Return a body that replaces a record."""
    return {name: value for name, value in (await maker.body(resource)).items() if name not in resource.fixed}


def server_owned(resource: Resource) -> dict[str, Any]:
    """Return fields that callers never set, each with a value of its type."""
    names = set(resource.read.model_fields) - set(resource.create.model_fields)
    owned: dict[str, Any] = {"is_admin": True, "owner": str(uuid4())}
    for name in names:
        kind = bare(resource.read.model_fields[name].annotation)
        owned[name] = str(uuid4()) if name == "id" or name.endswith("_id") else _sample_or_text(kind)
    return owned


def _sample_or_text(kind: Any) -> Any:
    try:
        return sample(kind, 1)
    except KeyError:
        return "2026-01-01T00:00:00Z"


async def test_what_is_created_is_what_is_read(world: World, creatable: Resource) -> None:
    for full in (False, True):
        body = await world.maker().body(creatable, full=full)
        made = await world.owner.post(f"/{creatable.name}", body)
        assert made.status_code == 201
        record = made.json()
        record.pop("token", None)
        assert made.headers["location"] == f"/api/{creatable.name}/{record['id']}"
        read = await world.owner.get(f"/{creatable.name}/{record['id']}")
        assert read.json() == record
        assert read.headers["etag"] == made.headers["etag"]
        assert set(record) == set(creatable.read.model_fields)
        for name, value in body.items():
            if name in record and not name.endswith("_at") and bare(creatable.create.model_fields[name].annotation):
                assert _same(record[name], value), name


def _same(got: Any, sent: Any) -> bool:
    return bool(got == sent or (isinstance(sent, str) and isinstance(got, str) and got.rstrip("0") == sent.rstrip("0")))


async def test_unknown_and_server_owned_fields_are_refused(world: World, creatable: Resource) -> None:
    maker = world.maker()
    record = await maker.create(creatable)
    for name, value in server_owned(creatable).items():
        before = (await world.owner.get(f"/{creatable.name}", params={"total": "true"})).json()["total"]
        body = await maker.body(creatable)
        problem(await world.owner.post(f"/{creatable.name}", body | {name: value}), 422, f"/{name}")
        assert (await world.owner.get(f"/{creatable.name}", params={"total": "true"})).json()["total"] == before
        path = f"/{creatable.name}/{record['id']}"
        if Verb.CHANGE in creatable.verbs:
            problem(await world.owner.patch(path, {name: value}), 422, f"/{name}")
        if Verb.REPLACE in creatable.verbs:
            problem(await world.owner.put(path, await changes(creatable, maker) | {name: value}), 422, f"/{name}")
    assert (await world.owner.get(f"/{creatable.name}/{record['id']}")).json() == record


async def test_what_is_fixed_at_creation_does_not_change(world: World, changeable: Resource) -> None:
    maker = world.maker()
    record = await maker.create(changeable)
    other = await world.maker(world.b).body(changeable, full=True)
    path = f"/{changeable.name}/{record['id']}"
    for name in changeable.fixed:
        value = other.get(name, str(uuid4()))
        problem(await world.owner.patch(path, {name: value}), 422, f"/{name}")
        if Verb.REPLACE in changeable.verbs:
            body = await changes(changeable, maker) | {name: value}
            problem(await world.owner.put(path, body), 422, f"/{name}")
    assert (await world.owner.get(path)).json() == record


async def test_null_goes_only_where_it_is_allowed(world: World, changeable: Resource) -> None:
    maker = world.maker()
    record = await maker.create(changeable, full=True)
    path = f"/{changeable.name}/{record['id']}"
    for name, info in read_back(changeable).items():
        if name in changeable.fixed:
            continue
        reply = await world.owner.patch(path, {name: None})
        if accepts_null(info.annotation):
            assert reply.status_code == 200, reply.text
            assert reply.json()[name] is None or name == "started_at"
        else:
            problem(reply, 422, f"/{name}")
            body = await maker.body(changeable)
            problem(await world.owner.post(f"/{changeable.name}", body | {name: None}), 422, f"/{name}")


async def test_a_change_touches_only_what_it_names(world: World, changeable: Resource) -> None:
    maker = world.maker()
    record = await maker.create(changeable, full=True)
    path = f"/{changeable.name}/{record['id']}"
    other = await maker.body(changeable, full=True)
    for name in read_back(changeable):
        if name in changeable.fixed:
            continue
        reply = await world.owner.patch(path, {name: other[name]})
        assert reply.status_code == 200, reply.text
        changed = reply.json()
        untouched = set(record) - {name, "updated_at", "version"} - COMPUTED.get(changeable.name, set())
        assert {key: changed[key] for key in untouched} == {key: record[key] for key in untouched}
        assert (await world.owner.get(path)).json() == changed
        record = changed
    unchanged = await world.owner.patch(path, {})
    assert unchanged.json() == record


async def test_a_replacement_leaves_nothing_of_the_old(world: World, replaceable: Resource) -> None:
    maker = world.maker()
    record = await maker.create(replaceable, full=True)
    path = f"/{replaceable.name}/{record['id']}"
    body = await changes(replaceable, maker)
    reply = await world.owner.put(path, body)
    assert reply.status_code == 200, reply.text
    fresh = await maker.create(replaceable)
    for name, info in read_back(replaceable).items():
        if name not in replaceable.fixed and name not in body and not info.is_required() and name != "started_at":
            assert reply.json()[name] == fresh[name], name
    assert (await world.owner.get(path)).json() == reply.json()
    required = [n for n, info in replaceable.create.model_fields.items() if info.is_required() and n in body]
    for name in required:
        problem(await world.owner.put(path, {k: v for k, v in body.items() if k != name}), 422, f"/{name}")


WRONG: list[Any] = [
    None,
    True,
    -1,
    1.5,
    10**40,
    -(10**40),
    1e308,
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x" * 200_001,
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00Z",
    "0000-00-00",
    "9999-12-31T23:59:59-12:00",
    "0001-01-01T00:00:00+14:00",
    "99999999999999999999",
    "NaN",
    [],
    [[]],
    ["\ud800"],
    ["\x00"],
    {},
    {"\ud800": "\udfff"},
    {"a": "\x00"},
    {"a": {"b": [1e300]}},
]


async def test_no_value_of_any_field_breaks_the_service(world: World, creatable: Resource) -> None:
    maker = world.maker()
    path = f"/{creatable.name}/{(await maker.create(creatable))['id']}"
    for value in WRONG:
        base = await maker.body(creatable)
        made = await settle(
            world.owner, "POST", f"/{creatable.name}", base, dict.fromkeys(creatable.create.model_fields, value)
        )
        kept = {key: item for key, item in made.json().items() if key != "token"}
        assert (await world.owner.get(f"/{creatable.name}/{kept['id']}")).json() == kept, value
        if Verb.CHANGE in creatable.verbs:
            changed = await settle(world.owner, "PATCH", path, {}, dict.fromkeys(creatable.change.model_fields, value))
            assert (await world.owner.get(path)).json() == changed.json(), value
    assert (await world.owner.get(f"/{creatable.name}", params={"limit": 500})).status_code == 200


RAW = {
    "not json": b"{",
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "not a number": b"NaN",
    "no utf-8": b'{"name": "\xff\xfe"}',
    "a huge number": b'{"name": ' + b"9" * 5000 + b"}",
    "deep": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a lone surrogate as a name": b'{"\\ud800": 1}',
    "duplicate names": b'{"name": "a", "name": "b", "nom": 1}',
    "not a number within": b'{"name": NaN, "installed_tools": {"a": NaN}, "current_state": {"a": Infinity}}',
}


async def test_no_body_breaks_the_service(world: World, creatable: Resource) -> None:
    for what, body in RAW.items():
        reply = await world.owner.post(f"/{creatable.name}", content=body, headers=JSON)
        assert reply.status_code in (400, 422), what
        problem(reply, reply.status_code)


@pytest.mark.parametrize("name", ["installed_tools", "mcp_capabilities"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1e999", '"\\ud800"', '{"\\ud800": 1}', "[" * 90 + "]" * 90])
async def test_facts_hold_plain_json_only(world: World, name: str, value: str) -> None:
    text = f'{{"hostname": "pc", "fingerprint": "f", "{name}": {{"a": {value}}}}}'
    problem(await world.owner.post("/machines", content=text.encode(), headers=JSON), 422, f"/{name}")


async def test_only_json_is_a_body(world: World, creatable: Resource) -> None:
    body = json.dumps(await world.maker().body(creatable)).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x", ""):
        problem(await world.owner.post(f"/{creatable.name}", content=body, headers={"Content-Type": kind}), 422)


async def test_a_body_over_eight_mebibytes_is_refused(world: World, creatable: Resource) -> None:
    async def parts() -> Any:
        for _ in range(9):
            yield b" " * MEBIBYTE

    told = await world.owner.post(f"/{creatable.name}", content=b" " * 9 * MEBIBYTE, headers=JSON)
    found = await world.owner.post(f"/{creatable.name}", content=parts(), headers=JSON)
    assert problem(told, 413)["detail"] == problem(found, 413)["detail"]


async def test_an_id_that_is_none_is_refused(world: World, resource: Resource) -> None:
    for id in ("x", "1", "00000000-0000-0000-0000-00000000000g", "%00", "..%2f..", "%ed%a0%80"):
        reply = await world.owner.get(f"/{resource.name}/{id}")
        assert reply.status_code in (404, 422), id
        problem(reply, reply.status_code)


INTERESTING = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=80), st.uuids().map(str))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_made_up_changes_are_refused_or_kept(world: World, changeable: Resource, data: st.DataObject) -> None:
    maker = world.maker()
    record = await maker.create(changeable)
    path = f"/{changeable.name}/{record['id']}"
    names = st.sampled_from(sorted(changeable.change.model_fields))
    change = data.draw(st.dictionaries(names, INTERESTING | st.lists(INTERESTING, max_size=2), max_size=3))
    text = json.dumps(change).encode()
    reply = await world.owner.patch(path, content=text, headers=JSON)
    assert reply.status_code in (200, 400, 404, 409, 422), reply.text
    after = (await world.owner.get(path)).json()
    assert after == (reply.json() if reply.status_code == 200 else record)
