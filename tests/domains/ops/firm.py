"""A firm with a database and keys of its own, to be backed up and restored."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pysqlite3.dbapi2 as sqlite3
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains import RESOURCES
from claudetools.domains.clients import Client, Site
from claudetools.domains.ops.backup_logs import BackupType
from claudetools.domains.ops.backup_proof import Proof, prove
from claudetools.domains.ops.backups import Backup, make_backup
from claudetools.domains.ops.restoring import Restoration, restore
from claudetools.kit.crypto.data_keys import DataKeys
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.session import Database
from claudetools.kit.ids import new_id
from claudetools.kit.settings import Settings
from claudetools.services import Services, open_services

MODELS = {resource.name: resource.model for resource in RESOURCES}


@dataclass
class Firm:
    """One process of the service, without its server."""

    settings: Settings
    services: Services

    @classmethod
    async def open(cls, url: str, home: Path) -> "Firm":
        """Open the migrated database at `url`, and make what the first start makes."""
        settings = Settings(home=home, database_url=url, embedder="none")
        create_keyring(settings.keys_folder)
        firm = cls(settings, open_services(settings))
        await firm.services.database.write(DataKeys(firm.services.keyring).prove)
        return firm

    def at(self, url: str) -> "Firm":
        """The same firm with another database."""
        settings = self.settings.model_copy(update={"database_url": url})
        return Firm(settings, open_services(settings))

    async def add_client(self, name: str) -> UUID:
        """Add a client and its site, in one transaction."""
        id = new_id()

        async def unit(session: AsyncSession) -> None:
            session.add(Client(id=id, name=name))
            await session.flush()
            session.add(Site(client_id=id, name=f"{name}, head office"))

        await self.services.database.write(unit)
        return id

    async def delete(self, model: type[Any], id: UUID) -> None:
        async def unit(session: AsyncSession) -> None:
            await session.delete(await session.get_one(model, id))

        await self.services.database.write(unit)

    async def execute(self, statement: str, **values: Any) -> None:
        await self.services.database.write(lambda session: session.execute(text(statement), values))

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async def unit(session: AsyncSession) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await session.execute(text(statement))]

        return await self.services.database.read(unit)

    async def names(self) -> list[str]:
        return [name for (name,) in await self.rows("SELECT name FROM clients ORDER BY name")]

    async def backup(self, folder: Path | None = None) -> Backup:
        """Back up as the server does: in a thread of its own."""

        def work() -> Backup:
            target = folder or self.settings.backup_folder
            return asyncio.run(make_backup(self.settings, self.services.keyring, BackupType.MANUAL, target))

        return await asyncio.to_thread(work)

    async def proof(self, path: Path, image: Path) -> Proof:
        """Prove a backup, leaving what was restored in `image`."""
        return await prove(path, self.settings, self.services.keyring, image)

    async def restore(self, path: Path) -> Restoration:
        """Restore with nobody connected, and connect again."""
        await self.services.database.close()

        def open_database(url: str) -> Database:
            return open_services(self.settings.model_copy(update={"database_url": url})).database

        return await restore(self.settings, self.services.keyring, path, MODELS, open_database)

    async def close(self) -> None:
        await self.services.database.close()


def in_image(image: Path, statement: str) -> list[tuple[Any, ...]]:
    """Return what a SQLite file answers."""
    connection = sqlite3.connect(image)
    try:
        return list(connection.execute(statement))
    finally:
        connection.close()
