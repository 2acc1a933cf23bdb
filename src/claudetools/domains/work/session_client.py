"""What is recorded in a session belongs to the client of the session."""

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.work.sessions import WorkSession
from claudetools.kit.problems import FieldError, NotFound, invalid
from claudetools.kit.resource.declare import Values
from claudetools.kit.resource.scope import Actor, find


async def take_client_of_session(session: AsyncSession, actor: Actor, values: Values) -> WorkSession:
    """Set `client_id` to the client of the session in `session_id`, and return that session.

    Raises:
        NotFound: the session is not the actor's to see.
        Invalid: the session has no client yet.
    """
    try:
        work = await find(session, actor, WorkSession, values["session_id"])
    except NotFound:
        message = "There is no such record for session_id."
        raise NotFound(message, errors=[FieldError("/session_id", "not_found", "There is no such record.")]) from None
    if work.client_id is None:
        raise invalid("/session_id", "Assign the session to a client first.", "unassigned")
    values["client_id"] = work.client_id
    return work
