"""A restricted credential is there for administrators and for those whom a permission names, and for nobody else."""

from typing import Any
from uuid import uuid4

import pytest

from tests.contract.problems import problem, told
from tests.domains.vault.conftest import Vault
from tests.fixtures.people import Caller

EMPTY = {"items": [], "next_cursor": None, "total": 0}


async def listed(caller: Caller, **params: Any) -> list[str]:
    reply = await caller.get("/credentials", params={"total": "true", **params})
    page = reply.json()
    assert page["total"] == len(page["items"])
    return [item["service_name"] for item in page["items"]]


async def test_colleagues_of_the_same_client_do_not_see_it(vault: Vault) -> None:
    await vault.credential("Open")
    hidden = await vault.credential("Hidden", is_restricted=True, username="root", notes="break glass")
    for administrator in (vault.owner, await vault.api.people.add("admin")):
        assert await listed(administrator) == ["Hidden", "Open"]
    assert await listed(vault.first) == ["Open"]
    for params in (
        {"service_name": "Hidden"},
        {"username__startswith": "ro"},
        {"is_restricted": "true"},
        {"created_at": hidden["created_at"]},
        {"q": "break glass"},
    ):
        assert await listed(vault.owner, **params) == ["Hidden"]
        assert (await vault.first.get("/credentials", params={**params, "total": "true"})).json() == EMPTY


@pytest.mark.parametrize(
    ("method", "end", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"notes": "mine"}),
        ("PATCH", "", {"is_restricted": False}),
        ("PUT", "", {"kind": "password", "service_name": "Mine"}),
        ("DELETE", "", None),
        ("GET", "/versions", None),
        ("GET", "/links", None),
        ("PUT", "/links", {"infrastructure_ids": [], "service_ids": []}),
        ("GET", "/tags", None),
        ("PUT", "/tags", {"tag_ids": []}),
    ],
)
async def test_it_is_as_good_as_none_to_them(vault: Vault, method: str, end: str, body: Any) -> None:
    hidden = await vault.credential(is_restricted=True)
    more = {} if body is None else {"json": body}
    theirs = await vault.first.request(method, f"/credentials/{hidden['id']}{end}", **more)
    unknown = await vault.first.request(method, f"/credentials/{uuid4()}{end}", **more)
    assert told(problem(theirs, 404)) == told(problem(unknown, 404))
    assert (await vault.owner.get(f"/credentials/{hidden['id']}")).json() == hidden


async def test_bulk_writes_do_not_reach_it(vault: Vault) -> None:
    hidden = await vault.credential(is_restricted=True)
    for write in ({"update": [{"id": hidden["id"], "notes": "mine"}]}, {"delete": [{"id": hidden["id"]}]}):
        problem(await vault.first.post("/credentials/bulk", write), 404)
    assert (await vault.owner.get(f"/credentials/{hidden['id']}")).json() == hidden


async def test_nothing_that_goes_with_it_is_seen(vault: Vault) -> None:
    hidden = await vault.credential(is_restricted=True, rotate_every_days=1, expires_at="2026-01-01T00:00:00Z")
    permission = await vault.grant(hidden, "view", to=vault.second)
    assert (await vault.first.get("/credential-permissions", params={"total": "true"})).json() == EMPTY
    problem(await vault.first.get(f"/credential-permissions/{permission['id']}"), 404)
    problem(await vault.first.patch(f"/credential-permissions/{permission['id']}", {"level": "manage"}), 404)
    problem(await vault.first.delete(f"/credential-permissions/{permission['id']}"), 404)
    body = {"credential_id": hidden["id"], "level": "view", "role": "technician"}
    theirs = await vault.first.post("/credential-permissions", body)
    unknown = await vault.first.post("/credential-permissions", body | {"credential_id": str(uuid4())})
    assert told(problem(theirs, 404, "/credential_id")) == told(problem(unknown, 404, "/credential_id"))
    assert (await vault.first.get("/credentials/expiring")).json() == {"items": []}
    assert len((await vault.second.get("/credentials/expiring")).json()["items"]) == 1
    assert (await vault.second.get(f"/credential-permissions/{permission['id']}")).json() == permission


@pytest.mark.parametrize("by", ["person", "role"])
async def test_a_permission_opens_it_at_once_and_its_end_closes_it(vault: Vault, by: str) -> None:
    hidden = await vault.credential("Hidden", is_restricted=True)
    path = f"/credentials/{hidden['id']}"
    problem(await vault.first.get(path), 404)
    permission = await vault.grant(hidden, "view", to=vault.first if by == "person" else "technician")
    assert (await vault.first.get(path)).json() == hidden
    assert await listed(vault.first) == ["Hidden"]
    assert await listed(vault.second) == ([] if by == "person" else ["Hidden"])
    reader = await vault.api.people.add("readonly")
    assert await listed(reader) == []
    assert (await vault.owner.delete(f"/credential-permissions/{permission['id']}")).status_code == 204
    problem(await vault.first.get(path), 404)


async def test_a_permission_opens_one_credential_only(vault: Vault) -> None:
    opened = await vault.credential("Opened", is_restricted=True)
    closed = await vault.credential("Closed", is_restricted=True)
    await vault.grant(opened, "manage", to=vault.first)
    await vault.grant(closed, "view", to=vault.first)
    await vault.credential("Hidden", is_restricted=True)
    assert await listed(vault.first) == ["Closed", "Opened"]
    problem(await vault.first.patch(f"/credentials/{closed['id']}", {"notes": "x"}), 403)


