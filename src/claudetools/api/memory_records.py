"""The memory records beyond what every resource offers: snippets by tag and relevance, decisions by impact, and the
state of a project put in its place."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel

from claudetools.api.security import Db, MemoryReader, MemoryWriter
from claudetools.domains.memory import (
    PROJECT_STATES,
    ContextSnippetRead,
    DecisionLogRead,
    Impact,
    Match,
    ProjectStateRead,
    best_snippets,
    decisions_by_impact,
    put_state,
)
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.etag import expected_version
from claudetools.kit.resource.routes import represent
from claudetools.kit.resource.schema import Words, values_of

router = APIRouter()
ERRORS = problem_responses(401, 403, 422, 503)
Limit = Annotated[int, Query(ge=1, le=500)]
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=100)]


class ContextSnippets(BaseModel):
    """Snippets, most relevant first."""

    items: list[ContextSnippetRead]


class DecisionLogs(BaseModel):
    """Decisions, newest first."""

    items: list[DecisionLogRead]


@router.get(
    "/context-snippets/by-tags",
    operation_id="list_context_snippets_by_tags",
    tags=["context-snippets"],
    responses=ERRORS,
)
async def snippets_by_tags(
    actor: MemoryReader,
    db: Db,
    tags: Annotated[list[Words], Query(max_length=50, description="Tags, separated by commas or one by one.")],
    match: Match = Match.ANY,
    limit: Limit = 50,
) -> ContextSnippets:
    """Return the snippets with any or all of these tags, the most relevant first. Case, `-` and `_` do not matter."""
    rows = await db.read(lambda session: best_snippets(session, actor, limit, tags, match))
    return ContextSnippets(items=[ContextSnippetRead.model_validate(row) for row in rows])


@router.get(
    "/context-snippets/top-relevant",
    operation_id="list_top_context_snippets",
    tags=["context-snippets"],
    responses=ERRORS,
)
async def top_snippets(actor: MemoryReader, db: Db, limit: Limit = 10) -> ContextSnippets:
    """Return the snippets with the highest relevance score, the newest first among equals."""
    rows = await db.read(lambda session: best_snippets(session, actor, limit))
    return ContextSnippets(items=[ContextSnippetRead.model_validate(row) for row in rows])


@router.get(
    "/decision-logs/by-impact/{level}",
    operation_id="list_decision_logs_by_impact",
    tags=["decision-logs"],
    responses=ERRORS,
)
async def by_impact(level: Impact, actor: MemoryReader, db: Db, limit: Limit = 50) -> DecisionLogs:
    """Return the newest decisions of an impact; the list with the filter `impact` pages through all of them."""
    rows = await db.read(lambda session: decisions_by_impact(session, actor, level, limit))
    return DecisionLogs(items=[DecisionLogRead.model_validate(row) for row in rows])


@router.put(
    "/project-states/by-project/{id}",
    operation_id="put_project_state",
    tags=["project-states"],
    response_model=ProjectStateRead,
    responses={
        201: {"model": ProjectStateRead, "description": "The first state"},
        **problem_responses(401, 403, 404, 409, 412, 422, 503),
    },
)
async def put_project_state(
    id: UUID,
    body: PROJECT_STATES.replace,  # type: ignore[name-defined]
    actor: MemoryWriter,
    db: Db,
    if_match: IfMatch = None,
) -> Response:
    """Replace the state of a project, or give it its first."""
    version = expected_version(if_match)
    row, is_first = await db.write(lambda session: put_state(session, actor, id, values_of(body), version))
    return represent(PROJECT_STATES, row, status=201 if is_first else 200)
