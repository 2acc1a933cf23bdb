"""What a person may do at this moment, narrowed to what a sign-in or token was made for."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.users import ROLE_SCOPES, ClientRights, User, tenants_of
from claudetools.kit.resource.scope import Actor, Tenants


async def actor_of(
    session: AsyncSession,
    user: User,
    scopes: frozenset[str],
    *,
    limit: Tenants | None = None,
    session_id: UUID | None = None,
    token_id: UUID | None = None,
    machine_id: UUID | None = None,
) -> Actor:
    """Return the actor for a person: of `scopes` those of their role, of the clients in `limit` their own."""
    rights = await tenants_of(session, user)
    if limit is not None:
        rights = ClientRights(*(tenants.intersection(limit) for tenants in rights))
    return Actor(
        user_id=user.id,
        email=user.email,
        display_name=user.display_name,
        role=user.role.value,
        scopes=scopes & ROLE_SCOPES[user.role],
        readable=rights.readable,
        writable=rights.writable,
        revealable=rights.revealable,
        session_id=session_id,
        token_id=token_id,
        machine_id=machine_id,
    )
