"""Reports over many kinds of records: what expires, how well a client is documented, its brief and its runbook."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from claudetools.api.security import Db, RecordReader, services_of
from claudetools.domains import RESOURCES
from claudetools.domains.reports import (
    Completeness,
    CompletenessList,
    CompletenessQuery,
    ExpiringPage,
    ExpiringQuery,
    completeness_of,
    completeness_of_all,
    expiring_page,
)
from claudetools.kit.http.problems import problem_responses

router = APIRouter()
ERRORS = problem_responses(401, 403, 404, 422, 503)


@router.get("/expiring", operation_id="list_expiring", tags=["reports"], responses=ERRORS)
async def list_expiring(
    query: Annotated[ExpiringQuery, Query()], request: Request, actor: RecordReader, db: Db
) -> ExpiringPage:
    """Return what has expired and what soon will, of all kinds of records, sorted by day.

    Not listed is what is switched off, revoked, decommissioned or otherwise over, and what belongs to a client that is
    not active any more, unless that client is asked for.
    """
    cursors = services_of(request).cursors
    return await db.read(lambda session: expiring_page(session, actor, RESOURCES, query, cursors))


@router.get("/clients/completeness", operation_id="list_client_completeness", tags=["clients"], responses=ERRORS)
async def list_completeness(
    query: Annotated[CompletenessQuery, Query()], actor: RecordReader, db: Db
) -> CompletenessList:
    """Return how well each client in use is documented, the worst first, and what to do about it."""
    return await db.read(lambda session: completeness_of_all(session, actor, query))


@router.get("/clients/{id}/completeness", operation_id="read_client_completeness", tags=["clients"], responses=ERRORS)
async def read_completeness(id: UUID, actor: RecordReader, db: Db) -> Completeness:
    """Return how well a client is documented: each check with its weight, and what to do where it is not met."""
    return await db.read(lambda session: completeness_of(session, actor, id))
