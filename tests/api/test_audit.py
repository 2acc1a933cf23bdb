"""Reading the trail: by whom, what of it, page by page; and saying why something was changed."""

from typing import Any
from uuid import UUID

import pytest

from tests.contract.problems import problem
from tests.domains.office import office
from tests.fixtures.application import Application
from tests.fixtures.people import Caller


async def events(caller: Caller, **params: Any) -> list[dict[str, Any]]:
    reply = await caller.get("/audit/events", params=params)
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def test_the_history_of_a_deleted_record_stays_readable(api: Application) -> None:
    owner = await api.people.add("owner")
    firm = await office(owner)
    machine = await firm.machine("gone")
    assert (await owner.delete(f"/infrastructure/{machine['id']}")).status_code == 204
    problem(await owner.get(f"/infrastructure/{machine['id']}/history"), 404)
    found = await events(owner, resource="infrastructure", record_id=machine["id"], action="delete")
    assert [(event["before"]["hostname"], event["user_id"]) for event in found] == [("gone", str(owner.id))]
    found = await events(owner, resource="infrastructure", record_id=machine["id"])
    assert {event["action"] for event in found} == {"create", "delete", "denied"}


async def test_only_events_of_ones_own_clients_are_seen(api: Application) -> None:
    owner = await api.people.add("owner")
    one, other = await office(owner, "One"), await office(owner, "Other")
    for each in (one, other):
        await each.machine("host")
    local = await api.people.add("admin", {UUID(one.client["id"]): "write"})
    seen = await events(local)
    assert {event["client_id"] for event in seen} == {one.client["id"]}
    assert await events(local, client_id=other.client["id"]) == []
    assert {event["client_id"] for event in await events(owner)} > {one.client["id"], other.client["id"]}
    problem(await local.post("/audit/verify"), 403)
    for role in ("technician", "readonly"):
        person = await api.people.add(role)
        for path in ("/audit/events", "/audit/checkpoints"):
            problem(await person.get(path), 403)
        problem(await person.post("/audit/verify"), 403)


async def test_events_come_in_pages_by_any_filter(api: Application) -> None:
    owner = await api.people.add("owner")
    firm = await office(owner)
    for number in range(7):
        await firm.machine(f"host-{number}")
    whole = await events(owner, resource="infrastructure")
    assert [event["after"]["hostname"] for event in whole] == [f"host-{number}" for number in reversed(range(7))]
    pages: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await owner.get("/audit/events", params={"resource": "infrastructure", "limit": 3, **cursor})).json()
        pages += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == whole
    problem(await owner.get("/audit/events", params={"resource": "sites", **cursor}), 422, "?cursor")
    middle = whole[3]
    since = await events(owner, resource="infrastructure", since=middle["at"])
    until = await events(owner, resource="infrastructure", until=middle["at"])
    assert (since, until) == (whole[:4], whole[4:])
    assert await events(owner, request_id=middle["request_id"]) == [middle]
    assert await events(owner, user_id=str(owner.id), record_id=middle["record_id"]) == [middle]
    assert await events(owner, action="delete") == []
    for wrong in ({"action": "nothing"}, {"limit": 0}, {"since": "yesterday"}, {"unknown": 1}, {"record_id": "x"}):
        problem(await owner.get("/audit/events", params=wrong), 422)


async def test_a_reason_is_kept_without_secrets(api: Application) -> None:
    owner = await api.people.add("owner")
    said = "Ticket 4711: password=Hunter2Hunter2! no longer used \u00e4"
    reply = await owner.post("/clients", {"name": "Acme"}, headers={"X-Change-Message": said.encode()})
    assert reply.status_code == 201, reply.text
    (event,) = await events(owner, request_id=reply.headers["x-request-id"])
    assert event["message"].startswith("Ticket 4711: ")
    assert event["message"].endswith("no longer used \u00e4")
    assert "Hunter2" not in event["message"]
    (event,) = await events(owner, request_id=(await owner.post("/clients", {"name": "B"})).headers["x-request-id"])
    assert event["message"] is None


@pytest.mark.parametrize("message", [b"x" * 501, b"\xff", b"tab\there", "\u202e".encode()])
async def test_a_reason_that_is_no_line_of_text_is_refused(api: Application, message: bytes) -> None:
    owner = await api.people.add("owner")
    reply = await owner.post("/clients", {"name": "Acme"}, headers={"X-Change-Message": message})
    problem(reply, 422, "header:X-Change-Message")
    assert (await owner.get("/clients")).json()["items"] == []
