"""Every request that changes a record leaves exactly the events of that change, and says who sent it."""

import io
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.api.tags import TAGGED
from claudetools.domains import RESOURCES
from claudetools.kit.audit.events import Action, AuditEvent
from claudetools.kit.resource.declare import WRITES, Resource, Verb
from tests.contract.bodies import BY_NAME, is_creatable
from tests.contract.conftest import World
from tests.contract.problems import problem
from tests.contract.test_exchange import NOT_IMPORTED, sent, table
from tests.contract.test_surface import operations
from tests.domains.exchange.exports import NETBOX_CSV
from tests.fixtures.people import Caller

NO_EVENTS = {
    "login": "sign-ins are events of their own, see tests/api/test_auth.py",
    "refresh": "renews a sign-in; a token that is used twice is an event of its own",
    "logout": "as login",
    "start_device_grant": "only asks; the answer of a person is the event",
    "fetch_device_token": "as login",
    "read_pending_device": "reads",
    "recall_memory": "reads",
    "verify_audit": "reads",
    "ingest_memory": "what a machine recorded, kept word for word with its origin in the transcript",
    "send_claude_events": "as ingest_memory",
    "send_claude_hook": "as ingest_memory",
    "mark_message_read": "a reader's own mark on a message that stays as it is",
    "report_presence": "what somebody is at just now, replaced by the next report",
}
"""Operations that change no record that people keep, and why each of them does not."""
ELSEWHERE = {
    "tests/api/test_device_flow.py": {"decide_device_grant"},
    "tests/api/test_sessions.py": {"end_login_session", "end_other_login_sessions"},
    "tests/api/test_second_factor.py": {"enrol_totp", "confirm_totp", "disable_totp", "reset_user_totp"},
    "tests/api/test_passwords.py": {"change_password", "reset_user_password"},
    "tests/domains/vault/": {
        "restore_credential_version",
        "rotate_credential",
        "move_credential",
        "reveal_credential",
        "reveal_integration_credential",
        "share_credential",
        "delete_share_link",
        "claim_share",
        "use_credential",
        "approve_credential_use_request",
        "deny_credential_use_request",
    },
    "tests/memory/test_quarantine.py": {"release_memory", "quarantine_machine_memory"},
}
"""Operations on secrets, sign-ins and what is held back, whose events are checked where what they need is set up."""
ALONG = {
    "credentials": {"credential-versions"},
    "environmental-examples": {"environmental-insights"},
    "messages": {"messages"},
    "operation-failures": {"failure-patterns"},
    "timers": {"billable-time"},
}
"""What else a write of a resource changes, by a rule of the product."""

Told = list[tuple[str, str, UUID | None]]


async def events_of(world: World, reply: httpx2.Response) -> list[AuditEvent]:
    """Return the events of a request, each of which names its sender."""

    async def unit(session: AsyncSession) -> list[AuditEvent]:
        query = select(AuditEvent).where(AuditEvent.request_id == reply.headers["x-request-id"])
        return list(await session.scalars(query.order_by(AuditEvent.lane, AuditEvent.seq)))

    found = await world.api.services.database.read(unit)
    assert {event.user_id for event in found} <= {world.owner.id}
    return found


async def told(world: World, reply: httpx2.Response) -> Told:
    assert reply.is_success, reply.text
    return [(event.action.value, event.resource, event.record_id) for event in await events_of(world, reply)]


async def only(world: World, resource: Resource, reply: httpx2.Response, *expected: tuple[str, str]) -> None:
    """Check that a request left these events of a resource's records, and besides only what goes along with them."""
    found = await told(world, reply)
    wanted = Counter((action, resource.name, UUID(id)) for action, id in expected)
    own = Counter(event for event in found if event in wanted or event[1] == resource.name)
    other = {name for _, name, _ in found if name != resource.name}
    assert own == wanted, (found, expected)
    assert other <= ALONG.get(resource.name, set()), found


