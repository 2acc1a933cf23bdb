"""The log of requests: one row for each, with who and how it ended, and nothing of what was in it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.security.api_audit_log import PRUNE_EVERY, ApiAuditLog
from claudetools.kit.clock import now
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Unavailable
from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import Person


async def logged(api: Application, owner: Person, **params: Any) -> list[dict[str, Any]]:
    await api.services.api_audit_log.flush()
    reply = await owner.get("/api-audit-logs", params={"sort": "created_at", **params})
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def test_each_request_is_one_row(api: Application) -> None:
    owner = await api.people.add("owner")
    token = await api.people.token(owner, "msp:read")
    id = str(uuid4())
    replies = [
        await owner.post("/clients", {"name": "Acme", "notes": "s3cret-note"}, headers={"User-Agent": "curl/8"}),
        await token.get(f"/clients/{id}", params={"expand": "s3cret-query"}),
        await token.post("/clients", {"name": "Other"}),
        await api.anonymous.get("/clients"),
        await owner.get("/s3cret-path"),
        await owner.post("/clients", content=b"{", headers={"Content-Type": "application/json"}),
    ]
    await api.anonymous.get("/health/live")
    rows = (await logged(api, owner))[1:]
    assert [(row["method"], row["route"], row["status"], row["error_code"]) for row in rows] == [
        ("POST", "/api/clients", 201, None),
        ("GET", "/api/clients/{id}", 422, "invalid"),
        ("POST", "/api/clients", 403, "forbidden"),
        ("GET", "/api/clients", 401, "unauthenticated"),
        ("GET", None, 404, "not_found"),
        ("POST", "/api/clients", 400, "bad_request"),
    ]
    assert [row["request_id"] for row in rows] == [reply.headers["x-request-id"] for reply in replies]
    # Nobody is looked up for a path that there is not, or a body that is none.
    assert [row["user_id"] for row in rows] == [str(owner.id)] * 3 + [None] * 3
    assert [row["token_id"] is not None for row in rows] == [False, True, True, False, False, False]
    assert rows[0]["user_agent"] == "curl/8"
    assert "s3cret" not in str(rows)


async def test_only_those_who_audit_read_it(api: Application) -> None:
    owner = await api.people.add("owner")
    technician = await api.people.add("technician")
    document = problem(await technician.get("/api-audit-logs"), 403)
    assert "audit:read" in document["detail"]
    assert await logged(api, owner, status=403, user_id=str(technician.id))


async def test_what_is_collected_survives_an_outage_and_old_rows_go(
    api: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, writer = await api.people.add("owner"), api.services.api_audit_log
    await owner.get("/clients")

    async def away(*_: Any) -> None:
        raise Unavailable()

    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", away)
        with pytest.raises(Unavailable):
            await writer.flush()
    assert [row["route"] for row in await logged(api, owner)] == ["/api/clients"]

    async def age(session: AsyncSession) -> None:
        await session.execute(update(ApiAuditLog).values(created_at=now() - writer._kept))

    await api.services.database.write(age)
    monkeypatch.setattr(writer, "_prune_at", now() - PRUNE_EVERY)
    assert [row["route"] for row in await logged(api, owner)] == ["/api/api-audit-logs"]


@pytest.mark.parametrize("ending", [Unavailable, asyncio.CancelledError])
async def test_what_was_committed_without_an_answer_is_one_row(
    ending: type[BaseException], api: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, writer = await api.people.add("owner"), api.services.api_audit_log
    await owner.get("/clients")
    write = Database.write

    async def committed(*arguments: Any) -> None:
        await write(*arguments)
        raise ending()

    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", committed)
        with pytest.raises(ending):
            await writer.flush()
    await owner.get("/sites")
    assert [row["route"] for row in await logged(api, owner)] == ["/api/clients", "/api/sites"]
