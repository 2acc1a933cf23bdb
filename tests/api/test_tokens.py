"""API tokens: what they open, for how long, and who ends them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import time_machine

from tests.contract.problems import problem
from tests.fixtures.application import BASE, Application
from tests.fixtures.people import Caller, Person

BASIC: dict[str, Any] = {"name": "Test", "kind": "personal", "scopes": ["msp:read"]}


async def machine(owner: Caller) -> str:
    reply = await owner.post("/machines", {"hostname": "pc", "fingerprint": str(uuid4())})
    assert reply.status_code == 201, reply.text
    id: str = reply.json()["id"]
    return id


async def client(owner: Caller, name: str) -> str:
    reply = await owner.post("/clients", {"name": name})
    assert reply.status_code == 201, reply.text
    id: str = reply.json()["id"]
    return id


async def test_a_token_is_shown_once(api: Application) -> None:
    owner = await api.people.add()
    made = (await owner.post("/api-tokens", BASIC)).json()
    assert made["token"].startswith("ct_personal_")
    for reply in (await owner.get(f"/api-tokens/{made['id']}"), await owner.get("/api-tokens")):
        assert made["token"].split("_")[3] not in reply.text
        assert "secret" not in reply.text


async def test_a_token_opens_its_scopes_only(api: Application) -> None:
    owner = await api.people.add()
    reader = await api.people.token(owner, "msp:read")
    assert (await reader.get("/auth/me")).json()["scopes"] == ["msp:read"]
    assert (await reader.get("/clients")).status_code == 200
    problem(await reader.post("/clients", {"name": "X"}), 403)
    problem(await reader.post("/users", {}), 403)
    problem(await reader.get("/memory/stats"), 403)


async def test_a_token_never_goes_beyond_its_maker(api: Application) -> None:
    technician = await api.people.add("technician", {})
    document = problem(await technician.post("/api-tokens", BASIC | {"scopes": ["msp:read", "msp:admin"]}), 403)
    assert "msp:admin" in document["detail"]
    problem(await technician.post("/api-tokens", BASIC | {"scopes": ["root"]}), 422, "/scopes")
    problem(await technician.post("/api-tokens", BASIC | {"scopes": []}), 422, "/scopes")


async def test_a_token_makes_no_tokens_and_ends_no_other(api: Application) -> None:
    owner = await api.people.add()
    other = (await owner.post("/api-tokens", BASIC)).json()
    token = await api.people.token(owner, "msp:read", "msp:write", "msp:admin")
    problem(await token.post("/api-tokens", BASIC), 403)
    problem(await token.delete(f"/api-tokens/{other['id']}"), 403)
    assert (await owner.get(f"/api-tokens/{other['id']}")).json()["revoked_at"] is None


async def test_a_token_ends_itself(api: Application) -> None:
    owner = await api.people.add()
    made = (await owner.post("/api-tokens", BASIC)).json()
    token = Caller(http=api.http, token=made["token"])
    assert (await token.delete(f"/api-tokens/{made['id']}")).status_code == 204
    problem(await token.get("/auth/me"), 401)


async def test_a_revoked_token_is_refused_at_once_and_stays_listed(api: Application) -> None:
    owner = await api.people.add()
    made = (await owner.post("/api-tokens", BASIC)).json()
    token = Caller(http=api.http, token=made["token"])
    assert (await token.get("/clients")).status_code == 200
    for _ in range(2):
        assert (await owner.delete(f"/api-tokens/{made['id']}")).status_code == 204
    problem(await token.get("/clients"), 401)
    assert (await owner.get(f"/api-tokens/{made['id']}")).json()["revoked_at"] is not None


async def test_a_token_expires(api: Application) -> None:
    owner = await api.people.add()
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    token = await api.people.token(owner, "msp:read", expires_at=soon)
    assert (await token.get("/clients")).status_code == 200
    api.services.authenticator.forget()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        problem(await token.get("/clients"), 401)


@pytest.mark.parametrize("days", [-1, 367, 100_000])
async def test_a_token_lives_a_year_at_most(api: Application, days: int) -> None:
    owner = await api.people.add()
    at = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    problem(await owner.post("/api-tokens", BASIC | {"expires_at": at}), 422, "/expires_at")


async def test_without_an_end_a_token_lives_a_year(api: Application) -> None:
    made = (await (await api.people.add()).post("/api-tokens", BASIC)).json()
    life = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=365) < life <= timedelta(days=366)


async def test_every_character_of_a_token_counts(api: Application) -> None:
    owner = await api.people.add()
    token = str((await api.people.token(owner, "msp:read")).token)
    for place in range(0, len(token), 5):
        other = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]
        problem(await Caller(http=api.http, token=other).get("/clients"), 401)
    problem(await Caller(http=api.http, token=token.upper()).get("/clients"), 401)
    problem(await Caller(http=api.http, token=token + "_").get("/clients"), 401)


async def test_a_machine_token_belongs_to_a_machine_of_its_maker(api: Application) -> None:
    technician, other = await api.people.add("technician", {}), await api.people.add("technician", {})
    mine, theirs = await machine(technician), await machine(other)
    body = BASIC | {"kind": "machine", "scopes": ["memory:read", "memory:write"]}
    made = await technician.post("/api-tokens", body | {"machine_id": mine})
    assert made.status_code == 201, made.text
    me = (await Caller(http=api.http, token=made.json()["token"]).get("/auth/me")).json()
    assert (me["machine_id"], me["user_id"]) == (mine, str(technician.id))
    problem(await technician.post("/api-tokens", body | {"machine_id": theirs}), 403)
    problem(await technician.post("/api-tokens", body | {"machine_id": str(uuid4())}), 404)
    problem(await technician.post("/api-tokens", body), 422)
    problem(await technician.post("/api-tokens", BASIC | {"machine_id": mine}), 422)


async def test_a_machine_never_reveals_or_administers(api: Application) -> None:
    owner = await api.people.add()
    body = BASIC | {"kind": "machine", "machine_id": await machine(owner)}
    for scope in ("credentials:reveal", "msp:admin", "audit:read"):
        problem(await owner.post("/api-tokens", body | {"scopes": [scope]}), 403)


async def test_a_token_for_listed_clients_is_bound_to_them(api: Application) -> None:
    owner = await api.people.add()
    a, b = await client(owner, "A"), await client(owner, "B")
    token = await api.people.token(owner, "msp:read", "msp:write", client_ids=[a])
    assert [row["id"] for row in (await token.get("/clients")).json()["items"]] == [a]
    me = (await token.get("/auth/me")).json()
    assert (me["all_clients"], me["client_ids"]) == (False, [a])
    problem(await token.get(f"/clients/{b}"), 404)
    problem(await token.post("/clients", {"name": "C"}), 403)


async def test_no_token_names_a_client_that_its_maker_does_not_see(api: Application) -> None:
    owner = await api.people.add()
    a, b = await client(owner, "A"), await client(owner, "B")
    technician = await api.people.add("technician", {})
    await owner.patch(f"/users/{technician.id}", {"clients": [{"client_id": a, "level": "write"}]})
    technician = await api.people.sign_in(technician)
    for who, ids in ((technician, [a, b]), (technician, [a, str(uuid4())]), (owner, [a, str(uuid4())])):
        problem(await who.post("/api-tokens", BASIC | {"client_ids": ids}), 422, "/client_ids/1")


async def test_narrowed_rights_narrow_tokens_too(api: Application) -> None:
    owner = await api.people.add()
    a = await client(owner, "A")
    person = await api.people.add("technician")
    token = await api.people.token(person, "msp:read", "msp:write", client_ids=[a])
    assert (await token.patch(f"/clients/{a}", {"notes": "1"})).status_code == 200
    await owner.patch(f"/users/{person.id}", {"role": "readonly"})
    problem(await token.patch(f"/clients/{a}", {"notes": "2"}), 403)
    await owner.patch(f"/users/{person.id}", {"client_access": "listed"})
    problem(await token.get(f"/clients/{a}"), 404)
    await owner.patch(f"/users/{person.id}", {"is_active": False})
    problem(await token.get("/clients"), 401)


async def test_people_see_and_end_their_own_tokens_only(api: Application) -> None:
    owner, one, two = [await api.people.add(role) for role in ("owner", "technician", "technician")]
    made = (await one.post("/api-tokens", BASIC)).json()
    assert [row["id"] for row in (await one.get("/api-tokens")).json()["items"]] == [made["id"]]
    assert (await two.get("/api-tokens")).json()["items"] == []
    problem(await two.get(f"/api-tokens/{made['id']}"), 404)
    problem(await two.delete(f"/api-tokens/{made['id']}"), 404)
    assert (await owner.delete(f"/api-tokens/{made['id']}")).status_code == 204


async def last_use(owner: Person, id: str) -> dict[str, Any]:
    record: dict[str, Any] = (await owner.get(f"/api-tokens/{id}")).json()
    return record


async def test_a_use_is_noted_every_five_minutes_and_changes_nothing_else(api: Application) -> None:
    owner = await api.people.add()
    made = (await owner.post("/api-tokens", BASIC)).json()
    token = Caller(http=api.http, token=made["token"])
    unused = await last_use(owner, made["id"])
    assert unused["last_used_at"] is None
    await token.get("/clients")
    first = await last_use(owner, made["id"])
    assert first == unused | {"last_used_at": first["last_used_at"]}
    began = datetime.fromisoformat(first["last_used_at"])
    notes = {}
    for minutes in (1, 4, 6, 8):
        api.services.authenticator.forget()
        with time_machine.travel(began + timedelta(minutes=minutes)):
            assert (await token.get("/clients")).status_code == 200
            notes[minutes] = (await last_use(owner, made["id"]))["last_used_at"]
    assert notes[1] == notes[4] == first["last_used_at"]
    assert notes[6] == notes[8] != first["last_used_at"]


async def test_first_uses_at_once_all_succeed(api: Application) -> None:
    owner = await api.people.add()
    token = await api.people.token(owner, "msp:read")
    replies = await asyncio.gather(*(token.get("/clients") for _ in range(20)))
    assert {reply.status_code for reply in replies} == {200}


async def test_a_token_works_from_the_networks_that_it_names_only(api: Application) -> None:
    owner = await api.people.add()
    body = BASIC | {"allowed_ips": ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7"]}
    made = (await owner.post("/api-tokens", body)).json()
    assert made["allowed_ips"] == ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"]
    places = {
        "203.0.113.9": 200, "198.51.100.7": 200, "2001:db8:1::1": 200, "::ffff:203.0.113.9": 200,
        "198.51.100.8": 401, "127.0.0.1": 401, "2001:db9::1": 401, "nowhere": 401,
    }  # fmt: skip
    for _ in range(2):
        for address, status in places.items():
            transport = httpx2.ASGITransport(app=api.app, client=(address, 1))
            async with httpx2.AsyncClient(transport=transport, base_url=BASE) as http:
                reply = await Caller(http=http, token=made["token"]).get("/clients")
                assert reply.status_code == status, address


async def test_a_stored_reply_is_not_repeated_to_where_a_token_does_not_work(api: Application) -> None:
    owner = await api.people.add()
    made = (
        await owner.post("/api-tokens", BASIC | {"scopes": ["msp:write"], "allowed_ips": ["203.0.113.0/24"]})
    ).json()
    for address, status in (("203.0.113.9", 201), ("198.51.100.8", 401)):
        transport = httpx2.ASGITransport(app=api.app, client=(address, 1))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as http:
            caller = Caller(http=http, token=made["token"])
            reply = await caller.post("/tags", {"name": "one"}, headers={"Idempotency-Key": "k1"})
            assert reply.status_code == status


@pytest.mark.parametrize("networks", [[], ["x"], ["203.0.113.1/24"], ["0.0.0.0/33"], [None], "203.0.113.0/24", [5.5]])
async def test_what_is_no_network_is_refused(api: Application, networks: Any) -> None:
    owner = await api.people.add()
    problem(await owner.post("/api-tokens", BASIC | {"allowed_ips": networks}), 422)
