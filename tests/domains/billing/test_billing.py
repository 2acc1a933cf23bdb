"""Time entries and timers as callers meet them."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.billing import Timer, running_timer, stop_timer
from claudetools.kit.problems import Conflict, Forbidden, NotFound
from claudetools.kit.resource.scope import Actor
from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import Caller


async def made(caller: Caller, path: str, /, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def test_an_entry_is_priced_and_says_how(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A", hourly_rate="60.00", currency="EUR")
    kind = await made(owner, "/labour-types", name="Remote", minimum_minutes=15, increment_minutes=15)
    body = {"client_id": client["id"], "labour_type_id": kind["id"], "actual_minutes": 20}
    entry = await made(owner, "/billable-time", **body)
    assert (entry["billable_minutes"], entry["amount"], entry["currency"]) == (30, "30.00", "EUR")
    assert entry["explanation"][0] == {"rule": "Actual time", "outcome": "20 min"}
    assert entry["user_id"] == str(owner.id)
    await made(owner, "/rate-rules", name="A's own", client_id=client["id"], hourly_rate="100", currency="CHF")
    path = f"/billable-time/{entry['id']}"
    changed = (await owner.patch(path, {"actual_minutes": 31})).json()
    assert (changed["billable_minutes"], changed["amount"], changed["currency"]) == (45, "75.00", "CHF")


async def test_the_rates_of_one_client_do_not_touch_another(api: Application) -> None:
    owner = await api.people.add()
    a, b = [await made(owner, "/clients", name=name) for name in "AB"]
    await made(owner, "/rate-rules", name="A's own", client_id=a["id"], hourly_rate="100", currency="EUR")
    await made(owner, "/rate-rules", name="Standard", hourly_rate="80", currency="EUR")
    entry = await made(owner, "/billable-time", client_id=b["id"], actual_minutes=60)
    assert entry["amount"] == "80.00"
    assert "A's own" not in str(entry["explanation"])


async def test_a_session_lends_its_project(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    project = await made(owner, "/projects", client_id=client["id"], name="P", slug="p")
    session = await made(owner, "/sessions", title="X", client_id=client["id"], project_id=project["id"])
    entry = await made(owner, "/billable-time", client_id=client["id"], session_id=session["id"], actual_minutes=1)
    assert entry["project_id"] == project["id"]


async def test_time_that_is_not_billed_says_why(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    body = {"client_id": client["id"], "actual_minutes": 5, "decision": "do_not_bill"}
    problem(await owner.post("/billable-time", body), 422, "/decision_reason")
    entry = await made(owner, "/billable-time", **body, decision_reason="Our own mistake")
    assert (entry["billable_minutes"], entry["amount"]) == (0, "0.00")


async def test_an_entry_goes_to_the_invoice_step_by_step(api: Application) -> None:
    owner = await api.people.add()
    technician = await api.people.add("technician")
    client = await made(owner, "/clients", name="A")
    body = {"client_id": client["id"], "actual_minutes": 5}
    problem(await owner.post("/billable-time", body | {"status": "approved"}), 409, "/status")
    entry = await made(technician, "/billable-time", **body)
    path = f"/billable-time/{entry['id']}"
    problem(await owner.patch(path, {"status": "approved"}), 409, "/status")
    assert (await technician.patch(path, {"status": "submitted"})).status_code == 200
    problem(await technician.patch(path, {"status": "approved"}), 403)
    problem(await owner.patch(path, {"status": "approved", "actual_minutes": 500}), 409, "/actual_minutes")
    approved = await owner.patch(path, {"status": "approved"})
    assert approved.status_code == 200
    problem(await owner.patch(path, {"actual_minutes": 6}), 409, "/actual_minutes")
    problem(await owner.patch(path, {"actual_minutes": 6, "status": "submitted"}), 409, "/actual_minutes")
    problem(await owner.delete(path), 409)
    # What it costs stands, also when the rates change.
    await made(owner, "/rate-rules", name="New", hourly_rate="500", currency="EUR")
    noted = (await owner.patch(path, {"description": "VPN"})).json()
    assert (noted["amount"], noted["explanation"]) == (None, approved.json()["explanation"])
    assert (await owner.patch(path, {"status": "pushed", "external_id": "T-1"})).status_code == 200
    problem(await owner.patch(path, {"status": "draft"}), 409, "/status")


async def test_only_administrators_set_prices(api: Application) -> None:
    technician = await api.people.add("technician")
    problem(await technician.post("/labour-types", {"name": "X"}), 403)
    problem(await technician.post("/rate-rules", {"name": "X", "hourly_rate": "1", "currency": "EUR"}), 403)


async def test_everybody_reads_the_firms_rates_and_only_their_clients_rates(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    await made(owner, "/rate-rules", name="Standard", hourly_rate="80", currency="EUR")
    await made(owner, "/rate-rules", name="A's own", client_id=client["id"], hourly_rate="90", currency="EUR")
    stranger = await api.people.add("technician", {})
    assert [rule["name"] for rule in (await stranger.get("/rate-rules")).json()["items"]] == ["Standard"]
    # An administrator of listed clients does not set what holds for all.
    admin = await api.people.add("admin", {})
    problem(await admin.post("/rate-rules", {"name": "X", "hourly_rate": "1", "currency": "EUR"}), 403)


async def test_a_rate_ends_after_it_begins(api: Application) -> None:
    owner = await api.people.add()
    body = {"name": "X", "hourly_rate": "1", "currency": "EUR", "valid_from_on": "2026-02-02"}
    problem(await owner.post("/rate-rules", body | {"valid_to_on": "2026-02-01"}), 422, "/valid_to_on")
    await made(owner, "/rate-rules", **body, valid_to_on="2026-02-02")


async def test_starting_a_timer_stops_the_one_that_runs_and_enters_its_time(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    first = await made(owner, "/timers", client_id=client["id"], note="VPN")
    second = await made(owner, "/timers", client_id=client["id"])
    stopped = (await owner.get(f"/timers/{first['id']}")).json()
    assert stopped["stopped_at"] is not None
    assert second["stopped_at"] is None
    entry = (await owner.get(f"/billable-time/{stopped['billable_time_id']}")).json()
    assert (entry["status"], entry["description"], entry["user_id"]) == ("draft", "VPN", str(owner.id))
    assert entry["started_at"] == first["started_at"]


async def test_of_timers_started_at_once_one_runs(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    replies = await asyncio.gather(*(owner.post("/timers", {"client_id": client["id"]}) for _ in range(5)))
    assert {reply.status_code for reply in replies} <= {201, 409}
    running = (await owner.get("/timers", params={"stopped_at__isnull": "true"})).json()["items"]
    assert len(running) == 1


async def test_the_timers_of_others_are_left_alone(api: Application) -> None:
    owner = await api.people.add()
    mine, other = [await api.people.add("technician") for _ in range(2)]
    client = await made(owner, "/clients", name="A")
    timer = await made(mine, "/timers", client_id=client["id"])
    await made(other, "/timers", client_id=client["id"])
    path = f"/timers/{timer['id']}"
    problem(await other.patch(path, {"note": "x"}), 403)
    problem(await other.delete(path), 403)
    assert (await mine.get(path)).json() == timer
    assert (await owner.patch(path, {"note": "x"})).status_code == 200


async def actor_of(api: Application, person: Caller) -> Actor:
    return await api.services.authenticator.actor(f"Bearer {person.token}")


async def test_a_stopped_timer_is_a_draft_in_begun_minutes(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    id = UUID((await made(owner, "/timers", client_id=client["id"]))["id"])
    actor, database = await actor_of(api, owner), api.services.database

    async def start_earlier(session: AsyncSession) -> None:
        timer = await session.get_one(Timer, id)
        timer.started_at -= timedelta(seconds=61)

    await database.write(start_earlier)
    timer = await database.write(lambda session: stop_timer(session, actor, id))
    entry = (await owner.get(f"/billable-time/{timer.billable_time_id}")).json()
    assert (entry["actual_minutes"], entry["status"]) == (2, "draft")
    assert await database.read(lambda session: running_timer(session, actor)) is None
    with pytest.raises(Conflict):
        await database.write(lambda session: stop_timer(session, actor, id))
    assert (await owner.get("/billable-time", params={"total": "true"})).json()["total"] == 1


async def test_only_its_person_and_administrators_stop_a_timer(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    mine, other = [await api.people.add("technician") for _ in range(2)]
    stranger = await api.people.add("technician", {})
    id = UUID((await made(mine, "/timers", client_id=client["id"]))["id"])
    for caller, refusal in ((other, Forbidden), (stranger, NotFound)):
        actor = await actor_of(api, caller)
        with pytest.raises(refusal):
            await api.services.database.write(lambda session, actor=actor: stop_timer(session, actor, id))
    administrator = await actor_of(api, owner)
    timer = await api.services.database.write(lambda session: stop_timer(session, administrator, id))
    entry = (await owner.get(f"/billable-time/{timer.billable_time_id}")).json()
    assert entry["user_id"] == str(mine.id)
