"""The credential audit log: who did what with which credential. It outlives the credential and is never changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, choice, label
from claudetools.kit.logging import current_request_id
from claudetools.kit.resource.declare import READ_ONLY, Resource
from claudetools.kit.resource.schema import Input, Output
from claudetools.kit.resource.scope import Actor, TenantColumn


class CredentialAction(StrEnum):
    """What somebody did, or was refused, with a credential."""

    CREATE = "create"
    VIEW = "view"
    REVEAL = "reveal"
    COPY = "copy"
    USE = "use"
    UPDATE = "update"
    ROTATE = "rotate"
    EXPORT = "export"
    SHARE = "share"
    DELETE = "delete"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from: its address, and the program that sent it."""

    ip_address: str | None = None
    user_agent: str | None = None


NOWHERE = Origin()


class CredentialAuditLog(Record):
    """One act. The credential and the caller's token, machine and sign-in have no foreign key: they may be gone."""

    __tablename__ = "credential_audit_log"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="SET NULL"), index=True)
    credential_id: Mapped[UUID] = mapped_column(Id, index=True)
    credential_name: Mapped[str] = mapped_column(label())
    version_number: Mapped[int | None] = mapped_column(Integer)
    action: Mapped[CredentialAction] = mapped_column(choice(CredentialAction), index=True)
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    token_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    login_session_id: Mapped[UUID | None] = mapped_column(Id)
    reason: Mapped[str | None] = mapped_column(String(500))
    ip_address: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str | None] = mapped_column(String(500))
    request_id: Mapped[str | None] = mapped_column(String(64), index=True)


class CredentialAuditLogRead(Output):
    """What somebody did with a credential; `credential_name` is what it was called then."""

    id: UUID
    client_id: UUID | None
    credential_id: UUID
    credential_name: str
    version_number: int | None
    action: CredentialAction
    user_id: UUID | None
    token_id: UUID | None
    machine_id: UUID | None
    login_session_id: UUID | None
    reason: str | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None
    created_at: datetime
    updated_at: datetime
    version: int


def note(
    session: AsyncSession,
    actor: Actor | None,
    action: CredentialAction,
    *,
    client_id: UUID | None,
    credential_id: UUID,
    credential_name: str,
    version_number: int | None = None,
    reason: str | None = None,
    origin: Origin = NOWHERE,
) -> None:
    """Enter in the log, in the caller's transaction, what `actor` does with a credential; None is somebody unknown."""
    entry = CredentialAuditLog(
        client_id=client_id,
        credential_id=credential_id,
        credential_name=credential_name,
        version_number=version_number,
        action=action,
        user_id=actor and actor.user_id,
        token_id=actor and actor.token_id,
        machine_id=actor and actor.machine_id,
        login_session_id=actor and actor.session_id,
        reason=reason,
        ip_address=origin.ip_address,
        user_agent=origin.user_agent and origin.user_agent[:500],
        request_id=current_request_id(),
    )
    session.add(entry)


DISCLOSURES = (CredentialAction.REVEAL, CredentialAction.COPY, CredentialAction.USE, CredentialAction.SHARE)
"""Acts by which somebody gets a secret out of the vault."""


async def disclosures_since(session: AsyncSession, actor: Actor, since: datetime) -> list[datetime]:
    """Return when a person themself, however signed in, or else their machine got a secret out, the earliest first."""
    query = (
        select(CredentialAuditLog.created_at)
        .where(CredentialAuditLog.user_id == actor.user_id, CredentialAuditLog.machine_id == actor.machine_id)
        .where(CredentialAuditLog.action.in_(DISCLOSURES), CredentialAuditLog.created_at > since)
        .order_by(CredentialAuditLog.created_at)
    )
    return list(await session.scalars(query))


async def was_refused_since(session: AsyncSession, user_id: UUID, since: datetime, reason: str) -> bool:
    """Return whether a person was refused something for this reason."""
    query = select(CredentialAuditLog.id).where(
        CredentialAuditLog.user_id == user_id,
        CredentialAuditLog.action == CredentialAction.DENIED,
        CredentialAuditLog.reason == reason,
        CredentialAuditLog.created_at > since,
    )
    return await session.scalar(query.limit(1)) is not None


CREDENTIAL_AUDIT_LOGS = Resource(
    name="credential-audit-logs",
    singular="credential-audit-log",
    model=CredentialAuditLog,
    read=CredentialAuditLogRead,
    create=Input,
    read_scope="audit:read",
    filters=(
        "client_id",
        "credential_id",
        "action",
        "user_id",
        "token_id",
        "machine_id",
        "request_id",
        "created_at",
    ),
    searches=("credential_name", "reason"),
    verbs=READ_ONLY,
)
