"""Changing the secrets of a credential on purpose: new ones, and going back to former ones."""

from datetime import datetime
from uuid import UUID

from pydantic import SecretStr, model_validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.vault.audit_log import CredentialAction
from claudetools.domains.vault.credentials import CREDENTIALS, Credential, note_version
from claudetools.domains.vault.disclosure import Reason, redacted
from claudetools.domains.vault.secret_fields import SECRET_FIELDS, SecretInput
from claudetools.domains.vault.versions import CredentialVersion, change_secrets, secrets_of_version
from claudetools.kit.audit import trail
from claudetools.kit.audit.events import Action
from claudetools.kit.clock import now
from claudetools.kit.resource.schema import Input, Output, values_of
from claudetools.kit.resource.scope import Access, Actor, find
from claudetools.kit.resource.write import flush


class RotateRequest(SecretInput):
    """New secrets, and why. Those that are left out stay as they are, null removes one."""

    reason: Reason

    @model_validator(mode="after")
    def _something_new(self) -> "RotateRequest":
        if not any(getattr(self, name) for name in SECRET_FIELDS):
            raise ValueError("at least one new secret")
        return self


class RestoreRequest(Input):
    """Why somebody goes back to former secrets."""

    reason: Reason


class CredentialVersionRead(Output):
    """Who set a credential's secrets, when and why."""

    id: UUID
    credential_id: UUID
    number: int
    user_id: UUID | None
    reason: str | None
    created_at: datetime


async def credential_versions(session: AsyncSession, actor: Actor, id: UUID) -> list[CredentialVersion]:
    """Return every version of a credential, the newest, which is the present one, first.

    Raises:
        NotFound: the credential is not the actor's to see.
    """
    row = await find(session, actor, Credential, id)
    versions = await session.scalars(
        select(CredentialVersion)
        .where(CredentialVersion.credential_id == row.id)
        .order_by(CredentialVersion.number.desc())
    )
    return list(versions)


async def rotate(session: AsyncSession, actor: Actor, id: UUID, request: RotateRequest) -> Credential:
    """Give a credential new secrets, which starts its time in use anew, and return it.

    Raises:
        NotFound, Forbidden: the credential is not the actor's to change.
        SecretUnreadable: secrets that stay as they are cannot be read.
    """
    row = await find(session, actor, Credential, id, Access.WRITE)
    given = values_of(request, only_given=True)
    del given["reason"]
    row.last_rotated_at = now()
    return await _set(session, actor, row, given, request.reason, Action.ROTATE)


async def restore(session: AsyncSession, actor: Actor, id: UUID, number: int, request: RestoreRequest) -> Credential:
    """Give a credential the secrets of one of its versions, as a new version, and return it.

    Raises:
        NotFound, Forbidden: the credential is not the actor's to change, or had no such version.
        SecretUnreadable: the version cannot be read.
    """
    row = await find(session, actor, Credential, id, Access.WRITE)
    former: dict[str, SecretStr | None] = dict.fromkeys(SECRET_FIELDS)
    former |= await secrets_of_version(session, row, number)
    return await _set(session, actor, row, former, request.reason, Action.RESTORE, restored=number)


async def _set(
    session: AsyncSession,
    actor: Actor,
    row: Credential,
    changes: dict[str, SecretStr | None],
    reason: str,
    action: Action,
    **details: int,
) -> Credential:
    if await change_secrets(session, row, changes):
        await flush(session, CREDENTIALS)
        await note_version(session, actor, CredentialAction.ROTATE, row, redacted(session, reason))
        told = {"secret_version": row.secret_version, "reason": redacted(session, reason), **details}
        trail.note(session, action, CREDENTIALS.name, row.id, client_id=row.client_id, details=told)
    return row
