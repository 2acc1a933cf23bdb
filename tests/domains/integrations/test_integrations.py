"""Calls to other systems are logged without secrets; credentials are administered; a ticket is linked once."""

from typing import Any
from uuid import UUID

import pytest

from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

SECRET = "Tr0ub4dor-and-3-more"
CALL = {"type": "syncro", "action": "create_ticket", "status": "succeeded"}
TICKET = {"system": "syncro", "ticket_id": "4711"}


async def made(caller: Caller, path: str, /, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def test_a_call_is_logged_in_the_callers_name_without_secrets(api: Application) -> None:
    owner = await api.people.add()
    call = await made(
        owner,
        "/external-integrations",
        **CALL,
        external_url=f"https://desk.test/tickets?api_key={SECRET}",
        request={"headers": {"Authorization": f"Bearer {SECRET}"}, "password": SECRET, "subject": "Printer"},
        response={"token": SECRET},
        error=f"password={SECRET} was refused",
    )
    path = f"/external-integrations/{call['id']}"
    assert call["user_id"] == str(owner.id)
    assert call["request"]["subject"] == "Printer"
    for place in (path, "/external-integrations"):
        text = (await owner.get(place)).text
        assert SECRET not in text
        assert text.count("[REDACTED:") == 5
    problem(await owner.patch(path, {"error": None}), 405)
    problem(await owner.delete(path), 405)
    problem(await owner.post("/external-integrations", CALL | {"duration_ms": 2**31}), 422, "/duration_ms")
    assert (await owner.get(path)).json() == call


async def test_a_call_for_no_client_is_its_persons_alone(api: Application) -> None:
    mine, other = [await api.people.add("technician", {}) for _ in range(2)]
    call = await made(mine, "/external-integrations", **CALL)
    assert (await mine.get(f"/external-integrations/{call['id']}")).json() == call
    problem(await other.get(f"/external-integrations/{call['id']}"), 404)
    assert (await (await api.people.add()).get(f"/external-integrations/{call['id']}")).json() == call


async def test_credentials_of_integrations_are_for_administrators(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    body = {"name": "Desk", "type": "api_key", "service_name": "syncro"}
    own = await made(owner, "/integration-credentials", **body)
    theirs = await made(owner, "/integration-credentials", **body, client_id=client, expires_at="2027-01-01T00:00:00Z")
    problem(
        await owner.post("/integration-credentials", body | {"client_id": client, "name": "DESK"}), 409, "/client_id"
    )
    technician = await api.people.add("technician", {UUID(client): "write"})
    problem(await technician.post("/integration-credentials", body | {"client_id": client}), 403)
    problem(await technician.get(f"/integration-credentials/{own['id']}"), 404)
    assert (await technician.get("/integration-credentials")).json()["items"] == [theirs]
    local = await api.people.add("admin", {UUID(client): "write"})
    problem(await local.post("/integration-credentials", body | {"name": "Mine"}), 403)
    for name in ("password", "api_key", "secret_encrypted"):
        problem(await owner.post("/integration-credentials", body | {"name": "N", name: SECRET}), 422, f"/{name}")
    noted = await made(owner, "/integration-credentials", **body | {"name": "N", "notes": f"password={SECRET}"})
    assert SECRET not in noted["notes"]


async def test_a_ticket_is_linked_once_with_each_record(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    work = (await made(owner, "/sessions", title="X", client_id=client))["id"]
    item = (await made(owner, "/work-items", session_id=work, category="security", title="T"))["id"]
    places: list[dict[str, Any]] = [{}, {"session_id": work}, {"work_item_id": item}]
    for place in places:
        body = TICKET | {"client_id": client} | place
        link = await made(owner, "/ticket-links", **body)
        for same in (body, body | {"link_type": "resolves", "title": "Again"}):
            problem(await owner.post("/ticket-links", same), 409, "/ticket_id")
        await made(owner, "/ticket-links", **body | {"system": "autotask"})
        other = await made(owner, "/ticket-links", **body | {"ticket_id": "4712"})
        problem(await owner.patch(f"/ticket-links/{other['id']}", {"ticket_id": "4711"}), 409, "/ticket_id")
        assert (await owner.patch(f"/ticket-links/{link['id']}", {"status": "Done"})).json()["status"] == "Done"
    both = TICKET | {"client_id": client, "session_id": work, "work_item_id": item}
    problem(await owner.post("/ticket-links", both), 422, "/work_item_id")
    assert (await owner.delete(f"/work-items/{item}")).status_code == 204
    left = (await owner.get("/ticket-links", params={"total": "true"})).json()
    assert left["total"] == 6


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "desk.test/1", "https://", f"https://ann:{SECRET}@desk.test/", "https://desk.test/ 1", "x"],
)
async def test_a_tickets_url_is_one(api: Application, url: str) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    body = TICKET | {"client_id": client}
    problem(await owner.post("/ticket-links", body | {"url": url}), 422, "/url")
    link = await made(owner, "/ticket-links", **body, url="https://desk.test:8443/tickets/4711?tab=1")
    problem(await owner.patch(f"/ticket-links/{link['id']}", {"url": url}), 422, "/url")
