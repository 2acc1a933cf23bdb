"""A secret that is entered in the vault after a text that holds it was stored is taken out of that text."""

import base64
import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from claudetools.domains.memory import MemoryItem
from claudetools.domains.memory.recall_index.index import Query
from claudetools.domains.memory.taking_out import later_secrets
from claudetools.kit.clock import now
from claudetools.kit.jobs.queue import Job, JobState
from claudetools.services import open_services
from tests.databases import Kind
from tests.memory.contents import database_bytes, everything, rows_of
from tests.memory.firm import Firm, recall
from tests.memory.test_stored_secrets import STORED, stored, through_every_way, traces

SECRET = STORED["password"]
OTHER = STORED["connection_string"]
PACKED = base64.b64encode(f"note: {SECRET}, as told".encode()).decode()
ESCAPED = json.dumps({"a": json.dumps({"said": f"it is {SECRET} there"})})


async def in_tables(firm: Firm, *secrets: str) -> set[str]:
    """The columns that hold one of these secrets, in any form; without the audit trail, which nothing changes."""
    found = set()
    for value in await everything(firm.api):
        column = value.split(":", 1)[0]
        if column.startswith("audit_events."):
            continue
        if any(traces(value, secret) for secret in secrets) or PACKED[8:28] in value:
            found.add(column)
    return found


async def memories(firm: Firm, client: UUID) -> list[UUID]:
    """Remember a secret in several forms and places, none of which a pattern knows; return whose they are."""
    for number, text in enumerate((f"The heron says {SECRET} at noon.", f"Heron dump {PACKED} end", ESCAPED)):
        for owner in ({"client_id": str(client)}, {}):
            reply = await firm.owner.post("/memory/remember", {"text": f"{number} {text}", **owner})
            assert reply.status_code == 200, reply.text
    rows = await rows_of(firm.api, MemoryItem)
    return [row.id for row in rows]


async def test_nothing_holds_a_secret_any_more_that_is_entered_later(firm: Firm) -> None:
    await firm.api.services.stored_secrets.refresh()  # The application may have served another test.
    client = await firm.client("Acme")
    await firm.bind(client, cwd="/srv/acme")
    texts = [f"the heron says {SECRET} today", f"heron {PACKED}", ESCAPED, f"heron: {OTHER}!"]
    await through_every_way(firm, client, texts)
    await memories(firm, client)
    failure = {"operation": "ssh", "error_message": f"refused: {SECRET}", "client_id": str(client)}
    for path, body in (
        ("/decision-logs", {"decision_text": f"Heron {OTHER}", "impact": "high", "client_id": str(client)}),
        ("/operation-failures", {**failure, "kind": "command"}),
    ):
        reply = await firm.owner.post(path, body)
        assert reply.status_code == 201, reply.text
    before = await in_tables(firm, SECRET, OTHER)
    assert {
        "memory_items.text",
        "memory_items.title",
        "transcript_turns.text",
        "transcript_turns.tool",
        "decision_logs.decision_text",
        "operation_failures.error_message",
        "context_snippets.dense_content",
        "conversation_contexts.dense_summary",
    } <= before, before

    await stored(firm, client, password=SECRET, connection_string=OTHER)
    assert await firm.api.services.worker.run_due() >= 1
    assert await in_tables(firm, SECRET, OTHER) == set()
    answer = json.dumps(await recall(firm.owner, "What does the heron say?", client, budget_tokens=None, limit=500))
    assert "heron" in answer
    assert "[REDACTED:vault:" in answer
    assert not traces(answer, SECRET)
    assert PACKED[8:28] not in answer
    # The trail says what was done to which records, and nothing of what was in them.
    events = (await firm.owner.get("/audit/events", params={"action": "change", "limit": 200})).json()["items"]
    told = [event for event in events if "stored_secrets_taken_out_of" in json.dumps(event)]
    assert {event["resource"] for event in told} >= {"memory-items", "transcript-turns", "decision-logs"}
    assert not traces(json.dumps(told), SECRET)


async def test_another_worker_and_the_files_drop_the_old_text(
    firm: Firm, database_url: str, database_kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run in small slices, one of which is killed; a second worker does the rest. Nobody's index has it any more."""
    monkeypatch.setattr(later_secrets, "PAGE", 2)
    monkeypatch.setattr(later_secrets, "PAGES_AT_ONCE", 10)
    await firm.api.services.stored_secrets.refresh()
    client, foreign = await firm.client("Acme"), await firm.client("Globex")
    await memories(firm, client)
    elsewhere = await firm.owner.post("/memory/remember", {"text": f"Heron {SECRET}", "client_id": str(foreign)})
    other = open_services(firm.api.services.settings)
    try:
        await other.memory.load()
        await stored(firm, client, password=SECRET)

        with monkeypatch.context() as broken:
            # The first transaction that rewrites is committed, then the process is gone.
            rewrite, count = later_secrets.LaterSecrets._rewrite, []

            async def once(self: Any, *arguments: Any, **more: Any) -> int:
                if count:
                    raise OSError("killed")
                count.append(1)
                return await rewrite(self, *arguments, **more)

            broken.setattr(later_secrets.LaterSecrets, "_rewrite", once)
            assert await firm.api.services.worker.run_due() == 3
        done = [row.text for row in await rows_of(firm.api, MemoryItem) if "REDACTED" in row.text]
        assert len(done) == 2, done
        await firm.api.services.database.write(lambda session: session.execute(update(Job).values(run_at=now())))
        assert await other.worker.run_due() == 1
        assert await in_tables(firm, SECRET) == {"memory_items.text", "memory_items.title"}
        assert elsewhere.json()["memory"]["id"] in [
            str(row.id) for row in await rows_of(firm.api, MemoryItem) if SECRET in row.text
        ]
        for engine in (firm.api.services.memory, other.memory):
            query = Query(text="gravel moth velvet", partitions=frozenset({f"client:{client}"}), now=now())
            hits = (await engine.search(query)).hits
            assert [hit for hit in hits if hit.parts["lexical"]] == []
        assert {job.state for job in await rows_of(firm.api, Job)} == {JobState.DONE}
    finally:
        await other.database.close()
    # The other client's secret is its own.
    await stored(firm, foreign, password=SECRET)
    await firm.api.services.worker.run_due()
    assert await in_tables(firm, SECRET) == set()
    if database_kind == "sqlite":
        raw = b"".join(database_bytes(database_url)).decode("utf-8", "replace")
        assert not traces(raw, SECRET)
        assert PACKED[8:28] not in raw
