"""Ingest: any conversation, turn by turn, each stored once and searchable when the call answers."""

from typing import Any
from uuid import uuid4

import pytest

from tests.memory.firm import Firm, ingest, recall, texts

GATEWAY = "The gateway of the Hamburg branch is 10.20.0.1 on a Juniper SRX."


async def test_a_turn_is_found_as_soon_as_the_call_answers(firm: Firm) -> None:
    client = await firm.client("Acme")
    reply = await ingest(firm.owner, "chat-1", [GATEWAY], client_id=client)
    assert reply == {"recorded": 1, "repeated": 0, "items": 1}
    assert await texts(firm.owner, "gateway Hamburg", client) == [GATEWAY]


async def test_a_turn_that_is_sent_again_is_left_as_it_is(firm: Firm) -> None:
    client = await firm.client("Acme")
    await ingest(firm.owner, "chat-1", [GATEWAY], client_id=client)
    again = await ingest(firm.owner, "chat-1", ["Something else about the gateway"], client_id=client)
    assert again == {"recorded": 0, "repeated": 1, "items": 0}
    assert await texts(firm.owner, "gateway Hamburg", client) == [GATEWAY]


async def test_a_partly_repeated_batch_adds_only_what_is_new(firm: Firm) -> None:
    client = await firm.client("Acme")
    await ingest(firm.owner, "chat-1", [GATEWAY, "The printers stand in VLAN 30."], client_id=client)
    turns = [GATEWAY, "The printers stand in VLAN 30.", "The phones stand in VLAN 40."]
    reply = await ingest(firm.owner, "chat-1", turns, client_id=client)
    assert (reply["recorded"], reply["repeated"]) == (1, 2)
    assert sorted(await texts(firm.owner, "gateway printers phones VLAN", client)) == sorted(turns)


async def test_a_turn_that_stands_twice_in_one_batch_is_stored_once(firm: Firm) -> None:
    turn = {"id": "same", "role": "user", "text": GATEWAY}
    reply = await ingest(firm.owner, "chat-1", [turn, turn])
    assert (reply["recorded"], reply["repeated"]) == (1, 1)
    assert await texts(firm.owner, "gateway Hamburg") == [GATEWAY]


async def test_sessions_of_a_conversation_number_their_turns_independently(firm: Firm) -> None:
    turns = [
        {"id": "1", "session": "monday", "role": "user", "text": GATEWAY},
        {"id": "1", "session": "tuesday", "role": "user", "text": "The gateway of the Bremen branch is 10.30.0.1."},
    ]
    reply = await ingest(firm.owner, "chat-1", turns)
    assert reply["recorded"] == 2
    assert len(await texts(firm.owner, "gateway branch")) == 2


