"""The stored secrets that this process takes out of texts, kept in step with the vault."""

import asyncio
from functools import partial
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import Select, func, select
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
_State: TypeAlias = tuple[UUID | None, int]
"""The id of the newest fingerprint, and how many there are."""

LOOK_SECONDS = 2.0
LOOKS_AT_ALL = 15
"""Of so many looks one compares all ids: what a clock that is behind put in place of another shows in nothing else."""
PAGE = 500


class StoredSecrets:
    """Keeps `shapes.known` in step with the secrets that any worker stores, changes or destroys."""

    def __init__(self, database: Database, shapes: SecretShapes) -> None:
        self._database = database
        self._shapes = shapes
        self._seen: _State | None = None
        self._looks = 0

    async def run(self) -> None:
        """Look until cancelled. What fails is logged and tried again the next time."""
        while True:
            try:
                await self.look()
            except (Unavailable, DBAPIError) as error:
                logger.warning("stored secrets are not looked up", error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Take in what changed, if something shows that it did, or it is time to look at all.

        Raises:
            Unavailable: the database is away.
        """
        # Before the ids are read: what is stored meanwhile shows the next time.
        state = await self._database.read(_state)
        self._looks += 1
        if state != self._seen or self._looks % LOOKS_AT_ALL == 0:
            await self.refresh()
            self._seen = state

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


async def _state(session: AsyncSession) -> "_State":
    newest = select(SecretFingerprint.id).order_by(SecretFingerprint.id.desc()).limit(1).scalar_subquery()
    id, count = (await session.execute(select(newest, func.count()).select_from(SecretFingerprint))).one()
    return id, count


async def _all_ids(session: AsyncSession) -> list[UUID]:
    return list(await session.scalars(select(SecretFingerprint.id)))


async def _rows(session: AsyncSession, chosen: Select[SecretFingerprint]) -> list[SecretFingerprint]:
    return list(await session.scalars(chosen))
