"""Events are stored with what they tell of, or neither is; many at once make no gap; nothing is lost on the way."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.kit.audit import lanes
from claudetools.kit.audit.anchors import Anchors
from claudetools.kit.audit.chain import canonical, merkle_root
from claudetools.kit.audit.events import Action, AuditEvent
from claudetools.kit.audit.lane_reader import LaneReader
from claudetools.kit.audit.sealing import AuditSealer, SealRefused
from claudetools.kit.audit.trail import acting, note
from claudetools.kit.clock import now
from claudetools.kit.db import session as db_session
from claudetools.kit.db.session import Database
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Unavailable
from claudetools.kit.resource.scope import ALL_TENANTS, Actor
from claudetools.services import Services
from tests.databases import Kind
from tests.fixtures.application import running_application
from tests.fixtures.statements import statements
from tests.kit.audit.conftest import Audit
from tests.mariadb import MariaServer

HOSTILE = ["line\nbreak", "nul\0", "lone \ud800 surrogate", "\u202eright to left \u05d0", "a|b\x1f;--", "x" * 1_000_000]


class Undone(Exception):
    pass


@contextmanager
def refusing_inserts(audit: Audit) -> Iterator[Callable[..., Any]]:
    """Give the statements that make every insert of an event fail, and that end it."""
    if audit.quote == '"':
        refuse = "CREATE TRIGGER refuse BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'no'); END"
    else:
        refuse = "CREATE TRIGGER refuse BEFORE INSERT ON audit_events FOR EACH ROW SIGNAL SQLSTATE '45000'"
    yield lambda on: audit.sql(refuse if on else "DROP TRIGGER refuse")


async def clients(audit: Audit) -> int:
    return int((await audit.sql("SELECT count(*) FROM clients"))[0][0])


async def test_a9_without_its_event_no_change_is_kept(audit: Audit) -> None:
    before = await clients(audit)
    with refusing_inserts(audit) as refuse:
        await refuse(True)
        try:
            reply = await audit.office.caller.post("/clients", {"name": "Unseen"})
            export = await audit.office.caller.get("/clients/export.csv")
            denial = await audit.office.caller.get(f"/clients/{new_id()}")
        finally:
            await refuse(False)
    assert reply.status_code == export.status_code == denial.status_code == 503, reply.text
    assert "Acme" not in export.text
    assert "trail" in reply.json()["detail"]
    assert await clients(audit) == before
    assert (await audit.verify()).is_intact
    assert (await audit.office.caller.post("/clients", {"name": "Seen"})).status_code == 201


async def test_a9_while_the_lanes_are_locked_nothing_is_kept(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    if audit.quote == '"':
        return  # SQLite has one writer at a time anyway.
    monkeypatch.setattr(db_session, "ATTEMPTS", 1)
    before = await clients(audit)
    async with audit.database.writer.connect() as other:
        await other.execute(text("SELECT * FROM audit_lanes FOR UPDATE"))
        reply = await audit.office.caller.post("/clients", {"name": "Unseen"})
        await other.rollback()
    assert reply.status_code == 503
    assert await clients(audit) == before
    assert (await audit.verify()).is_intact


async def test_a10_what_fails_before_the_commit_leaves_neither_row_nor_event(audit: Audit) -> None:
    events = await audit.sql("SELECT count(*) FROM audit_events")
    before = await clients(audit)

    async def unit(session: AsyncSession) -> None:
        session.add(Client(name="Undone"))
        await session.flush()
        raise Undone

    with pytest.raises(Undone):
        await audit.database.write(unit)
    assert await clients(audit) == before
    assert await audit.sql("SELECT count(*) FROM audit_events") == events


async def write_some(database: Database, writers: int, each: int, seed: int) -> int:
    """Let so many writers each make changes at the same time, a fifth of them undone; return how many were kept."""
    kept = 0

    async def writer(number: int) -> None:
        nonlocal kept
        chance = random.Random(seed * 1000 + number)
        for index in range(each):
            undone = chance.random() < 0.2

            async def unit(
                session: AsyncSession, name: str = f"w{seed}-{number}-{index}", undone: bool = undone
            ) -> None:
                session.add(Client(name=name))
                await session.flush()
                await asyncio.sleep(0)
                if undone:
                    raise Undone

            try:
                await database.write(unit)
            except Undone:
                continue
            kept += 1

    await asyncio.gather(*(writer(number) for number in range(writers)))
    return kept


async def check_lanes(services: Services, kept: int) -> None:
    """Check that every lane is without gaps and holds together as many events as changes were kept."""
    lanes_of: dict[int, list[int]] = {}

    async def unit(session: AsyncSession) -> None:
        query = select(AuditEvent.lane, AuditEvent.seq).where(AuditEvent.resource == "clients")
        for lane, seq in await session.execute(query.order_by(AuditEvent.lane, AuditEvent.seq)):
            lanes_of.setdefault(lane, []).append(seq)

    await services.database.read(unit)
    assert sum(map(len, lanes_of.values())) == kept
    for lane, seqs in lanes_of.items():
        assert seqs == list(range(1, len(seqs) + 1))
        reader = LaneReader(services.database, lane, services.audit_keys)
        await reader.advance(len(seqs))
        assert reader.fault is None


async def test_a12_many_writers_at_once_leave_no_gap(api: Any) -> None:
    kept = await write_some(api.services.database, 32, 8, 1)
    assert 150 < kept < 256
    await check_lanes(api.services, kept)


@pytest.mark.parametrize("isolation", ["ON", "OFF"])
@pytest.mark.parametrize("count", [1, 16])
async def test_a13_at_both_settings_of_snapshot_isolation_no_conflict_comes_through(
    mariadb: MariaServer, fresh_database: Callable[[Kind], str], tmp_path: Any, isolation: str, count: int
) -> None:
    found = mariadb.execute(None, "SHOW GLOBAL VARIABLES LIKE 'innodb_snapshot_isolation'")
    if found:
        mariadb.execute(None, f"SET GLOBAL innodb_snapshot_isolation = {isolation}")
    try:
        async with running_application(fresh_database("mariadb"), tmp_path / "home") as running:
            async with running.services.database.writer.begin() as connection:
                await connection.execute(text(f"DELETE FROM audit_lanes WHERE lane >= {count}"))
            kept = await write_some(running.services.database, 12, 10, 2)
            await check_lanes(running.services, kept)
    finally:
        if found:
            mariadb.execute(None, f"SET GLOBAL innodb_snapshot_isolation = {found[0][1]}")


async def test_a14_a_slow_transaction_is_in_the_next_checkpoint(api: Any, tmp_path: Any) -> None:
    audit = Audit(api=api, office=None)  # type: ignore[arg-type]
    if audit.quote == '"':
        return  # There is one writer at a time: nothing can commit meanwhile.
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(session: AsyncSession) -> None:
        session.add(Client(name="Slow"))
        await session.flush()
        reached.set()
        await go_on.wait()

    running = asyncio.create_task(audit.database.write(slow))
    await reached.wait()
    await write_some(audit.database, 4, 3, 3)
    first = await audit.sealer.seal()
    go_on.set()
    await running
    second = await audit.sealer.seal()
    assert first is not None
    assert second is not None
    assert second.total == first.total + 1
    report = await audit.verify()
    assert report.is_intact
    assert report.unsealed_events == 0


async def test_a15_of_two_sealers_one_adds_the_checkpoint(anchored: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = anchored.sealer, anchored.sealer
    reached, go_on = asyncio.Event(), asyncio.Event()
    stored = AuditSealer._stored

    async def paused(self: AuditSealer, made: Any) -> bool:
        if self is one:
            reached.set()
            await go_on.wait()
        return await stored(self, made)

    monkeypatch.setattr(AuditSealer, "_stored", paused)
    late = asyncio.create_task(one.seal())
    await reached.wait()
    await anchored.change()
    made = await other.seal()
    go_on.set()
    assert await late is None
    assert made is not None
    assert await anchored.sql("SELECT number FROM audit_checkpoints") == [(1,)]
    assert await one.seal() is None
    made = [each for each in await asyncio.gather(*(anchored.sealer.seal() for _ in range(4))) if each is not None]
    await anchored.change()
    made += [each for each in await asyncio.gather(*(anchored.sealer.seal() for _ in range(4))) if each is not None]
    assert [each.number for each in made] == [2]
    assert (await anchored.verify()).is_intact


async def test_nothing_is_built_on_a_forged_checkpoint(anchored: Audit) -> None:
    await anchored.sealer.seal()
    await anchored.sql("UPDATE audit_checkpoints SET total = total + 1")
    await anchored.change()
    with pytest.raises(SealRefused):
        await anchored.sealer.seal()
    with pytest.raises(SealRefused):
        await AuditSealer(anchored.database, None, Anchors([])).seal()


def hostile_actor(name: str) -> Actor:
    return Actor(
        user_id=new_id(), email="x@y.test", display_name=name, role="owner", scopes=frozenset(),
        readable=ALL_TENANTS, writable=ALL_TENANTS, revealable=ALL_TENANTS,
    )  # fmt: skip


async def test_a16_any_text_comes_back_as_it_was_hashed(audit: Audit) -> None:
    before = (await audit.verify()).events
    for value in HOSTILE:
        token = acting.set(hostile_actor(value))
        try:

            async def unit(session: AsyncSession, value: str = value) -> None:
                details = {value[:300]: value, "nested": [{"b": value, "a": 1.5e300}, float("nan"), -0.0, 2**70]}
                note(session, Action.USE, "things", new_id(), details=details)

            await audit.database.write(unit)
        finally:
            acting.reset(token)
    report = await audit.verify()
    assert report.faults == []
    assert report.events == before + len(HOSTILE)

    async def look(session: AsyncSession) -> list[dict[str, Any]]:
        rows = await session.scalars(select(AuditEvent).where(AuditEvent.resource == "things").order_by(AuditEvent.seq))
        return [row.after for row in rows]

    assert [after["nested"][0]["b"] for after in await audit.database.read(look)] == [
        text.replace("\ud800", "\\ud800") for text in HOSTILE
    ]


def test_a16_fields_do_not_run_into_each_other() -> None:
    forms = [["a", "bc"], ["ab", "c"], ["abc"], ["abc", ""], ["", "abc"], ["abc", None], [b"abc"], [1, "23"], ["1", 23]]
    forms += [[True], [1], ["1"], [None], [""], [{}], [{"a": None}], [{"a": 1}], ['{"a":1}']]
    forms += [["asb"], ["a", "b"], ["s1"], ["", "1"]]
    assert len({canonical(form) for form in forms}) == len(forms)
    assert canonical([{"b": 1, "a": [2, {"d": 1, "c": 2}]}]) == canonical([{"a": [2, {"c": 2, "d": 1}], "b": 1}])


def test_a_merkle_tree_is_that_of_the_standard() -> None:
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    data = [bytes.fromhex(leaf) for leaf in leaves]
    assert {size: merkle_root(data[:size]).hex() for size in roots} == roots


async def test_a17_a_clock_that_is_put_back_is_flagged(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await audit.verify()).events_with_clock_behind == 0
    monkeypatch.setattr(lanes, "now", lambda: now() - timedelta(hours=2))
    await audit.change(3)
    monkeypatch.undo()
    await audit.change(1)
    flags = await audit.sql("SELECT is_clock_behind FROM audit_events ORDER BY seq DESC LIMIT 5")
    assert [bool(flag) for (flag,) in flags] == [False, True, True, True, False]
    report = await audit.verify()
    assert report.is_intact
    assert report.events_with_clock_behind == 3


async def test_an_event_costs_three_statements(audit: Audit) -> None:
    async def unit(session: AsyncSession) -> None:
        session.add_all([Client(name="One"), Client(name="Two")])

    with statements(audit.database) as sent:
        await audit.database.write(unit)
    assert [each.split()[0] for each in sent if "audit_" in each] == ["SELECT", "INSERT", "UPDATE"]


async def test_what_changes_nothing_touches_no_lane(audit: Audit) -> None:
    async def unit(session: AsyncSession) -> int:
        return await session.scalar(select(func.count()).select_from(Client)) or 0

    with statements(audit.database) as sent:
        await audit.database.write(unit)
    assert [each for each in sent if "audit_" in each] == []


async def test_an_unknown_root_is_no_proof(audit: Audit) -> None:
    await audit.sql("UPDATE audit_lanes SET key_id = 'ffffffffffffffff'")
    with pytest.raises(Unavailable):
        await audit.database.write(_noted)


async def _noted(session: AsyncSession) -> None:
    note(session, Action.USE, "things", None)
