"""Recall over HTTP: whose memory is asked, what comes back, and what it costs."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from claudetools.domains.memory.recalling.packing import count_tokens, short_id
from tests.memory.firm import Firm, ingest, recall, remember, texts

FIELDS = {"text", "tokens", "items", "considered", "elapsed_ms", "version"}
ITEM = {"id", "kind", "title", "text", "tokens", "score", "parts", "client_id", "project_id", "source"}
PARTS = {"lexical", "semantic", "recency", "importance", "usage", "tags", "scope"}
SOURCE = {"table", "id", "session_id", "turn_ids", "machine", "user", "at"}


async def inventory(firm: Firm, client: UUID, count: int = 60) -> None:
    turns = [
        f"Server srv-{number:02} in rack {number % 7} runs the backup agent in build {number * 13}. "
        f"It was checked by technician {number % 5} after the power cut of the month {number % 12}."
        for number in range(count)
    ]
    await ingest(firm.owner, "inventory", turns, client_id=client)


async def test_every_promised_field_is_there(firm: Firm) -> None:
    client = await firm.client("Acme")
    project = await firm.project(client, "network")
    machine = await firm.machine(firm.owner, "ws-anna")
    memory = await remember(machine.caller, "The gateway is 10.20.0.1.", client, kind="fact", project_id=str(project))
    answer = await recall(firm.owner, "Which gateway?", client, explain=True)
    assert set(answer) >= FIELDS
    (item,) = answer["items"]
    assert set(item) >= ITEM
    assert set(item["parts"]) >= PARTS
    assert set(item["source"]) >= SOURCE
    assert (item["id"], item["kind"], item["text"]) == (memory["id"], "fact", "The gateway is 10.20.0.1.")
    assert (item["client_id"], item["project_id"]) == (str(client), str(project))
    assert (item["source"]["table"], item["source"]["machine"]) == ("memory_items", "ws-anna")
    assert item["source"]["user"].startswith("Person")
    assert item["source"]["at"] == memory["said_at"]
    assert 0 < item["score"] <= 1
    assert answer["considered"] == 1
    assert answer["elapsed_ms"] > 0
    for shown in (memory["said_at"][:10], "ws-anna", f"[{short_id(memory['id'])}]", "The gateway is 10.20.0.1."):
        assert shown in answer["text"]


async def test_a_question_that_names_a_person_brings_what_they_did_first(firm: Firm) -> None:
    client = await firm.client("Acme")
    people = {person.email.partition("@")[0].title(): person for person in (firm.owner, await firm.technician(client))}
    notes = {name: f"The trunk to the rack in hall {number} was replaced." for number, name in enumerate(people)}
    for name, person in people.items():
        await remember(person, notes[name], client)
    for name, note in notes.items():
        answer = await recall(firm.owner, f"Which trunk did {name} replace?", client)
        assert answer["items"][0]["text"] == note
        assert [item["parts"]["author"] > 0 for item in answer["items"]] == [True, False]


async def test_an_explanation_names_the_reasons_and_the_shared_words(firm: Firm) -> None:
    client = await firm.client("Acme")
    await remember(firm.owner, "The backup of SRV-03 fails on Mondays.", client)
    (item,) = (await recall(firm.owner, "why does the backup of srv-03 fail?", client, explain=True))["items"]
    assert re.search(r"words 0\.\d\d \([^)]*\bbackup\b[^)]*\bsrv-03\b[^)]*\)", item["why"])
    (plain,) = (await recall(firm.owner, "why does the backup of srv-03 fail?", client))["items"]
    assert plain["why"] is None
    assert plain["parts"] == pytest.approx(item["parts"], abs=1e-4)


async def test_the_parts_add_up_to_the_score(firm: Firm) -> None:
    client = await firm.client("Acme")
    project = await firm.project(client, "network")
    await inventory(firm, client, 20)
    await remember(firm.owner, "Backup of srv-03 fails on Mondays.", client, tags=["backup"], project_id=str(project))
    answer = await recall(
        firm.owner,
        "backup agent srv-03 rack",
        client,
        explain=True,
        budget_tokens=None,
        tags=["backup"],
        project_id=str(project),
    )
    assert len(answer["items"]) > 10
    for item in answer["items"]:
        assert sum(item["parts"].values()) == pytest.approx(item["score"], abs=1e-5)


@pytest.mark.parametrize("budget", [50, 51, 77, 100, 200, 400, 800, 1500, 5000])
async def test_the_budget_is_never_exceeded(firm: Firm, budget: int) -> None:
    client = await firm.client("Acme")
    await inventory(firm, client)
    answer = await recall(firm.owner, "backup agent build rack", client, budget_tokens=budget, limit=500)
    assert answer["tokens"] == count_tokens(answer["text"])
    assert answer["tokens"] <= budget
    assert bool(answer["items"]) is (budget > 60)
    for item in answer["items"]:
        assert item["text"] in answer["text"]


async def test_no_budget_ranks_without_cutting(firm: Firm) -> None:
    client = await firm.client("Acme")
    await inventory(firm, client)
    answer = await recall(firm.owner, "backup agent build rack", client, budget_tokens=None, limit=500)
    assert len(answer["items"]) == 60
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("limit", [1, 7, 20])
async def test_no_more_than_the_limit(firm: Firm, limit: int) -> None:
    client = await firm.client("Acme")
    await inventory(firm, client)
    answer = await recall(firm.owner, "backup agent build rack", client, budget_tokens=None, limit=limit)
    assert len(answer["items"]) == limit
    assert answer["considered"] == 60


async def test_a_minimal_score_leaves_out_what_is_weaker(firm: Firm) -> None:
    client = await firm.client("Acme")
    await inventory(firm, client)
    everything = (await recall(firm.owner, "srv-07 backup agent", client, budget_tokens=None, limit=500))["items"]
    bound = everything[2]["score"]
    kept = (await recall(firm.owner, "srv-07 backup agent", client, budget_tokens=None, limit=500, min_score=bound))[
        "items"
    ]
    assert 0 < len(kept) < len(everything)
    assert all(item["score"] >= bound for item in kept)
    assert (await recall(firm.owner, "holiday in Portugal", client, min_score=0.4))["items"] == []


async def test_only_the_kinds_asked_for(firm: Firm) -> None:
    client = await firm.client("Acme")
    for kind in ("fact", "decision", "todo"):
        await remember(firm.owner, f"The gateway {kind} concerns 10.20.0.1.", client, kind=kind)
    answer = await recall(firm.owner, "gateway", client, kinds=["decision", "todo"])
    assert {item["kind"] for item in answer["items"]} == {"decision", "todo"}
    assert (await recall(firm.owner, "gateway", client, kinds=["no-such-kind"]))["items"] == []


async def test_tags_lift_what_carries_them(firm: Firm) -> None:
    client = await firm.client("Acme")
    for tag in ("wan", "lan"):
        await remember(firm.owner, f"The gateway for {tag.upper()} traffic is in rack four.", client, tags=[tag])
    for tag in ("wan", "lan"):
        answer = await recall(firm.owner, "gateway traffic rack", client, tags=[tag])
        assert f"for {tag.upper()}" in answer["items"][0]["text"]
        assert answer["items"][0]["parts"]["tags"] > 0 == answer["items"][1]["parts"]["tags"]


async def test_as_of_answers_as_it_was_known_then(firm: Firm) -> None:
    client = await firm.client("Acme")
    turns = [
        {"id": year, "at": f"{year}-06-01T00:00:00Z", "role": "user", "text": f"The gateway had firmware {year}."}
        for year in ("2024", "2025")
    ]
    await ingest(firm.owner, "notes", turns, client_id=client)
    assert await texts(firm.owner, "gateway firmware", client, as_of="2024-12-31T00:00:00Z") == [turns[0]["text"]]
    assert len(await texts(firm.owner, "gateway firmware", client)) == 2
    assert await texts(firm.owner, "gateway firmware", client, as_of="2023-12-31T00:00:00Z") == []


async def test_the_project_names_the_client(firm: Firm) -> None:
    client = await firm.client("Acme")
    project = await firm.project(client, "network")
    await remember(firm.owner, "The gateway is 10.20.0.1.", client)
    answer = await recall(firm.owner, "gateway", project_id=str(project))
    assert [item["client_id"] for item in answer["items"]] == [str(client)]


async def test_memories_of_the_asking_project_come_first(firm: Firm) -> None:
    client = await firm.client("Acme")
    network, phones = await firm.project(client, "network"), await firm.project(client, "phones")
    for name, project in (("Kiel", network), ("Jena", phones)):
        await remember(firm.owner, f"The {name} gateway is in the wiki.", client, project_id=str(project))
    for project in (network, phones):
        first = (await recall(firm.owner, "gateway wiki", client, project_id=str(project)))["items"][0]
        assert first["project_id"] == str(project)
        assert first["parts"]["scope"] > 0


async def test_the_folder_names_the_client(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    machine, other = await firm.machine(firm.owner), await firm.machine(firm.owner)
    await firm.bind(acme, machine_id=str(machine.id), cwd="/srv/work")
    await firm.bind(globex, machine_id=str(other.id), cwd="/srv/work")
    for client in (acme, globex):
        await remember(firm.owner, f"The gateway of {client} is 10.20.0.1.", client)
    own = await recall(machine.caller, "gateway", cwd="/srv/work/site")
    assert {item["client_id"] for item in own["items"]} == {str(acme)}
    named = await recall(firm.owner, "gateway", cwd="/srv/work", machine=str(other.id))
    assert {item["client_id"] for item in named["items"]} == {str(globex)}
    assert (await recall(firm.owner, "gateway", cwd="/srv/work"))["items"] == []


async def test_the_session_names_the_client(firm: Firm) -> None:
    acme = await firm.client("Acme")
    machine = await firm.machine(firm.owner)
    await firm.bind(acme, cwd="/srv/acme")
    await remember(firm.owner, "The gateway is 10.20.0.1.", acme)
    await machine.prompt("s-1", "Which gateway do we use?", cwd="/srv/acme")
    answer = await recall(machine.caller, "gateway 10.20.0.1", session_id="s-1")
    assert str(acme) in {item["client_id"] for item in answer["items"]}
    unknown = await recall(machine.caller, "gateway 10.20.0.1", session_id="s-2")
    assert unknown["items"] == []


async def test_what_the_caller_may_not_see_is_not_found(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    project = await firm.project(globex, "network")
    technician = await firm.technician(acme)
    bodies: list[dict[str, Any]] = []
    for change in (
        {"client_id": str(globex)},
        {"client_id": str(uuid4())},
        {"project_id": str(project)},
        {"project_id": str(uuid4())},
        {"client_id": str(acme), "project_id": str(project)},
        {"machine": str(uuid4())},
        {"client_id": str(acme), "machine": str(uuid4())},
    ):
        reply = await technician.post("/memory/recall", {"query": "gateway", **change})
        assert reply.status_code == 404, (change, reply.text)
        body = reply.json()
        body.pop("request_id")
        bodies.append(body)
    assert all(body == bodies[0] for body in bodies)


async def test_a_project_of_another_client_is_refused(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    project = await firm.project(globex, "network")
    body = {"query": "gateway", "client_id": str(acme), "project_id": str(project)}
    reply = await firm.owner.post("/memory/recall", body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"] == "/project_id"


@pytest.mark.parametrize(
    "change",
    [
        {"query": ""},
        {"query": "x" * 20_001},
        {"budget_tokens": 49},
        {"budget_tokens": 100_001},
        {"limit": 0},
        {"limit": 501},
        {"min_score": 2},
        {"as_of": "2026-01-01"},
        {"as_of": "0001-01-01T00:00:00Z"},
        {"kinds": [""]},
        {"tags": ["x" * 65]},
        {"unknown": True},
    ],
    ids=lambda change: str(change)[:40],
)
async def test_an_invalid_question_is_refused(firm: Firm, change: dict[str, Any]) -> None:
    reply = await firm.owner.post("/memory/recall", {"query": "gateway", **change})
    assert reply.status_code == 422, reply.text
    assert f"/{next(iter(change))}" in reply.json()["errors"][0]["pointer"]


@pytest.mark.parametrize(
    "query", ["?", "...", "the", "\x00", "'; DROP TABLE memory_items; --", "%", "\U0001f600", "*" * 20_000]
)
async def test_any_text_can_be_asked(firm: Firm, query: str) -> None:
    client = await firm.client("Acme")
    await remember(firm.owner, "The gateway is 10.20.0.1.", client)
    assert len((await recall(firm.owner, query, client))["items"]) <= 1


async def test_scopes_are_needed(firm: Firm) -> None:
    writer = await firm.api.people.token(firm.owner, "memory:write")
    reader = await firm.api.people.token(firm.owner, "memory:read")
    assert (await writer.post("/memory/recall", {"query": "gateway"})).status_code == 403
    assert (await reader.post("/memory/remember", {"text": "The gateway."})).status_code == 403
    assert (await firm.api.anonymous.post("/memory/recall", {"query": "gateway"})).status_code == 401
