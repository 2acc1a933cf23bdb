"""A person looks at a machine that asks for a token, and decides: shortly after signing in, and with few tries.

Codes are sent by mail and chat to make people approve a stranger's machine; so what is shown is where the request came
from, and what it asks for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.device_grants import DeviceGrant, DeviceGrants
from claudetools.domains.accounts.logins import LoginSession
from claudetools.domains.accounts.sessions import require_login
from claudetools.domains.accounts.throttling import Admission, Throttling
from claudetools.domains.accounts.users import ROLE_SCOPES, ClientAccess, User, UserClientAccess
from claudetools.kit.clock import now
from claudetools.kit.db.base import Base
from claudetools.kit.db.session import Database
from claudetools.kit.http.client_address import subscriber
from claudetools.kit.problems import Forbidden, NotFound
from claudetools.kit.resource.scope import Actor, visible

FRESH = timedelta(minutes=5)


class GrantFacts(BaseModel):
    """A machine that waits for approval. `scopes` and `clients` are what it would get from the person who looks at it.

    No list of clients stands for all.
    """

    grant_id: UUID
    hostname: str
    platform: str | None
    os_version: str | None
    username: str | None
    ip: str | None
    asked_at: datetime
    expires_at: datetime
    scopes: list[str]
    clients: list[str] | None


class LoginTooOld(Forbidden):
    """The caller has been signed in for too long to do this."""

    code = "login_too_old"
    title = "Sign in again to do this"


@dataclass(frozen=True, slots=True)
class DeviceApproval:
    """Looks up machines by their codes and decides about them."""

    database: Database
    grants: DeviceGrants
    throttling: Throttling

    async def look(self, user_id: UUID, user_code: str, ip: str | None) -> GrantFacts:
        """Return the machine that waits under a user code.

        Raises:
            NotFound: there is none, or not any more.
            TooManyRequests: this person, or somebody at this address, has given too many wrong codes.
        """

        async def unit(session: AsyncSession) -> tuple[list[Admission], GrantFacts | None]:
            admissions = [
                await self.throttling.user_code(session, who) for who in sorted((f"person {user_id}", subscriber(ip)))
            ]
            if any(admission.wait is not None for admission in admissions):
                return admissions, None
            grant = await self.grants.pending(session, user_code)
            if grant is None:
                return admissions, None
            for admission in admissions:
                await self.throttling.withdraw(session, admission)
            return admissions, await facts_of(session, grant, await session.get_one(User, user_id))

        admissions, facts = await self.database.write(unit)
        for admission in admissions:
            admission.check()
        if facts is None:
            raise NotFound("No machine waits under this code. Check it, or let the machine ask again.")
        return facts

    async def decide(self, grant_id: UUID, user_id: UUID, *, approve: bool) -> None:
        """Approve or deny a machine.

        Raises:
            NotFound: there is no such grant any more.
            Conflict: it was decided already, or its time is over.
        """
        await self.database.write(lambda session: self.grants.decide(session, grant_id, user_id, approve=approve))

    async def require_fresh_login(self, actor: Actor) -> None:
        """Check that the caller has signed in within the last minutes.

        Raises:
            LoginTooOld: it was before that.
            Forbidden: the caller is a token.
        """
        id = require_login(actor)

        async def unit(session: AsyncSession) -> datetime | None:
            query = select(LoginSession.created_at).where(visible(actor, LoginSession), LoginSession.id == id)
            return await session.scalar(query)

        signed_in_at = await self.database.read(unit)
        if signed_in_at is None or not timedelta(0) <= now() - signed_in_at <= FRESH:
            raise LoginTooOld("Approving a machine needs a sign-in of the last five minutes.")


async def facts_of(session: AsyncSession, grant: DeviceGrant, user: User) -> GrantFacts:
    """Return what `user` is shown of a machine before they decide."""
    names = None
    if user.client_access is ClientAccess.LISTED:
        clients = Base.metadata.tables["clients"]
        theirs = select(UserClientAccess.client_id).where(UserClientAccess.user_id == user.id)
        names = list(await session.scalars(select(clients.c.name).where(clients.c.id.in_(theirs)).order_by("name")))
    return GrantFacts(
        grant_id=grant.id,
        hostname=grant.machine["hostname"],
        platform=grant.machine["platform"],
        os_version=grant.machine["os_version"],
        username=grant.machine["username"],
        ip=grant.ip,
        asked_at=grant.created_at,
        expires_at=grant.expires_at,
        scopes=sorted(ROLE_SCOPES[user.role].intersection(grant.scopes)),
        clients=names,
    )
