"""What tells one stored secret from another without saying what it is: keyed digests, and whether it is weak.

A digest is HMAC-SHA256 (RFC 2104) of the secret alone, so that the same secret has the same one wherever it is found.
Whether a password is weak is estimated by zxcvbn (Wheeler, USENIX Security 2016), with the names around it as known.
"""

import hmac
from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from zxcvbn import zxcvbn

from claudetools.domains.vault.secret_fields import SecretColumns, envelope_of, open_secrets
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, choice
from claudetools.kit.ids import new_id

SERVICE = "fingerprint key"
LEAST_LENGTH = 12
LEAST_SCORE = 4
"""Of 0 to 4: withstands 10^10 guesses, and so somebody who got hold of a slow hash of it."""
CHOSEN = frozenset({"password"})
"""Secrets that people think up; the others are made by machines."""
LOOKED_AT = 72
"""How many characters the estimate looks at; what is longer is not weak for what follows."""


class Weakness(StrEnum):
    """Why a secret is easily guessed."""

    SHORT = "short"
    GUESSABLE = "guessable"


class SecretFingerprint(Base):
    """The digest of one present secret of a credential, and its weakness if it has one."""

    __tablename__ = "secret_fingerprints"
    __table_args__ = (UniqueConstraint("credential_id", "field"), Base.__table_args__)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[UUID] = mapped_column(Id, ForeignKey("credentials.id", ondelete="CASCADE"), index=True)
    field: Mapped[str] = mapped_column(String(32))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), index=True)
    weakness: Mapped[Weakness | None] = mapped_column(choice(Weakness))


def fingerprint(key: bytes, secret: SecretStr) -> bytes:
    """Return the digest of a secret, 32 bytes, under the service's `fingerprint` key."""
    return hmac.digest(key, secret.get_secret_value().encode(), "sha256")


def weakness_of(secret: SecretStr, known: list[str]) -> Weakness | None:
    """Return why a password is easily guessed by who knows the words in `known`; None if it is not."""
    text = secret.get_secret_value()
    if len(text) < LEAST_LENGTH:
        return Weakness.SHORT
    score: int = zxcvbn(text[:LOOKED_AT], user_inputs=known)["score"]
    return Weakness.GUESSABLE if score < LEAST_SCORE else None


async def keep_fingerprints(session: AsyncSession, row: SecretColumns, known: list[str]) -> None:
    """Keep the fingerprints of the secrets that a credential has now, in the place of former ones."""
    key: bytes = session.info[SERVICE]
    await session.execute(delete(SecretFingerprint).where(SecretFingerprint.credential_id == row.id))
    for name, secret in (await open_secrets(session, row)).items():
        session.add(
            SecretFingerprint(
                client_id=row.client_id,
                credential_id=row.id,
                field=name,
                digest=fingerprint(key, secret),
                weakness=weakness_of(secret, known) if name in CHOSEN else None,
            )
        )


async def destroy_secrets(session: AsyncSession, client_id: UUID) -> int:
    """Destroy the keys of a client, and with them all its secrets for good; return how many there were.

    The fingerprints go too: with the root key they would tell whether a guess is one of the secrets.
    """
    await session.execute(delete(SecretFingerprint).where(SecretFingerprint.client_id == client_id))
    return await envelope_of(session).keys.destroy(session, client_id)
