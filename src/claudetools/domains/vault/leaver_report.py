"""What somebody who leaves has seen and still has: what is to be rotated, and what is to be taken from them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import ApiToken, TokenRead, User, UserRead
from claudetools.domains.vault.audit_log import DISCLOSURES, CredentialAction, CredentialAuditLog
from claudetools.domains.vault.credentials import Credential
from claudetools.domains.vault.permissions import CredentialPermission, CredentialPermissionRead
from claudetools.domains.vault.share_links import ShareLink, ShareLinkRead
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Actor, find, scoped

ENTERED = (CredentialAction.CREATE, CredentialAction.UPDATE, CredentialAction.ROTATE)
"""Acts after which one knows a secret because one has entered it."""


class KnownCredential(BaseModel):
    """A credential of which somebody knows secrets: how they came by them, and whether that has been put right."""

    credential_id: UUID
    client_id: UUID | None
    service_name: str
    acts: Annotated[dict[CredentialAction, int], Field(description="How often they did what.")]
    versions: Annotated[list[int], Field(description="The versions of the secrets that they know.")]
    present_version: Annotated[int | None, Field(description="None if the credential is gone, or not in the vault.")]
    last_at: datetime
    is_to_be_rotated: Annotated[bool, Field(description="They know the present secrets, as far as can be told.")]


class LeaverReport(BaseModel):
    """What somebody knows and has. `credentials` begins with what is to be rotated."""

    user: UserRead
    since: datetime | None
    credentials: list[KnownCredential]
    tokens: Annotated[list[TokenRead], Field(description="Their tokens that are still valid.")]
    permissions: Annotated[list[CredentialPermissionRead], Field(description="What they may do with which credential.")]
    share_links: Annotated[list[ShareLinkRead], Field(description="Links of theirs that can still be used.")]


async def leaver_report(session: AsyncSession, actor: Actor, user_id: UUID, since: datetime | None) -> LeaverReport:
    """Return what a person has seen since an instant, by default ever, and still has.

    Raises:
        NotFound: there is no such person.
    """
    user = await find(session, actor, User, user_id)
    at = now()
    tokens = scoped(actor, ApiToken).where(
        ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > at
    )
    permissions = scoped(actor, CredentialPermission).where(CredentialPermission.grantee_id == user.id)
    own = scoped(actor, Credential).with_only_columns(Credential.id)
    links = select(ShareLink).where(
        ShareLink.user_id == user.id,
        ShareLink.credential_id.in_(own),
        ShareLink.revoked_at.is_(None),
        ShareLink.expires_at > at,
        ShareLink.claim_count < ShareLink.view_limit,
    )
    return LeaverReport(
        user=UserRead.model_validate(user),
        since=since,
        credentials=await _known(session, actor, user.id, since),
        tokens=[TokenRead.model_validate(row) for row in await session.scalars(tokens.order_by(ApiToken.id))],
        permissions=[CredentialPermissionRead.model_validate(row) for row in await session.scalars(permissions)],
        share_links=[ShareLinkRead.model_validate(row) for row in await session.scalars(links)],
    )


async def _known(session: AsyncSession, actor: Actor, user_id: UUID, since: datetime | None) -> list[KnownCredential]:
    query = (
        scoped(actor, CredentialAuditLog)
        .where(CredentialAuditLog.user_id == user_id, CredentialAuditLog.version_number.is_not(None))
        .where(
            or_(CredentialAuditLog.action.in_(DISCLOSURES), CredentialAuditLog.action.in_(ENTERED)),
            true() if since is None else CredentialAuditLog.created_at >= since,
        )
        .order_by(CredentialAuditLog.created_at)
    )
    acts: defaultdict[UUID, list[CredentialAuditLog]] = defaultdict(list)
    for entry in await session.scalars(query):
        acts[entry.credential_id].append(entry)
    rows = {row.id: row for row in await session.scalars(scoped(actor, Credential).where(Credential.id.in_(acts)))}
    gone = scoped(actor, CredentialAuditLog).where(
        CredentialAuditLog.credential_id.in_(acts), CredentialAuditLog.action == CredentialAction.DELETE
    )
    deleted = {entry.credential_id for entry in await session.scalars(gone)}
    known = [_of_credential(entries, rows.get(id), id in deleted) for id, entries in acts.items()]
    return sorted(known, key=lambda one: (not one.is_to_be_rotated, one.service_name.casefold(), one.credential_id))


def _of_credential(entries: Sequence[CredentialAuditLog], row: Credential | None, is_deleted: bool) -> KnownCredential:
    last = entries[-1]
    versions = sorted({entry.version_number for entry in entries if entry.version_number is not None})
    acts: defaultdict[CredentialAction, int] = defaultdict(int)
    for entry in entries:
        acts[entry.action] += 1
    # Of secrets that are kept elsewhere, such as those of integrations, the present version is not known here.
    is_known = not is_deleted if row is None else bool(row.secret_fields) and versions[-1] >= row.secret_version
    return KnownCredential(
        credential_id=last.credential_id,
        client_id=row.client_id if row else last.client_id,
        service_name=row.service_name if row else last.credential_name,
        acts=dict(acts),
        versions=versions,
        present_version=row.secret_version if row else None,
        last_at=last.created_at,
        is_to_be_rotated=is_known,
    )
