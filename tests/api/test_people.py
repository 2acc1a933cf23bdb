"""People: who adds and changes whom, and what listed access means."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import PASSWORD, Caller

BASIC: dict[str, Any] = {"email": "new@firm.test", "display_name": "New", "password": "a long enough password"}


async def clients(owner: Caller, *names: str) -> list[str]:
    return [(await owner.post("/clients", {"name": name})).json()["id"] for name in names]


async def test_a_new_person_signs_in_and_sees_what_is_listed(api: Application) -> None:
    owner = await api.people.add()
    a, b, _ = await clients(owner, "A", "B", "C")
    listed = [{"client_id": a, "level": "read"}, {"client_id": b, "level": "write"}]
    made = await owner.post("/users", BASIC | {"clients": listed})
    assert made.status_code == 201, made.text
    assert "password" not in made.text
    grant = await api.anonymous.post("/auth/login", {"email": BASIC["email"], "password": BASIC["password"]})
    person = Caller(http=api.http, token=grant.json()["access_token"])
    assert {row["id"] for row in (await person.get("/clients")).json()["items"]} == {a, b}
    assert (await person.patch(f"/clients/{b}", {"notes": "x"})).status_code == 200
    problem(await person.patch(f"/clients/{a}", {"notes": "x"}), 403)
    problem(await person.post("/clients", {"name": "D"}), 403)


@pytest.mark.parametrize("access", [{}, {"client_access": "listed"}, {"clients": []}])
async def test_no_list_means_no_client(api: Application, access: dict[str, Any]) -> None:
    owner = await api.people.add()
    await clients(owner, "A")
    assert (await owner.post("/users", BASIC | access)).status_code == 201
    grant = await api.anonymous.post("/auth/login", {"email": BASIC["email"], "password": BASIC["password"]})
    person = Caller(http=api.http, token=grant.json()["access_token"])
    assert (await person.get("/clients", params={"total": "true"})).json() == {
        "items": [],
        "next_cursor": None,
        "total": 0,
    }


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"password": "too short"}, "/password"),
        ({"password": "x" * 513}, "/password"),
        ({"email": "no address"}, "/email"),
        ({"email": "a\x00@firm.test"}, "/email"),
        ({"role": "root"}, "/role"),
        ({"client_access": "all", "clients": [{"client_id": str(uuid4()), "level": "read"}]}, ""),
        ({"clients": [{"client_id": str(uuid4()), "level": "read"}]}, "/clients/0/client_id"),
        ({"clients": [{"client_id": "*", "level": "read"}]}, "/clients/0/client_id"),
        ({"clients": None}, "/clients"),
        ({"token_version": 5}, "/token_version"),
        ({"password_hash": "x"}, "/password_hash"),
        ({"is_active": True}, "/is_active"),
    ],
)
async def test_what_makes_no_person_is_refused(api: Application, change: dict[str, Any], pointer: str) -> None:
    owner = await api.people.add()
    problem(await owner.post("/users", BASIC | change), 422, pointer)
    assert len((await owner.get("/users")).json()["items"]) == 1


async def test_the_same_client_listed_twice_is_refused(api: Application) -> None:
    owner = await api.people.add()
    (a,) = await clients(owner, "A")
    listed = [{"client_id": a, "level": "read"}, {"client_id": a, "level": "write"}]
    problem(await owner.post("/users", BASIC | {"clients": listed}), 422, "/clients/1/client_id")
    person = await api.people.add("technician", {})
    problem(await owner.patch(f"/users/{person.id}", {"clients": listed}), 422, "/clients/1/client_id")


async def test_an_address_is_taken_in_any_spelling(api: Application) -> None:
    owner = await api.people.add()
    assert (await owner.post("/users", BASIC)).status_code == 201
    problem(await owner.post("/users", BASIC | {"email": " NEW@Firm.test "}), 409, "/email")


async def test_only_owners_make_owners_and_administrators(api: Application) -> None:
    owner, admin, other = [await api.people.add(role) for role in ("owner", "admin", "admin")]
    for role in ("owner", "admin"):
        problem(await admin.post("/users", BASIC | {"role": role, "client_access": "all"}), 403)
        assert (await owner.post("/users", BASIC | {"role": role, "email": f"{role}@firm.test"})).status_code == 201
    for target in (owner, other):
        problem(await admin.patch(f"/users/{target.id}", {"is_active": False}), 403)
    technician = await api.people.add("technician")
    problem(await admin.patch(f"/users/{technician.id}", {"role": "owner"}), 403)
    assert (await admin.patch(f"/users/{technician.id}", {"role": "readonly"})).status_code == 200


@pytest.mark.parametrize("role", ["technician", "readonly"])
async def test_nobody_raises_themselves(api: Application, role: str) -> None:
    person = await api.people.add(role)
    problem(await person.patch(f"/users/{person.id}", {"role": "owner"}), 403)
    problem(await person.post("/users", BASIC), 403)
    assert (await person.get("/auth/me")).json()["role"] == role


@pytest.mark.parametrize(
    "change",
    [{"id": str(uuid4())}, {"email": "x@y.test"}, {"token_version": 0}, {"password": PASSWORD}, {"version": 9}],
)
async def test_what_an_administrator_may_not_change_is_refused(api: Application, change: dict[str, Any]) -> None:
    owner = await api.people.add()
    before = (await owner.get(f"/users/{owner.id}")).json()
    problem(await owner.patch(f"/users/{owner.id}", change), 422, f"/{next(iter(change))}")
    assert (await owner.get(f"/users/{owner.id}")).json() == before


@pytest.mark.parametrize("field", ["display_name", "role", "is_active", "client_access", "clients"])
async def test_null_is_no_change(api: Application, field: str) -> None:
    owner, person = await api.people.add(), await api.people.add("technician")
    problem(await owner.patch(f"/users/{person.id}", {field: None}), 422, f"/{field}")


async def test_a_change_honours_the_version(api: Application) -> None:
    owner, person = await api.people.add(), await api.people.add("technician")
    path = f"/users/{person.id}"
    tag = (await owner.get(path)).headers["etag"]
    reply = await owner.patch(path, {"display_name": "One"}, headers={"If-Match": tag})
    assert reply.status_code == 200
    assert reply.headers["etag"] == (await owner.get(path)).headers["etag"] != tag
    problem(await owner.patch(path, {"display_name": "Two"}, headers={"If-Match": tag}), 412)
    assert (await owner.get(path)).json() == reply.json()


async def test_the_last_owner_stays(api: Application) -> None:
    owner = await api.people.add()
    for change in ({"is_active": False}, {"role": "admin"}):
        problem(await owner.patch(f"/users/{owner.id}", change), 409)
    assert (await owner.get("/auth/me")).json()["role"] == "owner"


@pytest.mark.parametrize("change", [{"role": "technician"}, {"is_active": False}])
async def test_two_owners_who_end_each_other_leave_one(api: Application, change: dict[str, Any]) -> None:
    one, two, witness = await api.people.add(), await api.people.add(), await api.people.add("readonly")
    await asyncio.gather(one.get("/auth/me"), two.get("/auth/me"))
    replies = await asyncio.gather(one.patch(f"/users/{two.id}", change), two.patch(f"/users/{one.id}", change))
    assert 200 in [reply.status_code for reply in replies]
    owners = {"role": "owner", "is_active": "true"}
    assert len((await witness.get("/users", params=owners)).json()["items"]) == 1


async def test_a_list_is_forgotten_with_access_to_all(api: Application) -> None:
    owner = await api.people.add()
    (a,) = await clients(owner, "A")
    person = await api.people.add("technician", {})
    listed = [{"client_id": a, "level": "read"}]
    problem(await owner.patch(f"/users/{person.id}", {"client_access": "all", "clients": listed}), 422, "/clients")
    for change in ({"clients": listed}, {"client_access": "all"}, {"client_access": "listed"}):
        assert (await owner.patch(f"/users/{person.id}", change)).status_code == 200
    again = await api.people.sign_in(person)
    assert (await again.get("/clients")).json()["items"] == []


async def test_an_unknown_person_is_not_found(api: Application) -> None:
    owner = await api.people.add()
    problem(await owner.patch(f"/users/{uuid4()}", {"display_name": "X"}), 404)


async def test_tokens_do_not_make_their_holder_an_administrator(api: Application) -> None:
    owner = await api.people.add()
    token = await api.people.token(owner, "msp:read", "msp:write")
    problem(await token.post("/users", BASIC), 403)
    problem(await token.patch(f"/users/{owner.id}", {"display_name": "X"}), 403)
