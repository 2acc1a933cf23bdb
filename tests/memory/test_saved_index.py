"""A worker starts from the saved index and knows what the database says, whatever happened in between."""

import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory import MemoryEngine, MemoryItem
from claudetools.domains.memory import engine as engine_module
from claudetools.domains.memory.items import MemoryClock, MemoryDeletion, next_change
from claudetools.domains.memory.recall_index.file import FILE
from claudetools.domains.memory.recall_index.stamp import stamp_of
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.fixtures.application import Application, running_application
from tests.memory.contents import rows_of
from tests.memory.firm import Firm, ingest, remember, texts

GATEWAY = "The gateway of the Hamburg branch is 10.20.0.1."
PRINTER = "The printer in Bremen needs the PCL6 driver."
ASKED = "gateway Hamburg printer Bremen"


@dataclass(frozen=True)
class Office:
    """A running application whose index file is there, with a client and two notes."""

    app: Application
    firm: Firm
    client: UUID
    gateway: str
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / FILE

    async def started(self) -> MemoryEngine:
        """An engine as another worker has it that has just started."""
        mine = self.app.services.memory
        made = MemoryEngine(mine.database, None, mine.redactor, self.folder)
        # A new engine announces itself to its database; the application keeps its own.
        mine.database.services[engine_module.SERVICE] = mine
        await made.load()
        return made

    async def agrees(self, engine: MemoryEngine) -> None:
        stored = {str(item.id) for item in await rows_of(self.app, MemoryItem)}
        assert set(engine._index._home) == stored

    async def write(self, unit: Callable[[AsyncSession], Awaitable[Any]]) -> None:
        await self.app.services.database.write(unit)


@pytest.fixture
async def office(api: Application, tmp_path: Path) -> Office:
    firm = await Firm.of(api)
    client = await firm.client("Acme")
    gateway = await remember(firm.owner, GATEWAY, client)
    await remember(firm.owner, PRINTER, client)
    made = Office(api, firm, client, gateway["id"], tmp_path)
    await (await made.started()).save()
    return made


