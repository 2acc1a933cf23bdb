"""What people are signed in with: /api/auth/sessions."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel

from claudetools.api.security import Db, SignedIn, services_of
from claudetools.domains.accounts import SessionRead, end_other_sessions, end_session, live_sessions
from claudetools.kit.http.problems import problem_responses

router = APIRouter(prefix="/auth/sessions", tags=["auth"])
ERRORS = problem_responses(401, 403, 422, 503)


class LoginSessionRead(SessionRead):
    """A sign-in that has not ended. `is_current` marks the one that this request is part of."""

    is_current: bool


class LoginSessionList(BaseModel):
    """Sign-ins, the newest first."""

    items: list[LoginSessionRead]


@router.get("", operation_id="list_login_sessions", responses=ERRORS)
async def list_sessions(actor: SignedIn, db: Db, user_id: UUID | None = None) -> LoginSessionList:
    """Return the caller's sign-ins that have not ended; for administrators with `user_id` somebody else's."""
    rows = await db.read(lambda session: live_sessions(session, actor, user_id or actor.user_id))
    found = [SessionRead.model_validate(row) for row in rows]
    current = actor.session_id
    return LoginSessionList(
        items=[LoginSessionRead(**each.model_dump(), is_current=each.id == current) for each in found]
    )


@router.delete("/{id}", operation_id="end_login_session", status_code=204, responses=ERRORS | problem_responses(404))
async def delete_session(request: Request, id: UUID, actor: SignedIn, db: Db) -> None:
    """End a sign-in and all that it was given: one's own, or as an administrator somebody's."""
    await db.write(lambda session: end_session(session, actor, id))
    services_of(request).authenticator.forget()


@router.delete("", operation_id="end_other_login_sessions", status_code=204, responses=ERRORS)
async def delete_other_sessions(request: Request, actor: SignedIn, db: Db) -> None:
    """End all of the caller's sign-ins but this one."""
    await db.write(lambda session: end_other_sessions(session, actor, "ended by its person"))
    services_of(request).authenticator.forget()
