"""Credentials: what opens a client's systems and services, each with its secrets, which are kept encrypted."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients import TagLink, release_tags
from claudetools.domains.vault.access import CredentialPath, Level, is_administrator, is_permitted
from claudetools.domains.vault.audit_log import NOWHERE, CredentialAction, Origin, note
from claudetools.domains.vault.fingerprints import keep_fingerprints
from claudetools.domains.vault.secret_fields import SecretColumns, SecretInput, seal_secrets
from claudetools.domains.vault.versions import add_version, change_secrets, newest_number
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, LongText, choice, label
from claudetools.kit.problems import Forbidden
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.network_types import MAX_URL_LENGTH, Port, Url
from claudetools.kit.resource.schema import Input, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, scoped

POLICIES = ("is_restricted", "allows_agents", "agent_approval")


class CredentialKind(StrEnum):
    """What sort of secret it is."""

    PASSWORD = "password"  # noqa: S105 - a kind, not a secret
    API_KEY = "api_key"
    OAUTH = "oauth"
    SSH_KEY = "ssh_key"
    SHARED_SECRET = "shared_secret"  # noqa: S105 - as above
    JWT = "jwt"
    CONNECTION_STRING = "connection_string"
    CERTIFICATE = "certificate"
    TOTP = "totp"
    NOTE = "note"


class Credential(SecretColumns):
    """A credential of one client, perhaps for one of its services or machines, and its secrets."""

    __tablename__ = "credentials"
    __tenant__ = CredentialPath()
    __table_args__ = (
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("rotate_every_days >= 1", name="rotation"),
        Index(None, "client_id", "service_name"),
        Record.__table_args__,
    )

    service_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("services.id", ondelete="SET NULL"), index=True)
    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[CredentialKind] = mapped_column(choice(CredentialKind), index=True)
    service_name: Mapped[str] = mapped_column(label(), index=True)
    username: Mapped[str | None] = mapped_column(label(), index=True)
    url: Mapped[str | None] = mapped_column(String(MAX_URL_LENGTH))
    port: Mapped[int | None] = mapped_column(Integer)
    requires_vpn: Mapped[bool] = mapped_column(Boolean, default=False)
    requires_2fa: Mapped[bool] = mapped_column(Boolean, default=False)
    expires_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    rotate_every_days: Mapped[int | None] = mapped_column(Integer)
    last_rotated_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    is_restricted: Mapped[bool] = mapped_column(Boolean, default=False, index=True)
    allows_agents: Mapped[bool] = mapped_column(Boolean, default=False)
    agent_approval: Mapped[bool] = mapped_column(Boolean, default=False)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    notes: Mapped[str | None] = mapped_column(LongText)


class CredentialTag(TagLink):
    """A tag on a credential."""

    __tablename__ = "credential_tags"
    __owner__ = Credential

    owner_id: Mapped[UUID] = mapped_column(
        "credential_id", Id, ForeignKey("credentials.id", ondelete="CASCADE"), primary_key=True
    )


class CredentialFields(Input):
    """What is known of a credential beside its secrets: everything here is kept as plain text."""

    client_id: UUID
    service_id: UUID | None = None
    infrastructure_id: Annotated[UUID, Field(description="The equipment that it opens.")] | None = None
    kind: CredentialKind
    service_name: Annotated[Name, Field(description="What it opens, such as the name of a site or program.")]
    username: (
        Annotated[Name, Field(description="Plain text that everybody with access reads: never put a secret here.")]
        | None
    ) = None
    url: Url | None = None
    port: Port | None = None
    requires_vpn: bool = False
    requires_2fa: Annotated[bool, Field(description="Whether signing in with it takes a second factor.")] = False
    expires_at: Moment | None = None
    rotate_every_days: Annotated[int, Field(ge=1, le=3650, description="How long a secret is to be used.")] | None = (
        None
    )
    is_restricted: Annotated[
        bool, Field(description="Whether only administrators and those with a permission for it see it.")
    ] = False
    allows_agents: Annotated[
        bool, Field(description="Whether programs such as Claude Code may run commands with it.")
    ] = False
    agent_approval: Annotated[
        bool, Field(description="Whether a person has to approve each time that a program runs a command with it.")
    ] = False
    is_active: bool = True
    notes: (
        Annotated[Prose, Field(description="Plain text that everybody with access reads: never put a secret here.")]
        | None
    ) = None


class CredentialCreate(SecretInput, CredentialFields):
    """What callers send to make a credential: what it is for, and its secrets."""


class CredentialRead(CredentialFields, Output):
    """What callers get of a credential: what it is for and which secrets there are, never a secret."""

    model_config = Output.model_config

    id: UUID
    secret_fields: Annotated[list[str], Field(description="The secrets that are set.")]
    secret_version: Annotated[int, Field(description="Counts the changes of its secrets, from 1.")]
    last_rotated_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def check_entry(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Raise `Forbidden` when somebody would enter a restricted credential, which they then could not see."""
    if values.get("is_restricted") and not is_administrator(actor):
        raise Forbidden("Only owners and administrators enter restricted credentials.")


