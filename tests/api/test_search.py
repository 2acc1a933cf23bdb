"""The search over everything: ranked, within what the caller may see, and never a secret."""

from typing import Any
from uuid import UUID

import pytest

from claudetools.domains import RESOURCES
from claudetools.kit.ids import new_id
from tests.contract.problems import problem
from tests.contract.test_lists import statements
from tests.fixtures.application import Application
from tests.fixtures.people import Caller, Person


async def find(caller: Caller, q: str, **params: Any) -> list[dict[str, Any]]:
    reply = await caller.get("/search", params={"q": q, **params})
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def make(caller: Caller, path: str, **body: Any) -> str:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    id: str = reply.json()["id"]
    return id


@pytest.fixture
async def owner(api: Application) -> Person:
    return await api.people.add("owner")


@pytest.fixture
async def acme(owner: Person) -> str:
    return await make(owner, "/clients", name="Acme", notes="Their old firewall hangs under load.")


async def test_a_name_comes_before_a_mention(owner: Person, acme: str) -> None:
    start = await make(owner, "/infrastructure", client_id=acme, asset_type="firewall", hostname="firewall-2")
    inside = await make(owner, "/infrastructure", client_id=acme, asset_type="firewall", hostname="old-firewall")
    whole = await make(owner, "/tags", name="Firewall")
    found = await find(owner, "FIREWALL")
    assert [hit["id"] for hit in found] == [whole, start, inside, acme]
    assert [hit["score"] for hit in found] == sorted((hit["score"] for hit in found), reverse=True)
    assert found[1] | {"updated_at": ""} == {
        "resource": "infrastructure",
        "id": start,
        "client_id": acme,
        "title": "firewall-2",
        "snippet": "firewall-2",
        "score": found[1]["score"],
        "updated_at": "",
        "url": f"/api/infrastructure/{start}",
    }
    assert (await owner.get(found[1]["url"].removeprefix("/api"))).json()["id"] == start
    assert found[3]["snippet"] == "Their old firewall hangs under load."


async def test_all_words_must_occur_in_any_of_its_texts(owner: Person, acme: str) -> None:
    fields = {"client_id": acme, "asset_type": "nas_storage", "hostname": "nas-07", "serial": "XQ-2231-B"}
    nas = await make(owner, "/infrastructure", **fields, environmental_notes="Hot cupboard in the attic")
    for words in ("nas attic", "q-2231 07", "ATTIC hot nas", "cupb"):
        assert [hit["id"] for hit in await find(owner, words)] == [nas], words
    for words in ("nas cellar", "%%", "n_s", "\\\\", "x' OR 1=1"):
        assert await find(owner, words) == [], words
    [hit] = await find(owner, "attic")
    assert "attic" in hit["snippet"]


async def test_it_reaches_what_was_remembered(owner: Person, acme: str) -> None:
    body = {"text": "The label printer needs driver 4.2, newer ones print blank.", "kind": "fact", "client_id": acme}
    assert (await owner.post("/memory/remember", body)).status_code == 200
    [hit] = await find(owner, "printer blank")
    assert (hit["resource"], hit["client_id"]) == ("memory", acme)
    assert (await owner.patch(hit["url"].removeprefix("/api"), {"is_retired": True})).status_code == 200
    assert await find(owner, "printer blank") == []


async def test_nobody_finds_what_they_may_not_see(api: Application, owner: Person, acme: str) -> None:
    other = await make(owner, "/clients", name="Borealis", notes="zanzibar")
    await make(owner, "/sites", client_id=other, name="Zanzibar office")
    await owner.post("/memory/remember", {"text": "zanzibar uses port 9", "kind": "fact", "client_id": other})
    assert len(await find(owner, "zanzibar")) == 3
    technician = await api.people.add("technician", {UUID(acme): "write"})
    assert await find(technician, "zanzibar") == []
    theirs = await technician.get("/search", params={"q": "zanzibar", "client_id": other})
    unknown = await technician.get("/search", params={"q": "zanzibar", "client_id": str(new_id())})
    assert problem(theirs, 404)["detail"] == problem(unknown, 404)["detail"]
    reader = await api.people.token(owner, "msp:read")
    assert {hit["resource"] for hit in await find(reader, "zanzibar")} == {"clients", "sites"}
    problem(await (await api.people.token(owner, "credentials:reveal")).get("/search", params={"q": "zanzibar"}), 403)


async def test_it_is_narrowed_by_client_and_kind(owner: Person, acme: str) -> None:
    other = await make(owner, "/clients", name="Borealis")
    ids = [await make(owner, "/sites", client_id=client, name="Harbour") for client in (acme, other)]
    await make(owner, "/contacts", client_id=acme, name="Ann Harbour")
    assert {hit["id"] for hit in await find(owner, "harbour", resources="sites")} == set(ids)
    assert {hit["client_id"] for hit in await find(owner, "harbour", client_id=acme)} == {acme}
    assert len(await find(owner, "harbour", limit=2)) == 2
    for params in ({"resources": "nonsense"}, {"limit": 0}, {"limit": 101}, {"nonsense": 1}):
        problem(await owner.get("/search", params={"q": "harbour", **params}), 422, f"?{next(iter(params))}")
    for q in ("", "x", "a\x00b", "x" * 501):
        problem(await owner.get("/search", params={"q": q}), 422, "?q")
    assert await find(owner, "  ") == []


async def test_it_costs_one_statement_and_one_for_each_kind_found(api: Application, owner: Person, acme: str) -> None:
    for number in range(3):
        await make(owner, "/sites", client_id=acme, name=f"Harbour {number}")
    await make(owner, "/contacts", client_id=acme, name="Ann Harbour")
    await find(owner, "harbour")
    with statements(api.services.database) as sent:
        assert len(await find(owner, "harbour ")) == 4
    assert len(sent) == 3, sent


def test_only_what_can_be_read_is_searched() -> None:
    for resource in RESOURCES:
        assert set(resource.searches) <= set(resource.read.model_fields), resource.name
