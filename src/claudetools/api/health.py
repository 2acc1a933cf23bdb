"""Whether the service is up, and whether it can answer."""

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools import __version__
from claudetools.api.security import Db, services_of
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import Unavailable

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """The state of the service."""

    status: str
    version: str


@router.get("/live", operation_id="read_live")
async def live() -> Health:
    """Answer as long as the process runs."""
    return Health(status="live", version=__version__)


@router.get("/ready", operation_id="read_ready", responses=problem_responses(503))
async def ready(request: Request, db: Db) -> Health:
    """Answer 200 only when the database answers and recall can be served."""

    async def unit(session: AsyncSession) -> None:
        await session.execute(text("SELECT 1"))

    await db.read(unit)
    if not services_of(request).memory.is_loaded:
        raise Unavailable("The recall index is being loaded.", retry_after_seconds=1)
    return Health(status="ready", version=__version__)
