"""Backups: consistent while others write, private, and called good only when everything in them can be had again."""

import asyncio
import random
import shutil
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import Role, UserCreate, add_user
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.ops import backup_checks
from claudetools.domains.ops.backup_keys import KEYS_FILE, keep_data_keys
from claudetools.domains.ops.backups import BackupFailed
from claudetools.kit.audit.checkpoint_key import create_checkpoint_key
from claudetools.kit.backup.archive import BackupUnreadable, read_archive, read_manifest
from claudetools.kit.backup.files import BackupFolderBusy, exclusive_folder
from claudetools.kit.clock import now
from claudetools.kit.crypto.data_keys import DataKeys
from claudetools.kit.crypto.envelope import Envelope, SealedRow
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.engine import writer_engine
from claudetools.kit.db.migrate import downgrade, upgrade
from claudetools.kit.ids import new_id
from claudetools.services import open_services
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.domains.ops.firm import Firm, in_image
from tests.fixtures.people import PASSWORD, PASSWORD_HASH

BACKUPS = 3
WRITERS = 3


async def test_r12_backups_under_load_are_consistent_and_restore(firm: Firm, tmp_path: Path) -> None:
    is_over = asyncio.Event()
    written = 0

    async def write(number: int) -> None:
        nonlocal written
        while not is_over.is_set():
            await firm.add_client(f"client {number}-{written}")
            written += 1

    writers = [asyncio.create_task(write(number)) for number in range(WRITERS)]
    backups = []
    for _ in range(BACKUPS):
        before = written
        backups.append((before, await firm.backup()))
        assert written > before, "nobody wrote meanwhile: this shows nothing"
    is_over.set()
    await asyncio.gather(*writers)
    for number, (before, backup) in enumerate(backups):
        assert backup.faults == ()
        image = tmp_path / f"{number}.db"
        proof = await firm.proof(backup.path, image)
        assert proof.faults == ()
        [(clients, sites)] = in_image(image, "SELECT (SELECT COUNT(*) FROM clients), (SELECT COUNT(*) FROM sites)")
        assert clients == sites == backup.manifest.rows["clients"] >= before
        assert in_image(image, "SELECT COUNT(*) FROM audit_events WHERE action = 'create'") == [(2 * clients,)]


async def test_r12_a_backup_with_an_altered_byte_is_reported(firm: Firm, tmp_path: Path) -> None:
    await firm.add_client("Contoso")
    good = (await firm.backup()).path
    content = good.read_bytes()
    chance = random.Random(12)
    places = {*range(120), *chance.sample(range(len(content)), 60), len(content) - 1}
    bad = tmp_path / "bad.ctb"
    for place in sorted(places):
        altered = bytearray(content)
        altered[place] ^= 1 << chance.randrange(8)
        bad.write_bytes(altered)
        proof = await firm.proof(bad, tmp_path / "bad.db")
        assert proof.faults, place
        (tmp_path / "bad.db").unlink(missing_ok=True)


