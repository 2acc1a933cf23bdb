"""What somebody who can write to the database, and sometimes more, can do to the trail, and that it is found."""

from typing import Any

import pytest
from sqlalchemy import insert, select, update

from claudetools.kit.audit.chain import row_hash
from claudetools.kit.audit.events import AuditEvent
from claudetools.kit.audit.lane_reader import NAMES
from claudetools.kit.audit.lanes import AuditLane, head_bytes
from claudetools.kit.ids import new_id
from tests.kit.audit.conftest import Audit

FORGED: dict[str, Any] = {
    "id": "replace(`id`, substr(`id`, 1, 4), 'ffff')",
    "at": "'2020-01-01 00:00:00.000000'",
    "user_id": "NULL",
    "user_name": "'Somebody else'",
    "token_id": "`record_id`",
    "machine_id": "`record_id`",
    "login_session_id": "`record_id`",
    "request_id": "'0123456789ab'",
    "action": "'delete'",
    "resource": "'sites'",
    "record_id": "`client_id`",
    "client_id": "NULL",
    "before": "'{\"a\": 1}'",
    "after": "'{}'",
    "message": "'for another reason'",
    "is_clock_behind": "1",
    "prev_hash": "`row_hash`",
    "row_hash": "`prev_hash`",
    "mac": "`row_hash`",
    "key_id": "'0000'",
}


def test_every_column_is_forged() -> None:
    assert set(FORGED) | {"lane", "seq"} == set(NAMES)


@pytest.mark.parametrize("column", FORGED)
async def test_a1_an_altered_column_is_named_by_lane_and_number(audit: Audit, column: str) -> None:
    assert (await audit.verify()).is_intact
    await audit.sql(f"UPDATE audit_events SET `{column}` = {FORGED[column]} WHERE lane = 0 AND seq = 7")
    ((kind, lane, seq),) = await audit.faults()
    assert (lane, seq) == (0, 7)
    assert kind in ("altered", "reordered", "duplicated")


@pytest.mark.parametrize("value", ["'not json'", "'[' || ''"])
async def test_a1_what_cannot_even_be_read_is_named(audit: Audit, value: str) -> None:
    if audit.quote != '"':
        return  # MariaDB checks that it is JSON.
    await audit.sql(f"UPDATE audit_events SET after = {value} WHERE lane = 0 AND seq = 7")
    assert await audit.faults() == [("altered", 0, 7)]


async def test_a2_a_deleted_event_is_named(audit: Audit) -> None:
    await audit.sql("DELETE FROM audit_events WHERE lane = 0 AND seq = 6")
    assert await audit.faults() == [("deleted", 0, 6)]


async def test_a3_a_deleted_end_is_named(audit: Audit) -> None:
    ((last,),) = await audit.sql("SELECT max(seq) FROM audit_events")
    await audit.sql("DELETE FROM audit_events WHERE seq > :seq", seq=last - 5)
    assert await audit.faults() == [("truncated", 0, last - 4)]


async def test_a3_a_head_that_was_moved_along_is_refused_and_not_built_on(audit: Audit) -> None:
    ((last,),) = await audit.sql("SELECT max(seq) FROM audit_events")
    ((head,),) = await audit.sql("SELECT row_hash FROM audit_events WHERE seq = :seq", seq=last - 5)
    await audit.sql("DELETE FROM audit_events WHERE seq > :seq", seq=last - 5)
    await audit.sql("UPDATE audit_lanes SET seq = :seq, head_hash = :head WHERE lane = 0", seq=last - 5, head=head)
    assert await audit.faults() == [("head_altered", 0, last - 5)]
    reply = await audit.office.caller.post("/clients", {"name": "Hides it"})
    assert reply.status_code == 503
    assert await audit.faults() == [("head_altered", 0, last - 5)]


async def test_a4_swapped_events_are_named(audit: Audit) -> None:
    for old, new in ((4, -1), (5, 4), (-1, 5)):
        await audit.sql("UPDATE audit_events SET seq = :new WHERE lane = 0 AND seq = :old", old=old, new=new)
    assert await audit.faults() == [("reordered", 0, 4)]


