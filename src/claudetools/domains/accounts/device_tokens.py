"""The end of the device flow: a machine gets its record and its token in the name of the person who approved it."""

import hashlib
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.actors import actor_of
from claudetools.domains.accounts.device_grants import AccessDenied, DeviceFlowError, DeviceGrant, DeviceGrants
from claudetools.domains.accounts.machines import MACHINES, Machine
from claudetools.domains.accounts.tokens import TokenCreate, TokenKind, add_token
from claudetools.domains.accounts.users import User
from claudetools.kit.audit.trail import acting
from claudetools.kit.resource.scope import Access, Actor, visible
from claudetools.kit.resource.write import flush


class DeviceToken(BaseModel):
    """A machine's token, shown this once."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of the scheme
    expires_at: datetime
    scopes: list[str]
    token_id: UUID
    machine_id: UUID


def personal_fingerprint(fingerprint: str, user_id: UUID) -> str:
    """Return what a machine is known by: two people who share one work on two machines."""
    return hashlib.sha256(f"{fingerprint}\n{user_id}".encode()).hexdigest()


async def fetch_token(session: AsyncSession, grants: DeviceGrants, device_code: str) -> DeviceToken | DeviceFlowError:
    """Return the token of an approved machine, which is registered by that, or what to answer instead."""
    grant = await grants.poll(session, device_code)
    if isinstance(grant, DeviceFlowError):
        return grant
    user = await session.get(User, grant.decided_by)
    if user is None or not user.is_active:
        return AccessDenied("The person who approved this may not sign in any more.")
    actor = await actor_of(session, user, frozenset(grant.scopes))
    if not actor.scopes:
        return AccessDenied("The person who approved this holds none of these scopes.")
    acting.set(actor)
    machine = await _registered(session, actor, grant)
    name = f"Claude Code on {machine.hostname}"[:200]
    body = TokenCreate(name=name, kind=TokenKind.MACHINE, machine_id=machine.id, scopes=sorted(actor.scopes))
    token, text = await add_token(session, actor, body)
    return DeviceToken(
        access_token=text,
        expires_at=token.expires_at,
        scopes=token.scopes,
        token_id=token.id,
        machine_id=machine.id,
    )


async def _registered(session: AsyncSession, actor: Actor, grant: DeviceGrant) -> Machine:
    facts = grant.machine | {"fingerprint": personal_fingerprint(grant.machine["fingerprint"], actor.user_id)}
    own = visible(actor, Machine, Access.WRITE), Machine.user_id == actor.user_id
    machine = await session.scalar(select(Machine).where(*own, Machine.fingerprint == facts["fingerprint"]))
    if machine is None:
        machine = Machine(**facts, user_id=actor.user_id)
        session.add(machine)
    for name, value in facts.items():
        setattr(machine, name, value)
    await flush(session, MACHINES)
    return machine
