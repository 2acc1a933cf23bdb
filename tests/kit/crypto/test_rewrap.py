"""Secrets follow to a new data key while others read and write, and also when the job is killed again and again."""

import asyncio
import os
import random
import shutil
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.vault import Credential
from claudetools.kit.crypto import envelope as sealing
from claudetools.kit.crypto.data_keys import DataKey, KeyState
from claudetools.kit.crypto.envelope import Envelope, key_of
from claudetools.kit.crypto.inventory import faults
from claudetools.kit.crypto.keyring import Keyring, create_keyring
from claudetools.kit.crypto.rewrap import rewrap, secrets_under
from claudetools.kit.crypto.roots import RootFile
from claudetools.kit.db.session import Database
from claudetools.kit.ids import new_id

COLUMN = "password_encrypted"
PROGRAM = Path(sys.executable).parent / "claudetools"
KILLS = 10
LEAST_KILLS = 3
POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Host:
    """A process's view of the database: connections and a key file of its own."""

    database: Database
    envelope: Envelope

    @classmethod
    def open(cls, url: str, keys: Path) -> "Host":
        database, envelope = Database(url), Envelope(Keyring(RootFile(keys)))
        database.services[sealing.SERVICE] = envelope
        return cls(database, envelope)


@dataclass(frozen=True)
class Stock:
    """Credentials of one client, and what their passwords are."""

    url: str
    home: Path
    client_id: UUID
    passwords: dict[UUID, str]
    hosts: list[Host]

    @property
    def host(self) -> Host:
        return self.hosts[0]

    async def fill(self, count: int) -> None:
        """Add so many credentials."""

        async def unit(session: AsyncSession) -> None:
            session.add(Client(id=self.client_id, name="Client"))
            await session.flush()
            key_id, sealer = await self.host.envelope.keys.to_encrypt(session, self.client_id, uses=count)
            for number in range(count):
                row = Credential(
                    id=new_id(), client_id=self.client_id, kind="password", service_name=f"n{number}", secret_version=1
                )
                self.passwords[row.id] = f"first {number}"
                secret = SecretStr(self.passwords[row.id])
                row.password_encrypted = sealing.seal(row, COLUMN, secret, key_id, sealer)
                row.secret_fields = ["password"]
                session.add(row)

        await self.host.database.write(unit)

    async def change(self, host: Host, id: UUID, password: str) -> None:
        """Give a credential another password, as a request does."""

        async def unit(session: AsyncSession) -> None:
            row = (await session.scalars(select(Credential).where(Credential.id == id).with_for_update())).one()
            row.secret_version += 1
            await host.envelope.put(session, row, COLUMN, SecretStr(password))

        await host.database.write(unit)
        self.passwords[id] = password

    async def read(self, host: Host, id: UUID) -> str:
        """Return a password."""

        async def unit(session: AsyncSession) -> str:
            row = (await session.scalars(select(Credential).where(Credential.id == id))).one()
            secret = await host.envelope.get(session, row, COLUMN)
            assert secret is not None
            return secret.get_secret_value()

        return await host.database.read(unit)

    async def rotate(self) -> tuple[UUID, UUID]:
        """Give the client a new data key; return the former and the new one."""
        await self.host.database.write(lambda session: self.host.envelope.keys.rotate(session, self.client_id))

        async def unit(session: AsyncSession) -> tuple[UUID, UUID]:
            keys = list(await session.scalars(select(DataKey).where(DataKey.client_id == self.client_id)))
            (former,) = [key.id for key in keys if key.state is KeyState.DECRYPT_ONLY]
            (new,) = [key.id for key in keys if key.state is KeyState.ACTIVE]
            return former, new

        return await self.host.database.read(unit)

    async def left(self, key_id: UUID) -> int:
        """Return how many secrets need a key."""
        return await self.host.database.read(lambda session: secrets_under(session, key_id))

    async def check(self, former: UUID, new: UUID) -> None:
        """Every password opens under the new key, encrypted once, and is the last that was written."""

        async def unit(session: AsyncSession) -> dict[UUID, str]:
            found = {}
            for row in await session.scalars(select(Credential)):
                assert row.password_encrypted is not None
                assert key_of(row.password_encrypted) == new
                secret = await self.host.envelope.get(session, row, COLUMN)
                assert secret is not None
                found[row.id] = secret.get_secret_value()
            return found

        assert await self.host.database.read(unit) == self.passwords
        assert await self.left(former) == 0
        assert await self.host.database.read(faults) == []


@pytest.fixture
async def stock(database_url: str, reset_database: Callable[[str], None], tmp_path: Path) -> AsyncIterator[Stock]:
    reset_database(database_url)
    create_keyring(tmp_path / "one" / "keys")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    hosts = [Host.open(database_url, tmp_path / name / "keys") for name in ("one", "one", "two", "two")]
    yield Stock(database_url, tmp_path / "one", new_id(), {}, hosts)
    for host in hosts:
        await host.database.close()


async def test_k7_a_key_is_changed_under_load(stock: Stock) -> None:
    await stock.fill(10_000)
    shares = [list(stock.passwords)[number::4] for number in range(4)]
    former, new = await stock.rotate()
    rewrapping = asyncio.create_task(rewrap(stock.host.database))
    chance = random.Random(7)

    async def work(host: Host, ids: list[UUID]) -> int:
        count = 0
        while not rewrapping.done() or count < 20:
            id = chance.choice(ids)
            await stock.change(host, id, f"changed {count}")
            assert await stock.read(host, id) == stock.passwords[id]
            other = chance.choice(ids)
            assert await stock.read(host, other) == stock.passwords[other]
            count += 1
        return count

    counts = await asyncio.gather(*(work(host, ids) for host, ids in zip(stock.hosts, shares, strict=True)))
    assert min(counts) >= 20
    changed_meanwhile = 10_000 - await rewrapping
    assert 0 <= changed_meanwhile <= sum(counts)
    await stock.check(former, new)


async def test_k8_a_job_that_is_killed_is_run_again(stock: Stock) -> None:
    await stock.fill(3_000)
    former, new = await stock.rotate()
    environment = {**os.environ, "CLAUDETOOLS_HOME": str(stock.home), "CLAUDETOOLS_DATABASE_URL": stock.url}

    async def begin() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(PROGRAM, "keys", "rewrap", env=environment, stdout=DEVNULL)

    killed = 0
    # A job that gets far before it is killed leaves less to kill the next one at.
    while killed < KILLS and (before := await stock.left(former)) > 1_000:
        job = await begin()
        ended = asyncio.create_task(job.wait())
        while await stock.left(former) == before and not ended.done():
            # Asking all the time would take from the job what it needs to start.
            await asyncio.wait({ended}, timeout=POLL_SECONDS)
        job.kill()
        await ended
        killed += 1
    assert killed >= LEAST_KILLS
    assert 0 < await stock.left(former) < 3_000
    assert await (await begin()).wait() == 0
    await stock.check(former, new)