async def copied(audit: Audit, number: int, **changed: Any) -> None:
    async with audit.database.writer.begin() as connection:
        found = await connection.execute(select(AuditEvent.__table__).where(AuditEvent.seq == number))
        event = dict(found.one()._mapping) | {"id": new_id(), **changed}
        await connection.execute(insert(AuditEvent), [event])


async def test_a5_a_copy_is_named(audit: Audit) -> None:
    ((last,),) = await audit.sql("SELECT max(seq) FROM audit_events")
    await copied(audit, 4, seq=last + 1)
    assert await audit.faults() == [("duplicated", 0, last + 1)]
    await audit.sql("DELETE FROM audit_events WHERE seq = :seq", seq=last + 1)
    await copied(audit, 4, lane=99, seq=1)
    ((_, lane, _),) = await audit.faults()
    assert lane == 99


async def test_a6_an_older_genuine_head_is_found_out_by_a_checkpoint(anchored: Audit) -> None:
    (head,) = await anchored.sql("SELECT seq, head_hash, `at`, mac, key_id FROM audit_lanes WHERE lane = 0")
    await anchored.change(5)
    sealed = await anchored.sealer.seal()
    assert sealed is not None
    restore = "UPDATE audit_lanes SET seq = :seq, head_hash = :hash, `at` = :at, mac = :mac, key_id = :key"
    await anchored.sql("DELETE FROM audit_events WHERE seq > :seq", seq=head[0])
    await anchored.sql(restore, **dict(zip(("seq", "hash", "at", "mac", "key"), head, strict=True)))
    assert await anchored.faults() == [("replayed", 0, head[0] + 1)]


async def test_a6_between_two_checkpoints_the_window_is_told(anchored: Audit) -> None:
    await anchored.sealer.seal()
    (head,) = await anchored.sql("SELECT seq, head_hash, `at`, mac, key_id FROM audit_lanes WHERE lane = 0")
    await anchored.change(5)
    report = await anchored.verify()
    assert report.unsealed_events == 5
    assert report.unsealed_seconds is not None
    assert report.unsealed_seconds < 60
    await anchored.sql("DELETE FROM audit_events WHERE seq > :seq", seq=head[0])
    restore = "UPDATE audit_lanes SET seq = :seq, head_hash = :hash, `at` = :at, mac = :mac, key_id = :key"
    await anchored.sql(restore, **dict(zip(("seq", "hash", "at", "mac", "key"), head, strict=True)))
    # The one thing that goes undetected: as long as nothing outside knew.
    assert (await anchored.verify()).is_intact


async def tables(audit: Audit) -> dict[str, list[dict[str, Any]]]:
    """Copy all of the trail, as a backup would."""
    found = {}
    async with audit.database.writer.connect() as connection:
        for table in ("audit_events", "audit_lanes", "audit_checkpoints"):
            rows = await connection.exec_driver_sql(f"SELECT * FROM {table}")
            found[table] = [dict(row._mapping) for row in rows]
    return found


async def restore(audit: Audit, backup: dict[str, list[dict[str, Any]]]) -> None:
    for table, rows in backup.items():
        await audit.sql(f"DELETE FROM {table}")
        for row in rows:
            names = ", ".join(f"`{name}`" for name in row)
            await audit.sql(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})", **row)


async def test_a7_an_old_database_is_found_out_by_an_anchor_alone(anchored: Audit) -> None:
    await anchored.sealer.seal()
    backup = await tables(anchored)
    await anchored.change(3)
    made = await anchored.sealer.seal()
    assert made is not None
    assert (await anchored.verify()).is_intact
    await restore(anchored, backup)
    report = await anchored.verify()
    assert [(f.kind.value, f.checkpoint, f.anchor) for f in report.faults] == [
        ("anchor_disagrees", made.number, "file")
    ]
    anchored.anchors.clear()
    report = await anchored.verify()
    assert report.is_intact
    assert any(warning.startswith("unanchored") for warning in report.warnings)


