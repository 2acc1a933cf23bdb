"""Every action on a record, beside the verbs of the engine: another client's record is as good as none (Z1)."""

import re
from typing import Any
from uuid import uuid4

from tests.contract.bodies import BY_NAME, is_creatable
from tests.contract.conftest import World
from tests.contract.problems import problem, told
from tests.contract.test_surface import operations
from tests.fixtures.application import Application

PARTS = re.compile(r"/api/(?P<name>[a-z0-9-]+)/\{id\}/(?P<rest>[a-z-]+(/.*)?)")
BODIES: dict[str, dict[str, Any]] = {
    "assign_session": {"client_id": "{a}"},
    "note_in_security_incident_timeline": {"text": "seen"},
    "replace_credential_links": {"infrastructure_ids": [], "service_ids": []},
    "move_credential": {"client_id": "{a}", "reason": "Ticket 1"},
    "reveal_credential": {"reason": "Ticket 1"},
    "reveal_integration_credential": {"reason": "Ticket 1"},
    "restore_credential_version": {"reason": "Ticket 1"},
    "rotate_credential": {"reason": "Ticket 1", "password": "another password"},
    "share_credential": {"reason": "Ticket 1"},
    "use_credential": {"reason": "Ticket 1"},
    **{
        f"replace_{singular}_tags": {"tag_ids": []}
        for singular in ("client", "project", "infrastructure", "session", "work_item", "credential")
    },
}
"""What each action is sent that takes a body; `{a}` stands for the client that the caller works for."""
OTHERWISE = {"history", "{children}"}
"""Paths that the tests of history and of lists by parent try."""


def actions(api: Application) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return method, path, resource and operation of every action on a record of a client."""
    found = []
    for (method, path), operation in operations(api).items():
        match = PARTS.fullmatch(path)
        if match is None or match["rest"] in OTHERWISE or match["name"] not in BY_NAME:
            continue
        model = BY_NAME[match["name"]].model
        if match["name"] == "clients" or "client_id" in model.__table__.c:
            found.append((method, path, match["name"], operation))
    return found


def test_there_is_something_to_try(api: Application) -> None:
    assert len(actions(api)) > 20
    needing = {o["operationId"] for *_, o in actions(api) if o.get("requestBody", {}).get("required")}
    assert needing == BODIES.keys()


async def test_z1_an_action_on_another_clients_record_is_as_good_as_on_none(world: World) -> None:
    maker = world.maker(world.b)
    admin = await world.api.people.add("admin", {world.a: "reveal"})
    records: dict[str, dict[str, Any]] = {}
    for method, path, name, operation in actions(world.api):
        resource = BY_NAME[name]
        if name not in records and (is_creatable(resource) or name == "clients"):
            records[name] = {"id": str(world.b)} if name == "clients" else await maker.create(resource, full=True)
        if name not in records:
            continue
        body = BODIES.get(operation["operationId"])
        sent = {} if body is None else {"json": {k: str(world.a) if v == "{a}" else v for k, v in body.items()}}
        url = re.sub(r"\{\w+_id\}", str(uuid4()), re.sub(r"\{number\}", "1", path.removeprefix("/api")))
        foreign = await admin.request(method, url.format(id=records[name]["id"]), **sent)
        unknown = await admin.request(method, url.format(id=uuid4()), **sent)
        assert told(problem(foreign, 404)) == told(problem(unknown, 404)), (method, path)
    for name, record in records.items():
        if name != "clients":
            assert (await world.owner.get(f"/{name}/{record['id']}")).json() == record
