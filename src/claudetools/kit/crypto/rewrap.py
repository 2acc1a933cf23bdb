"""Encrypting anew what is still under a former data key, while others read and write.

A batch of rows is one transaction. A value is replaced only where it still is what was read (compare and swap), so that
a write that came in between is never undone. What is left to do shows in the stored values, each of which names its
key: after a crash it is simply run again.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, LargeBinary, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.crypto.data_keys import DataKey, DataKeys, KeyState
from claudetools.kit.crypto.envelope import PREFIX, SERVICE, Envelope, Sealed, SecretUnreadable, seal, unseal
from claudetools.kit.db.base import Base
from claudetools.kit.db.session import Database

BATCH_ROWS = 200
Progress = Callable[[int], None]


def sealed_columns() -> Iterator[tuple[type[Any], list[str]]]:
    """Yield every model with sealed columns, and their names."""
    for mapper in Base.registry.mappers:
        names = [name for name, column in mapper.columns.items() if isinstance(column.type, Sealed)]
        if names:
            yield mapper.class_, names


async def secrets_under(session: AsyncSession, key_id: UUID) -> int:
    """Return how many stored secrets a data key is needed for."""
    total = 0
    for model, names in sealed_columns():
        for name in names:
            total += await session.scalar(select(func.count()).where(_is_under(model, name, key_id))) or 0
    return total


async def rewrap(database: Database, progress: Progress = lambda _: None) -> int:
    """Wrap data keys with the current root key, and encrypt the secrets under former data keys anew.

    Returns how many secrets were encrypted anew; those that cannot be read stay as they are. `progress` is told how
    many there were in each batch.

    Raises:
        KeyProblem: a data key does not unwrap.
    """
    envelope: Envelope = database.services[SERVICE]  # type: ignore[assignment]
    while await database.write(partial(envelope.keys.rewrap, limit=BATCH_ROWS)):
        pass
    total = 0
    for key_id, client_id in await database.read(_former_keys):
        for model, names in sealed_columns():
            after: UUID | None = UUID(int=0)
            while after is not None:
                batch = _Batch(envelope.keys, key_id, client_id, model, names, after)
                done, after = await database.write(batch.run)
                progress(done)
                total += done
    return total


async def _former_keys(session: AsyncSession) -> list[tuple[UUID, UUID | None]]:
    rows = await session.execute(
        select(DataKey.id, DataKey.client_id).where(DataKey.state == KeyState.DECRYPT_ONLY).order_by(DataKey.id)
    )
    return [(id, client_id) for id, client_id in rows]


def _is_under(model: type[Any], name: str, key_id: UUID) -> ColumnElement[bool]:
    return func.substr(getattr(model, name), len(PREFIX) + 1, 16) == literal(key_id.bytes, LargeBinary)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some rows of one model with secrets under one former key: those after the row `after`."""

    keys: DataKeys
    key_id: UUID
    client_id: UUID | None
    model: type[Any]
    names: list[str]
    after: UUID

    async def run(self, session: AsyncSession) -> tuple[int, UUID | None]:
        """Return how many secrets were encrypted anew, and the row after which to go on; None at the end."""
        is_left = or_(*(_is_under(self.model, name, self.key_id) for name in self.names))
        query = select(self.model).where(self.model.id > self.after, is_left).order_by(self.model.id).limit(BATCH_ROWS)
        rows = list(await session.scalars(query))
        # They do not become other versions of the records: only how their secrets are stored changes.
        session.expunge_all()
        head = PREFIX + self.key_id.bytes
        places = [(row, name) for row in rows for name in self.names if (getattr(row, name) or b"").startswith(head)]
        if not places:
            return 0, None
        opener = await self.keys.to_decrypt(session, self.key_id, self.client_id)
        key_id, sealer = await self.keys.to_encrypt(session, self.client_id, uses=len(places))
        done = 0
        for row, name in places:
            with suppress(SecretUnreadable):
                anew = seal(row, name, unseal(row, name, opener), key_id, sealer)
                done += await self._swap(session, row, name, anew)
        return done, rows[-1].id if len(rows) == BATCH_ROWS else None

    async def _swap(self, session: AsyncSession, row: Any, name: str, anew: bytes) -> int:
        model = self.model
        kept = {column: getattr(model, column) for column in ("version", "updated_at") if hasattr(model, column)}
        is_same = getattr(model, name) == getattr(row, name)
        swapped: CursorResult[tuple[()]] = await session.execute(  # type: ignore[assignment]
            update(model).where(model.id == row.id, is_same).values(**kept, **{name: anew}),
            execution_options={"synchronize_session": False},
        )
        return swapped.rowcount
