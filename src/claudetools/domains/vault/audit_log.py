"""The credential audit log: who did what with which credential. It outlives the credential and is never changed."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, String
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
    actor: Actor,
    action: CredentialAction,
    *,
    client_id: UUID,
    credential_id: UUID,
    credential_name: str,
) -> None:
    """Enter in the log, in the caller's transaction, what `actor` does with a credential."""
    entry = CredentialAuditLog(
        client_id=client_id,
        credential_id=credential_id,
        credential_name=credential_name,
        action=action,
        user_id=actor.user_id,
        token_id=actor.token_id,
        machine_id=actor.machine_id,
        login_session_id=actor.session_id,
        request_id=current_request_id(),
    )
    session.add(entry)


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
