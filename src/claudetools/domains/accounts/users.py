"""People: their accounts, roles and the clients they may work for."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints, model_validator
from sqlalchemy import Boolean, ForeignKey, Integer, String, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.audit.trail import note_change
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, choice, label
from claudetools.kit.problems import Conflict, invalid
from claudetools.kit.resource.declare import READ_ONLY, Resource
from claudetools.kit.resource.schema import Input, Name, Output
from claudetools.kit.resource.scope import ALL_TENANTS, Shared, Tenants
from claudetools.kit.resource.write import flush

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$"
    ),
]
Password = Annotated[SecretStr, Field(min_length=15, max_length=512)]


class Role(StrEnum):
    """What a person may do, before the restriction to clients."""

    OWNER = "owner"
    ADMIN = "admin"
    TECHNICIAN = "technician"
    READONLY = "readonly"


class ClientAccess(StrEnum):
    """Whether a person works for all clients or for listed ones."""

    ALL = "all"
    LISTED = "listed"


class AccessLevel(StrEnum):
    """What a person may do with the data of one client."""

    READ = "read"
    WRITE = "write"
    REVEAL = "reveal"


EVERY_SCOPE = frozenset(
    {"msp:read", "msp:write", "msp:admin", "credentials:reveal", "memory:read", "memory:write", "audit:read"}
)
ROLE_SCOPES: dict[Role, frozenset[str]] = {
    Role.OWNER: EVERY_SCOPE,
    Role.ADMIN: EVERY_SCOPE,
    Role.TECHNICIAN: EVERY_SCOPE - {"msp:admin", "audit:read"},
    Role.READONLY: frozenset({"msp:read", "memory:read"}),
}


class User(Record):
    """A person who may sign in."""

    __tablename__ = "api_users"
    __tenant__ = Shared()

    email: Mapped[str] = mapped_column(label(254), unique=True)
    display_name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(choice(Role))
    password_hash: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    token_version: Mapped[int] = mapped_column(Integer, default=0)
    client_access: Mapped[ClientAccess] = mapped_column(choice(ClientAccess))


class UserClientAccess(Base):
    """What a person with listed access may do for one client."""

    __tablename__ = "user_client_access"

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[UUID] = mapped_column(
        Id, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    level: Mapped[AccessLevel] = mapped_column(choice(AccessLevel))


class ClientGrant(Input):
    """Access to one client."""

    client_id: UUID
    level: AccessLevel


class UserRead(Output):
    """What callers get of a person."""

    id: UUID
    email: str
    display_name: str
    role: Role
    is_active: bool
    client_access: ClientAccess
    created_at: datetime
    updated_at: datetime
    version: int


class UserCreate(Input):
    """What callers send to make a person."""

    email: Email
    display_name: Name
    password: Password
    role: Role = Role.TECHNICIAN
    client_access: ClientAccess = ClientAccess.LISTED
    clients: Annotated[list[ClientGrant], Field(max_length=5000)] = []

    @model_validator(mode="after")
    def _consistent(self) -> "UserCreate":
        if self.client_access is ClientAccess.ALL and self.clients:
            raise ValueError("clients are listed only with client_access 'listed'")
        return self


class UserChange(Input):
    """Fields of a person that an administrator may change; unset ones stay."""

    display_name: Name | None = None
    role: Role | None = None
    is_active: bool | None = None
    client_access: ClientAccess | None = None
    clients: Annotated[list[ClientGrant], Field(max_length=5000)] | None = None


USERS = Resource(
    name="users",
    singular="user",
    model=User,
    read=UserRead,
    create=UserCreate,
    filters=("email", "role", "is_active", "client_access"),
    sorts=("email", "display_name", "created_at", "updated_at"),
    default_sort="email",
    searches=("email", "display_name"),
    key=("email",),
    verbs=READ_ONLY,
)


async def add_user(session: AsyncSession, body: UserCreate, password_hash: str) -> User:
    """Insert a person with the given access.

    Raises:
        Conflict: the e-mail address is taken.
        Invalid: a listed client does not exist.
    """
    user = User(
        email=body.email,
        display_name=body.display_name,
        role=body.role,
        password_hash=password_hash,
        client_access=body.client_access,
    )
    session.add(user)
    await flush(session, USERS)
    await _set_clients(session, user, body.clients)
    note_change(session, user, {"clients": {}}, {"clients": await _clients_of(session, user)})
    return user


async def change_user(session: AsyncSession, user: User, body: UserChange) -> User:
    """Change a person. Anything that narrows what they may do also ends their access tokens.

    Raises:
        Conflict: this would leave the firm without an active owner.
        Invalid: a listed client does not exist.
    """
    # Locked in one order, so that two owners who demote each other do so one after the other.
    owners = select(User.id).where(User.role == Role.OWNER, User.is_active.is_(True)).order_by(User.id)
    await session.execute(owners.with_for_update())
    for key in body.model_fields_set:
        if getattr(body, key) is None:
            raise invalid(f"/{key}", "This may not be null.")
        if key != "clients":
            setattr(user, key, getattr(body, key))
    is_listed = user.client_access is ClientAccess.LISTED
    if body.clients and not is_listed:
        raise invalid("/clients", "Clients are listed only with client_access 'listed'.")
    if body.clients is not None or not is_listed:
        before = await _clients_of(session, user)
        await session.execute(delete(UserClientAccess).where(UserClientAccess.user_id == user.id))
        await _set_clients(session, user, body.clients or [])
        after = await _clients_of(session, user)
        note_change(session, user, {"clients": before}, {"clients": after})
    user.token_version += 1
    await flush(session, USERS)
    if not (await session.scalars(owners)).first():
        raise Conflict("This would leave the firm without an active owner.")
    return user


async def _set_clients(session: AsyncSession, user: User, grants: Sequence[ClientGrant]) -> None:
    clients = Base.metadata.tables["clients"]
    ids = {grant.client_id for grant in grants}
    known = set(await session.scalars(select(clients.c.id).where(clients.c.id.in_(ids)))) if ids else set()
    seen: set[UUID] = set()
    for index, grant in enumerate(grants):
        if grant.client_id in seen:
            raise invalid(f"/clients/{index}/client_id", "This client is listed twice.")
        seen.add(grant.client_id)
        if grant.client_id not in known:
            raise invalid(f"/clients/{index}/client_id", "There is no such client.")
    session.add_all(UserClientAccess(user_id=user.id, client_id=grant.client_id, level=grant.level) for grant in grants)
    await session.flush()


async def _clients_of(session: AsyncSession, user: User) -> dict[str, AccessLevel]:
    """Return what a person may do for each client that is listed for them."""
    granted = select(UserClientAccess.client_id, UserClientAccess.level).where(UserClientAccess.user_id == user.id)
    return {str(client_id): level for client_id, level in await session.execute(granted)}


class ClientRights(NamedTuple):
    """The clients whose data a person may read, those whose data they may write, and whose secrets they may see."""

    readable: Tenants
    writable: Tenants
    revealable: Tenants


async def tenants_of(session: AsyncSession, user: User) -> ClientRights:
    """Return what a person may do with the data of which clients."""
    may_write = user.role is not Role.READONLY
    if user.client_access is ClientAccess.ALL:
        changeable = ALL_TENANTS if may_write else Tenants()
        return ClientRights(ALL_TENANTS, changeable, changeable)
    rows = (
        await session.execute(
            select(UserClientAccess.client_id, UserClientAccess.level).where(UserClientAccess.user_id == user.id)
        )
    ).all()

    def of(*levels: AccessLevel) -> Tenants:
        return Tenants(frozenset(client for client, level in rows if level in levels))

    if not may_write:
        return ClientRights(of(*AccessLevel), Tenants(), Tenants())
    return ClientRights(of(*AccessLevel), of(AccessLevel.WRITE, AccessLevel.REVEAL), of(AccessLevel.REVEAL))
