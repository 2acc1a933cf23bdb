"""Every record that memory recalls is recalled as it is: made, edited, deleted, by whichever way it was written."""

import itertools
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from claudetools.domains.clients import Document
from claudetools.domains.learning.environmental_insights import InsightCategory
from claudetools.domains.memory import RECALLABLE, MemoryItem, index_missing
from claudetools.domains.memory.records import indexed_records
from claudetools.domains.work import Task
from claudetools.kit.clock import now
from claudetools.kit.ids import new_id
from claudetools.kit.jobs.queue import Job
from tests.contract.bodies import BY_TABLE, Maker
from tests.fixtures.application import Application
from tests.memory.firm import Firm, recall, texts

SECRET = "hunter2-Zq81xVpw"
# What each kind of record is known by in these tests: a text that people write, and the field that it stands in.
FIELDS = {
    "conversation_contexts": "dense_summary",
    "context_snippets": "dense_content",
    "project_states": "summary",
    "decision_logs": "decision_text",
    "environmental_insights": "description",
    "failure_patterns": "cause",
    "problem_solutions": "solution",
    "security_incidents": "findings",
    "work_items": "description",
    "tasks": "description",
    "pending_tasks": "description",
    "documents": "body",
    "infrastructure": "notes",
    "services": "notes",
    "networks": "notes",
    "sites": "notes",
    "m365_tenants": "notes",
    "projects": "notes",
}
FIRST, SECOND = "The zebra crossing valve is opened anticlockwise", "The giraffe staircase lever is pulled upwards"


def test_the_test_knows_every_recallable_record() -> None:
    assert {model.__tablename__ for model in RECALLABLE} == set(FIELDS)


def test_no_sealed_field_is_recalled() -> None:
    for model in RECALLABLE:
        assert not BY_TABLE[model.__tablename__].secrets, model


async def items(api: Application, table: str, id: str) -> list[MemoryItem]:
    query = select(MemoryItem).where(MemoryItem.source_table == table, MemoryItem.source_id == UUID(id))
    return list(await api.services.database.read(lambda session: session.scalars(query)))


async def test_every_record_is_recalled_edited_and_forgotten(firm: Firm) -> None:
    maker = Maker(
        caller=firm.owner,
        client_id=str(await firm.client("Acme")),
        numbers=itertools.count(1),
        database=firm.api.services.database,
    )
    for model in RECALLABLE:
        table = model.__tablename__
        resource, field = BY_TABLE[table], FIELDS[table]
        record = await maker.create(resource, **{field: f"{FIRST}. password: {SECRET}"})
        client = record.get("client_id")
        owned = None if client is None else UUID(client)
        found = [item for item in (await recall(firm.owner, FIRST, owned))["items"] if item["source"]["table"] == table]
        assert [item["source"]["id"] for item in found] == [record["id"]], table
        assert "zebra" in found[0]["text"], table
        assert SECRET not in str(found), table
        path = f"/{resource.name}/{record['id']}"
        reply = await firm.owner.patch(path, {field: SECOND})
        assert reply.status_code == 200, (table, reply.text)
        assert not any("zebra" in text for text in await texts(firm.owner, FIRST, owned)), table
        assert any("giraffe" in text for text in await texts(firm.owner, SECOND, owned)), table
        assert (await firm.owner.delete(path)).status_code == 204, table
        assert not any("giraffe" in text for text in await texts(firm.owner, SECOND, owned)), table
        assert await items(firm.api, table, record["id"]) == [], table


async def test_a_long_document_is_recalled_in_pieces_and_shrinks(firm: Firm) -> None:
    client = await firm.client("Acme")
    body = "\n\n".join(f"Step {number}: open valve V-{number:03} by a quarter turn and wait." for number in range(120))
    document = {"client_id": str(client), "title": "Heating", "body": body}
    made = (await firm.owner.post("/documents", document)).json()
    assert len(await items(firm.api, "documents", made["id"])) > 3
    (first, *_) = (await recall(firm.owner, "valve V-097", client, limit=1))["items"]
    assert "V-097" in first["text"]
    assert (await firm.owner.patch(f"/documents/{made['id']}", {"body": "Call the plumber."})).status_code == 200
    assert await texts(firm.owner, "valve quarter turn plumber", client) == ["Call the plumber."]


