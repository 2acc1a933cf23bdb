"""Actions on security incidents beyond changing their fields."""

from uuid import UUID

from fastapi import APIRouter

from claudetools.api.security import Db, RecordWriter
from claudetools.domains.security import SecurityIncidentRead, TimelineNote, note_in_timeline
from claudetools.kit.http.problems import problem_responses

router = APIRouter(prefix="/security-incidents", tags=["security-incidents"])


@router.post(
    "/{id}/timeline",
    operation_id="note_in_security_incident_timeline",
    responses=problem_responses(401, 403, 404, 409, 422, 503),
)
async def note(id: UUID, body: TimelineNote, actor: RecordWriter, db: Db) -> SecurityIncidentRead:
    """Add a note to the timeline of an incident, in the caller's name. Nothing is ever taken out of a timeline."""
    return SecurityIncidentRead.model_validate(
        await db.write(lambda session: note_in_timeline(session, actor, id, body))
    )
