"""Reports on networks, firewalls and services: what they find, and that they look into no other client."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.infra import impact_reports, network_reports, shadowing_reports
from tests.contract.problems import problem, told
from tests.domains.office import answer, office
from tests.fixtures.application import Application

REPORTS = ("/networks/overlaps", "/firewall-rules/shadowed", "/service-relationships/cycles")


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


async def test_overlaps_are_named_within_a_site_only(api: Application) -> None:
    owner = await api.people.add()
    acme, other = await office(owner), await office(owner, "Other")
    hq, branch = await acme.add("/sites", name="HQ"), await acme.add("/sites", name="Branch")
    lan = await acme.add("/networks", name="LAN", cidr="10.0.0.0/16", site_id=hq["id"])
    voice = await acme.add("/networks", name="Voice", cidr="10.0.5.0/24", site_id=hq["id"])
    await acme.add("/networks", name="LAN", cidr="10.0.0.0/16", site_id=branch["id"])
    for name in ("A", "B", "C"):
        await other.add("/networks", name=name, cidr="192.168.1.0/24")
    found = await answer(owner, "/networks/overlaps", client_id=acme.client["id"])
    assert found == {
        "items": [
            {
                "client_id": acme.client["id"],
                "site_id": hq["id"],
                "outer": {key: lan[key] for key in ("id", "name", "cidr")},
                "inner": {key: voice[key] for key in ("id", "name", "cidr")},
            }
        ],
        "is_complete": True,
    }
    assert (await answer(owner, "/networks/overlaps", site_id=branch["id"]))["items"] == []
    everything = await answer(owner, "/networks/overlaps")
    assert len(everything["items"]) == 4
    some = await answer(owner, "/networks/overlaps", limit=3)
    assert (len(some["items"]), some["is_complete"]) == (3, False)
    assert (await answer(owner, "/networks/overlaps", limit=4))["is_complete"] is True


async def test_addresses_are_free_when_no_record_of_the_place_has_them(api: Application) -> None:
    owner = await api.people.add()
    acme, other = await office(owner), await office(owner, "Other")
    hq = await acme.add("/sites", name="HQ", dns_servers=["10.0.0.9"], gateway_ip="10.0.0.2")
    branch = await acme.add("/sites", name="Branch", gateway_ip="10.0.0.3")
    lan = await acme.add("/networks", name="LAN", cidr="10.0.0.0/28", gateway="10.0.0.1", site_id=hq["id"])
    await acme.add("/networks", name="Voice", cidr="10.9.0.0/24", dns_servers=["10.0.0.8", "8.8.8.8"], site_id=hq["id"])
    await acme.machine("here", ip_address="10.0.0.4", site_id=hq["id"])
    await acme.machine("somewhere", ip_address="10.0.0.5")
    await acme.machine("elsewhere", ip_address="10.0.0.6", site_id=branch["id"])
    await acme.machine("gone", ip_address="10.0.0.7", site_id=hq["id"], status="decommissioned")
    await other.machine("foreign", ip_address="10.0.0.10")
    found = await answer(owner, f"/networks/{lan['id']}/free-addresses", limit=4)
    assert found["addresses"] == ["10.0.0.3", "10.0.0.6", "10.0.0.7", "10.0.0.10"]
    assert found["free_count"] == 14 - 6
    assert found["network"] == {"id": lan["id"], "name": "LAN", "cidr": "10.0.0.0/28"}
    anywhere = await acme.add("/networks", name="Any", cidr="10.0.0.0/28")
    addresses = (await answer(owner, f"/networks/{anywhere['id']}/free-addresses", limit=4))["addresses"]
    assert addresses == ["10.0.0.7", "10.0.0.10", "10.0.0.11", "10.0.0.12"]


async def test_a_huge_network_answers_at_once(api: Application) -> None:
    owner = await api.people.add()
    acme = await office(owner)
    network = await acme.add("/networks", name="Six", cidr="2001:db8::/32")
    found = await answer(owner, f"/networks/{network['id']}/free-addresses", limit=1000)
    assert (len(found["addresses"]), found["free_count"]) == (1000, 2**96 - 1)


async def test_shadowed_rules_are_named_with_what_covers_them(api: Application) -> None:
    owner = await api.people.add()
    acme, other = await office(owner), await office(owner, "Other")
    firewall, second = await acme.machine("fw1", asset_type="firewall"), await acme.machine("fw2")
    wide = await acme.rule(firewall, "Block office", 1, source="10.0.0.0/8", action="deny")
    inner = await acme.rule(firewall, "Let printer out", 2, source="10.1.1.1", port="443")
    await acme.rule(firewall, "Off", 3, source="10.1.1.2", is_enabled=False)
    await acme.rule(second, "Elsewhere", 4, source="10.1.1.1", port="443")
    theirs = await other.machine("fw1")
    for order in (1, 2):
        await other.rule(theirs, f"R{order}", order)
    summary = ("id", "name", "order", "source", "destination", "port", "protocol", "action")
    expected = {
        "client_id": acme.client["id"],
        "infrastructure_id": firewall["id"],
        "hostname": "fw1",
        "rule": {key: inner[key] for key in summary},
        "by": {key: wide[key] for key in summary},
        "is_contradicted": True,
    }
    assert await answer(owner, f"/infrastructure/{firewall['id']}/shadowed-rules") == {"items": [expected]}
    assert await answer(owner, "/firewall-rules/shadowed", client_id=acme.client["id"]) == {"items": [expected]}
    assert (await answer(owner, f"/infrastructure/{second['id']}/shadowed-rules"))["items"] == []
    assert len((await answer(owner, "/firewall-rules/shadowed"))["items"]) == 2


async def test_a_machine_takes_its_guests_and_what_needs_them_along(api: Application) -> None:
    owner = await api.people.add()
    acme = await office(owner)
    host = await acme.machine("host")
    guest = await acme.machine("vm", asset_type="virtual_machine", parent_host_id=host["id"])
    nested = await acme.machine("box", asset_type="container", parent_host_id=guest["id"])
    await acme.machine("old", parent_host_id=host["id"], status="decommissioned")
    desk = await acme.machine("desk", asset_type="workstation")
    db = await acme.service(nested, "Database", "high")
    await acme.service(guest, "Retired", "critical", status="retired")
    web, shop = await acme.service(desk, "Web"), await acme.service(desk, "Shop", "critical")
    backup = await acme.service(guest, "Backup", "low")
    kept = await acme.service(desk, "Files")
    await acme.relate(web, "depends_on", db)
    await acme.relate(web, "hosts", shop)
    await acme.relate(backup, "backs_up", kept)
    found = await answer(owner, f"/infrastructure/{host['id']}/impact")
    assert [(item["hostname"], item["asset_type"]) for item in found["equipment"]] == [
        ("vm", "virtual_machine"),
        ("box", "container"),
    ]
    assert names(found["gone"]) == ["Database", "Backup"]
    assert [(item["name"], item["criticality"], item["hostname"]) for item in found["broken"]] == [
        ("Shop", "critical", "desk"),
        ("Web", "medium", "desk"),
    ]
    way = [(step["name"], step["hostname"]) for step in found["broken"][0]["way"]]
    assert way == [("Database", "box"), ("Web", "desk"), ("Shop", "desk")]
    assert names(found["unprotected"]) == ["Files"]
    assert found["worst"] == "critical"
    some = await answer(owner, f"/infrastructure/{host['id']}/impact", limit=1)
    lists = ("equipment", "gone", "broken", "unprotected")
    assert [len(some[name]) for name in lists] == [1, 1, 1, 1]
    assert [some[f"{name}_count"] for name in lists] == [2, 2, 2, 1]
    assert some["worst"] == "critical"
    one = await answer(owner, f"/services/{web['id']}/impact")
    assert (names(one["gone"]), names(one["broken"]), one["equipment"]) == (["Web"], ["Shop"], [])
    alone = await answer(owner, f"/services/{kept['id']}/impact")
    assert (alone["broken"], alone["worst"]) == ([], "medium")


async def test_circles_of_services_in_use_are_named(api: Application) -> None:
    owner = await api.people.add()
    acme, other = await office(owner), await office(owner, "Other")
    machine = await acme.machine("srv")
    first, second, third = [await acme.service(machine, name) for name in ("A", "B", "C")]
    retired = await acme.service(machine, "Old", status="retired")
    await acme.relate(first, "depends_on", second)
    await acme.relate(second, "depends_on", first)
    await acme.relate(third, "depends_on", retired)
    await acme.relate(retired, "depends_on", third)
    theirs = await other.machine("srv")
    own = await other.service(theirs, "Self")
    await other.relate(own, "depends_on", own)
    found = await answer(owner, "/service-relationships/cycles", client_id=acme.client["id"])
    assert [(item["client_id"], sorted(names(item["services"]))) for item in found["items"]] == [
        (acme.client["id"], ["A", "B"])
    ]
    assert len((await answer(owner, "/service-relationships/cycles"))["items"]) == 2


async def test_reports_on_everything_stay_within_the_callers_clients(api: Application) -> None:
    owner = await api.people.add()
    theirs = await office(owner, "Theirs")
    site = await theirs.add("/sites", name="HQ")
    for name in ("A", "B"):
        await theirs.add("/networks", name=name, cidr="10.0.0.0/24", site_id=site["id"])
    machine = await theirs.machine("srv")
    service = await theirs.service(machine, "Self")
    await theirs.relate(service, "depends_on", service)
    for order in (1, 2):
        await theirs.rule(machine, f"R{order}", order)
    network = (await answer(owner, "/networks", limit=1))["items"][0]
    outsider = await api.people.add("technician", {})
    insider = await api.people.add("readonly", {UUID(theirs.client["id"]): "read"})
    for path in REPORTS:
        assert len((await answer(insider, path))["items"]) == 1
        assert (await answer(outsider, path))["items"] == []
        foreign = problem(await outsider.get(path, params={"client_id": theirs.client["id"]}), 404)
        assert told(foreign) == told(problem(await outsider.get(path, params={"client_id": str(uuid4())}), 404))
    problem(await outsider.get("/networks/overlaps", params={"site_id": site["id"]}), 404)
    paths = {
        "/networks/{}/free-addresses": network,
        "/infrastructure/{}/shadowed-rules": machine,
        "/infrastructure/{}/impact": machine,
        "/services/{}/impact": service,
    }
    for path, record in paths.items():
        await answer(insider, path.format(record["id"]))
        foreign = problem(await outsider.get(path.format(record["id"])), 404)
        assert told(foreign) == told(problem(await outsider.get(path.format(uuid4())), 404))


async def test_too_much_at_once_is_refused_and_says_how_to_ask_for_less(
    api: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await api.people.add()
    acme = await office(owner)
    machine = await acme.machine("srv")
    first, second = await acme.service(machine, "A"), await acme.service(machine, "B")
    for kind in ("depends_on", "hosts"):
        await acme.relate(first, kind, second)
    for order in (1, 2):
        await acme.rule(machine, f"R{order}", order)
        network = await acme.add("/networks", name=f"N{order}", cidr="10.0.0.0/24")
    for module, name in (
        (network_reports, "MAX_NETWORKS"),
        (shadowing_reports, "MAX_RULES"),
        (impact_reports, "MAX_RELATIONSHIPS"),
        (impact_reports, "MAX_RELATIONSHIPS_IN_ALL"),
    ):
        monkeypatch.setattr(module, name, 1)
    for path in REPORTS:
        problem(await owner.get(path), 422, "?client_id")
    problem(await owner.get("/networks/overlaps", params={"client_id": acme.client["id"]}), 422, "?site_id")
    for path in (
        f"/infrastructure/{machine['id']}/shadowed-rules",
        f"/infrastructure/{machine['id']}/impact",
        f"/services/{first['id']}/impact",
        f"/networks/{network['id']}/free-addresses",
    ):
        problem(await owner.get(path), 422, "path:id")


@pytest.mark.parametrize("path", [*REPORTS, f"/services/{UUID(int=1)}/impact"])
async def test_a_parameter_that_is_not_known_is_named(api: Application, path: str) -> None:
    owner = await api.people.add()
    problem(await owner.get(path, params={"client": "x"}), 422, "?client")
