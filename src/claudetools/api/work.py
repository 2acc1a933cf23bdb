"""Actions on sessions and on solved problems beyond changing their fields."""

from uuid import UUID

from fastapi import APIRouter

from claudetools.api.security import Db, Engine, RecordWriter
from claudetools.domains.memory import assign_session
from claudetools.domains.work import ProblemSolutionRead, SessionRead, note_recurrence
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.schema import Input

router = APIRouter()
ERRORS = problem_responses(401, 403, 404, 409, 422, 503)


class AssignRequest(Input):
    """The client, and one of its projects."""

    client_id: UUID
    project_id: UUID | None = None


@router.post("/sessions/{id}/assign", operation_id="assign_session", tags=["sessions"], responses=ERRORS)
async def assign(id: UUID, body: AssignRequest, actor: RecordWriter, db: Db, engine: Engine) -> SessionRead:
    """Give a session without a client, and everything remembered from it, to a client."""
    row = await db.write(lambda session: assign_session(session, actor, id, body.client_id, body.project_id))
    await engine.refresh()
    return SessionRead.model_validate(row)


@router.post(
    "/problem-solutions/{id}/recurred",
    operation_id="note_problem_recurrence",
    tags=["problem-solutions"],
    responses=problem_responses(401, 403, 404, 422, 503),
)
async def recurred(id: UUID, actor: RecordWriter, db: Db) -> ProblemSolutionRead:
    """Count that the problem came back, now."""
    return ProblemSolutionRead.model_validate(await db.write(lambda session: note_recurrence(session, actor, id)))
