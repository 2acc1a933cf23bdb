"""Moving a credential to another client, with its secrets and all their versions."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client
from claudetools.domains.vault.audit_log import CredentialAction
from claudetools.domains.vault.credentials import CREDENTIALS, Credential, may_manage, note_act
from claudetools.domains.vault.disclosure import Reason, as_of_now, check_rights, redacted
from claudetools.domains.vault.fingerprints import SecretFingerprint
from claudetools.domains.vault.links import CredentialLink
from claudetools.domains.vault.permissions import CredentialPermission
from claudetools.domains.vault.secret_fields import envelope_of, seal_secrets
from claudetools.domains.vault.share_links import ShareLink
from claudetools.domains.vault.versions import CredentialVersion, read_secrets
from claudetools.kit.audit import trail
from claudetools.kit.audit.events import Action
from claudetools.kit.clock import now
from claudetools.kit.problems import Conflict, FieldError, Forbidden, NotFound
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Access, Actor, find, scoped
from claudetools.kit.resource.write import flush


class MoveRequest(Input):
    """To which client a credential goes, and why."""

    client_id: UUID
    reason: Reason


async def move(session: AsyncSession, actor: Actor, id: UUID, request: MoveRequest) -> Credential:
    """Let a credential belong to another client, and return it. Links to it that were shared end.

    Raises:
        NotFound, Forbidden: the actor may not see its secrets, change and manage it, or write to the other client.
        Conflict: it opens equipment or services of the client that it belongs to.
        SecretUnreadable: a secret of it, or a former one, cannot be read.
    """
    present = await as_of_now(session, actor)
    row = await find(session, present, Credential, id, Access.WRITE)
    await check_rights(session, present, row)
    if row.is_restricted and not await may_manage(session, present, row):
        raise Forbidden("Only owners, administrators and those who manage it move a restricted credential.")
    await _check_target(session, present, request.client_id)
    if row.client_id == request.client_id:
        return row
    await _check_links(session, row)
    former, reason = row.client_id, redacted(session, request.reason)
    note_act(session, present, CredentialAction.EXPORT, row, reason)
    permissions = list(
        await session.scalars(scoped(present, CredentialPermission).where(CredentialPermission.credential_id == row.id))
    )
    await _bind_anew(session, row, request.client_id)
    for permission in permissions:
        permission.client_id = request.client_id
    await flush(session, CREDENTIALS)
    note_act(session, present, CredentialAction.UPDATE, row, reason)
    details = {"moved_to": request.client_id, "reason": reason}
    trail.note(session, Action.EXPORT, CREDENTIALS.name, row.id, client_id=former, details=details)
    return row


async def _check_target(session: AsyncSession, actor: Actor, client_id: UUID) -> None:
    try:
        await find(session, actor, Client, client_id)
    except NotFound:
        message = "There is no such record."
        raise NotFound(message, errors=[FieldError("/client_id", "not_found", message)]) from None
    if client_id not in actor.writable:
        raise Forbidden("You may not write to the other client.")


async def _check_links(session: AsyncSession, row: Credential) -> None:
    link = select(CredentialLink.id).where(CredentialLink.credential_id == row.id).limit(1)
    if row.service_id or row.infrastructure_id or await session.scalar(link) is not None:
        raise Conflict("It opens equipment or services of its client. Take them away from it first.")


async def _bind_anew(session: AsyncSession, row: Credential, client_id: UUID) -> None:
    """Seal the secrets of a credential and their versions to another client."""
    secrets = await read_secrets(session, row)
    versions = await session.scalars(select(CredentialVersion).where(CredentialVersion.credential_id == row.id))
    for version in list(versions):
        text = await envelope_of(session).get(session, version, "secrets_encrypted")
        version.client_id = client_id
        await envelope_of(session).put(session, version, "secrets_encrypted", text)
    row.client_id = client_id
    await seal_secrets(session, row, secrets)
    for model, ended in ((SecretFingerprint, {}), (ShareLink, {"revoked_at": now()})):
        await session.execute(
            update(model).where(model.credential_id == row.id).values(client_id=client_id, **ended),
            execution_options={"synchronize_session": False},
        )
