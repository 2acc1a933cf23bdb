"""Which schema the database has."""

from fastapi import APIRouter
from pydantic import BaseModel

from claudetools.api.security import Admin, Db
from claudetools.domains.ops import SchemaMigrationRead, schema_migrations
from claudetools.kit.http.problems import problem_responses

router = APIRouter(tags=["schema-migrations"])


class SchemaMigrations(BaseModel):
    """The revisions that the database holds, the newest first."""

    items: list[SchemaMigrationRead]


@router.get("/schema-migrations", operation_id="list_schema_migrations", responses=problem_responses(401, 403, 503))
async def list_schema_migrations(_: Admin, db: Db) -> SchemaMigrations:
    """Return the revisions that the database holds, when each was applied and by which version on which host."""
    rows = await db.read(schema_migrations)
    return SchemaMigrations(items=[SchemaMigrationRead.model_validate(row) for row in rows])
