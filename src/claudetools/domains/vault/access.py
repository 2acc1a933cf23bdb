"""Who may see and change a restricted credential: administrators, and those whom a permission names."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, true

from claudetools.domains.accounts import ROLE_SCOPES, Role
from claudetools.kit.db.base import Base
from claudetools.kit.resource.scope import Access, Actor, TenantColumn

ADMINISTRATORS = frozenset({Role.OWNER, Role.ADMIN})
OF_CLIENT = TenantColumn("client_id")
REVEAL_SCOPE = "credentials:reveal"


class Level(StrEnum):
    """What a permission allows; each level holds those before it."""

    VIEW = "view"
    REVEAL = "reveal"
    EDIT = "edit"
    MANAGE = "manage"


def is_administrator(actor: Actor) -> bool:
    """Return whether `actor` may do with the credentials of their clients whatever they like."""
    return actor.role in ADMINISTRATORS


def is_permitted(credential: type[Any], actor: Actor, least: Level) -> ColumnElement[bool]:
    """Return the condition that `actor`, not looking at their clients, has a permission of `least` or more.

    A machine's token manages nothing, whoever owns it: who may see or use a credential is for people to say.
    """
    if least is Level.MANAGE and actor.machine_id is not None:
        return false()
    if is_administrator(actor):
        return true()
    levels = list(Level)
    granted = Base.metadata.tables["credential_permissions"].alias()
    return exists().where(
        granted.c.credential_id == credential.id,
        granted.c.level.in_(levels[levels.index(least) :]),
        or_(granted.c.grantee_id == actor.user_id, granted.c.role == Role(actor.role)),
    )


def is_revealable(credential: type[Any], actor: Actor) -> ColumnElement[bool]:
    """Return the condition that `actor` may see the secrets of a credential that they have found.

    Their clients must allow it and, for one that is restricted, a permission. A machine's token sees none, ever.
    """
    if actor.machine_id is not None or REVEAL_SCOPE not in actor.scopes:
        return false()
    return _is_given_out(credential, actor)


def is_usable(credential: type[Any], actor: Actor) -> ColumnElement[bool]:
    """Return the condition that a command may be run with the secrets of a credential that `actor` has found.

    Whoever may see them may. A machine's token may with what is open to programs, if its owner may see the secrets.
    """
    if actor.machine_id is None:
        return is_revealable(credential, actor)
    if REVEAL_SCOPE not in ROLE_SCOPES[Role(actor.role)]:
        return false()
    return and_(credential.allows_agents.is_(True), credential.is_active.is_(True), _is_given_out(credential, actor))


def _is_given_out(credential: type[Any], actor: Actor) -> ColumnElement[bool]:
    tenants = actor.revealable
    if not (tenants.is_all or tenants.listed):
        return false()
    of_client = true() if tenants.is_all else credential.client_id.in_(tenants.listed)
    return and_(of_client, or_(credential.is_restricted.is_(False), is_permitted(credential, actor, Level.REVEAL)))


@dataclass(frozen=True, slots=True)
class CredentialPath:
    """The row is a credential of a client. One that is restricted also needs a permission: to edit, for writing."""

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        """Return the condition under which `actor` may access a row of `model`."""
        least = Level.VIEW if access is Access.READ else Level.EDIT
        is_open = or_(model.is_restricted.is_(False), is_permitted(model, actor, least))
        return and_(OF_CLIENT.visible(model, actor, access), is_open)

    def owner(self, values: dict[str, Any]) -> UUID | None:
        """Return the client that a credential with these column values belongs to."""
        return OF_CLIENT.owner(values)

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        """Return whether `actor` may create a credential with these column values."""
        return OF_CLIENT.may_create(actor, values)
