"""Work sessions: whose they are, assigning them, and their tags."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.problems import problem, told
from tests.fixtures.application import Application
from tests.fixtures.people import Caller


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def test_a_session_without_a_client_is_its_persons_alone(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    mine, other = [await api.people.add("technician", {}) for _ in range(2)]
    session = await made(mine, "/sessions", title="Mine")
    assert session["user_id"] == str(mine.id)
    assert (await mine.patch(f"/sessions/{session['id']}", {"notes": "x"})).status_code == 200
    for verb in ("GET", "DELETE"):
        problem(await other.request(verb, f"/sessions/{session['id']}"), 404)
    assert (await other.get("/sessions")).json()["items"] == []
    assert (await owner.get(f"/sessions/{session['id']}")).status_code == 200
    problem(await other.post(f"/sessions/{session['id']}/assign", {"client_id": client["id"]}), 404)


async def test_a_session_ends_after_it_starts(api: Application) -> None:
    owner = await api.people.add()
    early, late = "2026-01-01T08:00:00Z", "2026-01-01T09:00:00Z"
    problem(await owner.post("/sessions", {"title": "X", "started_at": late, "ended_at": early}), 422, "/ended_at")
    session = await made(owner, "/sessions", title="X", started_at=late)
    path = f"/sessions/{session['id']}"
    problem(await owner.patch(path, {"ended_at": early}), 422, "/ended_at")
    assert (await owner.get(path)).json() == session
    assert (await owner.patch(path, {"ended_at": late})).status_code == 200
    problem(await owner.patch(path, {"started_at": "2026-01-01T10:00:00+00:30"}), 422, "/ended_at")
    assert (await owner.put(path, {"title": "Y", "started_at": early, "ended_at": late})).status_code == 200


async def test_a_session_is_assigned_once(api: Application) -> None:
    owner = await api.people.add()
    a, b = await made(owner, "/clients", name="A"), await made(owner, "/clients", name="B")
    project = await made(owner, "/projects", client_id=a["id"], name="P", slug="p")
    session = await made(owner, "/sessions", title="X")
    path = f"/sessions/{session['id']}/assign"
    problem(await owner.post(path, {"client_id": b["id"], "project_id": project["id"]}), 422, "/project_id")
    problem(await owner.post(path, {"client_id": str(uuid4())}), 404)
    assert (await owner.get(f"/sessions/{session['id']}")).json() == session
    reply = await owner.post(path, {"client_id": a["id"], "project_id": project["id"]})
    assert (reply.status_code, reply.json()["client_id"], reply.json()["project_id"]) == (200, a["id"], project["id"])
    problem(await owner.post(path, {"client_id": b["id"]}), 409)


async def test_a_session_is_not_assigned_to_a_client_of_others(api: Application) -> None:
    owner = await api.people.add()
    theirs, readable = await made(owner, "/clients", name="A"), await made(owner, "/clients", name="B")
    technician = await api.people.add("technician", {})
    grants = [{"client_id": readable["id"], "level": "read"}]
    await owner.patch(f"/users/{technician.id}", {"clients": grants})
    technician = await api.people.sign_in(technician)
    session = await made(technician, "/sessions", title="X")
    path = f"/sessions/{session['id']}/assign"
    foreign = problem(await technician.post(path, {"client_id": theirs["id"]}), 404)
    assert told(foreign) == told(problem(await technician.post(path, {"client_id": str(uuid4())}), 404))
    problem(await technician.post(path, {"client_id": readable["id"]}), 403)
    assert (await technician.get(f"/sessions/{session['id']}")).json() == session


async def test_tags_are_exactly_those_given_and_counted(api: Application) -> None:
    owner = await api.people.add()
    session, other = await made(owner, "/sessions", title="X"), await made(owner, "/sessions", title="Y")
    tags = [(await made(owner, "/tags", name=name))["id"] for name in ("vpn", "mail", "dns")]

    async def put(of: dict[str, Any], *ids: str) -> list[str]:
        reply = await owner.put(f"/sessions/{of['id']}/tags", {"tag_ids": list(ids)})
        assert reply.status_code == 200, reply.text
        return [tag["name"] for tag in reply.json()["items"]]

    async def counts() -> list[int]:
        return [(await owner.get(f"/tags/{id}")).json()["usage_count"] for id in tags]

    assert await put(session, *tags) == ["dns", "mail", "vpn"]
    assert await put(other, tags[0], tags[0]) == ["vpn"]
    assert await counts() == [2, 1, 1]
    assert await put(session, tags[1]) == ["mail"]
    assert await counts() == [1, 1, 0]
    listed = (await owner.get(f"/sessions/{session['id']}/tags")).json()["items"]
    assert [tag["name"] for tag in listed] == ["mail"]
    problem(await owner.put(f"/sessions/{session['id']}/tags", {"tag_ids": [tags[0], str(uuid4())]}), 404)
    assert await counts() == [1, 1, 0]


async def test_counts_go_with_the_session(api: Application) -> None:
    owner = await api.people.add()
    session = await made(owner, "/sessions", title="X")
    tag = await made(owner, "/tags", name="vpn")
    await owner.put(f"/sessions/{session['id']}/tags", {"tag_ids": [tag["id"]]})
    assert (await owner.delete(f"/sessions/{session['id']}")).status_code == 204
    assert (await owner.get(f"/tags/{tag['id']}")).json()["usage_count"] == 0


async def test_tags_set_at_once_are_counted_once(api: Application) -> None:
    owner = await api.people.add()
    session = await made(owner, "/sessions", title="X")
    tag = await made(owner, "/tags", name="vpn")
    path = f"/sessions/{session['id']}/tags"
    replies = await asyncio.gather(*(owner.put(path, {"tag_ids": [tag["id"]]}) for _ in range(6)))
    assert {reply.status_code for reply in replies} == {200}
    assert (await owner.get(f"/tags/{tag['id']}")).json()["usage_count"] == 1


@pytest.mark.parametrize("path", ["/sessions/{}/tags", "/sessions/{}/assign"])
async def test_an_unknown_session_has_no_actions(api: Application, path: str) -> None:
    owner = await api.people.add()
    target = path.format(uuid4())
    if path.endswith("tags"):
        problem(await owner.get(target), 404)
        problem(await owner.put(target, {"tag_ids": []}), 404)
    else:
        problem(await owner.post(target, {"client_id": str(uuid4())}), 404)
