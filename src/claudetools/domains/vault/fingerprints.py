"""What tells one stored secret from another without saying what it is: keyed digests, and whether it is weak.

A digest is HMAC-SHA256 (RFC 2104) of the secret alone, so that the same secret has the same one wherever it is found.
Whether a password is weak is estimated by zxcvbn (Wheeler, USENIX Security 2016), with the names around it as known.
"""

import hmac
from enum import StrEnum
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from zxcvbn import zxcvbn

from claudetools.domains.vault.secret_fields import SecretColumns, envelope_of, open_secrets
from claudetools.kit.crypto.sealing import Sealer
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, choice
from claudetools.kit.ids import new_id
from claudetools.kit.jobs.queue import enqueue_for
from claudetools.kit.redact import KnownSecrets

SERVICE = "fingerprint key"
SHAPES = "secret shapes"
TAKE_OUT = "take_out_stored_secrets"
"""The job that takes new secrets of a client out of texts that were kept before."""
LEAST_LENGTH = 12
LEAST_SCORE = 4
"""Of 0 to 4: withstands 10^10 guesses, and so somebody who got hold of a slow hash of it."""
CHOSEN = frozenset({"password"})
"""Secrets that people think up; the others are made by machines."""
COMMON_GUESSES = 10**5
"""What is guessed so quickly is a word: taking it out of every text would hide nothing, and blank that word."""
WEAK_GUESSES = 10**8
"""What is guessed so quickly is taken out only where it stands as a word of its own."""
LONGEST_WORD = 20
"""Characters of the longest secret that may pass for a word."""
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
    shape: Mapped[bytes | None] = mapped_column(LargeBinary(200))
    """What finds the secret in a text (`KnownSecrets.shape`), sealed; null until a server has made it."""


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


class SecretShapes:
    """What finds stored secrets in texts: made when they are stored, sealed to where they are."""

    def __init__(self, known: KnownSecrets, sealer: Sealer) -> None:
        self.known = known
        self._sealer = sealer

    def sealed(self, credential_id: UUID, field: str, secret: SecretStr) -> bytes:
        """Return the sealed shape of a secret, also of one that is too easily guessed to be looked for."""
        text = secret.get_secret_value()
        guesses = zxcvbn(text)["guesses"] if len(text) <= LONGEST_WORD else WEAK_GUESSES
        shape = self.known.shape("" if guesses < COMMON_GUESSES else text, is_weak=guesses < WEAK_GUESSES)
        return self._sealer.seal(shape, _place(credential_id, field))

    def opened(self, row: SecretFingerprint) -> bytes:
        """Return the shape of a fingerprint that has one.

        Raises:
            SealBroken: it belongs elsewhere.
        """
        return self._sealer.open(row.shape or b"", _place(row.credential_id, row.field))


def _place(credential_id: UUID, field: str) -> bytes:
    return credential_id.bytes + field.encode()


async def keep_fingerprints(session: AsyncSession, row: SecretColumns, known: list[str]) -> None:
    """Keep the fingerprints of the secrets that a credential has now, in the place of former ones.

    What was kept of new ones before is looked for in the background.
    """
    key: bytes = session.info[SERVICE]
    shapes: SecretShapes = session.info[SHAPES]
    digests = select(SecretFingerprint.digest).where(SecretFingerprint.credential_id == row.id)
    former, is_new = set(await session.scalars(digests)), False
    await session.execute(delete(SecretFingerprint).where(SecretFingerprint.credential_id == row.id))
    for name, secret in (await open_secrets(session, row)).items():
        session.add(
            kept := SecretFingerprint(
                id=new_id(),
                client_id=row.client_id,
                credential_id=row.id,
                field=name,
                digest=fingerprint(key, secret),
                weakness=weakness_of(secret, known) if name in CHOSEN else None,
                shape=shapes.sealed(row.id, name, secret),
            )
        )
        # At once in this process, and in the others when they look; what is rolled back is forgotten then.
        shapes.known.put({kept.id: shapes.opened(kept)})
        is_new = is_new or kept.digest not in former
    if is_new:
        await enqueue_for(session, TAKE_OUT, row.client_id)


async def destroy_secrets(session: AsyncSession, client_id: UUID) -> int:
    """Destroy the keys of a client, and with them all its secrets for good; return how many there were.

    The fingerprints go too: with the root key they would tell whether a guess is one of the secrets.
    """
    await session.execute(delete(SecretFingerprint).where(SecretFingerprint.client_id == client_id))
    return await envelope_of(session).keys.destroy(session, client_id)
