"""Unique values, and what is kept while something else refers to it."""

from typing import Any

from claudetools.domains import RESOURCES
from claudetools.kit.resource.declare import Resource, Verb
from tests.contract.bodies import identified, references
from tests.contract.conftest import World
from tests.contract.problems import problem


def ignores_case(resource: Resource, name: str) -> bool:
    """Return whether two values of a column that differ in case are the same value."""
    column: Any = resource.model.__table__.c[name]
    variants = getattr(column.type, "_variant_mapping", {})
    return any(getattr(kind, "collation", None) == "NOCASE" for kind in variants.values())


async def test_a_taken_value_is_named(world: World, identifiable: Resource) -> None:
    maker = world.maker()
    for name in identified(identifiable):
        if name in references(identifiable):
            continue
        first = await maker.create(identifiable, full=True)
        taken = first[name]
        spellings = [taken]
        if ignores_case(identifiable, name) and name != "slug":
            spellings += [taken.upper(), taken.swapcase()]
        for spelling in spellings:
            body = await maker.body(identifiable, full=True, **{name: spelling})
            document = problem(await world.owner.post(f"/{identifiable.name}", body), 409, f"/{name}")
            assert name in document["detail"]
            assert str(taken) not in document["detail"]
        if Verb.CHANGE in identifiable.verbs and name not in identifiable.fixed:
            second = await maker.create(identifiable, full=True)
            path = f"/{identifiable.name}/{second['id']}"
            for spelling in spellings:
                problem(await world.owner.patch(path, {name: spelling}), 409, f"/{name}")
            assert (await world.owner.get(path)).json() == second
            # Its own value in another spelling is a change like any other.
            if len(spellings) > 1:
                assert (await world.owner.patch(path, {name: second[name].upper()})).status_code == 200


async def test_what_others_refer_to_is_not_deleted(world: World, deletable: Resource) -> None:
    for child in RESOURCES:
        for name, target in references(child).items():
            if target is not deletable or Verb.DELETE not in child.verbs or child.name == "relations":
                continue
            column = child.model.__table__.c[name]
            rule = next(iter(column.foreign_keys)).ondelete
            maker = world.maker()
            parent = await maker.create(deletable)
            if deletable.name == "clients":
                maker.client_id = parent["id"]
            referring = await maker.create(child, **{name: parent["id"]})
            path = f"/{deletable.name}/{parent['id']}"
            if rule == "RESTRICT":
                document = problem(await world.owner.delete(path), 409)
                assert child.model.__tablename__ in document["detail"]
                assert (await world.owner.get(path)).json() == parent
                assert (await world.owner.delete(f"/{child.name}/{referring['id']}")).status_code == 204
                assert (await world.owner.delete(path)).status_code == 204
            elif rule == "SET NULL":
                assert (await world.owner.delete(path)).status_code == 204
                left = (await world.owner.get(f"/{child.name}/{referring['id']}")).json()
                assert left[name] is None
            else:
                assert (await world.owner.delete(path)).status_code == 204
                problem(await world.owner.get(f"/{child.name}/{referring['id']}"), 404)
            problem(await world.owner.get(path), 404)


async def test_a_missing_reference_is_named(world: World, referring: Resource) -> None:
    gone = "00000000-0000-7000-8000-000000000000"
    for name in references(referring):
        body = await world.maker().body(referring, **{name: gone})
        problem(await world.owner.post(f"/{referring.name}", body), 404, f"/{name}")
