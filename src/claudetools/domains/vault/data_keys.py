"""Data keys: the keys that a client's secrets are encrypted with, each wrapped by a root key outside the database."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, choice


class KeyState(StrEnum):
    """What a data key may still be used for."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt_only"
    DESTROYED = "destroyed"


class DataKey(Record):
    """A key of one client, counted from 1. Without its wrapped bytes what it encrypted is lost: that destroys it."""

    __tablename__ = "data_keys"
    __table_args__ = (UniqueConstraint("client_id", "number"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    root_id: Mapped[str] = mapped_column(String(64), index=True)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary(255))
    state: Mapped[KeyState] = mapped_column(choice(KeyState), default=KeyState.ACTIVE, index=True)
    encryption_count: Mapped[int] = mapped_column(BigInteger, default=0)
