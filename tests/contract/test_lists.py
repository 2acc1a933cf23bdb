"""Lists: filters, search, sorting, paging, and what they cost."""

import base64
from collections.abc import Callable, Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import UniqueConstraint, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.resource.declare import Resource, Verb
from tests.contract.bodies import bare
from tests.contract.conftest import World
from tests.contract.problems import problem
from tests.fixtures.people import Caller
from tests.fixtures.statements import statements

ROWS = 7
FORMED = {"ip_address", "mac_address", "cidr"}
"""Columns whose values have a form in which no word occurs."""


async def listing(caller: Caller, resource: Resource, **params: Any) -> dict[str, Any]:
    """Return a page of a list."""
    reply = await caller.get(f"/{resource.name}", params={key: str(value) for key, value in params.items()})
    assert reply.status_code == 200, reply.text
    page: dict[str, Any] = reply.json()
    return page


async def fill(world: World, resource: Resource) -> list[dict[str, Any]]:
    """Create rows with and without their optional fields, and return all rows there are."""
    maker = world.maker()
    for number in range(ROWS):
        await maker.create(resource, full=number % 2 == 0)
    found: list[dict[str, Any]] = (await listing(world.owner, resource, limit=500))["items"]
    return found


async def tie(world: World, resource: Resource, name: str) -> None:
    """Give several rows the same value of a sort column, and some none, where the table allows it."""
    column = resource.model.__table__.c[name]
    keys = (key.columns for key in resource.model.__table__.constraints if isinstance(key, UniqueConstraint))
    if column.unique or any(column.name in columns for columns in keys):
        return

    async def unit(session: AsyncSession) -> None:
        model: Any = resource.model
        ids = list(await session.scalars(select(model.id).order_by(model.id)))
        value = await session.scalar(select(getattr(model, name)).where(model.id == ids[1]))
        await session.execute(update(model).where(model.id.in_(ids[2:5])).values({name: value}))
        if column.nullable:
            await session.execute(update(model).where(model.id.in_(ids[5:7])).values({name: None}))

    await world.api.services.database.write(unit)


def comparable(kind: Any, value: Any) -> Any:
    """Return a value from JSON in a form that sorts as the database sorts it; null comes first."""
    if value is None:
        return (0, 0)
    if kind is str:
        return (1, value.casefold())
    return (1, parsed(kind, value))


def parsed(kind: Any, value: Any) -> Any:
    if isinstance(value, str) and not isinstance(kind, type):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and issubclass(kind, datetime):
        return datetime.fromisoformat(value)
    if isinstance(value, str) and issubclass(kind, date):
        return date.fromisoformat(value)
    return value


async def test_pages_hold_every_row_once_and_in_order(world: World, resource: Resource) -> None:
    await fill(world, resource)
    for name in resource.sorts:
        await tie(world, resource, name)
        kind = bare(resource.read.model_fields[name].annotation)
        for sort in (name, f"-{name}"):
            # What a person adds may change another record of theirs, so somebody new adds while pages are read.
            colleague = world.maker(caller=await world.api.people.add("owner"))
            whole = (await listing(world.owner, resource, sort=sort, limit=500))["items"]
            before = {row["id"] for row in whole}
            values = [comparable(kind, row[name]) for row in whole]
            assert values == sorted(values, reverse=sort.startswith("-"))
            seen: list[dict[str, Any]] = []
            page = await listing(world.owner, resource, sort=sort, limit=2)
            while True:
                assert len(page["items"]) <= 2
                seen += page["items"]
                if page["next_cursor"] is None:
                    break
                if len(seen) in (2, 4):
                    await colleague.create(resource)
                page = await listing(world.owner, resource, sort=sort, limit=2, cursor=page["next_cursor"])
            assert [row for row in seen if row["id"] in before] == whole
            assert len({row["id"] for row in seen}) == len(seen)


async def test_the_default_order_is_the_declared_one(world: World, resource: Resource) -> None:
    await fill(world, resource)
    assert await listing(world.owner, resource) == await listing(world.owner, resource, sort=resource.default_sort)


Oracle = Callable[[Any, Any], bool]
COMPARISONS: dict[str, Oracle] = {
    "__gt": lambda have, wanted: have > wanted,
    "__gte": lambda have, wanted: have >= wanted,
    "__lt": lambda have, wanted: have < wanted,
    "__lte": lambda have, wanted: have <= wanted,
}


