"""Whose client a part of the equipment belongs to, and what the tables of equipment refuse."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.clients import set_tags
from claudetools.domains.infra import InfrastructureTag
from claudetools.kit.resource.scope import ALL_TENANTS, Actor
from tests.contract.problems import problem, told
from tests.fixtures.application import Application
from tests.fixtures.people import Caller

PARTS = {
    "/services": {"name": "nginx"},
    "/firewall-rules": {"name": "Web", "action": "allow"},
}


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def host(caller: Caller, client: dict[str, Any], name: str = "srv", **more: Any) -> dict[str, Any]:
    body = {"client_id": client["id"], "hostname": name, "asset_type": "physical_server", **more}
    return await made(caller, "/infrastructure", **body)


@pytest.mark.parametrize("path", PARTS)
async def test_a_part_belongs_to_the_client_of_its_equipment(api: Application, path: str) -> None:
    owner = await api.people.add()
    a, b = await made(owner, "/clients", name="A"), await made(owner, "/clients", name="B")
    theirs, ours = await host(owner, b), await host(owner, a)
    part = await made(owner, path, infrastructure_id=ours["id"], **PARTS[path])
    assert part["client_id"] == a["id"]
    body = {"infrastructure_id": ours["id"], **PARTS[path]}
    problem(await owner.post(path, body | {"client_id": b["id"]}), 422, "/client_id")
    problem(await owner.patch(f"{path}/{part['id']}", {"infrastructure_id": theirs["id"]}), 422, "/infrastructure_id")
    technician = await api.people.add("technician", {UUID(a["id"]): "write", UUID(b["id"]): "read"})
    problem(await technician.post(path, body | {"infrastructure_id": theirs["id"]}), 403)
    outsider = await api.people.add("technician", {UUID(a["id"]): "write"})
    foreign = await outsider.post(path, body | {"infrastructure_id": theirs["id"]})
    unknown = await outsider.post(path, body | {"infrastructure_id": str(uuid4())})
    assert told(problem(foreign, 404, "/infrastructure_id")) == told(problem(unknown, 404, "/infrastructure_id"))


async def test_related_services_are_of_one_client(api: Application) -> None:
    owner = await api.people.add()
    a, b = await made(owner, "/clients", name="A"), await made(owner, "/clients", name="B")
    ours, theirs = await host(owner, a), await host(owner, b)
    web, db = [await made(owner, "/services", infrastructure_id=ours["id"], name=name) for name in ("web", "db")]
    other = await made(owner, "/services", infrastructure_id=theirs["id"], name="web")
    body = {"from_service_id": web["id"], "to_service_id": db["id"], "type": "depends_on"}
    relationship = await made(owner, "/service-relationships", **body)
    assert relationship["client_id"] == a["id"]
    problem(await owner.post("/service-relationships", body), 409)
    problem(await owner.post("/service-relationships", body | {"to_service_id": other["id"]}), 409, "/to_service_id")
    for end in ("from_service_id", "to_service_id"):
        problem(await owner.post("/service-relationships", body | {end: str(uuid4())}), 404, f"/{end}")
    back = {"from_service_id": db["id"], "to_service_id": web["id"], "type": "depends_on"}
    await made(owner, "/service-relationships", **back)
    assert (await owner.delete(f"/services/{db['id']}")).status_code == 204
    assert (await owner.get("/service-relationships")).json()["items"] == []


async def test_equipment_goes_with_its_rules_but_not_while_services_run_on_it(api: Application) -> None:
    owner = await api.people.add()
    box = await host(owner, await made(owner, "/clients", name="A"))
    service = await made(owner, "/services", infrastructure_id=box["id"], name="web")
    await made(owner, "/firewall-rules", infrastructure_id=box["id"], name="Web", action="allow")
    document = problem(await owner.delete(f"/infrastructure/{box['id']}"), 409)
    assert "services" in document["detail"]
    await owner.delete(f"/services/{service['id']}")
    assert (await owner.delete(f"/infrastructure/{box['id']}")).status_code == 204
    assert (await owner.get("/firewall-rules")).json()["items"] == []


async def test_a_machine_does_not_run_on_itself(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    outer = await host(owner, client, "outer")
    middle = await host(owner, client, "middle", parent_host_id=outer["id"])
    inner = await host(owner, client, "inner", parent_host_id=middle["id"])
    for candidate in (outer, middle, inner):
        reply = await owner.patch(f"/infrastructure/{outer['id']}", {"parent_host_id": candidate["id"]})
        problem(reply, 422, "/parent_host_id")
    assert (await owner.get(f"/infrastructure/{outer['id']}")).json() == outer
    assert (await owner.patch(f"/infrastructure/{inner['id']}", {"parent_host_id": outer["id"]})).status_code == 200


async def test_a_gateway_lies_within_its_network(api: Application) -> None:
    owner = await api.people.add()
    client = await made(owner, "/clients", name="A")
    body = {"client_id": client["id"], "name": "LAN", "cidr": "10.0.1.0/24"}
    for outside in ("10.0.2.1", "2001:db8::1"):
        problem(await owner.post("/networks", body | {"gateway": outside}), 422, "/gateway")
    network = await made(owner, "/networks", **body, gateway="10.0.1.254")
    problem(await owner.patch(f"/networks/{network['id']}", {"cidr": "10.0.1.0/25"}), 422, "/gateway")
    assert (await owner.get(f"/networks/{network['id']}")).json() == network


async def test_what_a_firewall_rule_matches_is_read_when_it_is_written(api: Application) -> None:
    owner = await api.people.add()
    box = await host(owner, await made(owner, "/clients", name="A"))
    body = {"infrastructure_id": box["id"], "name": "Web", "action": "allow"}
    for name, text in (("source", "10.0.0.300"), ("destination", ""), ("port", "0"), ("port", "90-80")):
        problem(await owner.post("/firewall-rules", body | {name: text}), 422, f"/{name}")


async def test_tags_are_counted_no_more_when_the_equipment_goes(api: Application) -> None:
    owner = await api.people.add()
    box = await host(owner, await made(owner, "/clients", name="A"))
    tag = await made(owner, "/tags", name="vpn")
    everybody = Actor(
        user_id=owner.id,
        email=owner.email,
        display_name="Owner",
        role="owner",
        scopes=frozenset(),
        readable=ALL_TENANTS,
        writable=ALL_TENANTS,
    )
    await api.services.database.write(
        lambda session: set_tags(session, everybody, InfrastructureTag, UUID(box["id"]), [UUID(tag["id"])])
    )
    assert (await owner.get(f"/tags/{tag['id']}")).json()["usage_count"] == 1
    assert (await owner.delete(f"/infrastructure/{box['id']}")).status_code == 204
    assert (await owner.get(f"/tags/{tag['id']}")).json()["usage_count"] == 0
