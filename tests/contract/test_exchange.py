"""CSV both ways: nothing is lost, nothing runs in a spreadsheet, and an import keeps every rule of a single write."""

import csv
import io
import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from claudetools.domains import RESOURCES
from claudetools.kit.resource import exchange, query
from claudetools.kit.resource.declare import Resource, Verb
from claudetools.kit.resource.registry import Registry
from tests.contract.bodies import COMPUTED, INSTEAD, bare, read_back, references, sample, settle
from tests.contract.conftest import World
from tests.contract.problems import problem, told
from tests.fixtures.people import Caller
from tests.fixtures.statements import statements

CSV = {"Content-Type": "text/csv"}
FORMULAS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
HOSTILE = [
    "=HYPERLINK(1)",
    "+49 30 1234",
    "-1",
    "@SUM(A1)",
    "\uff1d1",
    "'",
    "''",
    "'=1",
    "'t Hart",
    'says "no", twice;',
    "line\r\nbreak\nand\rmore",
    "\ufeffä😀",
    "null",
    "'\"'",
]
NOT_IMPORTED = {"timers": "each would stop the one before", "messages": "what was sent is not changed"}


def table(*rows: dict[str, Any]) -> bytes:
    """Return rows as somebody writes them into a file."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)


async def exported(caller: Caller, resource: Resource, **params: str) -> bytes:
    reply = await caller.get(f"/{resource.name}/export.csv", params=params)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == f'attachment; filename="{resource.name}.csv"'
    return reply.content


def cells(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))


async def sent(caller: Caller, resource: Resource, data: bytes, **params: str) -> httpx2.Response:
    return await caller.post(f"/{resource.name}/import", content=data, headers=CSV, params=params)


async def imported(caller: Caller, resource: Resource, data: bytes, **params: str) -> dict[str, Any]:
    reply = await sent(caller, resource, data, **params)
    assert reply.status_code == 200, reply.text
    done: dict[str, Any] = reply.json()
    return done


def outcomes(done: dict[str, Any]) -> list[tuple[int, str]]:
    return [(row["row"], row["outcome"]) for row in done["rows"]]


async def records(world: World, resource: Resource) -> list[dict[str, Any]]:
    reply = await world.owner.get(f"/{resource.name}", params={"limit": 500})
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


def texts(resource: Resource) -> list[str]:
    return [name for name, info in resource.create.model_fields.items() if bare(info.annotation) in (str, list[str])]


async def fill(world: World, resource: Resource) -> None:
    """Create records with and without optional fields, and with every hostile text that is accepted."""
    maker = world.maker()
    for number in range(4):
        await maker.create(resource, full=number % 2 == 0)
    if Verb.CREATE not in resource.verbs:
        return
    names = texts(resource)
    for start in range(0, len(HOSTILE), 3):
        chosen = {name: HOSTILE[(start + place) % len(HOSTILE)] for place, name in enumerate(names)}
        fields = {
            name: text if bare(resource.create.model_fields[name].annotation) is str else [text, "x"]
            for name, text in chosen.items()
        }
        await settle(world.owner, "POST", f"/{resource.name}", await maker.body(resource), fields)


async def test_what_is_listed_is_exported_and_what_is_created_is_imported(world: World, resource: Resource) -> None:
    paths = world.api.app.openapi()["paths"]
    exports, imports = (f"/api/{resource.name}/{end}" in paths for end in ("export.csv", "import"))
    assert exports == (Verb.EXPORT in resource.verbs) == (Verb.LIST in resource.verbs)
    is_offered = Verb.CREATE in resource.verbs and resource.name not in NOT_IMPORTED
    assert imports == (Verb.IMPORT in resource.verbs) == is_offered


async def test_a_natural_key_is_of_fields_that_callers_set(importable: Resource) -> None:
    assert set(importable.key) <= set(importable.create.model_fields)


async def test_an_export_is_the_list(world: World, exportable: Resource) -> None:
    await fill(world, exportable)
    data = await exported(world.owner, exportable)
    rows, expected = cells(data), await records(world, exportable)
    assert data.startswith(",".join(exportable.read.model_fields).encode() + b"\r\n")
    assert len(rows) == len(expected) >= 4
    for row, record in zip(rows, expected, strict=True):
        for name, value in record.items():
            cell = row[name]
            if bare(exportable.read.model_fields[name].annotation) is str and value is not None:
                assert not cell.startswith(FORMULAS)
                assert cell in (value, f"'{value}")
                assert cell
            elif value is None or isinstance(value, str):
                assert cell == (value or "")
            else:
                assert json.loads(cell) == value


async def test_an_export_imports_back_unchanged(world: World, importable: Resource) -> None:
    await fill(world, importable)
    before, data = await records(world, importable), await exported(world.owner, importable)
    done = await imported(world.owner, importable, data)
    assert (done["created"], done["updated"], done["unchanged"]) == (0, 0, len(before)), done
    assert [row["id"] for row in done["rows"]] == [record["id"] for record in before]
    assert [row["row"] for row in done["rows"]] == list(range(2, len(before) + 2))
    assert await exported(world.owner, importable) == data
    assert await records(world, importable) == before


async def test_an_export_follows_filters_search_and_order(world: World, exportable: Resource) -> None:
    await fill(world, exportable)
    some = (await records(world, exportable))[1]
    name = next(name for name in exportable.filters if some[name] is not None)
    value = json.dumps(some[name]) if not isinstance(some[name], str) else some[name]
    for params in ({name: value}, {"sort": "-created_at"}, {"sort": "created_at", f"{name}__isnull": "false"}):
        listed = (await world.owner.get(f"/{exportable.name}", params={**params, "limit": "500"})).json()["items"]
        assert [row["id"] for row in cells(await exported(world.owner, exportable, **params))] == [
            record["id"] for record in listed
        ]
    for name in ("limit", "cursor", "fields", "total", "nonsense"):
        problem(await world.owner.get(f"/{exportable.name}/export.csv", params={name: "1"}), 422, f"?{name}")
    problem(await world.owner.get(f"/{exportable.name}/export.csv", params={"sort": "x"}), 422, "?sort")
    if exportable.searches:
        assert not cells(await exported(world.owner, exportable, q=str(uuid4())))


async def test_an_export_is_read_in_batches(
    world: World, exportable: Resource, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(world, exportable)
    database = world.api.services.database
    whole = await exported(world.owner, exportable)
    with statements(database) as in_one:
        assert await exported(world.owner, exportable) == whole
    monkeypatch.setattr(query, "MAX_LIMIT", 2)
    with statements(database) as in_several:
        assert await exported(world.owner, exportable) == whole
    assert len([statement for statement in in_one if "audit_" not in statement]) <= 3
    assert len(in_several) - len(in_one) == len(cells(whole)) // 2


async def test_records_are_created_as_by_themselves(world: World, importable: Resource) -> None:
    bodies = [await world.maker().body(importable, full=True) for _ in range(2)]
    done = await imported(world.owner, importable, table(*bodies))
    assert outcomes(done) == [(2, "created"), (3, "created")]
    alone = await world.maker().create(importable, full=True)
    for row, body in zip(done["rows"], bodies, strict=True):
        record = (await world.owner.get(f"/{importable.name}/{row['id']}")).json()
        assert set(record) == set(alone)
        for name in set(body) & set(record):
            kind = bare(importable.create.model_fields[name].annotation)
            if kind in (bool, int, str, list[str]) or name in references(importable):
                assert record[name] == body[name], name


async def test_an_empty_cell_is_null_or_the_default(world: World, importable: Resource) -> None:
    body = await world.maker().body(importable)
    blanks = {name: None for name in read_back(importable) if name not in body}
    done = await imported(world.owner, importable, table(body | blanks))
    record = (await world.owner.get(f"/{importable.name}/{done['rows'][0]['id']}")).json()
    alone = await world.maker().create(importable)
    for name in blanks:
        assert name.endswith("_at") or record[name] == alone[name], name


async def test_a_second_import_of_what_has_a_natural_key_changes_nothing(world: World, keyed: Resource) -> None:
    data = table(*[await world.maker().body(keyed, full=True) for _ in range(3)])
    first = await imported(world.owner, keyed, data)
    assert first["created"] == 3
    second = await imported(world.owner, keyed, data)
    assert outcomes(second) == [(2, "unchanged"), (3, "unchanged"), (4, "unchanged")]
    assert [row["id"] for row in second["rows"]] == [row["id"] for row in first["rows"]]


async def test_a_row_changes_only_the_columns_it_has(world: World, importable: Resource) -> None:
    maker = world.maker()
    record, other = await maker.create(importable, full=True), await maker.body(importable, full=True)
    same = await maker.create(importable, full=True)
    if Verb.CHANGE not in importable.verbs:
        name = next(n for n in importable.create.model_fields if other[n] != record[n] and not n.endswith("_at"))
        reply = await sent(world.owner, importable, table({"id": record["id"], name: other[name]}))
        problem(reply, 422, f"/rows/2/{name}")
        return
    name = next(n for n in importable.change.model_fields if other[n] != record[n] and not n.endswith("_at"))
    data = table(
        {"id": record["id"], "version": record["version"], name: other[name]},
        {"id": same["id"], "version": "", name: same[name]},
    )
    done = await imported(world.owner, importable, data)
    assert outcomes(done) == [(2, "updated"), (3, "unchanged")]
    changed = (await world.owner.get(f"/{importable.name}/{record['id']}")).json()
    assert changed["version"] > record["version"]
    assert {n for n in changed if changed[n] != record[n]} <= {name, "updated_at", "version"} | COMPUTED.get(
        importable.name, set()
    )
    assert (await world.owner.patch(f"/{importable.name}/{record['id']}", {name: other[name]})).json() == changed


async def test_a_dry_run_changes_nothing(world: World, importable: Resource) -> None:
    maker = world.maker()
    body = await maker.body(importable, full=True)
    record = await maker.create(importable)
    before = await records(world, importable)
    data = table({"id": "", **body}, {"id": record["id"], **{name: record[name] for name in body}})
    tried = await imported(world.owner, importable, data, dry_run="true")
    assert [(row["outcome"], row["id"]) for row in tried["rows"]] == [("created", None), ("unchanged", record["id"])]
    assert tried["dry_run"] is True
    assert await records(world, importable) == before
    done = await imported(world.owner, importable, data, dry_run="false")
    assert outcomes(done) == outcomes(tried)
    assert len(await records(world, importable)) == len(before) + 1


async def test_one_bad_row_takes_all_along_and_each_is_named(world: World, importable: Resource) -> None:
    maker = world.maker()
    record, body = await maker.create(importable), await maker.body(importable, full=True)
    required = next(name for name, info in importable.create.model_fields.items() if info.is_required())
    before = await records(world, importable)
    kept = {name: record[name] for name in body}
    data = table(
        {"id": "", **body},
        {"id": "", **body, required: ""},
        {"id": "x", **body},
        {"id": record["id"], **kept, required: ""},
    )
    document = problem(await sent(world.owner, importable, data), 422)
    assert [(error["pointer"], error["code"]) for error in document["errors"]] == [
        (f"/rows/3/{required}", "missing"),
        ("/rows/4/id", "uuid_parsing"),
        (f"/rows/5/{required}", "missing"),
    ]
    assert await records(world, importable) == before


async def test_a_stale_version_is_refused_by_row(world: World, importable: Resource) -> None:
    record = await world.maker().create(importable)
    stale = {"id": record["id"], "version": record["version"] + 1}
    document = problem(await sent(world.owner, importable, table(stale)), 412, "/rows/2/version")
    assert document["errors"][0]["code"] == "precondition_failed"
    several = table(stale, {"id": str(uuid4()), "version": 1})
    document = problem(await sent(world.owner, importable, several), 409)
    assert [error["pointer"] for error in document["errors"]] == ["/rows/2/version", "/rows/3/id"]


async def test_what_is_fixed_may_only_say_what_is(world: World, importable: Resource) -> None:
    maker = world.maker()
    record, other = await maker.create(importable, full=True), await world.maker(world.b).body(importable, full=True)
    for name in importable.fixed:
        same = await imported(world.owner, importable, table({"id": record["id"], name: record[name]}))
        assert outcomes(same) == [(2, "unchanged")]
        different = other.get(name, str(uuid4()))
        if different != record[name]:
            reply = await sent(world.owner, importable, table({"id": record["id"], name: different}))
            problem(reply, 422, f"/rows/2/{name}")
    assert (await world.owner.get(f"/{importable.name}/{record['id']}")).json() == record


async def test_columns_of_the_service_are_passed_over(world: World, importable: Resource) -> None:
    record = await world.maker().create(importable, full=True)
    owned = set(record) - set(importable.create.model_fields) - {"id", "version", "client_id"}
    row = {name: sample(int, 7) if name.endswith("_at") else str(uuid4()) for name in owned}
    assert outcomes(await imported(world.owner, importable, table({"id": record["id"], **row}))) == [(2, "unchanged")]
    assert (await world.owner.get(f"/{importable.name}/{record['id']}")).json() == record


async def test_unknown_columns_are_refused_by_name(world: World, importable: Resource) -> None:
    body = await world.maker().body(importable)
    before = await records(world, importable)
    for name in ("is_admin", "password_hash", "user__id", "=1+1"):
        document = problem(await sent(world.owner, importable, table(body | {name: "1"})), 422, f"/rows/1/{name}")
        assert name in document["detail"]
    required = next(iter(importable.create.model_fields))
    twice = problem(await sent(world.owner, importable, f"{required},{required}\nx,y\n".encode()), 422)
    assert twice["errors"][0]["pointer"] == f"/rows/1/{required}"
    assert await records(world, importable) == before


NAMED = [
    (resource, name, target)
    for resource in RESOURCES
    if Verb.IMPORT in resource.verbs
    for name, target in Registry(RESOURCES).references(resource).items()
    if name in resource.create.model_fields
]


@pytest.mark.parametrize(("referrer", "name", "target"), NAMED, ids=[f"{r.name}.{n}" for r, n, _ in NAMED])
async def test_a_name_will_do_for_an_id(world: World, referrer: Resource, name: str, target: Resource) -> None:
    maker = world.maker()
    # A reference that takes the place of another field is in a body only when it is asked for.
    asked = {name: await maker.parent(target)} if f"{referrer.name}.{name}" in INSTEAD else {}
    body = await maker.body(referrer, full=True, **asked)
    label = target.key[-1] if target.key else None
    if label is None or bare(target.read.model_fields[label].annotation) is not str:
        reply = await sent(world.owner, referrer, table(body | {name: "Somebody"}))
        assert problem(reply, 422, f"/rows/2/{name}")["errors"][0]["code"] == "uuid_parsing"
        return
    meant = (await world.owner.get(f"/{target.name}/{body[name]}")).json()
    done = await imported(world.owner, referrer, table(body | {name: meant[label]}))
    record = (await world.owner.get(f"/{referrer.name}/{done['rows'][0]['id']}")).json()
    assert record[name] == meant["id"]
    unknown = problem(await sent(world.owner, referrer, table(body | {name: "Nobody at all"})), 422, f"/rows/2/{name}")
    assert unknown["errors"][0]["code"] == "not_found"
    if "client_id" in target.model.__table__.c or target.name == "clients":
        local = await world.local(referrer)
        foreign = str((await world.owner.get(f"/clients/{world.b}")).json()["name"])
        if target.name != "clients":
            foreign = str((await world.maker(world.b).create(target, full=True))[label])
        told_of = await sent(local, referrer, table(body | {name: foreign}))
        assert told(problem(told_of, 422)) == told(unknown)


async def test_another_clients_record_is_as_good_as_none(world: World, importable: Resource) -> None:
    local = await world.local(importable)
    for name, target in references(importable).items():
        if "client_id" not in target.model.__table__.c and target.name != "clients":
            continue
        body = await world.maker(caller=local).body(importable)
        foreign_id = str(world.b) if target.name == "clients" else await world.maker(world.b).parent(target)
        foreign = await sent(local, importable, table(body | {name: foreign_id}))
        unknown = await sent(local, importable, table(body | {name: str(uuid4())}))
        assert told(problem(foreign, 404, f"/rows/2/{name}")) == told(problem(unknown, 404, f"/rows/2/{name}"))


async def test_only_csv_is_imported(world: World, importable: Resource) -> None:
    data = table(await world.maker().body(importable))
    for kind in ("text/plain", "application/json", "multipart/form-data", "text/csv; charset=cp1252", ""):
        reply = await world.owner.post(f"/{importable.name}/import", content=data, headers={"Content-Type": kind})
        problem(reply, 415)


BROKEN = {
    "nothing": b"",
    "blank lines": b"\r\n\r\n,,\r\n",
    "no utf-8": b"id\r\n\xff\xfe",
    "utf-16": "id\r\nx".encode("utf-16"),
    "an open quotation mark": b'id\r\n"x',
    "more cells than columns": b"id\r\n,x",
    "a null byte": b"id\r\n\x00",
    "a null byte in the header": b"id,\x00\r\n,",
    "too many rows": b"id\r\n" + b"x\r\n" * 5_001,
    "json": b'{"id": 1}',
}


async def test_no_file_breaks_the_service(world: World, importable: Resource) -> None:
    for what, data in BROKEN.items():
        pointer = f"/rows/{exchange.MAX_ROWS + 2}" if what == "too many rows" else None
        problem(await sent(world.owner, importable, data), 422, pointer)


async def test_no_text_in_a_cell_breaks_the_service(world: World, importable: Resource) -> None:
    maker = world.maker()
    for text in ("\0", "[" * 10_000, "9" * 5_000, "1e400", '{"a": "\\ud800"}', "x" * 200_000, "'", "=1"):
        for name in read_back(importable):
            data = table({**await maker.body(importable), name: text})
            reply = await sent(world.owner, importable, data, dry_run="true")
            assert reply.status_code in (200, 409, 422), (name, text[:20], reply.text)
            if text == "\0":
                assert problem(reply, 422)["errors"][0]["pointer"] == f"/rows/2/{name}"
