"""Restoring: only what was proved, in place of what is kept; what was deleted or revoked since stays so."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client, Site
from claudetools.domains.memory.capturing.transcripts import TranscriptTurn
from claudetools.domains.memory.items import MemoryDeletion, MemoryItem, delete_items
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.records.context_tags import ContextTag
from claudetools.domains.memory.records.contexts import ConversationContext
from claudetools.domains.memory.records.decision_logs import DecisionLog
from claudetools.domains.ops.restoring import RestoreRefused
from claudetools.kit.backup import replace
from claudetools.kit.clock import now
from claudetools.kit.crypto.data_keys import DataKeys
from claudetools.kit.db.migrate import current_revision, head_revision, upgrade
from claudetools.kit.ids import new_id
from tests.conftest import FreshDatabase
from tests.domains.ops.firm import Firm
from tests.fixtures.application import Application

EVENTS = "SELECT action, resource FROM audit_events ORDER BY id"


def is_sqlite(firm: Firm) -> bool:
    return firm.settings.database_url.startswith("sqlite")


async def everything(firm: Firm) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of some tables with values of every type."""
    found = {}
    for table in ("clients", "sites", "data_keys", "audit_events", "memory_clock", "schema_migrations"):
        found[table] = sorted(await firm.rows(f"SELECT * FROM {table}"), key=repr)
    return found


async def test_what_was_there_is_there_again(firm: Firm) -> None:
    await firm.execute("UPDATE memory_clock SET value = 4711")
    await firm.add_client("Grüße, 株式会社 🔑 \\ ' \" ;")
    await firm.execute("UPDATE clients SET hourly_rate = 123.45, notes = :notes", notes="a\nb\t\x01 😀" * 500)
    before = await everything(firm)
    path = (await firm.backup()).path
    await firm.add_client("Later")
    await firm.execute("UPDATE clients SET notes = NULL")
    done = await firm.restore(path)
    after = await everything(firm)
    assert after.pop("audit_events")[: len(before["audit_events"])] == before.pop("audit_events")
    assert after == before
    assert done.replaced is not None
    assert await firm.rows(EVENTS) == [("create", "clients"), ("create", "sites"), ("restore", "backup-logs")]


async def test_what_it_replaces_is_kept(firm: Firm) -> None:
    await firm.add_client("First")
    path = (await firm.backup()).path
    await firm.add_client("Second")
    done = await firm.restore(path)
    assert await firm.names() == ["First"]
    assert done.replaced is not None
    if is_sqlite(firm):
        old = firm.at(f"sqlite+aiosqlite:///{done.replaced}")
        assert await old.names() == ["First", "Second"]
        await old.close()
    await firm.add_client("Third")
    if not is_sqlite(firm):
        await firm.restore(done.replaced)
        assert await firm.names() == ["First", "Second"]


async def test_what_was_deleted_since_is_deleted_again(firm: Firm) -> None:
    gone, kept = await firm.add_client("Gone"), await firm.add_client("Kept")
    path = (await firm.backup()).path
    [(site,)] = await firm.services.database.read(
        lambda session: _all(session, select(Site.id).where(Site.client_id == gone))
    )
    await firm.delete(Site, site)
    await firm.delete(Client, gone)
    done = await firm.restore(path)
    assert await firm.names() == ["Kept"]
    assert done.reapplied is not None
    assert (done.reapplied.count, done.reapplied.kept) == (2, ())
    # The restored audit log tells of it, so a backup that is older still does not bring it back either.
    assert (await firm.rows(EVENTS))[-3:] == [("delete", "sites"), ("delete", "clients"), ("restore", "backup-logs")]
    _ = kept


async def test_a_deletion_that_cannot_be_repeated_is_told(firm: Firm) -> None:
    gone = await firm.add_client("Gone")
    path = (await firm.backup()).path
    await firm.execute("DELETE FROM sites")
    await firm.delete(Client, gone)
    done = await firm.restore(path)
    assert await firm.names() == ["Gone"]
    assert done.reapplied is not None
    assert done.reapplied.kept == (f"clients {gone}",)


async def test_m10_what_memory_was_told_to_forget_stays_forgotten(api: Application, tmp_path: Path) -> None:
    owner = await api.people.add()
    made = await owner.post("/memory/remember", {"text": "The crane of hall 4 was serviced."})
    assert made.status_code in (200, 201), made.text
    firm = Firm(api.services.settings, api.services)
    path = (await firm.backup()).path
    ids = [id for (id,) in await api.services.database.read(lambda session: _all(session, select(MemoryItem.id)))]
    assert ids
    await api.services.database.write(lambda session: delete_items(session, ids))
    if not is_sqlite(firm):
        return
    # The application of this test process has its database open: another one is restored.
    target = tmp_path / "claudetools.db"
    await api.services.database.write(lambda session: _vacuum_into(session, target))
    other = firm.at(f"sqlite+aiosqlite:///{target}")
    await other.restore(path)
    assert await other.services.database.read(lambda session: _all(session, select(MemoryItem.id))) == []
    assert await other.services.database.read(lambda session: _all(session, select(MemoryDeletion.item_id)))
    await other.close()


