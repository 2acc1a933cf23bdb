"""Changing data keys: for somebody who asks, with the secrets encrypted anew in the background."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.ops.backup_keys import keep_data_keys
from claudetools.kit.crypto.envelope import SERVICE, Envelope
from claudetools.kit.crypto.inventory import KeyEntry, key_inventory
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.rewrap import rewrap
from claudetools.kit.db.session import Database
from claudetools.kit.jobs.queue import Job, enqueue
from claudetools.kit.problems import Forbidden
from claudetools.kit.resource.scope import Access, Actor, find
from claudetools.kit.settings import Settings

REWRAP = "rewrap_secrets"


async def keys_of(session: AsyncSession, actor: Actor) -> list[KeyEntry]:
    """Return the data keys of the clients that the actor sees; the firm's own for those who see all."""
    keys = await key_inventory(session)
    return [key for key in keys if actor.readable.is_all or key.client_id in actor.readable]


async def rotate_keys(session: AsyncSession, actor: Actor, client_id: UUID | None) -> Job:
    """Give a client, or for None everybody, a new data key, and queue that the secrets are encrypted anew.

    Raises:
        NotFound: there is no such client for the actor.
        Forbidden: the actor may not write to it, or for None not to all clients.
    """
    envelope: Envelope = session.info[SERVICE]
    if client_id is not None:
        await find(session, actor, Client, client_id, Access.WRITE)
    elif not actor.writable.is_all:
        raise Forbidden("Only who works for all clients changes everybody's keys. Name a client.")
    for holder in [client_id] if client_id else await envelope.keys.holders(session):
        await envelope.keys.rotate(session, holder)
    return await enqueue(session, REWRAP, {})


class KeyJobs:
    """The handler of jobs that encrypt secrets anew."""

    def __init__(self, settings: Settings, keyring: Keyring, database: Database) -> None:
        self._settings = settings
        self._keyring = keyring
        self._database = database

    async def rewrap(self, _: Mapping[str, Any]) -> None:
        """Encrypt what is under former keys anew, and keep the data keys beside the backups as they are now."""
        await rewrap(self._database)
        await keep_data_keys(self._settings, self._keyring)
