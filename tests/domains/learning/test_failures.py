"""Failures and their patterns: found or made, counted, confirmed by a person, and without secrets."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.contract.problems import problem, told
from tests.fixtures.application import Application
from tests.fixtures.people import Caller, Person

SECRET = "Tr0ub4dor-and-3-more"


async def made(caller: Caller, path: str, /, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def failed(caller: Caller, client: str | None, error: str = "pid 123456 died", **more: Any) -> dict[str, Any]:
    body = {"client_id": client, "operation": "start", "error_message": error, **more}
    return await made(caller, "/operation-failures", **body)


async def machine_token(api: Application, owner: Person) -> Caller:
    machine = await made(owner, "/machines", hostname="pc", fingerprint=str(uuid4()))
    token = {"name": "pc", "kind": "machine", "machine_id": machine["id"], "scopes": ["msp:read", "msp:write"]}
    return Caller(http=api.http, token=(await made(owner, "/api-tokens", **token))["token"])


async def patterns(caller: Caller) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await caller.get("/failure-patterns", params={"sort": "created_at"})).json()["items"]
    return found


async def test_a_failure_makes_its_pattern_and_the_next_one_finds_it(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    work, other = [(await made(owner, "/sessions", title="X", client_id=client))["id"] for _ in range(2)]
    machine = (await made(owner, "/machines", hostname="pc", fingerprint="f"))["id"]
    first = await failed(owner, client, session_id=work, machine_id=machine, error_class="crash")
    [pattern] = await patterns(owner)
    assert first["pattern_id"] == pattern["id"]
    assert (first["signature"], pattern["signature"]) == ("pid <number> died", "pid <number> died")
    expected = {"client_id": client, "origin": "auto", "scope": "client", "error_class": "crash", "is_active": True}
    assert {name: pattern[name] for name in expected} == expected
    assert (pattern["occurrence_count"], pattern["session_count"], pattern["machine_count"]) == (1, 1, 1)
    assert pattern["first_seen_at"] == pattern["last_seen_at"] == first["created_at"]
    await failed(owner, client, "PID 99999 died", session_id=work)
    last = await failed(owner, client, "PID 88888  died", session_id=other, machine_id=machine)
    [pattern] = await patterns(owner)
    assert last["pattern_id"] == pattern["id"]
    assert (pattern["occurrence_count"], pattern["session_count"], pattern["machine_count"]) == (3, 2, 1)
    assert (pattern["first_seen_at"], pattern["last_seen_at"]) == (first["created_at"], last["created_at"])
    elsewhere = await failed(owner, client, "disk is full")
    assert elsewhere["pattern_id"] != pattern["id"]


async def test_patterns_are_kept_apart_by_client(api: Application) -> None:
    owner = await api.people.add()
    a, b = [(await made(owner, "/clients", name=name))["id"] for name in "AB"]
    ours, theirs = await failed(owner, a), await failed(owner, b)
    assert ours["pattern_id"] != theirs["pattern_id"]
    assert [pattern["occurrence_count"] for pattern in await patterns(owner)] == [1, 1]
    local = await api.people.add("technician", {UUID(a): "write"})
    assert [pattern["id"] for pattern in await patterns(local)] == [ours["pattern_id"]]


async def test_failures_at_once_are_one_pattern_and_all_counted(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    reports = await asyncio.gather(*(failed(owner, client, f"pid {10_000 + number} died") for number in range(12)))
    [pattern] = await patterns(owner)
    assert {report["pattern_id"] for report in reports} == {pattern["id"]}
    assert pattern["occurrence_count"] == 12


async def test_what_a_pattern_counts_follows_its_failures(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    work = (await made(owner, "/sessions", title="X", client_id=client))["id"]
    first, second = await failed(owner, client), await failed(owner, client)
    path = f"/failure-patterns/{first['pattern_id']}"
    await owner.patch(f"/operation-failures/{first['id']}", {"session_id": work})
    assert (await owner.get(path)).json()["session_count"] == 1
    assert (await owner.delete(f"/operation-failures/{first['id']}")).status_code == 204
    left = (await owner.get(path)).json()
    assert (left["occurrence_count"], left["session_count"]) == (1, 0)
    assert left["first_seen_at"] == second["created_at"]
    for name in ("occurrence_count", "first_seen_at", "origin", "signature"):
        problem(await owner.patch(path, {name: left[name]}), 422, f"/{name}")


@pytest.mark.parametrize("said", [{}, {"cause": "Old firmware"}, {"works_instead": "systemctl"}, {"confirmed": True}])
async def test_the_last_failure_takes_along_a_pattern_that_says_nothing_else(
    api: Application, said: dict[str, Any]
) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    report = await failed(owner, client)
    path = f"/failure-patterns/{report['pattern_id']}"
    if "confirmed" in said:
        await owner.post(f"{path}/confirm")
    elif said:
        assert (await owner.patch(path, said)).status_code == 200
    assert (await owner.delete(f"/operation-failures/{report['id']}")).status_code == 204
    if not said:
        problem(await owner.get(path), 404)
        return
    left = (await owner.get(path)).json()
    assert (left["occurrence_count"], left["first_seen_at"], left["last_seen_at"]) == (0, None, None)
    # It is found again, not made anew.
    assert (await failed(owner, client))["pattern_id"] == left["id"]


async def test_a_pattern_is_auto_until_a_person_confirms_it(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    path = f"/failure-patterns/{(await failed(owner, client))['pattern_id']}"
    assert (await owner.patch(path, {"cause": "Memory"})).json()["origin"] == "auto"
    machine = await machine_token(api, owner)
    problem(await machine.post(f"{path}/confirm"), 403)
    assert (await owner.get(path)).json()["origin"] == "auto"
    reply = await owner.post(f"{path}/confirm")
    assert (reply.status_code, reply.json()["origin"]) == (200, "confirmed")
    await failed(owner, client)
    assert (await owner.get(path)).json()["origin"] == "confirmed"
    technician = await api.people.add("technician", {UUID(client): "read"})
    problem(await technician.post(f"{path}/confirm"), 403)
    stranger = await api.people.add("technician", {})
    unknown = problem(await stranger.post(f"/failure-patterns/{uuid4()}/confirm"), 404)
    assert told(problem(await stranger.post(f"{path}/confirm"), 404)) == told(unknown)


async def test_what_a_machine_states_or_reports_is_told_apart(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    machine = await machine_token(api, owner)
    assert (await made(machine, "/failure-patterns", client_id=client, sample_error="denied"))["origin"] == "auto"
    assert (await made(owner, "/failure-patterns", client_id=client, sample_error="refused"))["origin"] == "confirmed"
    assert (await failed(machine, client))["machine_id"] == (await machine.get("/auth/me")).json()["machine_id"]


async def test_a_failure_is_stored_without_secrets_and_so_is_its_pattern(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    report = await failed(
        owner,
        client,
        f"access denied, password={SECRET}",
        operation=f"mysql --password={SECRET} -e status",
        target=f"https://api.test/?password={SECRET}",
        context={"env": {"DB_PASSWORD": SECRET}},
    )
    path = f"/operation-failures/{report['id']}"
    await owner.patch(path, {"resolution": f"use password={SECRET}"})
    assert report["signature"].startswith("access denied, password=")
    for place in (path, "/failure-patterns"):
        text = (await owner.get(place)).text
        assert SECRET.lower() not in text.lower()
        assert "[REDACTED:" in text
    # Another password is the same failure.
    again = await failed(owner, client, f"access denied, password={SECRET[::-1]}")
    assert again["pattern_id"] == report["pattern_id"]


async def test_a_failure_without_a_client_is_its_persons_alone(api: Application) -> None:
    mine, other = [await api.people.add("technician", {}) for _ in range(2)]
    report = await failed(mine, None)
    assert (report["user_id"], report["pattern_id"]) == (str(mine.id), None)
    problem(await other.get(f"/operation-failures/{report['id']}"), 404)
    assert (await other.get("/operation-failures")).json()["items"] == []
    assert await patterns(await api.people.add()) == []
    assert (await mine.delete(f"/operation-failures/{report['id']}")).status_code == 204


async def test_a_pattern_of_a_tool_is_known_to_everybody_and_changed_by_its_author(api: Application) -> None:
    mine, other = [await api.people.add("technician", {}) for _ in range(2)]
    pattern = await made(mine, "/failure-patterns", sample_error="&& is not valid", scope="tool", scope_subject="ps 5")
    path = f"/failure-patterns/{pattern['id']}"
    assert (pattern["origin"], pattern["occurrence_count"], pattern["last_seen_at"]) == ("confirmed", 0, None)
    assert (await other.get(path)).json() == pattern
    problem(await other.patch(path, {"cause": "x"}), 403)
    problem(await other.post(f"{path}/confirm"), 403)
    assert (await mine.patch(path, {"cause": "Old shell"})).status_code == 200


async def test_a_pattern_names_where_it_holds(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    body = {"sample_error": "denied"}
    problem(await owner.post("/failure-patterns", body), 422, "/client_id")
    body |= {"client_id": client, "scope": "infrastructure"}
    problem(await owner.post("/failure-patterns", body), 422, "/infrastructure_id")
    host = {"client_id": client, "hostname": "srv", "asset_type": "physical_server"}
    host_id = (await made(owner, "/infrastructure", **host))["id"]
    pattern = await made(owner, "/failure-patterns", **body, infrastructure_id=host_id)
    problem(await owner.patch(f"/failure-patterns/{pattern['id']}", {"infrastructure_id": None}), 422)


async def test_the_same_error_is_one_pattern_of_a_client(api: Application) -> None:
    owner = await api.people.add()
    client = (await made(owner, "/clients", name="Acme"))["id"]
    pattern = await made(owner, "/failure-patterns", client_id=client, sample_error="pid 123456 died")
    problem(
        await owner.post("/failure-patterns", {"client_id": client, "sample_error": "PID 654321 died"}),
        409,
        "/signature",
    )
    assert (await failed(owner, client))["pattern_id"] == pattern["id"]
    # Told apart by every letter, on every database.
    await made(owner, "/failure-patterns", client_id=client, sample_error="pid 123456 diéd")
