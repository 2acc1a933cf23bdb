"""Recovery codes: each lets a person in once, when their second factor is lost. Only keyed digests are kept."""

import hashlib
import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, ForeignKey, LargeBinary, delete, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, Instant
from claudetools.kit.ids import new_id

COUNT = 10
BYTES = 10
GROUP = 4


class RecoveryCode(Base):
    """A recovery code of a person, as a digest."""

    __tablename__ = "recovery_codes"

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class RecoveryCodes:
    """Makes and takes recovery codes. `key` has 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    async def renew(self, session: AsyncSession, user_id: UUID) -> list[str]:
        """Return fresh codes of 80 random bits, in groups of four; those from before work no longer."""
        await self.remove(session, user_id)
        plain = [b32encode(secrets.token_bytes(BYTES)).decode() for _ in range(COUNT)]
        session.add_all(RecoveryCode(user_id=user_id, code_hash=self._digest(user_id, code)) for code in plain)
        await session.flush()
        return ["-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP)) for code in plain]

    async def remove(self, session: AsyncSession, user_id: UUID) -> None:
        """Forget the codes of a person."""
        await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))

    async def take(self, session: AsyncSession, user_id: UUID, code: str) -> bool:
        """Return whether this is a code of the person that was not used before; it is used up by that."""
        plain = "".join(character for character in code.upper() if character.isalnum())
        taken: CursorResult[tuple[()]] = await session.execute(  # type: ignore[assignment]
            update(RecoveryCode)
            .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == self._digest(user_id, plain))
            .where(RecoveryCode.used_at.is_(None))
            .values(used_at=now())
        )
        return taken.rowcount == 1

    def _digest(self, user_id: UUID, code: str) -> bytes:
        return hmac.digest(self._key, user_id.bytes + code.encode(errors="surrogatepass"), hashlib.sha256)
