"""The keys that secrets are encrypted with, through the API."""

from uuid import uuid4

from tests.contract.problems import problem
from tests.fixtures.application import Application


async def test_keys_are_listed_and_changed_by_administrators(api: Application) -> None:
    owner = await api.people.add()
    client = (await owner.post("/clients", {"name": "Dataworks"})).json()["id"]
    assert (await owner.post("/keys/rotate", {"client_id": client})).status_code == 202
    before = (await owner.get("/keys")).json()
    assert [root["is_current"] for root in before["root_keys"]] == [True]
    assert [(key["client_id"], key["number"], key["state"]) for key in before["data_keys"]] == [(client, 1, "active")]
    reply = await owner.post("/keys/rotate", {})
    assert reply.status_code == 202
    assert (await owner.get(f"/jobs/{reply.json()['job_id']}")).json()["kind"] == "rewrap_secrets"
    assert await api.services.worker.run_due() >= 1
    assert (await owner.get(f"/jobs/{reply.json()['job_id']}")).json()["state"] == "done"
    after = (await owner.get("/keys")).json()["data_keys"]
    assert [(key["number"], key["state"]) for key in after] == [(2, "active"), (1, "decrypt_only")]
    assert "wrapped" not in (await owner.get("/keys")).text


async def test_an_administrator_of_some_clients_sees_and_changes_only_their_keys(api: Application) -> None:
    owner = await api.people.add()
    ours, theirs = [(await owner.post("/clients", {"name": name})).json()["id"] for name in ("Ours", "Theirs")]
    for client in (ours, theirs):
        assert (await owner.post("/keys/rotate", {"client_id": client})).status_code == 202
    admin = await api.people.add("admin", {ours: "write"})
    assert {key["client_id"] for key in (await admin.get("/keys")).json()["data_keys"]} == {ours}
    assert (await admin.post("/keys/rotate", {"client_id": ours})).status_code == 202
    problem(await admin.post("/keys/rotate", {"client_id": theirs}), 404)
    problem(await admin.post("/keys/rotate", {"client_id": str(uuid4())}), 404)
    problem(await admin.post("/keys/rotate", {}), 403)
    technician = await api.people.add("technician")
    problem(await technician.get("/keys"), 403)
    problem(await technician.post("/keys/rotate", {}), 403)