async def test_a_record_stays_with_its_client_and_one_without_with_its_author(firm: Firm) -> None:
    acme, globex = await firm.client("Acme"), await firm.client("Globex")
    author, colleague = await firm.technician(acme, globex), await firm.technician(acme, globex)
    insight = {"title": "Proxy", "description": "The proxy is squid03.", "client_id": str(acme)}
    insight["category"] = next(iter(InsightCategory)).value
    assert (await author.post("/environmental-insights", insight)).status_code == 201
    pattern = {"sample_error": "squid03: access denied by acl", "works_instead": "Use the PAC file.", "scope": "tool"}
    assert (await author.post("/failure-patterns", pattern)).status_code == 201
    assert len(await texts(colleague, "squid03 proxy", acme)) == 1
    assert await texts(colleague, "squid03 proxy", globex) == []
    assert len(await texts(author, "squid03")) == 1
    assert await texts(colleague, "squid03") == []
    # Not in the session of a client either, although everybody may read the pattern.
    assert all("PAC file" not in text for text in await texts(author, "squid03 PAC file", acme))


async def test_an_insight_that_was_replaced_is_recalled_no_more(firm: Firm) -> None:
    client = await firm.client("Acme")
    category = next(iter(InsightCategory)).value
    body = {"client_id": str(client), "category": category}
    old, new = [
        (await firm.owner.post("/environmental-insights", {**body, "title": "Proxy", "description": text})).json()
        for text in ("The proxy is squid03.", "The proxy is squid04.")
    ]
    path = f"/environmental-insights/{old['id']}"
    assert (await firm.owner.patch(path, {"superseded_by_id": new["id"]})).status_code == 200
    assert [text[:21] for text in await texts(firm.owner, "proxy squid", client)] == ["The proxy is squid04."]
    assert (await firm.owner.patch(path, {"superseded_by_id": None})).status_code == 200
    assert len(await texts(firm.owner, "proxy squid", client)) == 2


async def test_a_refused_write_leaves_nothing_to_recall(firm: Firm) -> None:
    client = await firm.client("Acme")
    task = {"client_id": str(client), "title": "Order the zebra valve"}
    lines = [task, {**task, "status": "no such status"}]
    reply = await firm.owner.post("/tasks/bulk", {"create": lines})
    assert reply.status_code in (400, 422), reply.text
    assert await texts(firm.owner, "zebra valve", client) == []


async def test_records_that_passed_the_session_by_are_met_by_the_job(firm: Firm) -> None:
    client, services = await firm.client("Acme"), firm.api.services
    id, at = new_id(), now()
    row = {"id": id, "client_id": client, "title": "Heating", "body": FIRST, "is_runbook": False, "version": 1}

    async def unit(session: Any) -> None:
        await session.execute(insert(Document).values(created_at=at, updated_at=at, **row))

    await services.database.write(unit)
    assert await texts(firm.owner, FIRST, client) == []
    await index_missing(services.memory)
    assert await texts(firm.owner, FIRST, client) == [FIRST]
    await services.database.write(
        lambda session: session.execute(update(Document).where(Document.id == id).values(body=SECOND))
    )
    await index_missing(services.memory)
    assert await texts(firm.owner, "valve lever", client) == [SECOND]
    await services.database.write(lambda session: session.execute(Document.__table__.delete()))
    await index_missing(services.memory)
    assert await texts(firm.owner, "valve lever", client) == []


async def test_a_very_large_transaction_leaves_indexing_to_the_job(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    client, services = await firm.client("Acme"), firm.api.services
    monkeypatch.setattr(indexed_records, "AT_ONCE", 3)
    tasks = [{"client_id": str(client), "title": f"Order the zebra valve {number}"} for number in range(5)]

    async def unit(session: Any) -> None:
        session.add_all(Task(client_id=client, title=task["title"]) for task in tasks)

    await services.database.write(unit)
    assert await texts(firm.owner, "zebra valve", client) == []
    queued = await services.database.read(lambda session: session.scalars(select(Job.kind)))
    assert "index_records" in list(queued)
    await services.worker.run_due()
    assert len(await texts(firm.owner, "zebra valve", client)) == 5


async def test_what_somebody_deleted_from_memory_does_not_come_back_with_its_record(firm: Firm) -> None:
    client = await firm.client("Acme")
    task = (await firm.owner.post("/tasks", {"client_id": str(client), "title": "Order the zebra valve"})).json()
    (item,) = (await recall(firm.owner, "zebra valve", client))["items"]
    assert (await firm.owner.delete(f"/memory/{item['id']}")).status_code == 204
    assert (await firm.owner.patch(f"/tasks/{task['id']}", {"description": "Two of them."})).status_code == 200
    await index_missing(firm.api.services.memory)
    assert await texts(firm.owner, "zebra valve", client) == []
