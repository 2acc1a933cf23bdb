"""What can be done with timers and solved problems beyond changing their fields."""

from typing import Any
from uuid import uuid4

from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import Caller


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def test_the_running_timer_is_found_and_stopped(api: Application) -> None:
    owner, other = await api.people.add(), await api.people.add()
    client = await made(owner, "/clients", name="A")
    assert (await owner.get("/timers/running")).json() is None
    timer = await made(owner, "/timers", client_id=client["id"], note="Mail")
    assert (await owner.get("/timers/running")).json() == timer
    assert (await other.get("/timers/running")).json() is None
    stopped = await owner.post(f"/timers/{timer['id']}/stop")
    assert stopped.status_code == 200, stopped.text
    assert stopped.json()["stopped_at"] is not None
    entry = (await owner.get(f"/billable-time/{stopped.json()['billable_time_id']}")).json()
    assert (entry["status"], entry["description"], entry["user_id"]) == ("draft", "Mail", str(owner.id))
    assert (await owner.get(f"/timers/{timer['id']}")).json() == stopped.json()
    assert (await owner.get("/timers/running")).json() is None
    problem(await owner.post(f"/timers/{timer['id']}/stop"), 409)
    problem(await owner.post(f"/timers/{uuid4()}/stop"), 404)


async def test_a_problem_that_came_back_is_counted(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    solved = await made(owner, "/problem-solutions", client_id=client["id"], title="X", symptom="S", solution="Y")
    path = f"/problem-solutions/{solved['id']}"
    for count in (1, 2):
        reply = await owner.post(f"{path}/recurred")
        assert reply.status_code == 200, reply.text
        assert reply.json()["recurrence_count"] == count
        assert reply.json()["last_recurred_at"] is not None
        assert (await owner.get(path)).json() == reply.json()
    problem(await owner.post(f"/problem-solutions/{uuid4()}/recurred"), 404)


async def test_a_reader_only_looks(api: Application) -> None:
    owner, reader = await api.people.add(), await api.people.add("readonly")
    client = await made(owner, "/clients", name="A")
    timer = await made(owner, "/timers", client_id=client["id"])
    solved = await made(owner, "/problem-solutions", client_id=client["id"], title="X", symptom="S", solution="Y")
    assert (await reader.get("/timers/running")).json() is None
    problem(await reader.post(f"/timers/{timer['id']}/stop"), 403)
    problem(await reader.post(f"/problem-solutions/{solved['id']}/recurred"), 403)
    assert (await owner.get("/timers/running")).json() == timer
