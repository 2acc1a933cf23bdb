"""What backups cost: seconds and MB for the sample data and for many rows, on both databases.

Making a backup includes proving it, as it always does. Restoring includes proving once more.
"""

import argparse
import asyncio
import platform
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bench.api import BATCH, equipment
from claudetools.cli.demo import show_demo
from claudetools.domains import RESOURCES
from claudetools.domains.accounts import ensure_owner
from claudetools.domains.clients import Client
from claudetools.domains.infra import Infrastructure
from claudetools.domains.ops.backup_logs import BackupType
from claudetools.domains.ops.backups import make_backup
from claudetools.domains.ops.restoring import restore
from claudetools.kit.crypto.data_keys import DataKeys
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.migrate import upgrade
from claudetools.kit.ids import new_id
from claudetools.kit.settings import Settings
from claudetools.services import open_services
from tests.mariadb import MariaServer

ROWS = 100_000
MB = 1_000_000


async def prepare(settings: Settings) -> None:
    create_keyring(settings.keys_folder)
    await upgrade(settings.database_url)
    services = open_services(settings)
    await services.database.write(DataKeys(services.keyring).prove)
    await ensure_owner(services.database, services.passwords, "owner@bench.test", "only for this benchmark")
    await services.database.close()


async def fill(settings: Settings, rows: int) -> None:
    services, client_id = open_services(settings), new_id()

    async def unit(session: AsyncSession) -> None:
        session.add(Client(id=client_id, name="Dataworks"))
        await session.flush()
        made = [{**row, "id": new_id(), "client_id": client_id, "version": 1} for row in equipment(rows)]
        for start in range(0, rows, BATCH):
            await session.execute(insert(Infrastructure), made[start : start + BATCH])

    await services.database.write(unit)
    await services.database.close()


async def measure(name: str, settings: Settings, rows: int) -> None:
    keyring = open_services(settings).keyring
    began = time.perf_counter()
    made = await make_backup(settings, keyring, BackupType.MANUAL, settings.backup_folder)
    making = time.perf_counter() - began
    assert not made.faults, made.faults
    models = {resource.name: resource.model for resource in RESOURCES}
    began = time.perf_counter()
    await restore(
        settings,
        keyring,
        made.path,
        models,
        lambda other: open_services(settings.model_copy(update={"database_url": other, "embedder": "none"})).database,
    )
    restoring = time.perf_counter() - began
    count = sum(made.manifest.rows.values())
    print(
        f"{name:8} {f'{rows:,} machines' if rows else 'sample data':18} {count:>8,} rows  "
        f"{made.size_bytes / MB:6.1f} MB  made and proved {making:6.1f} s  restored {restoring:6.1f} s",
        flush=True,
    )


def run(name: str, url: str, home: Path, rows: int) -> None:
    settings = Settings(home=home, database_url=url, embedder="none")
    asyncio.run(prepare(settings))
    if rows:
        asyncio.run(fill(settings, rows))
    else:
        with redirect_stdout(None):
            show_demo(settings, 1.0)
    asyncio.run(measure(name, settings, rows))


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench backup", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    chosen = parser.parse_args(arguments)
    print(f"Python {platform.python_version()}, {platform.machine()}")
    with tempfile.TemporaryDirectory() as folder, MariaServer() as server:
        for rows in (0, chosen.rows):
            home = Path(folder) / str(rows)
            run("SQLite", f"sqlite+aiosqlite:///{home / 'claudetools.db'}", home, rows)
            run("MariaDB", server.create_database(f"backup_{rows}"), Path(folder) / f"mariadb-{rows}", rows)
