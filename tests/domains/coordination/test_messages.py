"""Messages reach whom they are for, and nobody else."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.coordination import MessageReceipt, mark_read
from claudetools.kit.audit.events import AuditEvent
from claudetools.kit.resource.scope import Actor, Tenants
from tests.contract.problems import problem, told
from tests.fixtures.people import Caller, Person
from tests.memory.firm import Firm

SECRET = "Tr0ub4dor&3xyz"


async def made(caller: Caller, path: str, **body: Any) -> dict[str, Any]:
    reply = await caller.post(path, body)
    assert reply.status_code == 201, reply.text
    record: dict[str, Any] = reply.json()
    return record


async def inbox(caller: Caller) -> list[str]:
    reply = await caller.get("/messages", params={"sort": "created_at"})
    return [message["body"] for message in reply.json()["items"]]


async def unread(caller: Caller, **parameters: Any) -> list[str]:
    reply = await caller.get("/messages/unread", params=parameters)
    assert reply.status_code == 200, reply.text
    return [message["body"] for message in reply.json()["items"]]


async def test_a_message_is_read_by_its_sender_and_by_whom_it_is_for(firm: Firm) -> None:
    sender, reader, other = [await firm.technician() for _ in range(3)]
    message = await made(sender, "/messages", recipient_user_id=str(reader.id), body="One")
    await made(sender, "/messages", body="All")
    assert await inbox(sender) == await inbox(reader) == ["One", "All"]
    # Not even administrators read what is between two others.
    admin = await firm.api.people.add("admin")
    assert await inbox(other) == await inbox(firm.owner) == await inbox(admin) == ["All"]
    path = f"/messages/{message['id']}"
    for stranger in (other, firm.owner, admin):
        unknown = problem(await stranger.get(f"/messages/{uuid4()}"), 404)
        assert told(problem(await stranger.get(path), 404)) == told(unknown)
        problem(await stranger.delete(path), 404)
        problem(await stranger.post(f"{path}/read"), 404)
    problem(await reader.delete(path), 403)
    assert (await sender.delete(path)).status_code == 204
    assert await inbox(reader) == ["All"]


async def test_what_was_sent_stands(firm: Firm) -> None:
    message = await made(firm.owner, "/messages", body="All")
    for method in ("PUT", "PATCH"):
        problem(await firm.owner.request(method, f"/messages/{message['id']}", json={"body": "x"}), 405)


async def test_the_audit_log_tells_that_something_was_sent_and_not_what(firm: Firm) -> None:
    reader = await firm.technician()
    message = await made(firm.owner, "/messages", recipient_user_id=str(reader.id), subject="Key", body="Below the mat")
    path = f"/messages/{message['id']}"
    (event,) = (await reader.get(f"{path}/history")).json()["items"]
    assert (event["action"], event["after"]["reader_id"]) == ("create", str(reader.id))
    problem(await (await firm.api.people.add("admin")).get(f"{path}/history"), 404)
    assert (await firm.owner.delete(path)).status_code == 204
    events = await firm.api.services.database.read(lambda session: session.scalars(select(AuditEvent)))
    told = [event for event in events if event.resource == "messages"]
    assert [event.action for event in told] == ["create", "denied", "delete"]
    assert not {"subject", "body"} & {name for event in told for name in (*event.before, *event.after)}


async def test_a_message_about_a_client_reaches_nobody_else(firm: Firm) -> None:
    client, other = await firm.client("Acme"), await firm.client("Globex")
    inside, outside = await firm.technician(client, other, level="read"), await firm.technician(other)
    await made(firm.owner, "/messages", client_id=str(client), body="All")
    await made(firm.owner, "/messages", client_id=str(client), recipient_user_id=str(inside.id), body="One")
    assert (await inbox(inside), await inbox(outside)) == (["All", "One"], [])
    problem(await inside.post("/messages", {"client_id": str(client), "body": "x"}), 403)
    # Rather than a message that never arrives: a word to its sender.
    lost = {"client_id": str(client), "recipient_user_id": str(outside.id), "body": "x"}
    problem(await firm.owner.post("/messages", lost), 409, "/recipient_user_id")
    holder = await firm.api.people.token(inside, "msp:read", client_ids=[str(other)])
    assert await inbox(holder) == []
    assert (await firm.owner.patch(f"/users/{inside.id}", {"clients": []})).status_code == 200
    assert await inbox(await firm.api.people.sign_in(inside)) == []


async def test_a_message_to_a_machine_or_session_is_for_who_works_there(firm: Firm) -> None:
    client = await firm.client("Acme")
    worker = await firm.technician(client)
    machine = await firm.machine(worker)
    session = await made(worker, "/sessions", title="X", client_id=str(client))
    for recipient in ({"recipient_machine_id": str(machine.id)}, {"recipient_session_id": session["id"]}):
        message = await made(firm.owner, "/messages", body="Stop", **recipient)
        assert message["reader_id"] == str(worker.id)
        for caller in (worker, machine.caller):
            assert (await caller.get(f"/messages/{message['id']}")).json() == message
    assert message["client_id"] == str(client)
    both = {"recipient_machine_id": str(machine.id), "recipient_user_id": str(worker.id), "body": "x"}
    problem(await firm.owner.post("/messages", both), 422)
    elsewhere = {"client_id": str(await firm.client("Globex")), "recipient_session_id": session["id"], "body": "x"}
    problem(await firm.owner.post("/messages", elsewhere), 409, "/recipient_session_id")
    stranger = await firm.technician()
    for id in (session["id"], str(uuid4())):
        problem(await stranger.post("/messages", {"recipient_session_id": id, "body": "x"}), 404)
    assert (await firm.owner.delete(f"/sessions/{session['id']}")).status_code == 204
    left = (await worker.get(f"/messages/{message['id']}")).json()
    assert (left["recipient_session_id"], left["reader_id"]) == (None, str(worker.id))
    assert await inbox(stranger) == []


async def test_each_reader_has_a_mark_of_their_own(firm: Firm) -> None:
    sender, first, second = [await firm.technician() for _ in range(3)]
    readonly = await firm.api.people.add("readonly", {})
    to_all = await made(sender, "/messages", body="All")
    await made(sender, "/messages", recipient_user_id=str(first.id), body="One")
    await made(sender, "/messages", recipient_user_id=str(sender.id), body="To myself")
    assert await unread(first) == ["All", "One"]
    assert await unread(first, limit=1) == ["All"]
    assert await unread(sender) == ["To myself"]
    path = f"/messages/{to_all['id']}/read"
    for reader in (first, readonly):
        marks = [await reader.post(path) for _ in range(2)]
        assert [mark.status_code for mark in marks] == [200, 200]
        assert marks[0].json() == marks[1].json()
        assert marks[0].json()["message_id"] == to_all["id"]
    assert (await unread(first), await unread(readonly), await unread(second)) == (["One"], [], ["All"])
    assert await inbox(first) == ["All", "One"]
    problem(await first.post(f"/messages/{uuid4()}/read"), 404)
    assert (await sender.delete(f"/messages/{to_all['id']}")).status_code == 204
    problem(await first.post(path), 404)


async def test_reading_at_once_leaves_one_receipt(firm: Firm) -> None:
    id = UUID((await made(firm.owner, "/messages", body="All"))["id"])
    me = reading(firm.owner)

    async def unit(session: AsyncSession) -> datetime:
        return (await mark_read(session, me, id)).read_at

    times = await asyncio.gather(*(firm.api.services.database.write(unit) for _ in range(4)))
    assert len(set(times)) == 1
    count = select(func.count()).select_from(MessageReceipt)
    assert await firm.api.services.database.read(lambda session: session.scalar(count)) == 1


def reading(person: Person) -> Actor:
    return Actor(
        user_id=person.id,
        email=person.email,
        display_name="",
        role="technician",
        scopes=frozenset(),
        readable=Tenants(),
        writable=Tenants(),
    )


async def test_no_secret_of_a_message_is_stored(firm: Firm) -> None:
    said = f"password={SECRET}"
    message = await made(firm.owner, "/messages", subject=said, body=said)
    assert SECRET not in str(message) + (await firm.owner.get("/messages")).text
    problem(await firm.owner.post("/messages", {"body": "x" * 20_001}), 422, "/body")
