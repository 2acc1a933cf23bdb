"""Memories that hold until a time: recalled until then, and afterwards only by questions about the past."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from claudetools.domains.memory import MemoryItem
from claudetools.domains.memory.items import next_change
from claudetools.kit.clock import now
from tests.fixtures.people import Caller
from tests.memory.firm import Firm, call_tool, remember, texts

NOTE = "The line of the Kiel branch is out until the provider replaces the modem."
ASK = "line of the Kiel branch"


async def end(firm: Firm, id: str) -> None:
    """Let a memory have expired a second ago, having been said an hour ago."""

    async def unit(session: Any) -> None:
        item = await session.get(MemoryItem, UUID(id))
        item.said_at, item.expires_at = now() - timedelta(hours=1), now() - timedelta(seconds=1)
        item.change_sequence = await next_change(session)

    await firm.api.services.database.write(unit)


async def expiring(caller: Caller, id: str, at: object) -> Any:
    return await caller.patch(f"/memory/{id}", json={"expires_at": at})


async def test_what_expired_is_recalled_only_as_of_then(firm: Firm) -> None:
    client = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(client, cwd="/srv/acme")
    for kind in ("fact", "todo"):
        memory = await remember(firm.owner, NOTE, client, kind=kind, expires_at="1d")
        assert await texts(firm.owner, ASK, client) == [NOTE]
        await end(firm, memory["id"])
        assert await texts(firm.owner, ASK, client) == []
        then = (now() - timedelta(minutes=5)).isoformat()
        assert await texts(firm.owner, ASK, client, as_of=then, kinds=[kind]) == [NOTE]
    # Neither is it in what a session begins with.
    assert NOTE not in await machine.prompt("s-1", "Where were we?", cwd="/srv/acme")


async def test_a_time_is_given_as_people_write_it(firm: Firm) -> None:
    client = await firm.client("Acme")
    memory = await remember(firm.owner, NOTE, client)
    assert memory["expires_at"] is None
    for given, hours in (("12h", 12), ("in 3 days", 72), ("2w", 336), ("1 week", 168)):
        reply = await expiring(firm.owner, memory["id"], given)
        at = datetime.fromisoformat(reply.json()["expires_at"])
        assert abs((at - now()).total_seconds() - hours * 3600) < 60
    reply = await expiring(firm.owner, memory["id"], "2099-03-31")
    assert datetime.fromisoformat(reply.json()["expires_at"]).replace(microsecond=0) == datetime(
        2099, 3, 31, 23, 59, 59, tzinfo=UTC
    )
    assert (await firm.owner.patch(f"/memory/{memory['id']}", json={"importance": 0.4})).json()["expires_at"]
    assert (await expiring(firm.owner, memory["id"], None)).json()["expires_at"] is None
    again = await remember(firm.owner, NOTE, client, expires_at="2099-03-31T18:00:00+02:00")
    assert (again["id"], again["expires_at"]) == (memory["id"], "2099-03-31T16:00:00Z")
    text, _ = await call_tool(
        firm.owner, "remember", {"text": "The keys hang at Petra's.", "client": "Acme", "expires_at": "2w"}
    )
    told = (await firm.owner.get(f"/memory/{text.removeprefix('Remembered: ')}")).json()
    assert told["expires_at"] is not None


@pytest.mark.parametrize(
    "given", ["", "soon", "0d", "-3d", "2020-01-01", "2099-02-30", "2099-01-01T10:00:00", "99999d", 7, [], "1 year"]
)
async def test_a_time_that_is_none_or_past_is_refused(firm: Firm, given: object) -> None:
    client = await firm.client("Acme")
    memory = await remember(firm.owner, NOTE, client)
    body = {"text": "Another note.", "client_id": str(client), "expires_at": given}
    for reply in (await firm.owner.post("/memory/remember", body), await expiring(firm.owner, memory["id"], given)):
        assert reply.status_code == 422, reply.text
        assert reply.json()["errors"][0]["pointer"] == "/expires_at"
    assert (await firm.owner.get(f"/memory/{memory['id']}")).json() == memory
