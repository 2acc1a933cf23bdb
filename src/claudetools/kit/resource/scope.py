"""Who is asking, and the door through which every query on owned rows goes.

A *tenant* is the party whose data must not mix with another's. Each model says by `__tenant__` how a row
reaches its tenant; `scoped` turns that into the filter for an actor. Nothing said means nothing seen.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, inspect, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.base import Base, Record
from claudetools.kit.problems import Forbidden, NotFound

M = TypeVar("M", bound=Record)


class Access(StrEnum):
    """What an actor wants to do with a row."""

    READ = "read"
    WRITE = "write"
    REVIEW = "review"
    """To write, also what is held back until somebody has looked at it."""


@dataclass(frozen=True, slots=True)
class Tenants:
    """A set of tenants: all of them, or the listed ones. The default is none."""

    listed: frozenset[UUID] = frozenset()
    is_all: bool = False

    def __contains__(self, tenant: object) -> bool:
        return self.is_all or tenant in self.listed

    def intersection(self, other: "Tenants") -> "Tenants":
        """Return the tenants that are in both sets."""
        if self.is_all:
            return other
        return self if other.is_all else Tenants(self.listed & other.listed)


ALL_TENANTS = Tenants(is_all=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """The authenticated party behind a request, and the tenants whose data it may read, write, and see secrets of."""

    user_id: UUID
    email: str
    display_name: str
    role: str
    scopes: frozenset[str]
    readable: Tenants
    writable: Tenants
    revealable: Tenants = Tenants()
    token_id: UUID | None = None
    session_id: UUID | None = None
    machine_id: UUID | None = None

    def require(self, scope: str) -> None:
        """Raise `Forbidden` unless this actor holds `scope`."""
        if scope not in self.scopes:
            raise Forbidden(f"This needs the scope {scope}.")

    def tenants(self, access: Access) -> Tenants:
        """Return the tenants that this actor may read or write."""
        return self.readable if access is Access.READ else self.writable


class TenantPath(Protocol):
    """How a row of a model reaches its tenant."""

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        """Return the condition under which `actor` may access a row of `model`."""

    def owner(self, values: dict[str, Any]) -> UUID | None:
        """Return the tenant that a row with these column values belongs to; None for no tenant."""

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        """Return whether `actor` may create a row with these column values."""


@dataclass(frozen=True, slots=True)
class TenantColumn:
    """The row names its tenant in `column`.

    While that is null, only the person in `author` and actors of all tenants may access it; `is_public` lets
    everybody else read it. While the column named in `held` is set, nobody sees the row but who reviews it.
    """

    column: str
    author: str | None = None
    is_public: bool = False
    held: str | None = None

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        condition = self._allowed(model, actor, access)
        if self.held is None or access is Access.REVIEW:
            return condition
        return and_(condition, getattr(model, self.held).is_(None))

    def _allowed(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        tenants = actor.tenants(access)
        if tenants.is_all:
            return true()
        tenant = getattr(model, self.column)
        condition = tenant.in_(tenants.listed) if tenants.listed else false()
        if self.author is not None:
            condition = or_(condition, and_(tenant.is_(None), getattr(model, self.author) == actor.user_id))
        if self.is_public and access is Access.READ:
            condition = or_(condition, tenant.is_(None))
        return condition

    def owner(self, values: dict[str, Any]) -> UUID | None:
        tenant: UUID | None = values.get(self.column)
        return tenant

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        tenant = self.owner(values)
        return (tenant is None and self.author is not None) or tenant in actor.writable


@dataclass(frozen=True, slots=True)
class TenantItself:
    """The row is a tenant."""

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        return TenantColumn("id").visible(model, actor, access)

    def owner(self, values: dict[str, Any]) -> UUID | None:
        tenant: UUID | None = values.get("id")
        return tenant

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        return actor.writable.is_all


@dataclass(frozen=True, slots=True)
class Shared:
    """The row belongs to no tenant: whoever holds the scope may access it."""

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        return true()

    def owner(self, values: dict[str, Any]) -> UUID | None:
        return None

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Personal:
    """The row belongs to the person in `author`, who with the administrators may change it.

    `is_public` says whether everybody else may read it.
    """

    author: str
    is_public: bool = False
    admin_roles: frozenset[str] = frozenset({"owner", "admin"})

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        if actor.role in self.admin_roles or (self.is_public and access is Access.READ):
            return true()
        own: ColumnElement[bool] = getattr(model, self.author) == actor.user_id
        return own

    def owner(self, values: dict[str, Any]) -> UUID | None:
        return None

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        return True


def visible(actor: Actor, model: type[Base], access: Access = Access.READ) -> ColumnElement[bool]:
    """Return the condition under which `actor` may access rows of `model`."""
    path: TenantPath = model.__tenant__  # type: ignore[attr-defined]
    return path.visible(model, actor, access)


def scoped(actor: Actor, model: type[M], access: Access = Access.READ) -> Select[M]:
    """Return the query for the rows of `model` that `actor` may access."""
    return select(model).where(visible(actor, model, access))


async def find(session: AsyncSession, actor: Actor, model: type[M], id: UUID, access: Access = Access.READ) -> M:
    """Return one row by its id.

    Raises:
        NotFound: there is no such row, or the actor may not see it: the two are not told apart.
        Forbidden: the actor may see the row but not write it.
    """
    key = inspect(model).primary_key[0]
    row = await session.scalar(scoped(actor, model, access).where(key == id))
    if row is not None:
        return row
    if access is not Access.READ and await session.scalar(scoped(actor, model).where(key == id)) is not None:
        raise Forbidden("You may read this record but not change it.")
    raise NotFound()
