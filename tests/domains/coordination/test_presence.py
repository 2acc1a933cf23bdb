"""Who works where: from what is recorded, from what clients say, and only for those who may see it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Update, update

from claudetools.domains.coordination.presence import Presence
from claudetools.domains.memory import TranscriptTurn
from claudetools.domains.work import WorkSession
from tests.contract.problems import problem, told
from tests.fixtures.people import Caller
from tests.memory.firm import Firm

FOLDER = "/home/ann/acme"


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def present(caller: Caller, **parameters: Any) -> list[dict[str, Any]]:
    reply = await caller.get("/presence", params=parameters)
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def run(firm: Firm, statement: Update) -> None:
    await firm.api.services.database.write(lambda session: session.execute(statement))


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


async def test_whoever_works_with_claude_is_present(firm: Firm) -> None:
    client = await firm.client("Acme")
    await firm.bind(client, cwd=FOLDER)
    worker = await firm.technician(client)
    machine = await firm.machine(worker, "ann-laptop")
    assert await present(worker) == []
    await machine.prompt("s1", "Why is the core switch down?", cwd=FOLDER)
    for caller in (worker, firm.owner, await firm.technician(client, level="read")):
        (one,) = await present(caller)
        assert one["user_id"] == str(worker.id)
        assert one["user"] == (await worker.get("/auth/me")).json()["display_name"]
        assert (one["machine"], one["client_id"]) == ("ann-laptop", str(client))
        assert (one["working_directory"], one["activity"]) == (FOLDER, None)
    assert await present(await firm.technician()) == []
    await machine.hook("SessionEnd", "s1", cwd=FOLDER)
    assert await present(worker) == []


async def test_presence_ends_when_nothing_happens_any_more(firm: Firm) -> None:
    machine = await firm.machine(firm.owner)
    await machine.prompt("s1", "Why is the core switch down?")
    # What is stored now may have been said long ago, as in transcripts that are imported.
    await run(firm, update(TranscriptTurn).values(said_at=ago(minutes=20)))
    assert await present(firm.owner) == []
    assert len(await present(firm.owner, active_minutes=30)) == 1
    opened = await made(firm.owner, "/sessions", title="On the phone")
    assert [one["session_id"] for one in await present(firm.owner)] == [opened["id"]]
    session = WorkSession.id == UUID(opened["id"])
    await run(firm, update(WorkSession).where(session).values(updated_at=ago(minutes=16)))
    assert await present(firm.owner) == []
    for minutes in (0, 1441, "x"):
        problem(await firm.owner.get("/presence", params={"active_minutes": minutes}), 422, "?active_minutes")


async def test_a_client_says_what_it_is_at(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    worker = await firm.technician(acme, globex)
    server, foreign = [
        (await made(firm.owner, "/infrastructure", client_id=str(id), hostname="dc01", asset_type="other"))["id"]
        for id in (acme, globex)
    ]
    session = (await made(worker, "/sessions", title="X", client_id=str(acme)))["id"]
    await run(firm, update(WorkSession).values(updated_at=ago(minutes=20)))
    assert await present(worker) == []
    body = {"session_id": session, "activity": "Moving FSMO roles, password=Tr0ub4dor&3xyz"}
    reply = await worker.put("/presence", body | {"infrastructure_id": server})
    assert reply.status_code == 200, reply.text
    said = reply.json()
    assert (said["infrastructure_id"], said["client_id"]) == (server, str(acme))
    assert said["activity"].startswith("Moving FSMO roles")
    assert "Tr0ub4dor" not in said["activity"]
    assert await present(worker) == [said]
    again = (await worker.put("/presence", {"session_id": session})).json()
    assert (again["activity"], again["infrastructure_id"]) == (None, None)
    assert again["seen_at"] > said["seen_at"]
    problem(await worker.put("/presence", body | {"infrastructure_id": foreign}), 409, "/infrastructure_id")
    problem(await worker.put("/presence", body | {"infrastructure_id": str(uuid4())}), 404, "/infrastructure_id")
    await run(firm, update(Presence).values(seen_at=ago(minutes=20)))
    assert await present(worker) == []
    assert (await worker.patch(f"/sessions/{session}", {"status": "completed"})).status_code == 200
    problem(await worker.put("/presence", body), 409, "/session_id")


async def test_nobody_speaks_for_another(firm: Firm) -> None:
    client = await firm.client("Acme")
    worker, colleague, stranger = await firm.technician(client), await firm.technician(client), await firm.technician()
    session = (await made(worker, "/sessions", title="X", client_id=str(client)))["id"]
    for caller in (colleague, firm.owner):
        problem(await caller.put("/presence", {"session_id": session}), 403)
    foreign = problem(await stranger.put("/presence", {"session_id": session}), 404, "/session_id")
    unknown = problem(await stranger.put("/presence", {"session_id": str(uuid4())}), 404, "/session_id")
    assert told(foreign) == told(unknown)
    private = (await made(worker, "/sessions", title="Y"))["id"]
    assert {one["session_id"] for one in await present(worker)} == {session, private}
    assert [one["session_id"] for one in await present(colleague)] == [session]


async def test_reports_at_once_are_one_presence(firm: Firm) -> None:
    session = (await made(firm.owner, "/sessions", title="X"))["id"]
    bodies = [{"session_id": session, "activity": f"Step {number}"} for number in range(4)]
    replies = await asyncio.gather(*(firm.owner.put("/presence", body) for body in bodies))
    assert [reply.status_code for reply in replies] == [200] * 4
    (one,) = await present(firm.owner)
    assert one["activity"] in {body["activity"] for body in bodies}
    assert (await firm.owner.delete(f"/sessions/{session}")).status_code == 204
    assert await present(firm.owner) == []
