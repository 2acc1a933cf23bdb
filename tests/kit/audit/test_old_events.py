"""Events from before there was a chain: they are kept, and it is said that nothing vouched for them then."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from claudetools.kit.audit.anchors import Anchors
from claudetools.kit.audit.chain import ChainKeys
from claudetools.kit.audit.events import AuditEvent
from claudetools.kit.audit.verify import verify
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.base import Base
from claudetools.kit.db.engine import writer_engine
from claudetools.kit.db.migrate import downgrade, upgrade
from claudetools.kit.db.session import Database
from claudetools.kit.ids import new_id
from tests.databases import Kind


async def old_events(url: str, count: int) -> None:
    table = Base.metadata.tables["audit_events"]
    began = datetime(2026, 1, 1, tzinfo=UTC)
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(), "at": began + timedelta(seconds=number, microseconds=number), "user_id": new_id(),
            "user_name": "Änne\nBerg", "token_id": None, "machine_id": None, "login_session_id": None,
            "request_id": None, "action": "create", "resource": "clients", "record_id": new_id(), "client_id": None,
            "before": {}, "after": {"name": "x\0y", "b": [1.5, None], "a": {"z": 1, "y": 2}},
        }
        for number in range(count)
    ]  # fmt: skip
    engine = writer_engine(url)
    async with engine.begin() as connection:
        await connection.execute(table.insert(), rows)
    await engine.dispose()


async def test_old_events_are_chained_and_marked(
    database_kind: Kind, fresh_database: Callable[[Kind], str], tmp_path: Path
) -> None:
    url = fresh_database(database_kind)
    await downgrade(url, "0010")
    await old_events(url, 503)
    await upgrade(url)
    database, keys = Database(url), ChainKeys(create_keyring(tmp_path))
    try:
        report = await verify(database, {}, keys, Anchors([]))
        assert report.faults == []
        assert report.events == 503
        assert any(warning.startswith("503 events are from before") for warning in report.warnings)
        async with database.writer.begin() as connection:
            assert await connection.scalar(select(func.count()).where(AuditEvent.mac.is_(None))) == 503
            await connection.execute(text("UPDATE audit_events SET user_name = 'x' WHERE lane = -1 AND seq = 502"))
        report = await verify(database, {}, keys, Anchors([]))
        assert [(fault.lane, fault.seq) for fault in report.faults] == [(-1, 502)]
    finally:
        await database.close()
    await downgrade(url, "0010")
    engine = writer_engine(url)
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM audit_events")) == 503
    await engine.dispose()
    await upgrade(url)
