"""What expires: everything that declares it, as far as it counts, in order, and only what the caller may see."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import Date, Enum, inspect

from claudetools.api import reports
from claudetools.domains import RESOURCES
from claudetools.kit.db.types import Instant
from claudetools.kit.resource.in_use import ENDED
from tests.contract.problems import problem, told
from tests.domains.office import Office, answer, office
from tests.fixtures.application import Application

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
TODAY = NOON.date()
LASTING = {"active", "migration_source", "migration_destination"}
"""Values of `status` with which a record still counts."""


def day(days: int) -> str:
    return str(TODAY + timedelta(days=days))


def told_of(page: dict[str, Any]) -> list[tuple[str, int]]:
    return [(item["title"], item["days_left"]) for item in page["items"]]


async def full(api: Application, name: str = "Acme") -> Office:
    """Return a client with one thing of each kind that expires."""
    acme = await office(await api.people.add(), name)
    firewall = await acme.machine(f"{name}-fw", warranty_ends_on=day(5), asset_type="firewall")
    await acme.rule(firewall, f"{name} visitor", 1, expires_on=day(-3))
    await acme.add("/m365-tenants", tenant_id=str(uuid4()), tenant_name=f"{name} 365", gdap_expires_on=day(30))
    return acme


def test_what_declares_its_expiry_has_a_day_a_title_and_a_status_that_is_understood() -> None:
    expiring = [resource for resource in RESOURCES if resource.expires is not None]
    assert len(expiring) >= 4
    for resource in expiring:
        columns = inspect(resource.model).columns
        assert isinstance(columns[resource.expires or ""].type, Date | Instant), resource.name
        assert resource.searches, f"{resource.name}: the first column that is searched is its title"
        if "status" in columns and isinstance(columns["status"].type, Enum):
            unknown = set(columns["status"].type.enums) - LASTING - ENDED
            assert not unknown, f"{resource.name}: does a record still count that is {unknown}?"


async def test_all_kinds_come_sorted_by_day_with_client_and_address(api: Application) -> None:
    with time_machine.travel(NOON, tick=False):
        acme = await full(api)
        token = {"name": "CI", "kind": "personal", "scopes": ["msp:read"], "expires_at": "2026-06-20T23:59:59.9Z"}
        assert (await acme.caller.post("/api-tokens", token)).status_code == 201
        found = await answer(acme.caller, "/expiring")
        assert told_of(found) == [("Acme visitor", -3), ("CI", 5), ("Acme-fw", 5), ("Acme 365", 30)]
        assert (found["total"], found["next_cursor"]) == (4, None)
        for item in found["items"]:
            record = await answer(acme.caller, item["url"].removeprefix("/api"))
            assert record["id"] == item["id"]
            assert date.fromisoformat(item["expires_on"]) - TODAY == timedelta(days=item["days_left"])
            is_token = item["resource"] == "api-tokens"
            assert item["client_id"] == (None if is_token else acme.client["id"])
            assert item["client_name"] == (None if is_token else "Acme")
        assert told_of(await answer(acme.caller, "/expiring", days=29))[-1] == ("Acme-fw", 5)
        assert [left for _, left in told_of(await answer(acme.caller, "/expiring", days=0))] == [-3]
        assert [left for _, left in told_of(await answer(acme.caller, "/expiring", overdue=False))] == [5, 5, 30]


async def test_an_instant_counts_for_its_day(api: Application) -> None:
    with time_machine.travel(NOON, tick=False):
        owner = await api.people.add()
        for number, at in enumerate(["2026-06-15T12:00:01Z", "2026-06-16T00:00:00Z", "2026-06-16T23:59:59.999999Z"]):
            token = {"name": str(number), "kind": "personal", "scopes": ["msp:read"], "expires_at": at}
            assert (await owner.post("/api-tokens", token)).status_code == 201
        assert told_of(await answer(owner, "/expiring", days=0)) == [("0", 0)]
        assert told_of(await answer(owner, "/expiring", days=1)) == [("0", 0), ("1", 1), ("2", 1)]
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        owner = await api.people.sign_in(owner)
        assert told_of(await answer(owner, "/expiring", days=0, overdue=False)) == [("0", 0)]
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        owner = await api.people.sign_in(owner)
        assert told_of(await answer(owner, "/expiring", days=0)) == [("0", -1), ("1", 0), ("2", 0)]


async def test_what_is_over_or_switched_off_does_not_expire(api: Application) -> None:
    with time_machine.travel(NOON, tick=False):
        owner = await api.people.add()
        acme, left = await office(owner), await office(owner, "Left", is_active=False)
        await acme.machine("old", warranty_ends_on=day(1), status="decommissioned")
        moving = await acme.machine("moving", warranty_ends_on=day(1), status="migration_source")
        await acme.rule(moving, "Off", 1, expires_on=day(1), is_enabled=False)
        await left.machine("theirs", warranty_ends_on=day(1))
        token = {"name": "CI", "kind": "personal", "scopes": ["msp:read"], "expires_at": "2026-06-20T00:00:00Z"}
        revoked = (await owner.post("/api-tokens", token)).json()["id"]
        assert (await owner.delete(f"/api-tokens/{revoked}")).status_code == 204
        assert told_of(await answer(owner, "/expiring")) == [("moving", 1)]
        await owner.patch(f"/clients/{acme.client['id']}", {"archived_at": "2026-06-01T00:00:00Z"})
        assert told_of(await answer(owner, "/expiring")) == []
        assert told_of(await answer(owner, "/expiring", client_id=left.client["id"])) == [("theirs", 1)]


async def test_a_restricted_credential_is_told_to_those_who_may_see_it(api: Application) -> None:
    with time_machine.travel(NOON, tick=False):
        acme = await office(await api.people.add())
        body = {"kind": "certificate", "expires_at": "2026-06-20T00:00:00Z"}
        await acme.add("/credentials", service_name="Web", **body)
        await acme.add("/credentials", service_name="Bank", is_restricted=True, **body)
        technician = await api.people.add("technician", {UUID(acme.client["id"]): "read"})
        assert told_of(await answer(technician, "/expiring")) == [("Web", 5)]
        found = await answer(acme.caller, "/expiring", client_id=acme.client["id"])
        assert {(item["title"], item["client_name"]) for item in found["items"]} == {("Web", "Acme"), ("Bank", "Acme")}


async def test_it_is_narrowed_to_a_client_and_to_kinds(api: Application) -> None:
    with time_machine.travel(NOON, tick=False):
        acme, other = await full(api), await full(api, "Other")
        token = {"name": "CI", "kind": "personal", "scopes": ["msp:read"], "expires_at": "2026-06-20T00:00:00Z"}
        assert (await acme.caller.post("/api-tokens", token)).status_code == 201
        mine = await answer(acme.caller, "/expiring", client_id=acme.client["id"])
        assert {item["client_name"] for item in mine["items"]} == {"Acme"}
        assert mine["total"] == 3
        both = await answer(acme.caller, "/expiring", kinds="firewall-rules,m365-tenants", client_id=other.client["id"])
        assert told_of(both) == [("Other visitor", -3), ("Other 365", 30)]
        one = await answer(acme.caller, "/expiring", kinds="api-tokens")
        assert told_of(one) == [("CI", 5)]
        assert await answer(acme.caller, "/expiring", kinds=["api-tokens", "api-tokens"]) == one
        problem(await acme.caller.get("/expiring", params={"kinds": "clients"}), 422, "?kinds")
        problem(await acme.caller.get("/expiring", params={"kinds": ""}), 422)
        problem(await acme.caller.get("/expiring", params={"client": "x"}), 422, "?client")


async def test_it_pages_without_loss_or_repetition(api: Application) -> None:
    with time_machine.travel(NOON, tick=False):
        acme = await office(await api.people.add())
        machines = [await acme.machine(f"m{n}", warranty_ends_on=day(n // 3)) for n in range(7)]
        for number in range(4):
            await acme.rule(machines[0], f"r{number}", number, expires_on=day(1))
        whole = await answer(acme.caller, "/expiring")
        pages, cursor = [], None
        while True:
            page = await answer(acme.caller, "/expiring", limit=2, **({"cursor": cursor} if cursor else {}))
            assert page["total"] == 11
            pages.extend(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                break
            last = cursor
        assert pages == whole["items"]
        assert [item["expires_on"] for item in pages] == sorted(item["expires_on"] for item in pages)
        problem(await acme.caller.get("/expiring", params={"cursor": last, "days": 31}), 422, "?cursor")
        problem(await acme.caller.get("/expiring", params={"cursor": last[:-1]}), 422, "?cursor")


async def test_nobody_is_told_of_what_is_not_theirs(api: Application) -> None:
    with time_machine.travel(NOON, tick=False):
        acme, other = await full(api), await full(api, "Other")
        token = {"name": "CI", "kind": "personal", "scopes": ["msp:read"], "expires_at": "2026-06-20T00:00:00Z"}
        assert (await acme.caller.post("/api-tokens", token)).status_code == 201
        technician = await api.people.add("technician", {UUID(acme.client["id"]): "read"})
        found = await answer(technician, "/expiring")
        assert told_of(found) == [("Acme visitor", -3), ("Acme-fw", 5), ("Acme 365", 30)]
        assert found["total"] == 3
        foreign = problem(await technician.get("/expiring", params={"client_id": other.client["id"]}), 404)
        assert told(foreign) == told(
            problem(await technician.get("/expiring", params={"client_id": str(uuid4())}), 404)
        )
        nobody = await api.people.add("technician", {})
        assert await answer(nobody, "/expiring") == {"items": [], "next_cursor": None, "total": 0}
        memory_only = await api.people.token(acme.caller, "memory:read")
        problem(await memory_only.get("/expiring"), 403)


async def test_a_kind_with_a_scope_of_its_own_needs_it(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = [
        replace(resource, read_scope="msp:admin") if resource.name == "m365-tenants" else resource
        for resource in RESOURCES
    ]
    monkeypatch.setattr(reports, "RESOURCES", guarded)
    with time_machine.travel(NOON, tick=False):
        acme = await full(api)
        reader = await api.people.token(acme.caller, "msp:read")
        assert {item["resource"] for item in (await answer(reader, "/expiring"))["items"]} == {
            "firewall-rules",
            "infrastructure",
        }
        refused = problem(await reader.get("/expiring", params={"kinds": "m365-tenants"}), 403)
        assert "msp:admin" in refused["detail"]
        assert told_of(await answer(acme.caller, "/expiring", kinds="m365-tenants")) == [("Acme 365", 30)]
