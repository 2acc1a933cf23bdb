"""What is kept of a credential beside its secrets: what it opens, when it is due, and who did what with it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine

from tests.contract.problems import problem, told
from tests.domains.vault.conftest import Vault
from tests.fixtures.people import Caller


@pytest.mark.parametrize("name", ["secret", "value", "password_encrypted", "secret_version", "secret_fields"])
async def test_a_secret_has_no_other_place_than_its_own(vault: Vault, name: str) -> None:
    body = {"client_id": vault.client_id, "kind": "password", "service_name": "X", name: "correct horse"}
    reply = await vault.owner.post("/credentials", body)
    problem(reply, 422, f"/{name}")
    assert "correct horse" not in reply.text
    kept = await vault.credential()
    problem(await vault.owner.patch(f"/credentials/{kept['id']}", {name: "correct horse"}), 422, f"/{name}")


async def test_a_secret_in_plain_text_fields_is_taken_out(vault: Vault) -> None:
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    kept = await vault.credential(username=token, notes=f"password: Tr0ub4dor&3zz\ntoken {token}")
    assert token not in kept["username"] + kept["notes"]
    assert "Tr0ub4dor" not in kept["notes"]
    changed = await vault.owner.patch(f"/credentials/{kept['id']}", {"notes": f"new: {token}"})
    assert token not in changed.text
    assert (await vault.owner.get("/credentials", params={"q": token})).json()["items"] == []


async def test_a_new_credential_has_one_version_however_often_its_fields_change(vault: Vault) -> None:
    kept = await vault.credential()
    path = f"/credentials/{kept['id']}"
    await vault.first.patch(path, {"notes": "x"})
    (version,) = (await vault.first.get(f"{path}/versions")).json()["items"]
    assert (version["number"], version["user_id"], version["reason"]) == (1, str(vault.owner.id), None)
    assert kept["last_rotated_at"] is None
    outsider = await vault.api.people.add("technician", {})
    foreign, unknown = await outsider.get(f"{path}/versions"), await outsider.get(f"/credentials/{uuid4()}/versions")
    assert told(problem(foreign, 404)) == told(problem(unknown, 404))


async def log(vault: Vault, **params: Any) -> list[dict[str, Any]]:
    reply = await vault.owner.get("/credential-audit-logs", params={"sort": "created_at", **params})
    assert reply.status_code == 200, reply.text
    rows: list[dict[str, Any]] = reply.json()["items"]
    return rows


async def test_who_did_what_is_logged_with_the_change_and_outlives_the_credential(vault: Vault) -> None:
    made = await vault.owner.post(
        "/credentials", {"client_id": vault.client_id, "kind": "password", "service_name": "Firewall"}
    )
    id = made.json()["id"]
    program = await vault.machine_token(vault.first)
    me = (await program.get("/auth/me")).json()
    changed = await program.patch(f"/credentials/{id}", {"service_name": "Router"})
    await vault.first.patch(f"/credentials/{id}", {"service_name": "Router"})
    problem(await vault.first.patch(f"/credentials/{id}", {"notes": "x"}, headers={"If-Match": '"v99"'}), 412)
    problem(await vault.first.patch(f"/credentials/{id}", {"notes": "x", "service_id": str(uuid4())}), 404)
    gone = await vault.first.delete(f"/credentials/{id}")
    rows = await log(vault, credential_id=id)
    assert [(row["action"], row["user_id"], row["credential_name"]) for row in rows] == [
        ("create", str(vault.owner.id), "Firewall"),
        ("update", str(vault.first.id), "Firewall"),
        ("delete", str(vault.first.id), "Router"),
    ]
    requests = [reply.headers["x-request-id"] for reply in (made, changed, gone)]
    assert [row["request_id"] for row in rows] == requests
    assert [row["machine_id"] for row in rows] == [None, me["machine_id"], None]
    assert [row["login_session_id"] is None for row in rows] == [False, True, False]
    assert [row["token_id"] is None for row in rows] == [True, False, True]
    assert {row["client_id"] for row in rows} == {vault.client_id}
    assert [row["action"] for row in await log(vault, q="route")] == ["delete"]


async def test_bulk_writes_that_fail_or_are_tried_out_are_not_logged(vault: Vault) -> None:
    body = {"client_id": vault.client_id, "kind": "password", "service_name": "X"}
    tried = await vault.owner.post("/credentials/bulk", {"create": [body], "dry_run": True})
    assert tried.status_code == 200, tried.text
    problem(await vault.owner.post("/credentials/bulk", {"create": [body], "delete": [{"id": str(uuid4())}]}), 404)
    assert await log(vault) == []
    assert (await vault.owner.post("/credentials/bulk", {"create": [body, body]})).status_code == 200
    assert [row["action"] for row in await log(vault)] == ["create", "create"]


async def test_only_auditors_read_the_log_and_nobody_writes_it(vault: Vault) -> None:
    kept = await vault.credential()
    (row,) = await log(vault)
    path = f"/credential-audit-logs/{row['id']}"
    await vault.grant(kept, "manage", to=vault.first)
    for target in ("/credential-audit-logs", path):
        problem(await vault.first.get(target), 403)
    for method in ("PUT", "PATCH", "DELETE"):
        problem(await vault.owner.request(method, path, json={}), 405)
    for target in ("/credential-audit-logs", "/credential-audit-logs/bulk"):
        problem(await vault.owner.post(target, {}), 405)
    assert (await vault.owner.get(path)).json() == row


async def test_a_client_that_goes_leaves_its_log(vault: Vault) -> None:
    kept = await vault.credential()
    assert (await vault.owner.delete(f"/credentials/{kept['id']}")).status_code == 204
    assert (await vault.owner.delete(f"/clients/{vault.client_id}")).status_code == 204
    rows = await log(vault, credential_id=kept["id"])
    assert [(row["action"], row["client_id"]) for row in rows] == [("create", None), ("delete", None)]
    local = await vault.api.people.add("admin", {})
    assert (await local.get("/credential-audit-logs")).json()["items"] == []


async def host(vault: Vault, client_id: str, name: str) -> str:
    body = {"client_id": client_id, "hostname": name, "asset_type": "firewall"}
    return str((await vault.made("/infrastructure", **body))["id"])


async def test_one_credential_opens_many_things_of_its_client(vault: Vault) -> None:
    kept = await vault.credential()
    path = f"/credentials/{kept['id']}/links"
    hosts = sorted([await host(vault, vault.client_id, name) for name in ("fw1", "fw2")])
    service = (await vault.made("/services", infrastructure_id=hosts[0], name="web"))["id"]
    nothing: dict[str, list[str]] = {"infrastructure_ids": [], "service_ids": []}
    assert (await vault.first.get(path)).json() == nothing
    for wanted in (
        {"infrastructure_ids": hosts, "service_ids": [service]},
        {"infrastructure_ids": hosts[:1], "service_ids": [service]},
        {"infrastructure_ids": hosts[1:], "service_ids": []},
        {"infrastructure_ids": [hosts[0], hosts[0]], "service_ids": [service]},
    ):
        reply = await vault.first.put(path, wanted)
        assert reply.status_code == 200, reply.text
        exactly = wanted | {"infrastructure_ids": sorted(set(wanted["infrastructure_ids"]))}
        assert reply.json() == exactly
        assert (await vault.second.get(path)).json() == exactly
    await vault.owner.delete(f"/services/{service}")
    await vault.owner.delete(f"/infrastructure/{hosts[0]}")
    assert (await vault.first.get(path)).json() == nothing
    reader = await vault.api.people.add("readonly")
    problem(await reader.put(path, nothing), 403)


async def test_a_credential_opens_nothing_of_another_client(vault: Vault) -> None:
    path = f"/credentials/{(await vault.credential())['id']}/links"
    ours = await host(vault, vault.client_id, "fw1")
    theirs = await host(vault, (await vault.made("/clients", name="B"))["id"], "fw2")
    body = {"infrastructure_ids": [ours, theirs], "service_ids": []}
    foreign = await vault.first.put(path, body)
    unknown = await vault.first.put(path, body | {"infrastructure_ids": [ours, str(uuid4())]})
    assert told(problem(foreign, 404, "/infrastructure_ids/1")) == told(problem(unknown, 404, "/infrastructure_ids/1"))
    problem(await vault.owner.put(path, body), 409, "/infrastructure_ids/1")
    problem(await vault.owner.put(path, {"infrastructure_ids": [], "service_ids": [ours]}), 404, "/service_ids/0")
    assert (await vault.owner.get(path)).json()["infrastructure_ids"] == []


async def test_tags_are_counted_no_more_when_the_credential_goes(vault: Vault) -> None:
    kept = await vault.credential()
    tag = await vault.made("/tags", name="vpn")
    tagged = await vault.first.put(f"/credentials/{kept['id']}/tags", {"tag_ids": [tag["id"]]})
    assert [item["usage_count"] for item in tagged.json()["items"]] == [1]
    assert (await vault.first.delete(f"/credentials/{kept['id']}")).status_code == 204
    assert (await vault.owner.get(f"/tags/{tag['id']}")).json()["usage_count"] == 0


async def due(caller: Caller, **params: Any) -> list[tuple[str, str]]:
    reply = await caller.get("/credentials/expiring", params=params)
    assert reply.status_code == 200, reply.text
    return [(item["credential"]["service_name"], item["due"]) for item in reply.json()["items"]]


def within(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def test_what_is_due_is_told_the_most_urgent_first(vault: Vault) -> None:
    await vault.credential("never")
    await vault.credential("past", expires_at=within(-400))
    await vault.credential("later", expires_at=within(40))
    await vault.credential("soon", expires_at=within(20), rotate_every_days=25)
    await vault.credential("turn", expires_at=within(20), rotate_every_days=10)
    await vault.credential("gone", expires_at=within(1), is_active=False)
    expected = [("past", "expiry"), ("turn", "rotation"), ("soon", "expiry")]
    assert await due(vault.first) == expected
    assert await due(vault.first, days=0) == expected[:1]
    assert await due(vault.first, days=45) == [*expected, ("later", "expiry")]
    items = (await vault.first.get("/credentials/expiring")).json()["items"]
    assert items[1]["credential"] == (await vault.owner.get(f"/credentials/{items[1]['credential']['id']}")).json()
    entered = datetime.fromisoformat(items[1]["credential"]["created_at"])
    assert datetime.fromisoformat(items[1]["due_at"]) == entered + timedelta(days=10)
    for days in ("-1", "3651", "x", ""):
        problem(await vault.first.get("/credentials/expiring", params={"days": days}), 422, "?days")


async def test_a_secret_in_use_for_too_long_is_due_by_its_age(vault: Vault) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(days=80)):
        old = await vault.api.people.sign_in(vault.owner)
        body = {"client_id": vault.client_id, "kind": "password", "service_name": "old", "rotate_every_days": 90}
        assert (await old.post("/credentials", body)).status_code == 201
    await vault.credential("new", rotate_every_days=90)
    assert await due(vault.owner) == [("old", "rotation")]


async def test_what_is_due_at_another_client_is_not_told(vault: Vault) -> None:
    other = (await vault.made("/clients", name="B"))["id"]
    await vault.credential("theirs", client_id=other, expires_at=within(1))
    assert await due(vault.first) == []
    assert await due(vault.owner) == [("theirs", "expiry")]