async def test_one_conversation_under_two_clients_is_two(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    for client in (acme, globex):
        assert (await ingest(firm.owner, "chat-1", [GATEWAY], client_id=client))["recorded"] == 1
    for client in (acme, globex):
        (item,) = (await recall(firm.owner, "gateway Hamburg", client))["items"]
        assert item["client_id"] == str(client)


async def test_batches_may_come_in_any_order(firm: Firm) -> None:
    later = [{"id": "t2", "at": "2026-03-02T10:00:00Z", "role": "user", "text": "The phones stand in VLAN 40."}]
    earlier = [{"id": "t1", "at": "2026-03-01T10:00:00Z", "role": "user", "text": "The printers stand in VLAN 30."}]
    await ingest(firm.owner, "chat-1", later)
    await ingest(firm.owner, "chat-1", earlier)
    answer = await recall(firm.owner, "phones printers stand VLAN")
    assert {item["source"]["turn_ids"][0]: item["source"]["at"] for item in answer["items"]} == {
        "t1": "2026-03-01T10:00:00Z",
        "t2": "2026-03-02T10:00:00Z",
    }


async def test_a_thousand_turns_go_in_one_call(firm: Firm) -> None:
    client = await firm.client("Acme")
    turns = [f"Host srv-{number:04} runs build {number * 7} of the agent." for number in range(1000)]
    reply = await ingest(firm.owner, "inventory", turns, client_id=client)
    assert reply == {"recorded": 1000, "repeated": 0, "items": 1000}
    for number in (0, 499, 999):
        assert (await texts(firm.owner, f"srv-{number:04} build", client, limit=1)) == [turns[number]]
    again = await ingest(firm.owner, "inventory", turns, client_id=client)
    assert again == {"recorded": 0, "repeated": 1000, "items": 0}


async def test_speakers_roles_and_times_come_back_with_the_memory(firm: Firm) -> None:
    client = await firm.client("Acme")
    project = await firm.project(client, "network")
    machine = await firm.machine(firm.owner, "ws-anna")
    turn = {"id": "7", "at": "2026-03-01T11:00:00+01:00", "role": "Caroline", "text": "I moved the NAS to rack four."}
    await ingest(firm.owner, "chat-1", [turn], client_id=client, project_id=project, machine=machine.id)
    (item,) = (await recall(firm.owner, "who moved the NAS rack", client))["items"]
    assert (item["kind"], item["project_id"]) == ("turn", str(project))
    source = item["source"]
    assert (source["table"], source["turn_ids"], source["machine"]) == ("transcripts", ["7"], "ws-anna")
    assert source["at"] == "2026-03-01T10:00:00Z"
    assert "Caroline" in (await recall(firm.owner, "who moved the NAS rack", client))["text"]


@pytest.mark.parametrize(
    "change",
    [
        {"turns": []},
        {"turns": [{"id": str(n), "role": "user", "text": "x"} for n in range(1001)]},
        {"turns": [{"id": "", "role": "user", "text": "x"}]},
        {"turns": [{"id": "1", "role": "", "text": "x"}]},
        {"turns": [{"id": "1", "role": "user"}]},
        {"turns": [{"id": "1", "role": "user", "text": "x", "at": "yesterday"}]},
        {"turns": [{"id": "1", "role": "user", "text": "x", "at": "2026-03-01T10:00:00"}]},
        {"turns": [{"id": "1", "role": "user", "text": "x", "speaker": "Anna"}]},
        {"conversation_id": ""},
        {"conversation_id": "x" * 201},
        {"client_id": "acme"},
        {"unknown": 1},
    ],
    ids=repr,
)
async def test_an_invalid_request_is_refused_and_stores_nothing(firm: Firm, change: dict[str, Any]) -> None:
    body = {"conversation_id": "chat", "turns": [{"id": "0", "role": "user", "text": GATEWAY}], **change}
    reply = await firm.owner.post("/memory/ingest", body)
    assert reply.status_code == 422, reply.text
    assert reply.json()["errors"]
    assert (await firm.owner.get("/memory/stats")).json()["turns"] == 0


async def test_what_is_not_the_callers_cannot_be_written_to(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    project, machine = await firm.project(globex, "network"), await firm.machine(firm.owner)
    technician = await firm.technician(acme)
    turns = [{"id": "0", "role": "user", "text": GATEWAY}]
    for change, status in (
        ({"client_id": str(globex)}, 404),
        ({"client_id": str(uuid4())}, 404),
        ({"client_id": str(acme), "project_id": str(project)}, 404),
        ({"client_id": str(acme), "project_id": str(uuid4())}, 404),
        ({"client_id": str(acme), "machine": str(uuid4())}, 404),
        ({"client_id": str(acme), "machine": str(machine.id)}, 403),
    ):
        reply = await technician.post("/memory/ingest", {"conversation_id": "chat", "turns": turns, **change})
        assert reply.status_code == status, (change, reply.text)
    reply = await firm.owner.post(
        "/memory/ingest",
        {"conversation_id": "chat", "turns": turns, "client_id": str(acme), "project_id": str(project)},
    )
    assert reply.status_code == 422
    assert (await firm.owner.get("/memory/stats")).json()["turns"] == 0


async def test_whoever_may_only_read_a_client_cannot_write_to_it(firm: Firm) -> None:
    acme = await firm.client("Acme")
    reader = await firm.technician(acme, level="read")
    body = {"conversation_id": "chat", "client_id": str(acme), "turns": [{"id": "0", "role": "user", "text": GATEWAY}]}
    assert (await reader.post("/memory/ingest", body)).status_code == 403
    assert await texts(firm.owner, "gateway Hamburg", acme) == []
