"""What holds for every operation there is, whoever wrote it: scopes, and fields that the service owns."""

import re
from typing import Any
from uuid import uuid4

import httpx2

from claudetools.domains import RESOURCES
from claudetools.domains.accounts.users import EVERY_SCOPE
from tests.contract.conftest import World
from tests.contract.test_surface import OPEN, operations
from tests.fixtures.people import Caller

ANY_TOKEN = {
    ("GET", "/api/search"): "looks into what the token may read, and into nothing else",
    ("GET", "/api/auth/me"): "tells a token what it stands for",
    ("POST", "/api/auth/logout"): "ends the session that it is part of, of which a token has none",
    ("DELETE", "/api/api-tokens/{id}"): "whoever finds a token can end it, and no other",
}
"""What a token may call whatever its scopes, and why."""
FOUND_FIRST = {
    ("POST", "/api/credentials/{id}/reveal"),
    ("GET", "/api/credentials/{id}/totp"),
    ("POST", "/api/credentials/{id}/share"),
    ("POST", "/api/credentials/{id}/use"),
    ("POST", "/api/integration-credentials/{id}/reveal"),
}
"""What looks for the record first, so that a refusal is on record with its client; `tests/domains/vault` tries it."""
SIGNED_IN = {
    ("POST", "/api/auth/device/pending"),
    ("POST", "/api/auth/device/approve"),
    ("GET", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions"),
    ("DELETE", "/api/auth/sessions/{id}"),
    ("POST", "/api/auth/totp"),
    ("POST", "/api/auth/totp/confirm"),
    ("POST", "/api/auth/totp/disable"),
    ("POST", "/api/auth/password"),
    ("POST", "/api/api-tokens"),
}
"""What no token may call: it needs a person who has signed in."""
FREE_FORM = {
    ("POST", "/api/claude/hooks/{event}"): "takes what the client's hooks send, and reads only what it knows of",
}
"""What takes fields that it does not know, and why."""
OWNED = {
    "id": str(uuid4()),
    "client_id": str(uuid4()),
    "user_id": str(uuid4()),
    "owner_id": str(uuid4()),
    "created_at": "2020-01-01T00:00:00Z",
    "created_by": str(uuid4()),
    "version": 7,
    "role": "owner",
    "is_admin": True,
    "is_active": True,
    "scopes": ["msp:admin"],
    "trust": 3,
    "token_version": 0,
    "password_hash": "x",
    "secret_hash": "x",
    "public_id": "x",
    "totp_secret": "x",
    "revoked_at": None,
    "last_used_at": "2020-01-01T00:00:00Z",
}
"""Fields that a caller would like to set."""


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", str(uuid4()), path.removeprefix("/api"))


async def call(caller: Caller, method: str, path: str, body: Any = ...) -> httpx2.Response:
    has_body = method in ("POST", "PUT", "PATCH")
    return await caller.request(method, filled(path), **({"json": {} if body is ... else body} if has_body else {}))


async def test_z5_each_operation_is_opened_by_one_scope_and_by_no_other(world: World) -> None:
    """Those of the resources by themselves are in `test_access`."""
    make, scopes = world.api.people.token, sorted(EVERY_SCOPE)
    single = {scope: await make(world.owner, scope) for scope in scopes}
    others = {scope: await make(world.owner, *(each for each in scopes if each != scope)) for scope in scopes}
    of_resources = {resource.operation_id(verb) for resource in RESOURCES for verb in resource.verbs}
    found = operations(world.api)
    wrong = []
    for method, path in sorted(set(found) - set(OPEN)):
        if found[method, path]["operationId"] in of_resources:
            continue
        opening = {scope for scope, token in single.items() if (await call(token, method, path)).status_code != 403}
        if (method, path) in SIGNED_IN:
            expected = opening == set()
        elif (method, path) in ANY_TOKEN or (method, path) in FOUND_FIRST:
            expected = True
        else:
            expected = len(opening) <= 1 and all(
                [(await call(others[scope], method, path)).status_code == 403 for scope in opening]
            )
        if not expected:
            wrong.append((method, path, sorted(opening)))
    assert wrong == [], wrong


async def test_z5_a_refresh_takes_no_scopes_and_widens_none(world: World) -> None:
    person = await world.api.people.add("technician")
    await world.owner.patch(f"/users/{person.id}", {"role": "readonly"})
    for more in ({"scope": "msp:admin"}, {"scopes": ["msp:admin"]}):
        reply = await world.api.anonymous.post("/auth/refresh", {"refresh_token": person.refresh_token} | more)
        assert reply.status_code == 422
    renewed = (await world.api.anonymous.post("/auth/refresh", {"refresh_token": person.refresh_token})).json()
    assert renewed["scopes"] == ["memory:read", "msp:read"]


def own_fields(document: dict[str, Any], operation: dict[str, Any]) -> set[str] | None:
    """Return the fields of the object that an operation takes as JSON; None if it takes no object."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema["properties"]) if schema.get("type") == "object" and "properties" in schema else None


async def test_z4_no_operation_takes_a_field_that_it_does_not_tell_of(world: World) -> None:
    document = world.api.app.openapi()
    wrong, tried = [], 0
    for (method, path), operation in sorted(operations(world.api).items()):
        fields = own_fields(document, operation)
        if fields is None or (method, path) in FREE_FORM:
            continue
        tried += 1
        body = {name: value for name, value in OWNED.items() if name not in fields}
        reply = await call(world.owner, method, path, body)
        refused = {each["pointer"] for each in reply.json()["errors"] if each["code"] == "extra_forbidden"}
        if reply.status_code != 422 or not {f"/{name}" for name in body} <= refused:
            wrong.append((method, path, reply.status_code, reply.text[:200]))
    assert wrong == []
    assert tried > 100


async def test_z4_nothing_of_an_account_is_changed_by_such_fields(world: World) -> None:
    before = (await world.owner.get(f"/users/{world.technician.id}")).json()
    for body in ({"role": "owner"}, {"is_active": True, "id": str(uuid4())}, {"token_version": 9}, {"scopes": []}):
        assert (await world.technician.patch(f"/users/{world.technician.id}", body)).status_code == 403
    for name in ("id", "token_version", "password_hash", "totp_secret", "created_at", "email"):
        reply = await world.owner.patch(f"/users/{world.technician.id}", {name: OWNED.get(name, "x@y.test")})
        assert reply.status_code == 422
    assert (await world.owner.get(f"/users/{world.technician.id}")).json() == before
