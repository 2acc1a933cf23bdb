"""The whole surface: names that stay, and no door left open."""

import re
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest

from claudetools.domains import RESOURCES
from claudetools.kit.resource.declare import PLURAL, WRITES, Resource, Verb
from tests.contract.bodies import is_creatable
from tests.contract.conftest import World
from tests.contract.problems import problem
from tests.fixtures.application import Application

OPEN = {
    ("GET", "/api/health/live"): "load balancers have no token; it tells the version and nothing else",
    ("GET", "/api/health/ready"): "as above",
    ("POST", "/api/auth/login"): "that is how a token is had",
    ("POST", "/api/auth/refresh"): "the refresh token is in the body",
    ("POST", "/api/auth/device"): "a machine that has no token asks for one",
    ("POST", "/api/auth/device/token"): "the device code is in the body",
    ("GET", "/api/openapi.json"): "describes the program, not its data; a setting closes it",
    ("GET", "/api/docs"): "as above",
    ("GET", "/device"): "a form to sign in on",
    ("POST", "/device"): "the password, or the sealed ticket, is in the form",
    ("POST", "/api/shares/claim"): "the secret of the link is in the body",
}
"""What a stranger may call, and why."""
NOT_THERE = (
    "/metrics",
    "/debug",
    "/admin",
    "/static/x",
    "/api",
    "/api/debug",
    "/api/metrics",
    "/.env",
    "/server-status",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def operations(api: Application) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the documented operations by method and path."""
    paths = api.app.openapi()["paths"]
    return {(method.upper(), path): operation for path, found in paths.items() for method, operation in found.items()}


def undocumented(api: Application) -> set[str]:
    """Return the paths of routes that are not in the OpenAPI document."""
    return {path for route in api.app.routes if (path := getattr(route, "path", None)) is not None}


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", str(uuid4()), path)


async def test_z8_a_stranger_finds_every_door_closed(api: Application) -> None:
    known = set(operations(api))
    paths = {path for _, path in known} | undocumented(api)
    assert {"/mcp", "/device"} <= paths
    assert {path for _, path in OPEN} <= paths
    for path in sorted(paths):
        for method in METHODS:
            body: dict[str, Any] = {"json": {}} if method in ("POST", "PUT", "PATCH") else {}
            reply = await api.anonymous.request(method, "/" + filled(path), **body)
            if (method, path) in OPEN or (method == "HEAD" and ("GET", path) in OPEN):
                assert reply.status_code in (200, 400, 405, 422), (method, path)
                continue
            assert reply.status_code in (401, 405), (method, path, reply.text)
            if method != "HEAD":
                problem(reply, reply.status_code)


@pytest.mark.parametrize("path", NOT_THERE)
async def test_z8_there_is_nothing_else(api: Application, path: str) -> None:
    for method in METHODS:
        reply = await api.anonymous.request(method, "/" + path)
        assert reply.status_code in (404, 405), (method, path)


async def test_every_operation_tells_of_its_refusals(api: Application) -> None:
    for (method, path), operation in operations(api).items():
        if (method, path) not in OPEN:
            assert "401" in operation["responses"], (method, path)
            assert operation["security"], (method, path)


async def test_operation_ids_are_unique_and_speak(api: Application) -> None:
    ids = [operation["operationId"] for operation in operations(api).values()]
    assert [id for id, count in Counter(ids).items() if count > 1] == []
    assert [id for id in ids if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", id)] == []


async def test_a_resources_operations_bear_its_name(api: Application, resource: Resource) -> None:
    ids = {operation["operationId"] for operation in operations(api).values()}
    assert {resource.operation_id(verb) for verb in resource.verbs} <= ids


async def test_schema_names_are_unique(api: Application) -> None:
    names = list(api.app.openapi()["components"]["schemas"])
    assert [
        name for name in names if "__" in name or not re.fullmatch(r"[A-Z][A-Za-z0-9]+(_[A-Za-z0-9_]+)?", name)
    ] == []
    assert {f"{resource.schema_name}Page" for resource in RESOURCES} <= set(names)


async def test_no_input_holds_a_field_that_the_service_owns(api: Application) -> None:
    for resource in RESOURCES:
        if not (is_creatable(resource) or resource.verbs & WRITES):
            continue
        for schema in (resource.create, resource.replace, resource.change):
            assert schema.model_config.get("extra") == "forbid", schema
            assert not {"id", "created_at", "updated_at", "version", "user_id"} & set(schema.model_fields), schema


@pytest.mark.parametrize("path", ["//", "//api", "//nothing", "/nothing", "/clients/", "//mcp/", "//api/docs/x"])
async def test_what_is_not_there_is_not_there(world: World, path: str) -> None:
    for caller in (world.api.anonymous, world.owner):
        problem(await caller.get(path), 404)


async def test_a_wrong_method_is_told_the_right_ones(world: World) -> None:
    reply = await world.owner.delete("/clients")
    problem(reply, 405)
    assert reply.headers["allow"]


async def test_what_a_resource_does_not_offer_is_refused(world: World, resource: Resource) -> None:
    path = f"/{resource.name}"
    by_hand = {(method, known.replace("{id}", "")) for method, known in operations(world.api)}
    calls = {
        Verb.CREATE: ("POST", path),
        Verb.REPLACE: ("PUT", f"{path}/{uuid4()}"),
        Verb.CHANGE: ("PATCH", f"{path}/{uuid4()}"),
        Verb.DELETE: ("DELETE", f"{path}/{uuid4()}"),
        Verb.BULK: ("POST", f"{path}/bulk"),
    }
    for verb, (method, target) in calls.items():
        reply = await world.owner.request(method, target, json={})
        documented = f"/api{target}" if verb in PLURAL | {Verb.CREATE} else f"/api{path}/"
        is_offered = verb in resource.verbs or (method, documented) in by_hand
        assert (reply.status_code == 405) != is_offered, (verb, reply.text)
    assert is_creatable(resource) == (("POST", f"/api{path}") in by_hand)
