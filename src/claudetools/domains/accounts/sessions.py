"""The login sessions of a person: which there are, and ending them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.logins import SESSIONS, LoginSession, end
from claudetools.domains.accounts.users import User, check_role
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.clock import now
from claudetools.kit.problems import Forbidden, NotFound
from claudetools.kit.resource.schema import Output
from claudetools.kit.resource.scope import Actor, visible


class SessionRead(Output):
    """A sign-in that has not ended. `last_used_at` is when it last got new tokens, within the last ten minutes."""

    id: UUID
    user_id: UUID
    ip: str | None
    agent: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


def require_login(actor: Actor) -> UUID:
    """Return the caller's login session.

    Raises:
        Forbidden: the caller has none: a token does not touch what its owner is signed in with.
    """
    if actor.session_id is None:
        raise Forbidden("A token cannot do this. Sign in.")
    return actor.session_id


async def live_sessions(session: AsyncSession, actor: Actor, user_id: UUID) -> list[LoginSession]:
    """Return the sessions of a person that have not ended, the newest first.

    Raises:
        Forbidden: they are somebody else's, and the caller is no administrator.
    """
    require_login(actor)
    if user_id != actor.user_id:
        actor.require("msp:admin")
    return await _live(session, actor, user_id)


async def close(session: AsyncSession, actor: Actor) -> None:
    """End the caller's own session."""
    for login in await _live(session, actor, actor.user_id):
        if login.id == actor.session_id and end(login, "signed out"):
            note(session, Action.LOGOUT, SESSIONS, login.id)


async def end_session(session: AsyncSession, actor: Actor, id: UUID) -> None:
    """End a session, one's own or as an administrator somebody's. Ending one twice is the same as once.

    Raises:
        NotFound: there is no such session, or the caller may not see it.
        Forbidden: it is an owner's or administrator's, and the caller is no owner; or the caller is a token.
    """
    require_login(actor)
    query = select(LoginSession).where(visible(actor, LoginSession), LoginSession.id == id)
    login = await session.scalar(query.with_for_update())
    if login is None:
        raise NotFound()
    if login.user_id != actor.user_id:
        actor.require("msp:admin")
        check_role(actor, (await session.get_one(User, login.user_id)).role)
    if end(login, "ended by its person" if login.user_id == actor.user_id else "ended by an administrator"):
        note(session, Action.LOGOUT, SESSIONS, login.id, details={"user_id": str(login.user_id)})


async def end_other_sessions(session: AsyncSession, actor: Actor, reason: str) -> None:
    """End all sessions of the caller but the one that they are using."""
    for login in await _live(session, actor, actor.user_id):
        if login.id != actor.session_id and end(login, reason):
            note(session, Action.LOGOUT, SESSIONS, login.id, details={"user_id": str(login.user_id)})


async def end_all_sessions(session: AsyncSession, actor: Actor, user_id: UUID, reason: str) -> None:
    """End all sessions of somebody whom the caller may change."""
    for login in await _live(session, actor, user_id):
        if end(login, reason):
            note(session, Action.LOGOUT, SESSIONS, login.id, details={"user_id": str(user_id)})


async def _live(session: AsyncSession, actor: Actor, user_id: UUID) -> list[LoginSession]:
    query = (
        select(LoginSession)
        .where(visible(actor, LoginSession), LoginSession.user_id == user_id)
        .where(LoginSession.revoked_at.is_(None), LoginSession.expires_at > now())
        .order_by(LoginSession.created_at.desc())
    )
    return list(await session.scalars(query))
