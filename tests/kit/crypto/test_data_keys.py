"""Data keys and what is sealed under them: bound to their place, changed and destroyed. On rows as they are stored."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.kit.clock import now
from claudetools.kit.crypto import data_keys
from claudetools.kit.crypto.data_keys import NOBODY, DataKey, DataKeys, KeyState, bound
from claudetools.kit.crypto.envelope import HEAD_BYTES, Envelope, SealedRow, SecretUnreadable, key_of
from claudetools.kit.crypto.keyring import Keyring, create_keyring
from claudetools.kit.crypto.roots import KeyProblem, RootFile
from claudetools.kit.db.session import Database
from claudetools.kit.ids import new_id

PLAIN = SecretStr("S3cret-of-the-firewall-äöü")


@dataclass
class Row:
    """A row with two sealed columns, as far as the envelope looks at it."""

    id: UUID
    client_id: UUID | None
    secret_version: int = 1
    password: bytes | None = None
    token: bytes | None = None

    __tablename__ = "things"
    __sealed__ = SealedRow(version="secret_version", client="client_id")


class Other(Row):
    """A row of another table."""

    __tablename__ = "others"


@dataclass(frozen=True)
class Vault:
    """A database with two clients, and what seals in it."""

    database: Database
    keyring: Keyring
    envelope: Envelope
    one: UUID
    two: UUID
    folder: Path

    def row(self, client_id: UUID | None = None) -> Any:
        return Row(id=new_id(), client_id=client_id or self.one)

    async def sealed(self, row: Any, column: str = "password", secret: SecretStr | None = PLAIN) -> Any:
        await self.database.write(lambda session: self.envelope.put(session, row, column, secret))
        return row

    async def opened(self, row: Any, column: str = "password", *, by: Envelope | None = None) -> str | None:
        secret = await self.database.read(lambda session: (by or self.envelope).get(session, row, column))
        return None if secret is None else secret.get_secret_value()

    async def refuses(self, row: Any, column: str = "password") -> None:
        with pytest.raises(SecretUnreadable) as refusal:
            await self.opened(row, column)
        assert str(refusal.value) == str(SecretUnreadable())

    async def keys(self, client_id: UUID | None) -> list[DataKey]:
        of_client = DataKey.client_id.is_(None) if client_id is None else DataKey.client_id == client_id

        async def unit(session: AsyncSession) -> list[DataKey]:
            return list(await session.scalars(select(DataKey).where(of_client).order_by(DataKey.number)))

        return await self.database.read(unit)

    async def tamper(self, key_id: UUID, **values: Any) -> None:
        async def unit(session: AsyncSession) -> None:
            await session.execute(update(DataKey).where(DataKey.id == key_id).values(**values))

        await self.database.write(unit)


@pytest.fixture
async def vault(database_url: str, reset_database: Callable[[str], None], tmp_path: Path) -> AsyncIterator[Vault]:
    reset_database(database_url)
    database = Database(database_url)
    ids = [new_id(), new_id()]

    async def clients(session: AsyncSession) -> None:
        session.add_all(Client(id=id, name=f"Client {id}") for id in ids)

    await database.write(clients)
    ring = create_keyring(tmp_path / "keys")
    yield Vault(database, ring, Envelope(ring), *ids, tmp_path / "keys")
    await database.close()


async def test_what_was_sealed_opens_in_its_place(vault: Vault) -> None:
    row = await vault.sealed(vault.row())
    assert await vault.opened(row) == PLAIN.get_secret_value()
    assert await vault.opened(row, "token") is None
    await vault.sealed(row, secret=None)
    assert row.password is None
    assert PLAIN.get_secret_value() not in f"{PLAIN!r} {PLAIN}"


async def test_it_names_format_algorithm_and_key(vault: Vault) -> None:
    row = await vault.sealed(vault.row())
    (key,) = await vault.keys(vault.one)
    assert row.password[:2] == b"\x01\x01"
    assert key_of(row.password) == key.id
    nonce, tag = 12, 16
    assert len(row.password) == HEAD_BYTES + nonce + len(PLAIN.get_secret_value().encode()) + tag
    assert PLAIN.get_secret_value().encode() not in row.password
    assert key.encryption_count == 1


async def test_k1_a_swapped_ciphertext_does_not_open(vault: Vault) -> None:
    row, same_client, other_client = [
        await vault.sealed(await vault.sealed(vault.row(client), "token", SecretStr("another secret")))
        for client in (vault.one, vault.one, vault.two)
    ]
    for thief in (same_client, other_client):
        thief.password = row.password
        await vault.refuses(thief)
    await vault.refuses(Other(id=row.id, client_id=row.client_id, password=row.password))
    await vault.refuses(Row(id=row.id, client_id=vault.two, password=row.password))
    await vault.refuses(Row(id=row.id, client_id=row.client_id, token=row.password), "token")
    assert await vault.opened(row) == PLAIN.get_secret_value()


async def test_k2_each_byte_counts(vault: Vault) -> None:
    row = await vault.sealed(vault.row())
    stored = row.password
    for place in range(len(stored)):
        row.password = stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]
        await vault.refuses(row)
    for cut in (b"", stored[:1], stored[:HEAD_BYTES], stored[:-1], stored + b"\0"):
        row.password = cut
        await vault.refuses(row)


async def test_k3_an_older_secret_of_the_row_does_not_open(vault: Vault) -> None:
    row = await vault.sealed(vault.row())
    older = row.password
    row.secret_version = 2
    await vault.sealed(row, secret=SecretStr("the new one"))
    row.password = older
    await vault.refuses(row)


@pytest.mark.parametrize("forged", ["wrapped_key", "state", "client_id", "number", "root_id"])
async def test_k4_an_altered_data_key_does_not_unwrap(vault: Vault, forged: str) -> None:
    row = await vault.sealed(vault.row())
    await vault.sealed(vault.row(vault.two))
    (key,), (theirs,) = await vault.keys(vault.one), await vault.keys(vault.two)
    assert key.wrapped_key is not None
    values: dict[str, Any] = {
        "wrapped_key": key.wrapped_key[:-1] + bytes([key.wrapped_key[-1] ^ 1]),
        "state": KeyState.DECRYPT_ONLY,
        "number": 7,
        "root_id": "0" * 16,
    }
    if forged == "client_id":
        # A key moved to another client must open nothing there either.
        await vault.tamper(theirs.id, number=2)
        await vault.tamper(key.id, client_id=vault.two)
        await vault.refuses(Row(id=row.id, client_id=vault.two, password=row.password))
    else:
        await vault.tamper(key.id, **{forged: values[forged]})
    await vault.refuses(row)


async def test_another_clients_wrapped_key_does_not_unwrap(vault: Vault) -> None:
    row = await vault.sealed(vault.row())
    await vault.sealed(vault.row(vault.two))
    (key,), (theirs,) = await vault.keys(vault.one), await vault.keys(vault.two)
    await vault.tamper(key.id, wrapped_key=theirs.wrapped_key)
    await vault.refuses(row)


async def test_k6_the_same_secret_is_never_stored_the_same(vault: Vault) -> None:
    row, seen = vault.row(), set()

    async def unit(session: AsyncSession) -> None:
        for _ in range(10_000):
            await vault.envelope.put(session, row, "password", PLAIN)
            seen.add((row.password[HEAD_BYTES : HEAD_BYTES + 12], row.password))

    await vault.database.write(unit)
    assert len({nonce for nonce, _ in seen}) == len({stored for _, stored in seen}) == 10_000
    assert (await vault.keys(vault.one))[0].encryption_count == 10_000


async def test_a_first_key_is_made_once(vault: Vault) -> None:
    rows = [vault.row() for _ in range(8)]
    await asyncio.gather(*(vault.sealed(row) for row in rows))
    assert [key.number for key in await vault.keys(vault.one)] == [1]
    assert {await vault.opened(row) for row in rows} == {PLAIN.get_secret_value()}


async def test_after_a_rotation_the_new_key_encrypts_and_the_old_one_decrypts(vault: Vault) -> None:
    old = await vault.sealed(vault.row())
    await vault.database.write(lambda session: vault.envelope.keys.rotate(session, vault.one))
    new = await vault.sealed(vault.row())
    first, second = await vault.keys(vault.one)
    assert (first.state, second.state) == (KeyState.DECRYPT_ONLY, KeyState.ACTIVE)
    assert (key_of(old.password), key_of(new.password)) == (first.id, second.id)
    assert await vault.opened(old) == await vault.opened(new) == PLAIN.get_secret_value()


async def test_a_key_used_too_often_is_followed_by_another(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_keys, "MOST_USES", 2)
    for _ in range(5):
        await vault.sealed(vault.row())
    assert [key.encryption_count for key in await vault.keys(vault.one)] == [2, 2, 1]


async def test_a_destroyed_key_opens_nothing_and_others_do(vault: Vault) -> None:
    mine, theirs = await vault.sealed(vault.row()), await vault.sealed(vault.row(vault.two))
    await vault.database.write(lambda session: vault.envelope.keys.rotate(session, vault.one))
    assert await vault.database.write(lambda session: vault.envelope.keys.destroy(session, vault.one)) == 2
    await vault.refuses(mine)
    assert await vault.opened(theirs) == PLAIN.get_secret_value()
    assert {key.wrapped_key for key in await vault.keys(vault.one)} == {None}
    again = await vault.sealed(vault.row())
    assert await vault.opened(again) == PLAIN.get_secret_value()
    assert [key.number for key in await vault.keys(vault.one)] == [1, 2, 3]


async def test_data_keys_follow_to_a_new_root_key(vault: Vault) -> None:
    row = await vault.sealed(vault.row())
    RootFile(vault.folder).add(now())
    ring = Keyring(RootFile(vault.folder))
    envelope = Envelope(ring)
    assert await vault.opened(row, by=envelope) == PLAIN.get_secret_value()
    assert await vault.database.write(lambda session: envelope.keys.rewrap(session, 100)) == 1
    assert await vault.database.write(lambda session: envelope.keys.rewrap(session, 100)) == 0
    assert {key.root_id for key in await vault.keys(vault.one)} == {ring.current.id}
    assert await vault.opened(row, by=envelope) == PLAIN.get_secret_value()
    # A worker that has not seen the new root key yet reads its source once more.
    assert await vault.opened(row) == PLAIN.get_secret_value()


async def test_k9_another_root_key_is_found_out(vault: Vault, tmp_path: Path) -> None:
    await vault.database.write(vault.envelope.keys.prove)
    await vault.database.write(vault.envelope.keys.prove)
    assert len(await vault.keys(None)) == 1
    wrong = DataKeys(create_keyring(tmp_path / "wrong"))
    with pytest.raises(KeyProblem):
        await vault.database.write(wrong.prove)


async def test_nothing_is_sealed_without_its_place(vault: Vault) -> None:
    for row in (Row(id=None, client_id=vault.one), Row(id=new_id(), client_id=vault.one, secret_version=None)):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="needs"):
            await vault.sealed(row)
        assert row.password is None
    with pytest.raises(ValueError, match="empty"):
        bound(b"table", b"")
    assert bound(b"a", b"bc") != bound(b"ab", b"c")
    assert NOBODY.bytes == bytes(16)