def questions(kind: Any, values: list[Any]) -> Iterator[tuple[str, str, Oracle]]:
    """Yield operator, text of the parameter, and what the rows must satisfy."""
    value = next(value for value in values if value is not None)
    wanted = parsed(kind, value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    yield "", text, lambda have, _: have is not None and parsed(kind, have) == wanted
    yield "__isnull", "true", lambda have, _: have is None
    yield "__isnull", "false", lambda have, _: have is not None
    if kind is bool:
        return
    several = {str(value) for value in values if value is not None}
    some = sorted(several)[:2]
    chosen = [parsed(kind, value) for value in values if str(value) in some]
    yield "__in", ",".join(some), lambda have, _: have is not None and parsed(kind, have) in chosen
    if kind is str:
        part = value[1:-1].swapcase()
        yield "__contains", part, lambda have, _: have is not None and part.lower() in have.lower()
        start = value[:-1].swapcase()
        yield "__startswith", start, lambda have, _: have is not None and have.lower().startswith(start.lower())
        yield "__contains", "%", lambda have, _: have is not None and "%" in have
        yield "__contains", "_", lambda have, _: have is not None and "_" in have
    elif not (isinstance(kind, type) and issubclass(kind, StrEnum | UUID)):
        for operator, compare in COMPARISONS.items():
            yield operator, text, _ordered(kind, wanted, compare)


def _ordered(kind: Any, wanted: Any, compare: Oracle) -> Oracle:
    return lambda have, _: have is not None and compare(parsed(kind, have), wanted)


async def test_every_filter_picks_the_rows_it_describes(world: World, resource: Resource) -> None:
    rows = await fill(world, resource)
    for name in resource.filters:
        kind = bare(resource.read.model_fields[name].annotation)
        values = [row[name] for row in rows]
        if all(value is None for value in values):
            assert not (await listing(world.owner, resource, **{f"{name}__isnull": "false"}))["items"]
            continue
        for operator, text, holds in questions(kind, values):
            page = await listing(world.owner, resource, **{name + operator: text, "limit": 500, "total": "true"})
            expected = [row for row in rows if holds(row[name], None)]
            assert page["items"] == expected, (name, operator, text)
            assert page["total"] == len(expected)


async def test_filters_add_up(world: World, resource: Resource) -> None:
    rows = await fill(world, resource)
    last = rows[-1]
    same = {name: last[name] for name in resource.filters if last[name] is not None}
    page = await listing(
        world.owner, resource, **{k: str(v).lower() if v in (True, False) else v for k, v in same.items()}
    )
    assert last in page["items"]
    assert all(row[name] == value for row in page["items"] for name, value in same.items())


async def test_search_finds_the_rows_with_all_words(world: World, searchable: Resource) -> None:
    maker = world.maker()
    for name in searchable.searches:
        if name not in searchable.create.model_fields or name in FORMED:
            continue
        text = "needle-in-haystack" if name == "slug" else "needle-in-haystack100"
        if name == "email":
            text = f"{text}@firm.test"
        if name in ("url", "management_url"):
            text = f"https://{text}.test/"
        given: dict[str, Any] = {name: text}
        made = await maker.create(searchable, **given)
        await maker.create(searchable, full=True)
        for words in ("needle", "NEEDLE hay", "  in-hay  needle "):
            found = await listing(world.owner, searchable, q=words, total="true")
            assert [row["id"] for row in found["items"]] == [made["id"]], (name, words)
            assert found["total"] == 1
        for words in ("needle absent", "%eedle", "need_e", "\\", "'"):
            assert not (await listing(world.owner, searchable, q=words))["items"], words
        await world.owner.delete(f"/{searchable.name}/{made['id']}")
        if (await world.owner.get(f"/{searchable.name}/{made['id']}")).status_code == 200:
            return


async def test_chosen_fields_are_what_is_returned(world: World, resource: Resource) -> None:
    rows = await fill(world, resource)
    assert set(rows[0]) == set(resource.read.model_fields)
    for name in resource.read.model_fields:
        page = await listing(world.owner, resource, fields=name)
        assert page["items"] == [{name: row[name]} for row in rows]
    two = await listing(world.owner, resource, fields="version, id,id")
    assert two["items"] == [{"version": row["version"], "id": row["id"]} for row in rows]
    assert (await listing(world.owner, resource, fields=""))["items"] == rows


BAD = {
    "nonsense": "1",
    "limit": "0",
    "limit ": "1",
    "sort": "password_hash",
    "fields": "secret_hash",
    "cursor": "AAAA",
    "total": "maybe",
    "id__like": "x",
    "client_id__or": "x",
    "__class__": "x",
}


async def test_unknown_parameters_and_names_are_refused(world: World, resource: Resource) -> None:
    for name, value in BAD.items():
        problem(await world.owner.get(f"/{resource.name}", params={name: value}), 422, f"?{name}")
    for limit in ("-1", "501", "1000000000", "1e3", "9" * 30, "9" * 5000, "x", ""):
        problem(await world.owner.get(f"/{resource.name}", params={"limit": limit}), 422, "?limit")
    for name in ("q", *(name for name in resource.filters if bare(resource.read.model_fields[name].annotation) is str)):
        problem(await world.owner.get(f"/{resource.name}", params={name: "a\x00"}), 422, f"?{name}")
    for sort in ("", "-", "--name", "id; DROP TABLE clients", "version desc"):
        problem(await world.owner.get(f"/{resource.name}", params={"sort": sort}), 422, "?sort")


HOSTILE = [
    "\x00",
    "%",
    "'",
    '"',
    "\\",
    "\U0001f600",
    "x" * 600,
    "nan",
    "inf",
    "-1e400",
    "9" * 40,
    "-" + "9" * 40,
    "2026-01-01T00:00:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999Z",
    "0000-00-00",
    "",
    ",",
    "1,2,'",
]


async def test_no_value_of_any_filter_breaks_the_service(world: World, resource: Resource) -> None:
    await world.maker().create(resource, full=True)
    operation = world.api.app.openapi()["paths"][f"/api/{resource.name}"]["get"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    for value in HOSTILE:
        # All at once; then without those that are refused, until the rest is looked for in the database.
        left = set(names)
        while True:
            reply = await world.owner.get(f"/{resource.name}", params=dict.fromkeys(sorted(left), value))
            if reply.status_code == 200:
                break
            refused = {e["pointer"].removeprefix("?").partition(".")[0] for e in problem(reply, 422)["errors"]}
            assert refused & left, reply.text
            left -= refused
    for name in sorted(names):
        bad = await world.owner.request("GET", f"/{resource.name}?{name}=%ed%a0%80%ff")
        assert bad.status_code in (200, 422)


async def test_an_instant_without_a_zone_is_refused(world: World, resource: Resource) -> None:
    for name in resource.filters:
        if name.endswith("_at"):
            reply = await world.owner.get(f"/{resource.name}", params={name: "2026-01-01T00:00:00"})
            problem(reply, 422, f"?{name}")


async def test_an_instant_is_sent_with_its_zone(world: World, creatable: Resource) -> None:
    for name in creatable.create.model_fields:
        if name.endswith("_at"):
            body = await world.maker().body(creatable)
            problem(await world.owner.post(f"/{creatable.name}", body | {name: "2026-01-01T00:00:00"}), 422, f"/{name}")


def altered(cursor: str) -> Iterator[str]:
    """Yield cursors that differ from `cursor`."""
    for place in range(0, len(cursor), 7):
        yield cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
    yield from (cursor + "=", cursor + "A", cursor[:-1], " " + cursor, cursor[:5] + "!" + cursor[5:], "é" + cursor)
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    yield base64.urlsafe_b64encode(raw[:12]).decode()
    yield base64.urlsafe_b64encode(bytes(12) + raw[12:]).decode()


async def test_a_cursor_is_taken_back_only_as_it_was_given(world: World, resource: Resource) -> None:
    await fill(world, resource)
    cursor = (await listing(world.owner, resource, limit=2))["next_cursor"]
    assert (await listing(world.owner, resource, limit=3, cursor=cursor, fields="id", total="true"))["items"]
    for forged in altered(cursor):
        problem(await world.owner.get(f"/{resource.name}", params={"cursor": forged}), 422, "?cursor")
    other_sort = next(name for name in resource.sorts if resource.default_sort.removeprefix("-") != name)
    for other in ({"sort": other_sort}, {f"{resource.filters[0]}__isnull": "false"}):
        problem(await world.owner.get(f"/{resource.name}", params={"cursor": cursor, **other}), 422, "?cursor")


async def test_a_cursor_of_one_list_opens_no_other(world: World, resource: Resource) -> None:
    other = "tags" if resource.name != "tags" else "clients"
    await fill(world, resource)
    sort = {"sort": "created_at"}
    reply = await world.owner.get(f"/{resource.name}", params={"limit": 1, **sort})
    foreign = await world.owner.get(f"/{other}", params={"cursor": reply.json()["next_cursor"], **sort})
    problem(foreign, 422, "?cursor")


@pytest.mark.parametrize("who", ["owner", "technician", "token"])
async def test_a_list_costs_few_statements_however_long_it_is(world: World, resource: Resource, who: str) -> None:
    database = world.api.services.database
    caller: Caller = world.owner if who == "owner" else await world.local(resource)
    if who == "token":
        caller = await world.api.people.token(caller, resource.scope(Verb.LIST))
    await caller.get("/auth/me")
    counts = []
    for _ in range(2):
        await fill(world, resource)
        world.api.services.authenticator.forget()
        with statements(database) as sent:
            await listing(caller, resource, limit=500)
        counts.append(len(sent))
        with statements(database) as sent:
            await listing(caller, resource, limit=500, total="true")
        counts.append(len(sent))
    assert counts[0] <= 3
    assert counts == [counts[0], 2, counts[0], 2]


async def test_an_empty_list_is_a_list(world: World, resource: Resource) -> None:
    page = (
        await listing(world.owner, resource, **{f"{resource.filters[0]}__in": str(uuid4())})
        if (resource.filters[0].endswith("_id"))
        else await listing(world.owner, resource, q=str(uuid4()), total="true")
    )
    assert page["items"] == []
    assert page["next_cursor"] is None