@pytest.fixture
def taken_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the items that engines read from the database."""
    seen: list[str] = []
    whole = engine_module._entry

    def entry(row: Any) -> Any:
        seen.append(str(row.id))
        return whole(row)

    monkeypatch.setattr(engine_module, "_entry", entry)
    return seen


async def test_a_start_takes_in_only_what_changed_since(office: Office, taken_in: list[str]) -> None:
    assert stat.S_IMODE(office.path.stat().st_mode) == 0o600
    engine = await office.started()
    assert taken_in == []
    await office.agrees(engine)
    new = await remember(office.firm.owner, "Another note.", office.client)
    assert (await office.firm.owner.delete(f"/memory/{office.gateway}")).status_code == 204
    taken_in.clear()
    engine = await office.started()
    assert taken_in == [new["id"]]
    await office.agrees(engine)
    # It has taken in a deletion, so the file is due; afterwards nothing in it is of what was deleted.
    assert b"hamburg" in office.path.read_bytes()
    assert engine._unsaved.is_due(engine.size)
    await engine.save()
    assert b"hamburg" not in office.path.read_bytes()


async def test_the_application_saves_when_it_stops_and_starts_from_it(
    database_kind: Kind, fresh_database: FreshDatabase, tmp_path: Path, taken_in: list[str]
) -> None:
    url, home = fresh_database(database_kind), tmp_path / "home"
    async with running_application(url, home) as app:
        firm = await Firm.of(app)
        client = await firm.client("Acme")
        await remember(firm.owner, GATEWAY, client)
        assert not (home / "data" / FILE).exists()
    assert (home / "data" / FILE).exists()
    taken_in.clear()
    async with running_application(url, home) as app:
        await app.services.memory.refresh()
        assert await texts(replace(firm.owner, http=app.http), ASKED, client) == [GATEWAY]
    assert taken_in == []


async def clock_goes_back(session: AsyncSession) -> None:
    """What a restored backup looks like: neither the last note nor its number was ever given."""
    newest = await session.scalar(delete(MemoryItem).where(MemoryItem.text == PRINTER).returning(MemoryItem.id))
    assert newest
    await session.execute(update(MemoryClock).values(value=MemoryClock.value - 1))


async def clock_has_gone_on_again(session: AsyncSession) -> None:
    """The same a day later, when the clock has passed the number in the file."""
    await session.execute(delete(MemoryItem).where(MemoryItem.text == PRINTER))
    await next_change(session)


async def older_version_of_an_item(session: AsyncSession) -> None:
    change = update(MemoryItem).where(MemoryItem.text == PRINTER)
    await session.execute(change.values(change_sequence=MemoryItem.change_sequence - 1))


async def another_database(session: AsyncSession) -> None:
    await session.execute(delete(MemoryItem))


@pytest.mark.parametrize(
    "happen", [clock_goes_back, clock_has_gone_on_again, older_version_of_an_item, another_database]
)
async def test_a_file_of_another_state_is_removed_and_made_anew(
    happen: Callable[[AsyncSession], Awaitable[None]], office: Office
) -> None:
    await office.write(happen)
    engine = await office.started()
    await office.agrees(engine)
    assert not office.path.exists()


async def test_a_file_that_knows_of_a_deletion_which_never_happened_is_not_used(office: Office) -> None:
    assert (await office.firm.owner.delete(f"/memory/{office.gateway}")).status_code == 204
    await (await office.started()).save()
    await office.write(lambda session: session.execute(delete(MemoryDeletion)))
    await office.started()
    assert not office.path.exists()


async def test_a_running_worker_notices_that_the_database_is_an_older_one(office: Office) -> None:
    engine = await office.started()
    await office.write(clock_goes_back)
    await engine.refresh()
    await office.agrees(engine)


async def test_a_damaged_file_does_not_keep_a_worker_from_starting(office: Office) -> None:
    data = bytearray(office.path.read_bytes())
    data[-200] ^= 1
    office.path.write_bytes(data)
    await office.agrees(await office.started())
    assert not office.path.exists()


async def test_of_two_workers_the_second_does_not_write_the_same_again(office: Office) -> None:
    one, other = await office.started(), await office.started()
    await remember(office.firm.owner, "Another note.", office.client)
    await one.refresh()
    await other.refresh()
    await one.save()
    written = office.path.stat()
    await other.save()
    assert (office.path.stat().st_ino, office.path.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    assert not other._unsaved.changed


async def test_a_folder_that_cannot_be_written_is_no_fault_of_the_request(office: Office) -> None:
    office.path.unlink()
    office.path.mkdir()
    engine = await office.started()
    await engine.save()
    assert engine._unsaved.changed
    await office.agrees(engine)


async def test_what_vanishes_with_its_session_leaves_every_index(office: Office) -> None:
    owner = office.firm.owner
    other = await office.started()
    machine = await office.firm.machine(owner)
    await office.firm.bind(office.client, cwd="/srv/kiel")
    await machine.prompt("s-1", "Why does the Kiel tape robot jam at slot 12?", cwd="/srv/kiel")
    before = {str(item.id) for item in await rows_of(office.app, MemoryItem)}
    await other.refresh()
    assert len(before) == other.size == 3
    (session,) = (await owner.get("/sessions")).json()["items"]
    assert (await owner.delete(f"/sessions/{session['id']}")).status_code == 204
    for engine in (other, office.app.services.memory):
        await engine.refresh()
        assert engine.size == 2
        await office.agrees(engine)
    deleted = {str(row.item_id) for row in await rows_of(office.app, MemoryDeletion)}
    assert deleted == before - {str(item.id) for item in await rows_of(office.app, MemoryItem)}


async def test_the_stamp_tells_the_newest_changes_first(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claudetools.domains.memory.recall_index.stamp.REMEMBERED", 3)
    await ingest(office.firm.owner, "chat", ["One.", "Two."], client_id=office.client)
    last = max(item.change_sequence for item in await rows_of(office.app, MemoryItem))
    stamp = await office.app.services.database.read(lambda session: stamp_of(session, sequence=last - 1))
    assert last not in stamp.items.values()
    assert max(stamp.items.values()) == last - 1