async def rewritten(audit: Audit, seq: int) -> None:
    """Rewrite an event and all after it with the key of the MACs, and the head."""
    keys = audit.api.services.audit_keys
    async with audit.database.writer.begin() as connection:
        found = await connection.execute(
            select(AuditEvent.__table__).where(AuditEvent.lane == 0, AuditEvent.seq >= seq).order_by(AuditEvent.seq)
        )
        previous = b""
        for row in found.all():
            event = dict(row._mapping)
            if event["seq"] == seq:
                event["user_name"] = "Somebody else"
            else:
                event["prev_hash"] = previous
            previous = row_hash(event)
            new = {
                "user_name": event["user_name"],
                "prev_hash": event["prev_hash"],
                "row_hash": previous,
                "mac": keys.mac(previous, event["key_id"]),
            }
            await connection.execute(
                update(AuditEvent.__table__).where(AuditEvent.id == event["id"]).values(new)  # type: ignore[arg-type]
            )
        head = dict((await connection.execute(select(AuditLane.__table__).where(AuditLane.lane == 0))).one()._mapping)
        head["head_hash"] = previous
        head["mac"] = keys.mac(head_bytes(head), head["key_id"])
        await connection.execute(update(AuditLane.__table__).where(AuditLane.lane == 0).values(head))  # type: ignore[arg-type]


async def test_a8_a_thief_of_the_mac_key_cannot_rewrite_what_is_sealed(anchored: Audit) -> None:
    await anchored.change(2)
    await rewritten(anchored, 5)
    assert (await anchored.verify()).is_intact  # nothing is sealed yet: the MAC key is all there is
    await anchored.sealer.seal()
    await anchored.change(2)
    await rewritten(anchored, 8)
    ((kind, lane, _),) = await anchored.faults()
    assert (kind, lane) == ("checkpoint_disagrees", 0)
    await anchored.sql("DELETE FROM audit_checkpoints")
    report = await anchored.verify()
    assert [fault.kind.value for fault in report.faults] == ["anchor_disagrees"]


async def test_a8_one_rewritten_event_alone_breaks_the_next_link(audit: Audit) -> None:
    keys = audit.api.services.audit_keys
    async with audit.database.writer.begin() as connection:
        found = await connection.execute(select(AuditEvent.__table__).where(AuditEvent.seq == 5))
        event = dict(found.one()._mapping) | {"user_name": "Somebody else"}
        event["row_hash"] = row_hash(event)
        event["mac"] = keys.mac(event["row_hash"], event["key_id"])
        await connection.execute(
            update(AuditEvent.__table__).where(AuditEvent.seq == 5).values(event)  # type: ignore[arg-type]
        )
    assert await audit.faults() == [("altered", 0, 5)]


async def test_checkpoints_cannot_be_forged_or_taken_out(anchored: Audit) -> None:
    for _ in range(3):
        await anchored.change()
        await anchored.sealer.seal()
    (row,) = await anchored.sql("SELECT total FROM audit_checkpoints WHERE number = 2")
    await anchored.sql("UPDATE audit_checkpoints SET total = total + 1 WHERE number = 2")
    faults = (await anchored.verify()).faults
    assert [(f.kind.value, f.checkpoint) for f in faults] == [("checkpoint_forged", 2), ("anchor_disagrees", 2)]
    await anchored.sql("UPDATE audit_checkpoints SET total = :total WHERE number = 2", total=row[0])
    assert (await anchored.verify()).is_intact
    await anchored.sql("DELETE FROM audit_checkpoints WHERE number = 2")
    first = (await anchored.verify()).first
    assert first is not None
    assert (first.kind.value, first.checkpoint) == ("checkpoint_missing", 2)


async def test_the_public_key_alone_shows_structure_and_signatures(anchored: Audit) -> None:
    await anchored.sealer.seal()
    await anchored.sql("UPDATE audit_events SET mac = row_hash WHERE seq = 4")
    report = await anchored.verify(without_keyring=True)
    assert report.is_intact
    assert not report.are_macs_checked
    assert await anchored.faults() == [("altered", 0, 4)]
    await anchored.sql("UPDATE audit_events SET user_name = 'x' WHERE seq = 4")
    report = await anchored.verify(without_keyring=True)
    assert report.first is not None
    assert report.first.seq == 4
