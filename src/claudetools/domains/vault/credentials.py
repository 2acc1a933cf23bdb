"""Credentials: what opens a client's systems and services. Their secrets are not kept here, only what they are for."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients import TagLink, release_tags
from claudetools.domains.vault.access import CredentialPath, Level, is_administrator, is_permitted
from claudetools.domains.vault.audit_log import CredentialAction, note
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, Instant, LongText, choice, label
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Forbidden
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.network_types import MAX_URL_LENGTH, Port, Url
from claudetools.kit.resource.schema import Input, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, find, scoped

POLICIES = ("is_restricted", "allows_agents")


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


class Credential(Record):
    """A credential of one client, perhaps for one of its services or machines."""

    __tablename__ = "credentials"
    __tenant__ = CredentialPath()
    __table_args__ = (
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        CheckConstraint("rotate_every_days >= 1", name="rotation"),
        Index(None, "client_id", "service_name"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
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
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    notes: Mapped[str | None] = mapped_column(LongText)


class CredentialTag(TagLink):
    """A tag on a credential."""

    __tablename__ = "credential_tags"
    __owner__ = Credential

    owner_id: Mapped[UUID] = mapped_column(
        "credential_id", Id, ForeignKey("credentials.id", ondelete="CASCADE"), primary_key=True
    )


class CredentialVersion(Base):
    """A credential's secrets from `created_at` until the next version, counted from 1. Never changed."""

    __tablename__ = "credential_versions"
    __table_args__ = (UniqueConstraint("credential_id", "number"), Base.__table_args__)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    credential_id: Mapped[UUID] = mapped_column(Id, ForeignKey("credentials.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class CredentialCreate(Input):
    """What callers send to make a credential. No field takes a secret: everything here is kept as plain text."""

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
    allows_agents: Annotated[bool, Field(description="Whether programs such as Claude Code may be given it.")] = False
    is_active: bool = True
    notes: (
        Annotated[Prose, Field(description="Plain text that everybody with access reads: never put a secret here.")]
        | None
    ) = None


class CredentialRead(CredentialCreate, Output):
    """What callers get of a credential: what it is for, never its secret."""

    model_config = Output.model_config

    id: UUID
    last_rotated_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class CredentialVersionRead(Output):
    """Who set a credential's secrets, when and why."""

    id: UUID
    credential_id: UUID
    number: int
    user_id: UUID | None
    reason: str | None
    created_at: datetime


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
        _note(session, actor, CredentialAction.UPDATE, row)


async def may_manage(session: AsyncSession, actor: Actor, row: Credential) -> bool:
    """Return whether the actor may decide who sees a credential that they have found."""
    managed = scoped(actor, Credential).where(Credential.id == row.id, is_permitted(Credential, actor, Level.MANAGE))
    return await session.scalar(managed) is not None


async def begin_versions(session: AsyncSession, actor: Actor, row: Credential) -> None:
    """Give a new credential its first version, and enter it in the audit log."""
    first = await session.scalar(
        select(CredentialVersion.id).where(CredentialVersion.credential_id == row.id, CredentialVersion.number == 1)
    )
    if first is None:
        session.add(CredentialVersion(credential_id=row.id, number=1, user_id=actor.user_id))
        _note(session, actor, CredentialAction.CREATE, row)


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
    _note(session, actor, CredentialAction.DELETE, row)


def _note(session: AsyncSession, actor: Actor, action: CredentialAction, row: Credential) -> None:
    note(session, actor, action, client_id=row.client_id, credential_id=row.id, credential_name=row.service_name)


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
    after_write=begin_versions,
    after_delete=note_deletion,
)
