"""Actions on failure patterns and environmental insights beyond changing their fields."""

from uuid import UUID

from fastapi import APIRouter

from claudetools.api.security import Db, RecordWriter
from claudetools.domains.learning import EnvironmentalInsightRead, FailurePatternRead, confirm_pattern, verify_insight
from claudetools.kit.http.problems import problem_responses

router = APIRouter()
ERRORS = problem_responses(401, 403, 404, 422, 503)


@router.post(
    "/failure-patterns/{id}/confirm",
    operation_id="confirm_failure_pattern",
    tags=["failure-patterns"],
    responses=ERRORS,
)
async def confirm(id: UUID, actor: RecordWriter, db: Db) -> FailurePatternRead:
    """Say, as a person, that a pattern found in failures is one."""
    return FailurePatternRead.model_validate(await db.write(lambda session: confirm_pattern(session, actor, id)))


@router.post(
    "/environmental-insights/{id}/verify",
    operation_id="verify_environmental_insight",
    tags=["environmental-insights"],
    responses=ERRORS,
)
async def verify(id: UUID, actor: RecordWriter, db: Db) -> EnvironmentalInsightRead:
    """Say that the insight was seen to hold, now."""
    return EnvironmentalInsightRead.model_validate(await db.write(lambda session: verify_insight(session, actor, id)))