MEMORY = (MemoryItem, TranscriptTurn, MemoryInjection, ConversationContext, DecisionLog, ContextTag)


@pytest.mark.parametrize("subject", ["client_id", "user_id"])
async def test_m10_a_subject_that_was_forgotten_stays_so(api: Application, tmp_path: Path, subject: str) -> None:
    owner = await api.people.add()
    client = (await owner.post("/clients", {"name": "Acme"})).json()["id"]
    place = {"client_id": client}
    said = "The crane of hall 4 is 10.7.7.7."
    turns = [{"id": "t1", "role": "user", "text": said, "at": "2026-01-05T10:00:00Z"}]
    talk = {"conversation_id": "c-1", "turns": turns, **place}
    for path, body in (
        ("/memory/remember", {"text": said, "tags": ["crane"], **place}),
        ("/memory/ingest", talk),
        ("/memory/recall", {"query": "crane", **place}),
        ("/decision-logs", {"decision_text": said, **place}),
        (
            "/conversation-contexts",
            {"title": "Crane", "dense_summary": said, "context_type": "general", "tags": ["crane"], **place},
        ),
    ):
        made = await owner.post(path, body)
        assert made.status_code in (200, 201), made.text
    firm = Firm(api.services.settings, api.services)

    async def left(at: Firm) -> dict[str, int]:
        counted = {}
        for model in MEMORY:
            rows = await at.services.database.read(lambda session, model=model: _all(session, select(model)))
            counted[model.__tablename__] = len(rows)
        return counted

    before = await left(firm)
    assert min(before.values()) > 0, before
    backup = (await firm.backup()).path
    whose = {subject: client if subject == "client_id" else str(owner.id)}
    forgotten = await owner.post("/memory/forget", whose)
    assert forgotten.status_code == 200, forgotten.text
    # The items of the two records go with them.
    assert forgotten.json() == {"items": 2, "conversations": 1, "records": 2}
    assert set((await left(firm)).values()) == {0}
    assert api.services.memory.size == 0
    if not is_sqlite(firm):
        return
    # The application of this test process has its database open: another one is restored.
    target = tmp_path / "claudetools.db"
    await api.services.database.write(lambda session: _vacuum_into(session, target))
    other = firm.at(f"sqlite+aiosqlite:///{target}")
    await other.restore(backup)
    assert set((await left(other)).values()) == {0}
    await other.services.memory.load()
    assert other.services.memory.size == 0
    await other.close()


async def test_only_administrators_forget_a_subject(api: Application) -> None:
    owner = await api.people.add()
    client = (await owner.post("/clients", {"name": "Acme"})).json()["id"]
    technician = await api.people.add("technician", {UUID(client): "write"})
    assert (await technician.post("/memory/forget", {"client_id": client})).status_code == 403
    for body in ({}, {"client_id": client, "user_id": str(owner.id)}, {"client_id": "all"}):
        assert (await owner.post("/memory/forget", body)).status_code == 422
    assert (await owner.post("/memory/forget", {"client_id": str(new_id())})).status_code == 404


async def test_every_sign_in_ends(firm: Firm) -> None:
    user, at = new_id(), now()
    id = user.hex if is_sqlite(firm) else str(user)
    when = at.strftime("%Y-%m-%d %H:%M:%S.%f")
    await firm.execute(
        "INSERT INTO api_users (id, email, display_name, password_hash, role, is_active, client_access, token_version, "
        "secret_version, created_at, updated_at, version) "
        "VALUES (:id, 'a@firm.test', 'A', 'x', 'owner', 1, 'all', 0, 0, :at, :at, 1)",
        id=id,
        at=when,
    )
    await firm.execute(
        "INSERT INTO login_sessions (id, user_id, created_at, expires_at, last_used_at) "
        "VALUES (:id, :id, :at, :at, :at)",
        id=id,
        at=when,
    )
    path = (await firm.backup()).path
    await firm.restore(path)
    [(revoked_at, reason)] = await firm.rows("SELECT revoked_at, revoked_reason FROM login_sessions")
    assert revoked_at is not None
    assert reason == "restored from a backup"


