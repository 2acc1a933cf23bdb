"""What was refused: entered in the credential audit log in a transaction of its own, as the first is undone."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import User
from claudetools.domains.vault.audit_log import CredentialAction, Origin, note, was_refused_since
from claudetools.kit.audit import trail
from claudetools.kit.audit.events import Action
from claudetools.kit.clock import now
from claudetools.kit.crypto.envelope import SecretUnreadable
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Problem, TooManyRequests
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.scope import Actor

WINDOW = timedelta(minutes=5)
"""How far back it is counted how many secrets somebody got out."""


async def note_refusal(
    database: Database, actor: Actor | None, resource: Resource, id: UUID, problem: Problem, origin: Origin
) -> None:
    """Enter in the log what was refused and why, and raise an alert where it looks like an attack.

    There is one alert for each secret that cannot be read, and one in `WINDOW` for somebody who wants too many.

    Raises:
        Unavailable: the database is away.
    """

    async def unit(session: AsyncSession) -> None:
        # Whether or not the actor may see it: those who look after the client shall know of the attempt.
        row: Any = await session.get(resource.model, id)
        if row is None:
            return
        is_alert = isinstance(problem, SecretUnreadable)
        if isinstance(problem, TooManyRequests) and actor is not None:
            # One at a time, so that the first is known to the others.
            await session.execute(select(User.id).where(User.id == actor.user_id).with_for_update())
            is_alert = not await was_refused_since(session, actor.user_id, now() - WINDOW, problem.code)
        note(
            session,
            actor,
            CredentialAction.DENIED,
            client_id=row.client_id,
            credential_id=row.id,
            credential_name=row.service_name,
            reason=problem.code,
            origin=origin,
        )
        if is_alert:
            details = {"alert": problem.code}
            trail.note(session, Action.ALERT, resource.name, row.id, client_id=row.client_id, details=details)

    await database.write(unit)