async def test_a11_each_write_of_a_record_is_one_event(world: World, resource: Resource) -> None:
    if not is_creatable(resource) or not resource.verbs & WRITES:
        return
    maker, owner, path = world.maker(), world.owner, f"/{resource.name}"
    body = await maker.body(resource, full=True)
    made = await owner.post(path, body)
    record = made.json()
    await only(world, resource, made, ("create", record["id"]))
    if Verb.CHANGE in resource.verbs:
        other = await maker.body(resource, full=True)
        name = next(n for n in resource.change.model_fields if other[n] != record[n] and not n.endswith("_at"))
        await only(
            world, resource, await owner.patch(f"{path}/{record['id']}", {name: other[name]}), ("change", record["id"])
        )
        await only(world, resource, await owner.patch(f"{path}/{record['id']}", {name: other[name]}))
    if Verb.REPLACE in resource.verbs:
        other = await maker.body(resource, full=True)
        kept = {n: other[n] for n in resource.replace.model_fields if n in other}
        await only(world, resource, await owner.put(f"{path}/{record['id']}", kept), ("change", record["id"]))
    if Verb.IMPORT in resource.verbs and resource.name not in NOT_IMPORTED:
        reply = await sent(owner, resource, table(await maker.body(resource)))
        row = reply.json()["rows"][0]
        await only(world, resource, reply, ("create", row["id"]))
    if Verb.BULK in resource.verbs:
        second = await maker.create(resource)
        request = {"create": [await maker.body(resource)], "delete": [{"id": second["id"]}]}
        reply = await owner.post(f"{path}/bulk", request)
        await only(world, resource, reply, ("create", reply.json()["created"][0]["id"]), ("delete", second["id"]))
    if Verb.DELETE in resource.verbs:
        await only(world, resource, await owner.delete(f"{path}/{record['id']}"), ("delete", record["id"]))


async def _made(world: World, name: str, **given: Any) -> str:
    id: str = (await world.maker().create(BY_NAME[name], **given))["id"]
    return id


async def _tags(world: World, name: str) -> httpx2.Response:
    id = str(world.a) if name == "clients" else await _made(world, name)
    return await world.owner.put(f"/{name}/{id}/tags", {"tag_ids": [await _made(world, "tags")]})


async def _links(world: World) -> httpx2.Response:
    machine = await _made(world, "infrastructure")
    id = await _made(world, "credentials")
    return await world.owner.put(f"/credentials/{id}/links", {"infrastructure_ids": [machine], "service_ids": []})


async def _person(world: World) -> httpx2.Response:
    body = {"email": "new@firm.test", "display_name": "New", "password": "a long enough password 1"}
    return await world.owner.post("/users", {**body, "clients": [{"client_id": str(world.a), "level": "read"}]})


async def _rights(world: World) -> httpx2.Response:
    grants = [{"client_id": str(world.b), "level": "write"}]
    return await world.owner.patch(f"/users/{world.technician.id}", {"clients": grants, "role": "readonly"})


async def _token(world: World) -> httpx2.Response:
    return await world.owner.post("/api-tokens", {"name": "Test", "kind": "personal", "scopes": ["msp:read"]})


async def _no_token(world: World) -> httpx2.Response:
    return await world.owner.delete(f"/api-tokens/{(await _token(world)).json()['id']}")


async def _binding(world: World) -> httpx2.Response:
    return await world.owner.post("/claude/bindings", {"client_id": str(world.a), "git_remote": "https://git.test/a/b"})


async def _no_binding(world: World) -> httpx2.Response:
    return await world.owner.delete(f"/claude/bindings/{(await _binding(world)).json()['id']}")


async def _project_state(world: World) -> httpx2.Response:
    id = await _made(world, "projects")
    body = await world.maker().body(BY_NAME["project-states"], project_id=id)
    return await world.owner.put(
        f"/project-states/by-project/{id}", {n: v for n, v in body.items() if n != "project_id"}
    )


