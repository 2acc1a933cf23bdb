"""Permissions on credentials: who, beside the administrators, may see, reveal, change or manage one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, String, UniqueConstraint, exists
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts import Role
from claudetools.domains.vault.access import OF_CLIENT, Level, is_permitted
from claudetools.domains.vault.credentials import Credential, may_manage
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, choice
from claudetools.kit.problems import Forbidden, NotFound
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Line, Output
from claudetools.kit.resource.scope import Access, Actor, find, visible


@dataclass(frozen=True, slots=True)
class PermissionPath:
    """The row goes with a credential: whoever sees that reads it, whoever manages that writes it."""

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        """Return the condition under which `actor` may access a row of `model`."""
        of_credential = exists().where(Credential.id == model.credential_id, visible(actor, Credential, access))
        if access is Access.WRITE:
            of_credential = of_credential.where(is_permitted(Credential, actor, Level.MANAGE))
        return of_credential

    def owner(self, values: dict[str, Any]) -> UUID | None:
        """Return the client that a permission with these column values belongs to."""
        return OF_CLIENT.owner(values)

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        """Return whether `actor` may create a permission with these column values."""
        return OF_CLIENT.may_create(actor, values)


class CredentialPermission(Record):
    """What one person, or everybody in one role, may do with a credential of a client that they work for."""

    __tablename__ = "credential_permissions"
    __tenant__ = PermissionPath()
    __table_args__ = (
        CheckConstraint("(grantee_id IS NULL) <> (role IS NULL)", name="grantee"),
        UniqueConstraint("credential_id", "grantee_id"),
        UniqueConstraint("credential_id", "role"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    credential_id: Mapped[UUID] = mapped_column(Id, ForeignKey("credentials.id", ondelete="CASCADE"), index=True)
    grantee_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role | None] = mapped_column(choice(Role), index=True)
    level: Mapped[Level] = mapped_column(choice(Level), index=True)
    reason: Mapped[str | None] = mapped_column(String(500))


class CredentialPermissionCreate(Input):
    """What callers send to grant a person or a role something. It never goes beyond what their clients allow them."""

    credential_id: UUID
    grantee_id: Annotated[UUID, Field(description="The person; either this or `role`.")] | None = None
    role: Annotated[Role, Field(description="Everybody in this role; either this or `grantee_id`.")] | None = None
    level: Annotated[Level, Field(description="Each level holds those before it: view, reveal, edit, manage.")]
    reason: Line | None = None

    @model_validator(mode="after")
    def _one_grantee(self) -> "CredentialPermissionCreate":
        if (self.grantee_id is None) == (self.role is None):
            raise ValueError("either grantee_id or role, and not both")
        return self


class CredentialPermissionRead(Output):
    """What a person or a role may do with a credential."""

    id: UUID
    client_id: UUID
    credential_id: UUID
    grantee_id: UUID | None
    role: Role | None
    level: Level
    reason: str | None
    created_at: datetime
    updated_at: datetime
    version: int


async def check_grant(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Put a permission under the client of its credential.

    Raises:
        Forbidden: the actor sees the credential, and does not manage it.
    """
    try:
        credential = await find(session, actor, Credential, values["credential_id"])
    except NotFound:
        return  # The check of references, which comes next, names the field.
    if not await may_manage(session, actor, credential):
        raise Forbidden("Only owners, administrators and those who manage the credential say who may see or use it.")
    values["client_id"] = credential.client_id


CREDENTIAL_PERMISSIONS = Resource(
    name="credential-permissions",
    singular="credential-permission",
    model=CredentialPermission,
    read=CredentialPermissionRead,
    create=CredentialPermissionCreate,
    fixed=("credential_id", "grantee_id", "role"),
    filters=("client_id", "credential_id", "grantee_id", "role", "level", "created_at", "updated_at"),
    sorts=("level", "created_at", "updated_at"),
    searches=("reason",),
    redacts=("reason",),
    key=("credential_id", "grantee_id", "role"),
    before_create=check_grant,
)
