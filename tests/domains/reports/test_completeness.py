"""How well clients are documented: what each check asks for, and who is told."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.reports.completeness import CHECKS, TALLIES
from tests.contract.problems import problem, told
from tests.domains.office import Office, answer, office
from tests.fixtures.application import Application


async def met(of: Office) -> set[str]:
    found = await answer(of.caller, f"/clients/{of.client['id']}/completeness")
    return {check["name"] for check in found["checks"] if check["is_met"]}


async def document_everything(acme: Office) -> None:
    await acme.add("/contacts", name="Ann", is_primary=True, mobile="0170")
    site = await acme.add("/sites", name="HQ", address="Main Street 1")
    await acme.add("/networks", name="LAN", cidr="10.0.0.0/24", gateway="10.0.0.1", site_id=site["id"])
    server = await acme.machine("srv", ip_address="10.0.0.2", os="Debian", serial="S1", warranty_ends_on="2030-01-01")
    await acme.rule(server, "All", 1)
    await acme.add("/m365-tenants", tenant_id=str(uuid4()), tenant_name="Acme", admin_contact="Ann")
    first, second = await acme.service(server, "DB", "high"), await acme.service(server, "Backup")
    await acme.relate(second, "backs_up", first)
    await acme.add("/documents", title="When it burns", is_runbook=True)


def test_the_checks_ask_for_what_is_counted_and_make_a_hundred() -> None:
    assert sum(check.weight for check in CHECKS) == 100
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    nothing = dict.fromkeys((name for _, conditions in TALLIES for name in conditions), 0)
    assert [check.name for check in CHECKS if check.is_met(nothing)] == ["incidents"]
    plenty = dict.fromkeys(nothing, 1)
    assert [check.name for check in CHECKS if not check.is_met(plenty)] == ["incidents"]


async def test_a_client_goes_from_nothing_to_everything(api: Application) -> None:
    acme = await office(await api.people.add())
    path = f"/clients/{acme.client['id']}/completeness"
    empty = await answer(acme.caller, path)
    assert (empty["score"], empty["client_name"]) == (5, "Acme")
    assert [check["name"] for check in empty["checks"]] == [check.name for check in CHECKS]
    assert all(check["what_to_do"] for check in empty["checks"])
    assert await met(acme) == {"incidents"}
    await acme.add("/sites", name="Lab", address="Here")
    assert (await answer(acme.caller, path))["score"] == 15
    await document_everything(acme)
    assert (await answer(acme.caller, path))["score"] == 100


LACKING: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "primary_contact": [
        ("/contacts", {"name": "Bob", "is_primary": True}),
        ("/contacts", {"name": "Eve", "email": "eve@acme.test"}),
    ],
    "site_address": [("/sites", {"name": "HQ"}), ("/sites", {"name": "Lab", "address": " "})],
    "network_gateway": [("/networks", {"name": "LAN", "cidr": "10.0.0.0/24"})],
    "m365_tenant": [("/m365-tenants", {"tenant_id": str(UUID(int=7)), "tenant_name": "Acme"})],
    "runbook": [("/documents", {"title": "Notes"})],
}


@pytest.mark.parametrize("check", LACKING)
async def test_a_record_without_what_matters_does_not_count(api: Application, check: str) -> None:
    acme = await office(await api.people.add())
    for path, body in LACKING[check]:
        await acme.add(path, **body)
    assert check not in await met(acme)


async def test_every_server_and_all_hardware_in_use_must_be_known(api: Application) -> None:
    acme = await office(await api.people.add())
    assert not {"servers", "hardware"} & await met(acme)
    await acme.machine("desk", asset_type="workstation")
    assert {"servers", "hardware"} <= await met(acme)
    guest = await acme.machine("vm", asset_type="virtual_machine")
    assert {"servers", "hardware"} & await met(acme) == {"hardware"}
    await acme.caller.patch(f"/infrastructure/{guest['id']}", {"ip_address": "10.0.0.2", "os": "Debian"})
    assert {"servers", "hardware"} <= await met(acme)
    switch = await acme.machine("switch", asset_type="network_device", serial="S1")
    assert {"servers", "hardware"} & await met(acme) == {"servers"}
    await acme.caller.patch(f"/infrastructure/{switch['id']}", {"status": "decommissioned"})
    assert {"servers", "hardware"} <= await met(acme)


async def test_what_is_over_or_switched_off_does_not_count(api: Application) -> None:
    acme = await office(await api.people.add())
    machine = await acme.machine("srv")
    service = await acme.service(machine, "DB", "critical", status="retired")
    rule = await acme.rule(machine, "All", 1, is_enabled=False)
    assert not {"vital_services", "firewall_rules"} & await met(acme)
    await acme.caller.patch(f"/services/{service['id']}", {"status": "stopped"})
    await acme.caller.patch(f"/firewall-rules/{rule['id']}", {"is_enabled": True})
    assert {"vital_services", "firewall_rules"} <= await met(acme)


async def test_a_critical_incident_that_nobody_took_up_counts_against_it(api: Application) -> None:
    acme = await office(await api.people.add())
    body = {"type": "phishing", "title": "Mail", "detected_at": "2026-01-01T00:00:00Z"}
    await acme.add("/security-incidents", severity="high", **body)
    assert "incidents" in await met(acme)
    incident = await acme.add("/security-incidents", severity="critical", **body)
    assert "incidents" not in await met(acme)
    reply = await acme.caller.patch(f"/security-incidents/{incident['id']}", {"status": "investigating"})
    assert reply.status_code == 200, reply.text
    assert "incidents" in await met(acme)


async def test_the_worst_documented_client_comes_first(api: Application) -> None:
    owner = await api.people.add()
    good, poor = await office(owner, "Good"), await office(owner, "Poor")
    await office(owner, "Left", is_active=False)
    also_poor = await office(owner, "Also poor")
    await document_everything(good)
    found = await answer(owner, "/clients/completeness")
    assert [(item["client_name"], item["score"]) for item in found["items"]] == [
        ("Also poor", 5),
        ("Poor", 5),
        ("Good", 100),
    ]
    assert (found["total"], found["average_score"]) == (3, 37)
    one = await answer(owner, "/clients/completeness", limit=1)
    assert (len(one["items"]), one["total"], one["average_score"]) == (1, 3, 37)
    assert found["items"][1] == await answer(owner, f"/clients/{poor.client['id']}/completeness")
    technician = await api.people.add("technician", {UUID(good.client["id"]): "read"})
    theirs = await answer(technician, "/clients/completeness")
    assert [item["client_name"] for item in theirs["items"]] == ["Good"]
    foreign = problem(await technician.get(f"/clients/{also_poor.client['id']}/completeness"), 404)
    assert told(foreign) == told(problem(await technician.get(f"/clients/{uuid4()}/completeness"), 404))
    nobody = await api.people.add("technician", {})
    assert await answer(nobody, "/clients/completeness") == {"items": [], "total": 0, "average_score": None}
    problem(await owner.get("/clients/completeness", params={"limt": 1}), 422, "?limt")
