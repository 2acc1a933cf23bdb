"""Credentials that somebody has to see to: they expire, or their secret has been in use for long enough."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel
from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.vault.credentials import Credential, CredentialRead
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Actor, scoped


class Due(StrEnum):
    """Why somebody has to act."""

    EXPIRY = "expiry"
    ROTATION = "rotation"


class ExpiringCredential(BaseModel):
    """A credential, and by when which of the two is to be done: whatever comes first."""

    credential: CredentialRead
    due: Due
    due_at: datetime


def due_of(row: Credential) -> tuple[datetime, Due] | None:
    """Return what is to be done first about a credential and by when; None for nothing ever.

    The time in use counts from the last rotation, and before the first one from when the credential was entered.
    """
    found = [(row.expires_at, Due.EXPIRY), (rotation_due_at(row), Due.ROTATION)]
    return min(((at, due) for at, due in found if at is not None), default=None)


def rotation_due_at(row: Credential) -> datetime | None:
    """Return when a credential is to get a new secret; None for never."""
    if row.rotate_every_days is None:
        return None
    return (row.last_rotated_at or row.created_at) + timedelta(days=row.rotate_every_days)


async def expiring_credentials(session: AsyncSession, actor: Actor, days: int) -> list[ExpiringCredential]:
    """Return the active credentials to be seen to within `days` or long since, the most urgent first."""
    until = now() + timedelta(days=days)
    # When a rotation is due is worked out here: the databases have no way in common to add a column of days.
    may_be_due = or_(Credential.expires_at <= until, Credential.rotate_every_days.is_not(None))
    rows = await session.scalars(scoped(actor, Credential).where(Credential.is_active.is_(True), may_be_due))
    found = [(due, row) for row in rows if (due := due_of(row)) is not None and due[0] <= until]
    return [
        ExpiringCredential(credential=CredentialRead.model_validate(row), due=what, due_at=at)
        for (at, what), row in sorted(found, key=lambda pair: (pair[0], pair[1].id))
    ]
