"""Reports over many kinds of records: what expires, how well a client is documented, its brief and its runbook."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse

from claudetools.api.security import Db, RecordReader, services_of
from claudetools.domains import RESOURCES
from claudetools.domains.reports import (
    RUNBOOK_POLICY,
    BriefQuery,
    ClientBrief,
    Completeness,
    CompletenessList,
    CompletenessQuery,
    ExpiringPage,
    ExpiringQuery,
    brief_text,
    client_brief,
    completeness_of,
    completeness_of_all,
    expiring_page,
    runbook_html,
    runbook_of,
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


@router.get(
    "/clients/{id}/brief",
    operation_id="read_client_brief",
    tags=["clients"],
    response_model=ClientBrief,
    responses={**ERRORS, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def read_brief(
    id: UUID, query: Annotated[BriefQuery, Query()], actor: RecordReader, db: Db
) -> ClientBrief | PlainTextResponse:
    """Return a client on one page: what to mind, what is open, who to call, what runs, what was done and what expires.

    As text it is Markdown for a prompt: within the budget of tokens, framed as data, so that no record can pose as an
    instruction. Secrets that are recognised in notes are left out of both forms.
    """
    brief = await db.read(lambda session: client_brief(session, actor, RESOURCES, id))
    return brief if query.format == "json" else PlainTextResponse(brief_text(brief, query.budget_tokens))


@router.get(
    "/clients/{id}/runbook",
    operation_id="read_client_runbook",
    tags=["clients"],
    response_class=HTMLResponse,
    responses=ERRORS,
)
async def read_runbook(id: UUID, actor: RecordReader, db: Db) -> HTMLResponse:
    """Return all that is on record about a client as one HTML file, to be printed or kept for when nothing else works.

    The file loads nothing and runs nothing. Stored credentials are not in it, and secrets that are recognised in notes
    and documents are taken out.
    """
    runbook = await db.read(lambda session: runbook_of(session, actor, RESOURCES, id))
    headers = {
        "Content-Security-Policy": f"{RUNBOOK_POLICY}; frame-ancestors 'none'",
        "Content-Disposition": f'inline; filename="{runbook.file_name}"',
    }
    return HTMLResponse(await asyncio.to_thread(runbook_html, runbook), headers=headers)
