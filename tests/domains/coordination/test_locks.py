"""Locks are held by one, for a while; component states belong to their project."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from claudetools.domains.coordination import ResourceLock
from tests.contract.problems import problem
from tests.fixtures.people import Caller
from tests.memory.firm import Firm


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


def at(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


async def lapse(firm: Firm) -> None:
    lapsed = update(ResourceLock).values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await firm.api.services.database.write(lambda session: session.execute(lapsed))


async def test_a_lock_is_held_by_one(firm: Firm) -> None:
    client = await firm.client("Acme")
    mine, other = await firm.technician(client), await firm.technician(client)
    name = (await mine.get("/auth/me")).json()["display_name"]
    body = {"client_id": str(client), "target": "dc01", "expires_at": at(minutes=10)}
    lock = await made(mine, "/locks", **body)
    path = f"/locks/{lock['id']}"
    for caller, target in ((other, "DC01"), (mine, "dc01"), (firm.owner, "dc01")):
        refused = problem(await caller.post("/locks", body | {"target": target}), 409, "/target")
        until = datetime.fromisoformat(lock["expires_at"])
        assert name in refused["detail"]
        assert f"{until:%Y-%m-%d %H:%M:%S} UTC" in refused["detail"]
    await made(other, "/locks", **body | {"target": "dc02"})
    await made(firm.owner, "/locks", **body | {"client_id": str(await firm.client("Globex"))})
    problem(await other.patch(path, {"expires_at": at(minutes=1)}), 403)
    problem(await other.delete(path), 403)
    assert (await mine.get(path)).json() == lock
    assert (await mine.patch(path, {"expires_at": at(hours=1)})).json()["expires_at"] > lock["expires_at"]
    assert (await mine.delete(path)).status_code == 204
    taken = await made(other, "/locks", **body)
    # Of administrators, only with the scope of one.
    limited = await firm.api.people.token(firm.owner, "msp:write")
    problem(await limited.delete(f"/locks/{taken['id']}"), 403)
    assert (await firm.owner.delete(f"/locks/{taken['id']}")).status_code == 204


async def test_a_lock_is_taken_on_the_machine_of_its_token(firm: Firm) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(await firm.technician(client))
    body = {"client_id": str(client), "target": "dc01", "expires_at": at(minutes=10)}
    assert (await made(machine.caller, "/locks", **body))["machine_id"] == str(machine.id)


@pytest.mark.parametrize("ahead", [{"seconds": -1}, {"hours": 25}])
async def test_a_lock_ends_within_a_day(firm: Firm, ahead: dict[str, float]) -> None:
    body = {"client_id": str(await firm.client("Acme")), "target": "dc01"}
    problem(await firm.owner.post("/locks", body | {"expires_at": at(**ahead)}), 422, "/expires_at")
    lock = await made(firm.owner, "/locks", **body, expires_at=at(hours=23))
    problem(await firm.owner.patch(f"/locks/{lock['id']}", {"expires_at": at(**ahead)}), 422, "/expires_at")


async def test_a_lapsed_lock_is_taken_over(firm: Firm) -> None:
    client = await firm.client("Acme")
    other = await firm.technician(client)
    body = {"client_id": str(client), "target": "dc01", "expires_at": at(hours=1)}
    first = await made(firm.owner, "/locks", **body)
    problem(await other.post("/locks", body), 409, "/target")
    await lapse(firm)
    second = await made(other, "/locks", **body)
    assert second["user_id"] == str(other.id)
    problem(await firm.owner.get(f"/locks/{first['id']}"), 404)


@pytest.mark.parametrize("is_lapsed", [False, True])
async def test_of_locks_taken_at_once_one_holds(firm: Firm, is_lapsed: bool) -> None:
    body = {"client_id": str(await firm.client("Acme")), "target": "dc01", "expires_at": at(hours=1)}
    if is_lapsed:
        await made(firm.owner, "/locks", **body)
        await lapse(firm)
    replies = await asyncio.gather(*(firm.owner.post("/locks", body) for _ in range(5)))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409, 409]


async def test_a_component_state_belongs_to_the_client_of_its_project(firm: Firm) -> None:
    client = await firm.client("Acme")
    project = await firm.project(client, "portal")
    worker, stranger = await firm.technician(client), await firm.technician()
    body = {"project_id": str(project), "component": "billing", "notes": "password=Tr0ub4dor&3xyz"}
    state = await made(firm.owner, "/component-states", **body)
    assert state["client_id"] == str(client)
    assert "Tr0ub4dor" not in str(state)
    problem(await firm.owner.post("/component-states", body | {"component": "Billing"}), 409, "/component")
    problem(await stranger.post("/component-states", body), 404, "/project_id")
    changed = (await worker.patch(f"/component-states/{state['id']}", {"status": "broken"})).json()
    assert (changed["status"], changed["user_id"]) == ("broken", str(worker.id))