async def test_a_permission_opens_no_client(vault: Vault) -> None:
    hidden = await vault.credential(is_restricted=True)
    outsider = await vault.api.people.add("technician", {})
    await vault.grant(hidden, "manage", to=outsider)
    await vault.grant(hidden, "manage", to="technician")
    problem(await outsider.get(f"/credentials/{hidden['id']}"), 404)
    assert (await outsider.get("/credential-permissions", params={"total": "true"})).json() == EMPTY


@pytest.mark.parametrize(("level", "edits"), [("view", False), ("reveal", False), ("edit", True)])
async def test_who_does_not_manage_it_decides_nothing_about_it(vault: Vault, level: str, edits: bool) -> None:
    hidden = await vault.credential(is_restricted=True)
    permission = await vault.grant(hidden, level, to=vault.first)
    path = f"/credentials/{hidden['id']}"
    reply = await vault.first.patch(path, {"notes": "seen to"})
    assert reply.status_code == (200 if edits else 403)
    current = (await vault.owner.get(path)).json()
    problem(await vault.first.patch(path, {"is_restricted": False}), 403)
    # A replacement that does not say so would open it as well.
    problem(await vault.first.put(path, {"kind": "password", "service_name": "Firewall"}), 403)
    problem(await vault.first.delete(path), 403)
    problem(await vault.first.patch(f"/credential-permissions/{permission['id']}", {"level": "manage"}), 403)
    problem(await vault.first.delete(f"/credential-permissions/{permission['id']}"), 403)
    body = {"credential_id": hidden["id"], "level": "manage", "grantee_id": str(vault.second.id)}
    problem(await vault.first.post("/credential-permissions", body), 403)
    assert (await vault.owner.get(path)).json() == current
    assert (await vault.owner.get("/credential-permissions")).json()["items"] == [permission]


async def test_who_manages_it_grants_opens_and_deletes_it(vault: Vault) -> None:
    hidden = await vault.credential(is_restricted=True)
    await vault.grant(hidden, "manage", to=vault.first)
    path = f"/credentials/{hidden['id']}"
    body = {"credential_id": hidden["id"], "level": "edit", "grantee_id": str(vault.second.id)}
    granted = await vault.first.post("/credential-permissions", body)
    assert granted.status_code == 201, granted.text
    changed = await vault.first.patch(f"/credential-permissions/{granted.json()['id']}", {"level": "view"})
    assert changed.json()["level"] == "view"
    problem(await vault.second.patch(path, {"notes": "x"}), 403)
    assert (await vault.first.patch(path, {"is_restricted": False})).status_code == 200
    assert (await vault.second.patch(path, {"notes": "x"})).status_code == 200
    assert (await vault.first.patch(path, {"is_restricted": True})).status_code == 200
    assert (await vault.first.delete(path)).status_code == 204
    assert (await vault.owner.get("/credential-permissions")).json()["items"] == []


async def test_nobody_lets_themselves_in_beforehand(vault: Vault) -> None:
    plain = await vault.credential()
    body = {"credential_id": plain["id"], "level": "view", "grantee_id": str(vault.first.id)}
    problem(await vault.first.post("/credential-permissions", body), 403)
    problem(await vault.first.post("/credential-permissions/bulk", {"create": [body]}), 403)
    assert (await vault.first.patch(f"/credentials/{plain['id']}", {"notes": "x"})).status_code == 200
    assert (await vault.owner.get("/credential-permissions")).json()["items"] == []


async def test_a_technician_neither_restricts_nor_enters_what_they_would_not_see(vault: Vault) -> None:
    plain = await vault.credential()
    problem(await vault.first.patch(f"/credentials/{plain['id']}", {"is_restricted": True}), 403)
    body = {"client_id": vault.client_id, "kind": "api_key", "service_name": "X"}
    problem(await vault.first.post("/credentials", body | {"is_restricted": True}), 403)
    assert (await vault.first.post("/credentials", body)).status_code == 201
    assert await listed(vault.owner) == ["Firewall", "X"]


async def test_a_program_decides_nothing_about_access(vault: Vault) -> None:
    plain = await vault.credential()
    path = f"/credentials/{plain['id']}"
    for person in (vault.first, vault.owner):
        program = await vault.machine_token(person)
        assert (await program.patch(path, {"notes": "seen by a program"})).status_code == 200
        for policy in ({"allows_agents": True}, {"is_restricted": True}):
            problem(await program.patch(path, policy), 403)
        body = {"credential_id": plain["id"], "level": "manage", "role": "technician"}
        problem(await program.post("/credential-permissions", body), 403)
    assert (await vault.first.patch(path, {"allows_agents": True})).json()["allows_agents"] is True
    permission = await vault.grant(plain, "view", to=vault.first)
    problem(await program.patch(f"/credential-permissions/{permission['id']}", {"level": "edit"}), 403)
    problem(await program.delete(f"/credential-permissions/{permission['id']}"), 403)


async def test_a_permission_names_one_grantee_once(vault: Vault) -> None:
    plain = await vault.credential()
    body = {"credential_id": plain["id"], "level": "view"}
    both = {"grantee_id": str(vault.first.id), "role": "technician"}
    for wrong in (body, body | both):
        problem(await vault.owner.post("/credential-permissions", wrong), 422, "")
    for name, value in both.items():
        assert (await vault.owner.post("/credential-permissions", body | {name: value})).status_code == 201
        problem(await vault.owner.post("/credential-permissions", body | {name: value}), 409, f"/{name}")
    unknown = body | {"grantee_id": str(uuid4())}
    problem(await vault.owner.post("/credential-permissions", unknown), 404, "/grantee_id")
