"""Work in the background: asking for a backup, and trying a job again."""

from uuid import UUID

from fastapi import APIRouter

from claudetools.api.security import Admin, Db
from claudetools.domains.ops import JobRead, queue_backup, retry_job
from claudetools.kit.http.problems import problem_responses

router = APIRouter()


@router.post(
    "/backups",
    operation_id="create_backup",
    status_code=202,
    tags=["backup-logs"],
    responses=problem_responses(401, 403, 409, 422, 503),
)
async def create_backup(actor: Admin, db: Db) -> JobRead:
    """Queue a backup to the server's backup folder. What came of it is in the job, and in `/api/backup-logs`."""
    return JobRead.model_validate(await db.write(lambda session: queue_backup(session, actor)))


@router.post(
    "/jobs/{id}/retry",
    operation_id="retry_job",
    tags=["jobs"],
    responses=problem_responses(401, 403, 404, 409, 422, 503),
)
async def retry(id: UUID, actor: Admin, db: Db) -> JobRead:
    """Run a job that has failed, or waits for its time, as soon as a worker is free."""
    return JobRead.model_validate(await db.write(lambda session: retry_job(session, actor, id)))