async def _assign(world: World) -> httpx2.Response:
    machine = await _made(world, "machines")
    made = await world.owner.post(
        "/sessions", {"machine_id": machine, "title": "Work", "started_at": "2026-01-01T00:00:00Z"}
    )
    assert made.is_success, made.text
    return await world.owner.post(f"/sessions/{made.json()['id']}/assign", {"client_id": str(world.a)})


async def _import(world: World) -> httpx2.Response:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in NETBOX_CSV.items():
            archive.writestr(name, content)
    headers = {"Content-Type": "application/zip"}
    return await world.owner.post("/imports/netbox", content=data.getvalue(), headers=headers)


async def _confirm(world: World) -> httpx2.Response:
    id = await _made(world, "failure-patterns")

    async def unit(session: AsyncSession) -> None:
        await session.execute(text("UPDATE failure_patterns SET origin = 'auto'"))

    await world.api.services.database.write(unit)
    return await world.owner.post(f"/failure-patterns/{id}/confirm")


async def _post(world: World, name: str, action: str, body: Any = ...) -> httpx2.Response:
    return await world.owner.post(f"/{name}/{await _made(world, name)}/{action}", body)


DRIVEN: dict[str, tuple[Callable[[World], Awaitable[httpx2.Response]], list[tuple[str, str]]]] = {
    "create_user": (_person, [("create", "users")]),
    "change_user": (_rights, [("change", "users")]),
    "create_api_token": (_token, [("create", "api-tokens")]),
    "delete_api_token": (_no_token, [("change", "api-tokens")]),
    "assign_session": (_assign, [("change", "sessions")]),
    "note_problem_recurrence": (
        lambda world: _post(world, "problem-solutions", "recurred"), [("change", "problem-solutions")],
    ),
    "stop_timer": (
        lambda world: _post(world, "timers", "stop"), [("change", "timers"), ("create", "billable-time")],
    ),
    "replace_credential_links": (_links, [("change", "credentials")]),
    "note_in_security_incident_timeline": (
        lambda world: _post(world, "security-incidents", "timeline", {"text": "Looked at it"}),
        [("change", "security-incidents")],
    ),
    "confirm_failure_pattern": (_confirm, [("change", "failure-patterns")]),
    "verify_environmental_insight": (
        lambda world: _post(world, "environmental-insights", "verify"), [("change", "environmental-insights")],
    ),
    "put_project_state": (_project_state, [("create", "project-states")]),
    "create_claude_binding": (_binding, [("create", "claude-bindings")]),
    "delete_claude_binding": (_no_binding, [("delete", "claude-bindings")]),
    "import_system_export": (_import, []),
    "create_backup": (lambda world: world.owner.post("/backups"), [("backup", "jobs")]),
    "retry_job": (lambda world: _post(world, "jobs", "retry"), [("change", "jobs")]),
    "rotate_keys": (
        lambda world: world.owner.post("/keys/rotate", {"client_id": str(world.a)}), [("rotate", "data-keys")],
    ),
}  # fmt: skip
"""By operation beside those of the engine: what sends it, and the events that it is to leave."""


async def remembered(world: World) -> dict[str, tuple[httpx2.Response, list[tuple[str, str]]]]:
    """Return, by operation on memories, a reply and the events that it is to leave."""
    body = {"text": "The server room is on the second floor", "client_id": str(world.a)}
    made = await world.owner.post("/memory/remember", body)
    id = made.json()["memory"]["id"]
    return {
        "remember_memory": (made, [("create", "memory-items")]),
        "change_memory": (
            await world.owner.patch(f"/memory/{id}", {"is_pinned": True}), [("change", "memory-items")],
        ),
        "rate_memory": (
            await world.owner.post(f"/memory/{id}/feedback", {"useful": True}), [("change", "memory-items")],
        ),
        "delete_memory": (await world.owner.delete(f"/memory/{id}"), [("delete", "memory-items")]),
        "forget_memory": (
            await world.owner.post("/memory/forget", {"user_id": str(world.technician.id)}),
            [("delete", "memory-items")],
        ),
    }  # fmt: skip


