"""What callers were refused, as events of the audit trail."""

from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import acting, note
from claudetools.kit.db.session import Database, opened_by
from claudetools.kit.http.middleware import route_of
from claudetools.kit.problems import Problem


class Denials:
    """Stores each refusal in a transaction of its own: that of the request is rolled back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, request: Request, problem: Problem) -> None:
        """Store that the caller was refused: what they asked for, never whether it is there. Strangers leave none.

        Raises:
            Unavailable: it cannot be stored.
        """
        if acting.get() is None:
            return
        route, named = route_of(request.scope), request.path_params.get("id")
        details = {"method": request.method, "route": route, "status": problem.status, "code": problem.code}

        async def unit(session: AsyncSession) -> None:
            note(session, Action.DENIED, _resource(route), _id(named), details=details)

        # A request that was refused keeps no idempotency key.
        with opened_by(None):
            await self._database.write(unit)


def _resource(route: str | None) -> str:
    """Return what a route is about: its first part below `/api`."""
    return (route or "").removeprefix("/api/").partition("/")[0][:64] or "api"


def _id(named: object) -> UUID | None:
    try:
        return UUID(str(named))
    except ValueError:
        return None
