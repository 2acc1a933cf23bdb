"""Actions on timers beyond starting them and changing their fields."""

from uuid import UUID

from fastapi import APIRouter

from claudetools.api.security import Db, RecordReader, RecordWriter
from claudetools.domains.billing import TimerRead, running_timer, stop_timer
from claudetools.kit.http.problems import problem_responses

router = APIRouter(prefix="/timers", tags=["timers"])


@router.get("/running", operation_id="read_running_timer", responses=problem_responses(401, 403, 503))
async def running(actor: RecordReader, db: Db) -> TimerRead | None:
    """Return the timer that runs for the caller; null when none does."""
    row = await db.read(lambda session: running_timer(session, actor))
    return None if row is None else TimerRead.model_validate(row)


@router.post("/{id}/stop", operation_id="stop_timer", responses=problem_responses(401, 403, 404, 409, 422, 503))
async def stop(id: UUID, actor: RecordWriter, db: Db) -> TimerRead:
    """Stop a timer and enter its time as a draft, in begun minutes, for the person whose timer it is."""
    return TimerRead.model_validate(await db.write(lambda session: stop_timer(session, actor, id)))