async def test_a11_every_operation_beside_the_engines_leaves_its_events(world: World) -> None:
    replies = {name: (await drive(world), expected) for name, (drive, expected) in DRIVEN.items()} | await remembered(
        world
    )
    for resource, _ in TAGGED:
        operation, path = resource.singular.replace("-", "_"), resource.name
        replies[f"replace_{operation}_tags"] = await _tags(world, path), [("change", path)]
    engines = {resource.operation_id(verb) for resource in RESOURCES for verb in resource.verbs}
    mutating = {each["operationId"] for (method, _), each in operations(world.api).items() if method != "GET"}
    assert mutating - engines == replies.keys() | NO_EVENTS.keys() | set().union(*ELSEWHERE.values())
    for name, (reply, expected) in replies.items():
        found = [(action, resource) for action, resource, _ in await told(world, reply)]
        if name == "import_system_export":
            assert len(found) > 3
            assert {action for action, _ in found} == {"create"}
        else:
            assert sorted(found) == sorted(expected), name


async def test_a11_an_event_names_person_token_and_request(world: World) -> None:
    token = await world.api.people.token(world.owner, "msp:read", "msp:write")
    reply = await token.post("/clients", {"name": "By token"})
    (event,) = await events_of(world, reply)
    assert event.token_id is not None
    assert (event.user_id, event.user_name) == (world.owner.id, world.owner.email.partition("@")[0].title())
    assert event.login_session_id is None
    (event,) = await events_of(world, await world.owner.post("/clients", {"name": "By person"}))
    assert event.token_id is None
    assert event.login_session_id is not None


async def test_a11_an_export_is_an_event_before_anything_leaves(world: World, exportable: Resource) -> None:
    reply = await world.owner.get(f"/{exportable.name}/export.csv")
    (event,) = await events_of(world, reply)
    assert (event.action, event.resource, event.record_id) == (Action.EXPORT, exportable.name, None)


async def denied(world: World, caller: Caller, reply: httpx2.Response) -> AuditEvent:
    async def unit(session: AsyncSession) -> list[AuditEvent]:
        query = select(AuditEvent).where(AuditEvent.request_id == reply.headers["x-request-id"])
        return list(await session.scalars(query))

    (event,) = await world.api.services.database.read(unit)
    assert event.action is Action.DENIED
    assert event.user_id == getattr(caller, "id", None)
    assert (event.before, event.client_id) == ({}, None)
    return event


async def test_a11_a_refusal_is_one_event_that_tells_nothing_of_the_record(world: World, owned: Resource) -> None:
    if not is_creatable(owned):
        return
    theirs = (await world.maker(world.b).create(owned))["id"]
    stranger = await world.local(owned)
    told = []
    for id in (theirs, str(UUID(int=7))):
        reply = await stranger.get(f"/{owned.name}/{id}")
        problem(reply, 404)
        event = await denied(world, stranger, reply)
        assert event.record_id == UUID(id)
        told.append((event.resource, event.after))
    details = {"method": "GET", "route": f"/api/{owned.name}/{{id}}", "status": 404, "code": "not_found"}
    assert told == [(owned.name, details)] * 2


async def test_a11_what_a_role_or_token_may_not_do_is_an_event(world: World) -> None:
    reader = await world.api.people.add("readonly")
    for reply in (await reader.post("/clients", {"name": "x"}), await reader.get("/audit/events")):
        problem(reply, 403)
        assert (await denied(world, reader, reply)).after["status"] == 403
    key = {"Idempotency-Key": "of-a-refusal"}
    first = await reader.post("/clients", {"name": "x"}, headers=key)
    again = await reader.post("/clients", {"name": "x"}, headers=key)
    assert first.status_code == again.status_code == 403
    assert "idempotency-replayed" not in again.headers
    stranger = await world.api.anonymous.get(f"/clients/{world.a}")
    problem(stranger, 401)
    assert await events_of(world, stranger) == []