async def test_k10_a_client_whose_key_was_destroyed_stays_unreadable(firm: Firm) -> None:
    from claudetools.domains.ops.backup_keys import keep_data_keys

    keys = DataKeys(firm.services.keyring)
    id = await firm.add_client("Destroyed")

    async def use(session: AsyncSession) -> None:
        await keys.to_encrypt(session, id)

    await firm.services.database.write(use)
    path = (await firm.backup()).path
    await firm.services.database.write(lambda session: keys.destroy(session, id))
    await keep_data_keys(firm.settings, firm.services.keyring)
    await firm.restore(path)
    rows = await firm.rows("SELECT state, wrapped_key IS NULL FROM data_keys WHERE client_id IS NOT NULL")
    assert rows == [("destroyed", 1)]


async def test_a_backup_that_is_not_good_changes_nothing(firm: Firm, tmp_path: Path) -> None:
    await firm.add_client("First")
    content = bytearray((await firm.backup()).path.read_bytes())
    await firm.add_client("Second")
    content[len(content) // 2] ^= 1
    bad = tmp_path / "bad.ctb"
    bad.write_bytes(content)
    with pytest.raises(RestoreRefused, match="not as it was written"):
        await firm.restore(bad)
    assert await firm.names() == ["First", "Second"]
    assert [path.name for path in firm.settings.home.glob("*replaced*")] == []


async def test_a_database_in_use_is_not_replaced(firm: Firm) -> None:
    await firm.add_client("First")
    path = (await firm.backup()).path
    server = firm.at(firm.settings.database_url)
    await server.add_client("Second")
    with pytest.raises(RestoreRefused, match="Stop"):
        await firm.restore(path)
    await server.close()
    assert await firm.names() == ["First", "Second"]


async def test_into_nothing_and_into_another_kind_of_database(firm: Firm, tmp_path: Path) -> None:
    await firm.add_client("First")
    path = (await firm.backup()).path
    empty = firm.at(f"sqlite+aiosqlite:///{tmp_path / 'new' / 'claudetools.db'}")
    done = await empty.restore(path)
    assert (done.replaced, done.reapplied) == (None, None)
    assert await empty.names() == ["First"]
    assert await current_revision(empty.settings.database_url) == head_revision()
    await empty.close()


async def test_a_sqlite_backup_restores_into_mariadb(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    small = await Firm.open(fresh_database("sqlite"), tmp_path / "home")
    await small.add_client("Grown out of one file")
    path = (await small.backup()).path
    await small.close()
    large = small.at(fresh_database("mariadb"))
    await large.restore(path)
    assert await large.names() == ["Grown out of one file"]
    assert await large.rows("SELECT number, state FROM data_keys") == [(1, "active")]
    await large.services.database.write(DataKeys(large.services.keyring).prove)
    await large.close()


async def test_mariadb_keeps_its_rows_when_putting_in_the_others_fails(
    fresh_database: FreshDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = await Firm.open(fresh_database("mariadb"), tmp_path / "home")
    await firm.add_client("First")
    path = (await firm.backup()).path
    await firm.add_client("Second")
    columns_of = replace.columns_of

    def fail_at_last(connection: Any, table: str) -> list[str]:
        if table == "work_items":
            raise OSError("the power went out")
        return columns_of(connection, table)

    monkeypatch.setattr(replace, "columns_of", fail_at_last)
    with pytest.raises(OSError, match="power"):
        await firm.restore(path)
    assert await firm.names() == ["First", "Second"]
    await firm.close()


async def test_a_damaged_file_is_replaced_and_kept(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'claudetools.db'}"
    await upgrade(url)
    firm = await Firm.open(url, tmp_path / "home")
    await firm.add_client("First")
    path = (await firm.backup()).path
    await firm.close()
    damaged = b"no database at all " * 1000
    (tmp_path / "claudetools.db").write_bytes(damaged)
    done = await firm.restore(path)
    assert await firm.names() == ["First"]
    assert done.replaced is not None
    assert done.replaced.read_bytes() == damaged
    assert done.reapplied is None
    await firm.close()


async def _all(session: AsyncSession, query: Any) -> list[Any]:
    return list(await session.execute(query))


async def _vacuum_into(session: AsyncSession, target: Path) -> None:
    source = str((await session.connection()).engine.url.database)
    await asyncio.to_thread(_copy, source, target)


def _copy(source: str, target: Path) -> None:
    import pysqlite3.dbapi2 as sqlite3

    origin, copy = sqlite3.connect(source), sqlite3.connect(target)
    origin.backup(copy)
    origin.close()
    copy.close()
