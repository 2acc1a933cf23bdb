"""What is asked of a backup that was restored for proof, beside integrity, revision and counts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.audit.anchors import open_anchors
from claudetools.kit.audit.chain import ChainKeys
from claudetools.kit.audit.checkpoint_key import PUBLIC_FILE, public_keys
from claudetools.kit.audit.lane_reader import FaultKind
from claudetools.kit.audit.verify import verify
from claudetools.kit.crypto.data_keys import DataKey, DataKeys, KeyState
from claudetools.kit.crypto.envelope import PREFIX, Envelope, Sealed, SecretUnreadable
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.session import Database
from claudetools.kit.settings import Settings

KEY_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup as a SQLite database of the present schema, with the data keys that are kept."""

    database: Database
    settings: Settings
    keyring: Keyring


Check = Callable[[Restored], Awaitable[list[str]]]
"""Returns what is wrong with a restored backup, a sentence each."""


async def open_with_every_key(restored: Restored) -> list[str]:
    """Unwrap each data key that is not destroyed, and open one secret that it sealed in each column."""
    keys, envelope = DataKeys(restored.keyring), Envelope(restored.keyring)

    async def unit(session: AsyncSession) -> list[str]:
        faults = []
        destroyed = set()
        for key in await session.scalars(select(DataKey)):
            if key.state is KeyState.DESTROYED:
                destroyed.add(key.id)
                continue
            try:
                keys.unwrap(key)
            except KeyProblem as problem:
                faults.append(str(problem))
        for model, column in sealed_columns():
            for id, key_id in await _samples(session, model, column):
                if key_id in destroyed:
                    continue
                row = await session.get_one(model, id)
                try:
                    await envelope.get(session, row, column)
                except SecretUnreadable:
                    faults.append(f"{model.__tablename__}.{column} of the record {id} does not open.")
        return faults

    return await restored.database.read(unit)


def sealed_columns() -> list[tuple[type[Record], str]]:
    """Return every column that holds encrypted secrets."""
    return [
        (mapper.class_, column.key)
        for mapper in sorted(Base.registry.mappers, key=lambda each: each.class_.__name__)
        for column in inspect(mapper.class_).columns
        if isinstance(column.type, Sealed)
    ]


async def _samples(session: AsyncSession, model: type[Record], column: str) -> list[tuple[UUID, UUID | None]]:
    """Return one record for each key that a column names."""
    stored: Any = getattr(model, column)
    named = func.substr(stored, len(PREFIX) + 1, KEY_ID_BYTES)
    rows = await session.execute(select(func.min(model.id), func.min(named)).where(stored.is_not(None)).group_by(named))
    return [(UUID(str(id)), UUID(bytes=key) if len(key) == KEY_ID_BYTES else None) for id, key in rows]


async def check_audit_trail(restored: Restored) -> list[str]:
    """Check the whole audit trail, against the anchors too; that they know later checkpoints is no fault."""
    settings = restored.settings
    try:
        known = public_keys(settings.keys_folder / PUBLIC_FILE)
    except KeyProblem:
        known = {}  # Taken before there were checkpoints: if there are some, nothing vouches for them.
    anchors = open_anchors(settings.audit_anchors, settings.home)
    report = await verify(restored.database, known, ChainKeys(restored.keyring), anchors)
    return [
        f"The audit trail is not whole: {fault.kind}, {fault.detail}"
        for fault in report.faults
        if fault.kind is not FaultKind.ANCHOR_DISAGREES or (fault.checkpoint or 0) <= report.checkpoints
    ]


CHECKS: tuple[Check, ...] = (open_with_every_key, check_audit_trail)
