"""The stored secrets that this process takes out of texts, kept in step with the vault."""

import asyncio
from functools import partial
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.vault.credentials import Credential
from claudetools.domains.vault.fingerprints import SecretFingerprint, SecretShapes
from claudetools.domains.vault.secret_fields import open_secrets
from claudetools.kit.crypto.envelope import SecretUnreadable
from claudetools.kit.crypto.sealing import SealBroken
from claudetools.kit.db.session import Database
from claudetools.kit.logging import log
from claudetools.kit.problems import Unavailable

logger = log(__name__)

LOOK_SECONDS = 2.0
PAGE = 500


class StoredSecrets:
    """Keeps `shapes.known` in step with the secrets that any worker stores, changes or destroys."""

    def __init__(self, database: Database, shapes: SecretShapes) -> None:
        self._database = database
        self._shapes = shapes

    async def run(self) -> None:
        """Look until cancelled. What fails is logged and tried again the next time."""
        while True:
            try:
                await self.refresh()
            except (Unavailable, DBAPIError) as error:
                logger.warning("stored secrets are not looked up", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def refresh(self) -> None:
        """Take in all secrets that are stored by now, and forget those that are not any more.

        Raises:
            Unavailable: the database is away.
        """
        known = self._shapes.known
        stored = set(await self._database.read(_all_ids))
        known.keep_only(stored)
        missing = sorted(known.missing(stored))
        for at in range(0, len(missing), PAGE):
            page = missing[at : at + PAGE]
            chosen = select(SecretFingerprint).where(SecretFingerprint.id.in_(page))
            rows = await self._database.read(partial(_rows, chosen=chosen))
            if any(row.shape is None for row in rows):
                rows = await self._database.write(partial(self._completed, chosen=chosen))
            shapes = {}
            for row in rows:
                try:
                    shapes[row.id] = self._shapes.opened(row)
                except SealBroken:
                    logger.error("a stored secret cannot be looked for", credential=str(row.credential_id))
                    shapes[row.id] = b""
            known.put(shapes)

    async def _completed(self, session: AsyncSession, chosen: Select[SecretFingerprint]) -> list[SecretFingerprint]:
        """Return fingerprints after giving shapes to those from before there were any."""
        rows = await _rows(session, chosen)
        for row in rows:
            if row.shape is not None:
                continue
            credential = await session.scalar(select(Credential).where(Credential.id == row.credential_id))
            try:
                secret = (await open_secrets(session, credential)).get(row.field) if credential is not None else None
            except SecretUnreadable:
                secret = None
            if secret is not None:
                row.shape = self._shapes.sealed(row.credential_id, row.field, secret)
        await session.flush()
        return rows


async def _all_ids(session: AsyncSession) -> list[UUID]:
    return list(await session.scalars(select(SecretFingerprint.id)))


async def _rows(session: AsyncSession, chosen: Select[SecretFingerprint]) -> list[SecretFingerprint]:
    return list(await session.scalars(chosen))
