"""The plan in a database: every rule of the engine holds for it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.demo import Loaded, Plan, load, make_plan
from claudetools.domains.memory import MemoryItem, RecallRequest, recall
from claudetools.kit.problems import Conflict
from claudetools.kit.resource.scope import Actor, scoped
from tests.demo.test_plan import MADE_UP_SECRET
from tests.fixtures.application import Application
from tests.fixtures.people import Person

SCALE = 0.04
DRAWN = {"context-snippets", "decision-logs"}
"""What is also drawn from the sessions that are told."""


async def total(owner: Person, resource: str, filters: str = "") -> int:
    reply = await owner.get(f"/{resource}?limit=1&total=true{filters}")
    assert reply.status_code == 200, reply.text
    count: int = reply.json()["total"]
    return count


async def items(owner: Person, path: str) -> list[dict[str, Any]]:
    reply = await owner.get(path)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def test_the_engine_accepts_all_of_it_once(api: Application) -> None:
    owner = await api.people.add()
    actor = await api.services.authenticator.actor(f"Bearer {owner.token}")
    plan, steps = make_plan(datetime.now(UTC), scale=SCALE), 0

    def count_step() -> None:
        nonlocal steps
        steps += 1

    loaded = await load(api.services, actor, plan, count_step)
    assert steps == plan.size
    await check_counts(owner, plan)
    await check_reports(owner, loaded)
    await check_work(owner)
    await check_memory(api, actor, owner, loaded)

    with pytest.raises(Conflict):
        await load(api.services, actor, plan)
    await check_counts(owner, plan)


async def check_counts(owner: Person, plan: Plan) -> None:
    counts = plan.counts()
    # Memory adds digests of what is told, failures add patterns, and what is between two others is not the owner's.
    for resource in set(counts) - {"conversation-contexts", "failure-patterns", "messages"}:
        drawn = "&is_generated=false" if resource in DRAWN else ""
        assert await total(owner, resource, drawn) == counts[resource], resource
    assert await total(owner, "messages") == sum(
        draft.resource == "messages" and draft.values["recipient_user_id"] is None for draft in plan.drafts
    )
    assert await total(owner, "users") == len(plan.people) + 1


async def check_reports(owner: Person, loaded: Loaded) -> None:
    """What is wrong on purpose is found, and nothing else is."""
    found = await items(owner, "/networks/overlaps")
    assert sorted(overlap["inner"]["name"] for overlap in found) == ["Old VPN pool", "Sand plant (old plan)"]
    shadowed = await items(owner, "/firewall-rules/shadowed")
    assert sorted(rule["is_contradicted"] for rule in shadowed) == [False, True]
    today = datetime.now(UTC).date()
    assert await total(owner, "firewall-rules", f"&expires_on__lt={today}&is_enabled=true") == 1
    [circle] = await items(owner, "/service-relationships/cycles")
    assert sorted(service["name"] for service in circle["services"]) == ["Active Directory", "Hyper-V", "iSCSI target"]
    brief = await owner.get(f"/clients/{loaded.ids['client/dwk']}/brief?format=text")
    assert "Rafe Castellan" in brief.text
    hits = await items(owner, "/search?q=fw-old")
    assert str(loaded.ids["infrastructure/dwk/fw-old"]) in {hit["id"] for hit in hits}
    scores = (await owner.get("/clients/completeness")).json()["items"]
    assert min(client["score"] for client in scores) < max(client["score"] for client in scores)


async def check_work(owner: Person) -> None:
    """Prices and ends are as the service keeps them."""
    entries = await items(owner, "/billable-time?limit=500")
    assert all(entry["explanation"] for entry in entries)
    assert all(entry["amount"] is not None for entry in entries)
    assert {entry["status"] for entry in entries} >= {"submitted", "approved"}
    assert len({entry["user_id"] for entry in entries}) > 1
    done = await items(owner, "/work-items?limit=500&status=completed")
    today = datetime.now(UTC)
    assert all(datetime.fromisoformat(item["completed_at"]) < today - timedelta(hours=1) for item in done)
    patterns = await items(owner, "/failure-patterns?limit=500&client_id__isnull=false")
    assert all(pattern["occurrence_count"] > 0 for pattern in patterns)
    clients = await items(owner, "/clients?limit=50")
    for client in clients:
        assert await total(owner, "contacts", f"&client_id={client['id']}&is_primary=true") == 1
    equipment = await items(owner, "/infrastructure?limit=500&warranty_ends_on__isnull=false")
    assert any(date.fromisoformat(item["warranty_ends_on"]) < today.date() for item in equipment)


async def check_memory(api: Application, actor: Actor, owner: Person, loaded: Loaded) -> None:
    """Memory finds the stories that are told, each at its own client only."""
    for client, question, answer in (
        ("harb", "the reception printer cannot send scans", "port 25"),
        ("dwk", "the VPN tunnel on fw-old is slow again", "get vpn ipsec tunnel summary"),
        ("nwl", "the backup of nw-sql-02 failed", "vault-nw"),
    ):
        request = RecallRequest(query=question, client_id=loaded.ids[f"client/{client}"], budget_tokens=500)
        assert answer in (await recall(api.services.memory, actor, request)).text

    async def said(session: AsyncSession) -> list[str]:
        return list(await session.scalars(scoped(actor, MemoryItem).with_only_columns(MemoryItem.text)))

    texts = await api.services.database.read(said)
    assert any("[REDACTED" in text for text in texts)
    assert not any(MADE_UP_SECRET in text for text in texts)
    # What a tool printed once gives orders: it waits for a person, and no question brings it back.
    held = await items(owner, "/memory/quarantine")
    assert [memory for memory in held if "fix.sh" in memory["text"]]
    assert not any("fix.sh" in text for text in texts)
    told = await items(owner, "/sessions?limit=500&sort=-started_at")
    mine = [s for s in told if s["claude_session_ids"] and s["claude_session_ids"][0].startswith("demo-")]
    assert len(mine) == 4
    assert all(session["client_id"] and session["project_id"] and session["machine_id"] for session in mine)