async def test_r12_a_backup_that_is_cut_off_or_no_backup_is_reported(firm: Firm, tmp_path: Path) -> None:
    content = (await firm.backup()).path.read_bytes()
    bad = tmp_path / "bad.ctb"
    for wrong in (b"", b"\n", b"{}\n", content[:50], content[:-1], content[: len(content) // 2], content + b"x"):
        bad.write_bytes(wrong)
        assert (await firm.proof(bad, tmp_path / "bad.db")).faults
        (tmp_path / "bad.db").unlink(missing_ok=True)
    assert "cannot be read" in (await firm.proof(tmp_path / "none.ctb", tmp_path / "bad.db")).faults[0]


async def test_r12_a_backup_without_its_keys_is_reported(firm: Firm, tmp_path: Path) -> None:
    path = (await firm.backup()).path
    stranger = create_keyring(tmp_path / "other keys")
    with pytest.raises(BackupUnreadable, match=r"The root key .* is missing"):
        read_manifest(path, stranger)
    kept = firm.settings.backup_folder / KEYS_FILE
    kept.rename(tmp_path / KEYS_FILE)
    assert "The data keys are missing" in (await firm.proof(path, tmp_path / "a.db")).faults[0]
    shutil.copy(path, kept)
    assert (await firm.proof(path, tmp_path / "b.db")).faults


async def test_r12_rows_that_are_not_those_of_the_manifest_are_reported(
    firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from claudetools.domains.ops import backups

    await firm.add_client("Contoso")
    write = backups.write_archive

    def lose_a_row(path: Path, keyring: object, manifest: object, image: Path) -> None:
        connection = backups.open_image(image)
        connection.execute("DELETE FROM sites")
        connection.close()
        write(path, keyring, manifest, image)  # type: ignore[arg-type]

    monkeypatch.setattr(backups, "write_archive", lose_a_row)
    made = await firm.backup()
    assert made.faults == ("sites has 0 rows of 1.",)
    assert made.path.name.endswith(".ctb.failed")


async def test_a_backup_holds_neither_data_keys_nor_anything_in_the_clear(firm: Firm, tmp_path: Path) -> None:
    await firm.add_client("Harbour Dental Practice")
    [(wrapped,)] = await firm.rows("SELECT wrapped_key FROM data_keys")
    path = (await firm.backup()).path
    for file in (path, firm.settings.backup_folder / KEYS_FILE):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"Harbour" not in file.read_bytes()
        assert wrapped not in file.read_bytes()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    image = tmp_path / "image.db"
    read_archive(path, firm.services.keyring, image)
    assert b"Harbour" in image.read_bytes()
    assert wrapped not in image.read_bytes()
    assert in_image(image, "SELECT wrapped_key FROM data_keys") == [(b"",)]
    await firm.proof(path, tmp_path / "restored.db")
    assert in_image(tmp_path / "restored.db", "SELECT wrapped_key FROM data_keys") == [(wrapped,)]


async def test_k10_a_destroyed_key_is_gone_from_older_backups_too(firm: Firm, tmp_path: Path) -> None:
    keys = DataKeys(firm.services.keyring)
    ids = [await firm.add_client(name) for name in ("Destroyed", "Kept")]

    async def use(session: AsyncSession) -> None:
        for id in ids:
            await keys.to_encrypt(session, id)

    await firm.services.database.write(use)
    path = (await firm.backup()).path
    await firm.services.database.write(lambda session: keys.destroy(session, ids[0]))
    await keep_data_keys(firm.settings, firm.services.keyring)
    proof = await firm.proof(path, tmp_path / "image.db")
    assert proof.faults == ()
    states = in_image(
        tmp_path / "image.db",
        "SELECT c.name, k.state, k.wrapped_key IS NULL FROM data_keys k, clients c WHERE c.id = k.client_id ORDER BY 1",
    )
    assert states == [("Destroyed", "destroyed", 1), ("Kept", "active", 0)]


async def test_a_key_that_does_not_unwrap_is_reported(firm: Firm) -> None:
    await firm.execute("UPDATE data_keys SET state = 'decrypt_only'")
    made = await firm.backup()
    assert "does not unwrap" in made.faults[0]
    assert made.path.name.endswith(".ctb.failed")


async def test_a_secret_that_does_not_open_is_reported(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    # A column of bytes stands in for a secret, so that this depends on no table with secrets.
    monkeypatch.setattr(MemoryItem, "__sealed__", SealedRow(version="position", client="client_id"), raising=False)
    monkeypatch.setattr(backup_checks, "sealed_columns", lambda: [(MemoryItem, "embedding")])
    envelope = Envelope(firm.services.keyring)
    ids = [await firm.add_client(name) for name in ("Contoso", "Fabrikam")]
    person = UserCreate(email="a@firm.test", display_name="A", password=SecretStr(PASSWORD), role=Role.OWNER)

    async def seal(session: AsyncSession) -> None:
        user = await add_user(session, person, PASSWORD_HASH)
        for number, id in enumerate([*ids, *ids]):
            item = MemoryItem(
                id=new_id(), client_id=id, user_id=user.id, position=number, source_table="sites", source_id=id,
                kind="fact", text="", said_at=now(), content_hash=bytes(32), change_sequence=0,
            )  # fmt: skip
            session.add(item)
            await envelope.put(session, item, "embedding", SecretStr("open sesame"))

    await firm.services.database.write(seal)
    assert (await firm.backup()).faults == ()

    async def swap(session: AsyncSession) -> None:
        items = list(await session.scalars(select(MemoryItem).order_by(MemoryItem.position)))
        items[0].embedding, items[1].embedding = items[1].embedding, items[0].embedding

    await firm.services.database.write(swap)
    made = await firm.backup()
    assert [fault.partition(" of ")[0] for fault in made.faults] == ["memory_items.embedding"] * 2


async def test_r12_an_altered_audit_trail_is_reported(firm: Firm) -> None:
    await firm.add_client("Contoso")
    await firm.execute("UPDATE audit_events SET user_name = 'somebody else' WHERE resource = 'clients'")
    made = await firm.backup()
    assert [fault.partition(":")[0] for fault in made.faults] == ["The audit trail is not whole"]


async def test_r12_checkpoints_that_anchors_know_and_the_backup_does_not_are_no_fault(
    firm: Firm, tmp_path: Path
) -> None:
    settings = firm.settings.model_copy(update={"audit_anchors": f"file:{tmp_path / 'anchor'}"})
    create_checkpoint_key(settings.keys_folder)
    anchored = Firm(settings, open_services(settings))
    await anchored.add_client("Contoso")
    await anchored.services.audit_sealer.seal()
    made = await anchored.backup()
    await anchored.add_client("Later")
    await anchored.services.audit_sealer.seal()
    assert len((tmp_path / "anchor").read_bytes().splitlines()) == 2
    assert made.faults == ()
    assert (await anchored.proof(made.path, tmp_path / "image.db")).faults == ()
    lines = (tmp_path / "anchor").read_bytes().splitlines(keepends=True)
    (tmp_path / "anchor").write_bytes(lines[0].replace(b'"total":2', b'"total":3') + lines[1])
    assert (await anchored.proof(made.path, tmp_path / "again.db")).faults
    await anchored.close()


async def test_an_older_database_is_backed_up_and_its_upgrade_is_tried(
    fresh_database: FreshDatabase, database_kind: Kind, tmp_path: Path
) -> None:
    firm = await Firm.open(fresh_database(database_kind), tmp_path / "home")
    await firm.add_client("Contoso")
    await downgrade(firm.settings.database_url, "0008")
    try:
        made = await firm.backup()
        assert (made.faults, made.manifest.revision) == ((), "0008")
        proof = await firm.proof(made.path, tmp_path / "image.db")
        assert proof.faults == ()
        assert in_image(tmp_path / "image.db", "SELECT name FROM clients") == [("Contoso",)]
    finally:
        await upgrade(firm.settings.database_url)
        await firm.close()


async def test_an_empty_database_is_not_backed_up(tmp_path: Path) -> None:
    settings_home = tmp_path / "home"
    firm = await Firm.open(await _migrated(tmp_path), settings_home)
    await downgrade(firm.settings.database_url, "base")
    with pytest.raises(BackupFailed, match="empty"):
        await firm.backup()
    await firm.close()


async def _migrated(folder: Path) -> str:
    url = f"sqlite+aiosqlite:///{folder / 'claudetools.db'}"
    await upgrade(url)
    return url


async def test_a_table_that_no_migration_made_stops_it(firm: Firm) -> None:
    engine = writer_engine(firm.settings.database_url)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE stray (id INTEGER)")
        with pytest.raises(BackupFailed, match="stray"):
            await firm.backup()
    finally:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("DROP TABLE stray")
        await engine.dispose()


async def test_one_backup_at_a_time_and_what_was_left_goes(firm: Firm) -> None:
    folder = firm.settings.backup_folder
    folder.mkdir()
    (folder / ".scratch-left").mkdir()
    (folder / ".scratch-left" / "copy.db").write_text("of a process that was killed")
    with exclusive_folder(folder), pytest.raises(BackupFolderBusy):
        await firm.backup()
    await firm.backup()
    assert {path.name for path in folder.iterdir() if path.suffix != ".ctb"} == {KEYS_FILE, ".lock"}


async def test_a_folder_that_cannot_be_written_to_is_told(firm: Firm, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match="cannot be written to"):
        await firm.backup(tmp_path / "file" / "below")
