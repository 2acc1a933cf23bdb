"""Data keys: random keys, one or more for each client and for the firm itself, each wrapped by a root key.

Secrets are encrypted under them (AES-256-GCM with random nonces; NIST SP 800-38D bounds how often, see `MOST_USES`), so
that a key can be changed without the root key, and destroying one destroys what it encrypted.
"""

import os
import struct
from contextlib import suppress
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CursorResult,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.crypto.sealing import SealBroken, Sealer
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, choice
from claudetools.kit.ids import new_id

KEY_BYTES = 32
WRAPPING = "data-key wrapping"
MOST_USES = 2**31
"""Half of what random nonces allow: a key that was used so often is followed by another."""
NAME = "data-keys"
NOBODY = UUID(int=0)
"""Stands for the firm itself where a client is bound into a ciphertext."""


class KeyState(StrEnum):
    """What a data key may still be used for."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt_only"
    DESTROYED = "destroyed"


class DataKey(Record):
    """A key of one client, or without one of the firm itself, counted from 1.

    The state and what the key is for are bound into the wrapping. Without its wrapped bytes what it encrypted is lost.
    """

    __tablename__ = "data_keys"
    __table_args__ = (UniqueConstraint("client_id", "number"), Record.__table_args__)

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    root_id: Mapped[str] = mapped_column(String(64), index=True)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary(255))
    state: Mapped[KeyState] = mapped_column(choice(KeyState), default=KeyState.ACTIVE, index=True)
    encryption_count: Mapped[int] = mapped_column(BigInteger, default=0)


def bound(*parts: bytes) -> bytes:
    """Return `parts` as one text that no other parts have: each after its length in four bytes.

    Raises:
        ValueError: a part is empty, so that something was forgotten.
    """
    if not all(parts):
        raise ValueError("nothing that is bound into a ciphertext may be empty")
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


class DataKeys:
    """Makes, wraps and unwraps data keys."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def to_encrypt(self, session: AsyncSession, client_id: UUID | None, *, uses: int = 1) -> tuple[UUID, Sealer]:
        """Return the id of the active key of a client (None: the firm's own), and what seals with it.

        The uses are counted with the session's transaction. A first key, or one after too many uses, is made.

        Raises:
            KeyProblem: the key does not unwrap.
        """
        while True:
            row = await self._active(session, client_id)
            if row is None:
                await self._create_first(session, client_id)
                continue
            if row.encryption_count >= MOST_USES:
                row = await self.rotate(session, client_id)
            used: CursorResult[tuple[()]] = await session.execute(  # type: ignore[assignment]
                update(DataKey)
                .where(DataKey.id == row.id, DataKey.state == KeyState.ACTIVE)
                .values(
                    encryption_count=DataKey.encryption_count + uses,
                    version=DataKey.version,
                    updated_at=DataKey.updated_at,
                ),
                execution_options={"synchronize_session": False},
            )
            # No row: another transaction has rotated or destroyed the key, which is committed by now.
            if used.rowcount == 1:
                return row.id, self.unwrap(row)

    async def prove(self, session: AsyncSession) -> None:
        """Find out, by the firm's own key, whether the root keys are those of this database; make that key if need be.

        Raises:
            KeyProblem: they are not.
        """
        row = await self._active(session, None)
        if row is None:
            await self._create(session, None, await self._next_number(session, None))
        else:
            self.unwrap(row)

    async def holders(self, session: AsyncSession) -> list[UUID | None]:
        """Return every client that has an active key, and None for the firm itself."""
        active = select(DataKey.client_id).where(DataKey.state == KeyState.ACTIVE)
        return list(await session.scalars(active.distinct()))

    async def to_decrypt(self, session: AsyncSession, id: UUID, client_id: UUID | None) -> Sealer:
        """Return what opens what the key `id` of a client sealed.

        Raises:
            KeyProblem: there is no such key, it is another client's, it was destroyed, or it does not unwrap.
        """
        row = await session.scalar(select(DataKey).where(DataKey.id == id).execution_options(populate_existing=True))
        if row is None or row.client_id != client_id:
            raise KeyProblem(f"There is no data key {id} here.")
        return self.unwrap(row)

    async def rotate(self, session: AsyncSession, client_id: UUID | None) -> DataKey:
        """Give a client a new active key and return it; the one before only decrypts from now on."""
        row = await self._active(session, client_id, for_update=True)
        if row is not None:
            key = self._unwrapped(row)
            row.state = KeyState.DECRYPT_ONLY
            self._wrap(row, key)
            await session.flush()
        made = await self._create(session, client_id, await self._next_number(session, client_id))
        note(session, Action.ROTATE, NAME, made.id, client_id=client_id, details={"number": made.number})
        return made

    async def rewrap(self, session: AsyncSession, limit: int) -> int:
        """Wrap up to `limit` keys that an older root key wraps with the current one; return how many there were."""
        root_id = self._keyring.current.id
        rows = list(
            await session.scalars(
                select(DataKey)
                .where(DataKey.root_id != root_id, DataKey.wrapped_key.is_not(None))
                .order_by(DataKey.id)
                .limit(limit)
                .with_for_update()
            )
        )
        for row in rows:
            self._wrap(row, self._unwrapped(row))
        if rows:
            note(session, Action.ROTATE, NAME, None, details={"root_id": root_id, "rewrapped": len(rows)})
        return len(rows)

    async def destroy(self, session: AsyncSession, client_id: UUID) -> int:
        """Destroy all keys of a client, and with them its secrets for good; return how many there were."""
        query = select(DataKey).where(DataKey.client_id == client_id, DataKey.state != KeyState.DESTROYED)
        rows = list(await session.scalars(query.with_for_update()))
        for row in rows:
            row.state, row.wrapped_key = KeyState.DESTROYED, None
        note(session, Action.DESTROY, NAME, None, client_id=client_id, details={"keys": [row.number for row in rows]})
        return len(rows)

    def unwrap(self, row: DataKey) -> Sealer:
        """Return what seals and opens with a key.

        Raises:
            KeyProblem: the key was destroyed, or its row was not written by this service as it is.
        """
        return Sealer(self._unwrapped(row))

    async def _active(
        self, session: AsyncSession, client_id: UUID | None, *, for_update: bool = False
    ) -> DataKey | None:
        query = (
            select(DataKey)
            .where(DataKey.client_id.is_(None) if client_id is None else DataKey.client_id == client_id)
            .where(DataKey.state == KeyState.ACTIVE)
            .order_by(DataKey.number.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        )
        found: DataKey | None = await session.scalar(query.with_for_update() if for_update else query)
        return found

    async def _next_number(self, session: AsyncSession, client_id: UUID | None) -> int:
        of_client = DataKey.client_id.is_(None) if client_id is None else DataKey.client_id == client_id
        return (await session.scalar(select(func.max(DataKey.number)).where(of_client)) or 0) + 1

    async def _create_first(self, session: AsyncSession, client_id: UUID | None) -> None:
        # In this order: a key that another transaction makes meanwhile is either found, or has this number.
        number = await self._next_number(session, client_id)
        if await self._active(session, client_id) is None:
            with suppress(IntegrityError):
                async with session.begin_nested():
                    await self._create(session, client_id, number)

    async def _create(self, session: AsyncSession, client_id: UUID | None, number: int) -> DataKey:
        row = DataKey(id=new_id(), client_id=client_id, number=number, state=KeyState.ACTIVE)
        self._wrap(row, os.urandom(KEY_BYTES))
        session.add(row)
        await session.flush()
        return row

    def _wrap(self, row: DataKey, key: bytes) -> None:
        row.root_id = self._keyring.current.id
        row.wrapped_key = Sealer(self._keyring.key(WRAPPING, row.root_id)).seal(key, _wrapping_context(row))

    def _unwrapped(self, row: DataKey) -> bytes:
        if row.wrapped_key is None:
            raise KeyProblem(f"The data key {row.id} was destroyed.")
        try:
            return Sealer(self._keyring.key(WRAPPING, row.root_id)).open(row.wrapped_key, _wrapping_context(row))
        except SealBroken:
            raise KeyProblem(
                f"The data key {row.id} does not unwrap: its row was altered, or the root key is another one."
            ) from None


def _wrapping_context(row: DataKey) -> bytes:
    client = row.client_id or NOBODY
    return bound(
        NAME.encode(), row.id.bytes, client.bytes, str(row.number).encode(), row.state.encode(), row.root_id.encode()
    )
