"""Which data keys there are, how many secrets each is needed for, and whether all of it can be read."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.crypto.data_keys import DataKey, KeyState
from claudetools.kit.crypto.envelope import SERVICE, Envelope, SecretUnreadable
from claudetools.kit.crypto.rewrap import sealed_columns, secrets_under
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.db.base import Base

BATCH_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """A data key, without its bytes. `secrets` is how many stored secrets it is needed for."""

    id: UUID
    client_id: UUID | None
    client_name: str | None
    number: int
    state: KeyState
    root_id: str
    encryption_count: int
    secrets: int
    created_at: datetime


async def key_inventory(session: AsyncSession) -> list[KeyEntry]:
    """Return every data key; the firm's own first, then by client, the newest first."""
    clients = Base.metadata.tables["clients"]
    rows = await session.execute(
        select(DataKey, clients.c.name)
        .outerjoin(clients, clients.c.id == DataKey.client_id)
        .order_by(DataKey.client_id.is_not(None), clients.c.name, DataKey.number.desc())
    )
    return [
        KeyEntry(
            id=key.id,
            client_id=key.client_id,
            client_name=name,
            number=key.number,
            state=key.state,
            root_id=key.root_id,
            encryption_count=key.encryption_count,
            secrets=await secrets_under(session, key.id),
            created_at=key.created_at,
        )
        for key, name in rows.all()
    ]


async def faults(session: AsyncSession) -> list[str]:
    """Unwrap every data key and open every secret; return what cannot be, without saying any of it."""
    envelope: Envelope = session.info[SERVICE]
    found = []
    for key in await session.scalars(select(DataKey).where(DataKey.state != KeyState.DESTROYED).order_by(DataKey.id)):
        try:
            envelope.keys.unwrap(key)
        except KeyProblem as problem:
            found.append(str(problem))
    for model, names in sealed_columns():
        after = UUID(int=0)
        while True:
            query = select(model).where(model.id > after).order_by(model.id).limit(BATCH_ROWS)
            rows = list(await session.scalars(query))
            for row in rows:
                for name in names:
                    try:
                        await envelope.get(session, row, name)
                    except SecretUnreadable:
                        found.append(f"{model.__tablename__}.{name} of {row.id} cannot be read")
            session.expunge_all()
            if len(rows) < BATCH_ROWS:
                break
            after = rows[-1].id
    return found