async def check_change(session: AsyncSession, actor: Actor, row: Credential, values: Values) -> None:
    """Check that the actor may change the policies that are changed, and enter the change in the audit log.

    Raises:
        Forbidden: a program would change a policy, or somebody who does not manage the credential its restriction.
    """
    changed = {name for name, value in values.items() if getattr(row, name) != value}
    if changed.intersection(POLICIES) and actor.machine_id is not None:
        raise Forbidden("A machine's token does not change who may see or use a credential.")
    if "is_restricted" in changed and not await may_manage(session, actor, row):
        raise Forbidden("Only owners, administrators and those who manage it restrict a credential or open it.")
    if changed:
        # Without a version: whoever changes this does not know the secrets.
        note(
            session,
            actor,
            CredentialAction.UPDATE,
            client_id=row.client_id,
            credential_id=row.id,
            credential_name=row.service_name,
        )


async def may_manage(session: AsyncSession, actor: Actor, row: Credential) -> bool:
    """Return whether the actor may decide who sees a credential that they have found."""
    managed = scoped(actor, Credential).where(Credential.id == row.id, is_permitted(Credential, actor, Level.MANAGE))
    return await session.scalar(managed) is not None


async def seal(session: AsyncSession, actor: Actor, row: Credential, secrets: Values) -> None:
    """Keep the secrets that are given with a credential, as its first version or as the next one."""
    if inspect(row).transient:
        row.secret_version = 1
        await seal_secrets(session, row, {name: secret for name, secret in secrets.items() if secret is not None})
    else:
        await change_secrets(session, row, secrets)


async def keep_version(session: AsyncSession, actor: Actor, row: Credential) -> None:
    """Keep a version of secrets that were just written, and enter it in the audit log."""
    known = await newest_number(session, row)
    if row.secret_version > known:
        await note_version(session, actor, CredentialAction.UPDATE if known else CredentialAction.CREATE, row)


async def note_version(
    session: AsyncSession, actor: Actor, action: CredentialAction, row: Credential, reason: str | None = None
) -> None:
    """Keep the newest version of a credential, what tells its secrets from others, and who made it and why."""
    await add_version(session, row, actor.user_id, reason)
    await keep_fingerprints(session, row, [word for word in (row.service_name, row.username, row.url) if word])
    note_act(session, actor, action, row, reason)


async def check_deletion(session: AsyncSession, actor: Actor, row: Credential) -> None:
    """Take a credential that goes out of the usage counts of its tags.

    Raises:
        Forbidden: it is restricted, and the actor does not manage it.
    """
    if row.is_restricted and not await may_manage(session, actor, row):
        raise Forbidden("Only owners, administrators and those who manage it delete a restricted credential.")
    await release_tags(session, CredentialTag, row.id)


async def note_deletion(session: AsyncSession, actor: Actor, row: Credential) -> None:
    """Enter in the audit log that a credential is gone."""
    note_act(session, actor, CredentialAction.DELETE, row)


def note_act(
    session: AsyncSession,
    actor: Actor | None,
    action: CredentialAction,
    row: Credential,
    reason: str | None = None,
    origin: Origin = NOWHERE,
) -> None:
    """Enter in the audit log what somebody does with a credential that they have found."""
    note(
        session,
        actor,
        action,
        client_id=row.client_id,
        credential_id=row.id,
        credential_name=row.service_name,
        version_number=row.secret_version,
        reason=reason,
        origin=origin,
    )


CREDENTIALS = Resource(
    name="credentials",
    singular="credential",
    model=Credential,
    read=CredentialRead,
    create=CredentialCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "service_id",
        "infrastructure_id",
        "kind",
        "service_name",
        "username",
        "requires_vpn",
        "requires_2fa",
        "expires_at",
        "last_rotated_at",
        "is_restricted",
        "allows_agents",
        "agent_approval",
        "is_active",
        "created_at",
        "updated_at",
    ),
    sorts=("service_name", "expires_at", "last_rotated_at", "created_at", "updated_at"),
    default_sort="service_name",
    searches=("service_name", "username", "url", "notes"),
    redacts=("username", "notes"),
    key=("client_id", "username", "service_name"),
    expires="expires_at",
    before_create=check_entry,
    before_change=check_change,
    before_delete=check_deletion,
    seal=seal,
    after_write=keep_version,
    after_delete=note_deletion,
)
