"""Versions of a credential's secrets: each change makes one, and none is ever changed."""

from datetime import datetime
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.vault.secret_fields import (
    SecretColumns,
    envelope_of,
    open_secrets,
    packed,
    seal_secrets,
    unpacked,
)
from claudetools.kit.clock import now
from claudetools.kit.crypto.envelope import Sealed, SealedRow, SecretUnreadable
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, Instant
from claudetools.kit.ids import new_id
from claudetools.kit.problems import NotFound


class CredentialVersion(Base):
    """A credential's secrets from `created_at` until the next version, counted from 1: all of them, sealed in one."""

    __tablename__ = "credential_versions"
    __table_args__ = (UniqueConstraint("credential_id", "number"), Base.__table_args__)
    __sealed__ = SealedRow(version="number", client="client_id")

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[UUID] = mapped_column(Id, ForeignKey("credentials.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    secrets_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


async def newest_number(session: AsyncSession, row: SecretColumns) -> int:
    """Return the number of the newest version that the versions or the audit trail know of a credential; 0 for none."""
    kept = select(func.max(CredentialVersion.number)).where(CredentialVersion.credential_id == row.id)
    return max(await session.scalar(kept) or 0, await newest_audited(session, row.id))


async def newest_audited(session: AsyncSession, id: UUID) -> int:
    """Return the newest version of the secrets of a row that the audit trail knows of; 0 for none."""
    events = Base.metadata.tables["audit_events"]
    query = select(func.max(events.c.after["secret_version"].as_integer())).where(events.c.record_id == id)
    return await session.scalar(query) or 0


async def read_secrets(session: AsyncSession, row: SecretColumns) -> dict[str, SecretStr]:
    """Return the secrets of a row, which must be those of the newest version.

    Raises:
        SecretUnreadable: they are older, or do not belong where they are, or their key is gone.
    """
    if row.secret_version != await newest_number(session, row):
        raise SecretUnreadable
    return await open_secrets(session, row)


async def change_secrets(session: AsyncSession, row: SecretColumns, changes: dict[str, SecretStr | None]) -> bool:
    """Seal changed secrets to the next version, and the others with them; None removes one. Return whether any changed.

    That a secret is set to what it was is a change: nobody learns from this what it is.

    Raises:
        SecretUnreadable: the others cannot be read.
    """
    if all(secret is None and name not in row.secret_fields for name, secret in changes.items()):
        return False
    with session.no_autoflush:  # The row is written once, when it is whole.
        kept = await read_secrets(session, row) if set(row.secret_fields) - set(changes) else {}
        row.secret_version = max(row.secret_version, await newest_number(session, row)) + 1
        secrets = {**kept, **changes}
        await seal_secrets(session, row, {name: secret for name, secret in secrets.items() if secret is not None})
    return True


async def add_version(session: AsyncSession, row: SecretColumns, user_id: UUID | None, reason: str | None) -> None:
    """Keep the secrets of a row, just written, as the version that it says they are of."""
    version = CredentialVersion(
        id=new_id(),
        client_id=row.client_id,
        credential_id=row.id,
        number=row.secret_version,
        user_id=user_id,
        reason=reason,
    )
    secrets = await open_secrets(session, row)
    if secrets:
        await envelope_of(session).put(session, version, "secrets_encrypted", packed(secrets))
    session.add(version)


async def secrets_of_version(session: AsyncSession, row: SecretColumns, number: int) -> dict[str, SecretStr]:
    """Return the secrets that a credential had in one of its versions.

    Raises:
        NotFound: it had no such version.
        SecretUnreadable: they do not belong where they are, or their key is gone.
    """
    version = await session.scalar(
        select(CredentialVersion).where(CredentialVersion.credential_id == row.id, CredentialVersion.number == number)
    )
    if version is None:
        raise NotFound("The credential has no such version.")
    text = await envelope_of(session).get(session, version, "secrets_encrypted")
    return {} if text is None else unpacked(text)
