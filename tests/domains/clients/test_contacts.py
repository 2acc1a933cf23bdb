"""The one primary contact of a client."""

import asyncio
from typing import Any

from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import Caller


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def primaries(caller: Caller, client: dict[str, Any]) -> list[str]:
    params = {"client_id": client["id"], "is_primary": "true"}
    return [item["name"] for item in (await caller.get("/contacts", params=params)).json()["items"]]


async def test_a_client_has_one_primary_contact(api: Application) -> None:
    owner = await api.people.add()
    a, b = await made(owner, "/clients", name="A"), await made(owner, "/clients", name="B")
    ann = await made(owner, "/contacts", client_id=a["id"], name="Ann", is_primary=True)
    bob = await made(owner, "/contacts", client_id=a["id"], name="Bob")
    await made(owner, "/contacts", client_id=b["id"], name="Zoe", is_primary=True)
    assert (await owner.patch(f"/contacts/{bob['id']}", {"is_primary": True})).json()["is_primary"] is True
    assert (await primaries(owner, a), await primaries(owner, b)) == (["Bob"], ["Zoe"])
    stale = {"If-Match": f'"v{ann["version"]}"'}
    problem(await owner.patch(f"/contacts/{ann['id']}", {"notes": "x"}, headers=stale), 412)
    assert (await owner.patch(f"/contacts/{bob['id']}", {"is_primary": False})).status_code == 200
    assert await primaries(owner, a) == []


async def test_of_several_marked_at_once_one_remains(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    bodies = [{"client_id": client["id"], "name": f"Person {n}", "is_primary": True} for n in range(5)]
    replies = await asyncio.gather(*(owner.post("/contacts", body) for body in bodies))
    assert [reply.status_code for reply in replies] == [201] * 5
    assert len(await primaries(owner, client)) == 1


async def test_an_address_is_kept_without_blanks_around_it(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    contact = await made(owner, "/contacts", client_id=client["id"], name="Ann", email=" Ann@client.test ")
    assert contact["email"] == "Ann@client.test"
    for text in ("ann", "ann@", "a b@client.test", "a\tb@client.test"):
        body = {"client_id": client["id"], "name": "Ann", "email": text}
        problem(await owner.post("/contacts", body), 422, "/email")
