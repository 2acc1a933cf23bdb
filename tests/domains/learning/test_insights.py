"""Insights and their examples: verified by somebody, never replaced in a circle, of one client, without secrets."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.contract.problems import problem, told
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

SECRET = "Tr0ub4dor-and-3-more"
BODY = {"category": "permissions", "title": "No sudo", "description": "sudo is not installed."}


async def made(caller: Caller, path: str, /, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def insight(caller: Caller, client: str, **more: Any) -> dict[str, Any]:
    return await made(caller, "/environmental-insights", client_id=client, **BODY | more)


async def client(caller: Caller, name: str = "Acme") -> str:
    id: str = (await made(caller, "/clients", name=name))["id"]
    return id


async def test_an_insight_is_verified_by_somebody_now(api: Application) -> None:
    owner = await api.people.add()
    acme = await client(owner)
    first = await insight(owner, acme)
    assert (first["verified_at"], first["verified_by_id"]) == (None, None)
    path = f"/environmental-insights/{first['id']}"
    problem(await owner.patch(path, {"verified_at": first["created_at"]}), 422, "/verified_at")
    technician = await api.people.add("technician", {UUID(acme): "write"})
    verified = await technician.post(f"{path}/verify")
    assert verified.status_code == 200, verified.text
    assert verified.json()["verified_at"] > first["created_at"]
    assert verified.json()["verified_by_id"] == str(technician.id)
    assert (await owner.get(path)).json() == verified.json()
    again = (await owner.post(f"{path}/verify")).json()
    assert again["verified_at"] > verified.json()["verified_at"]
    reader, stranger = await api.people.add("readonly"), await api.people.add("technician", {})
    problem(await reader.post(f"{path}/verify"), 403)
    unknown = problem(await stranger.post(f"/environmental-insights/{uuid4()}/verify"), 404)
    assert told(problem(await stranger.post(f"{path}/verify"), 404)) == told(unknown)
    assert (await owner.get(path)).json() == again


@pytest.mark.parametrize("priority", [0, 11, -1, 1.5, None])
async def test_a_priority_is_from_one_to_ten(api: Application, priority: Any) -> None:
    owner = await api.people.add()
    body = BODY | {"client_id": await client(owner), "priority": priority}
    problem(await owner.post("/environmental-insights", body), 422, "/priority")


async def test_the_foremost_comes_first(api: Application) -> None:
    owner = await api.people.add()
    acme = await client(owner)
    for priority in (5, 10, 1):
        await insight(owner, acme, title=f"T{priority}", priority=priority)
    listed = (await owner.get("/environmental-insights")).json()["items"]
    assert [item["priority"] for item in listed] == [10, 5, 1]


async def test_insights_are_not_replaced_in_a_circle(api: Application) -> None:
    owner = await api.people.add()
    acme = await client(owner)
    first = await insight(owner, acme)
    second = await insight(owner, acme, superseded_by_id=first["id"])
    third = await insight(owner, acme, superseded_by_id=second["id"])
    path = f"/environmental-insights/{first['id']}"
    for successor in (first, second, third):
        problem(await owner.patch(path, {"superseded_by_id": successor["id"]}), 422, "/superseded_by_id")
    assert (await owner.get(path)).json() == first
    # The one in force goes: what it replaced is in force again.
    assert (await owner.delete(path)).status_code == 204
    assert (await owner.get(f"/environmental-insights/{second['id']}")).json()["superseded_by_id"] is None


async def test_changes_at_once_close_no_circle(api: Application) -> None:
    owner = await api.people.add()
    acme = await client(owner)

    async def chain() -> tuple[str, str]:
        newest = (await insight(owner, acme))["id"]
        return (await insight(owner, acme, superseded_by_id=newest))["id"], newest

    async def follow(newest: str, oldest: str) -> int:
        return (await owner.patch(f"/environmental-insights/{newest}", {"superseded_by_id": oldest})).status_code

    # Each of a pair would put one chain behind the other: both together are a ring.
    pairs = [(await chain(), await chain()) for _ in range(4)]
    turns = [turn for a, b in pairs for turn in (follow(a[1], b[0]), follow(b[1], a[0]))]
    statuses = await asyncio.gather(*turns)
    assert [sorted(pair) for pair in zip(statuses[::2], statuses[1::2], strict=True)] == [[200, 422]] * 4


async def test_an_insight_is_replaced_by_one_of_its_client(api: Application) -> None:
    owner = await api.people.add()
    ours, theirs = await client(owner, "A"), await client(owner, "B")
    other = await insight(owner, theirs)
    body = BODY | {"client_id": ours, "superseded_by_id": other["id"]}
    problem(await owner.post("/environmental-insights", body), 409, "/superseded_by_id")
    local = await api.people.add("technician", {UUID(ours): "write"})
    problem(await local.post("/environmental-insights", body), 404, "/superseded_by_id")


async def test_an_insight_may_be_drawn_from_a_pattern_known_to_everybody(api: Application) -> None:
    owner = await api.people.add()
    acme = await client(owner)
    pattern = await made(owner, "/failure-patterns", sample_error="&& is not valid", scope="tool")
    drawn = await insight(owner, acme, pattern_id=pattern["id"])
    assert (await owner.delete(f"/failure-patterns/{pattern['id']}")).status_code == 204
    assert (await owner.get(f"/environmental-insights/{drawn['id']}")).json()["pattern_id"] is None


async def test_an_example_belongs_to_the_client_of_its_insight(api: Application) -> None:
    owner = await api.people.add()
    acme = await client(owner)
    first = (await insight(owner, acme))["id"]
    example = await made(owner, "/environmental-examples", insight_id=first, wrong_command="sudo ls")
    assert example["client_id"] == acme
    stranger = await api.people.add("technician", {})
    body = {"insight_id": first, "wrong_command": "sudo ls"}
    problem(await stranger.post("/environmental-examples", body), 404, "/insight_id")
    problem(await owner.post("/environmental-examples", body | {"client_id": acme}), 422, "/client_id")
    assert (await owner.delete(f"/environmental-insights/{first}")).status_code == 204
    problem(await owner.get(f"/environmental-examples/{example['id']}"), 404)


async def test_no_secret_is_kept(api: Application) -> None:
    owner = await api.people.add()
    text = f"mysql --password={SECRET}"
    acme = await client(owner)
    first = await insight(owner, acme, title=text, description=text, examples=["ls", text])
    body = {"wrong_command": text, "right_command": text, "output": text}
    await made(owner, "/environmental-examples", insight_id=first["id"], **body)
    for path in ("/environmental-insights", "/environmental-examples"):
        listed = (await owner.get(path)).text
        assert "Tr0ub4dor" not in listed
        assert listed.count("[REDACTED:") == 3
