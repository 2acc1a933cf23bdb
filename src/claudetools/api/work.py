"""Actions on work sessions beyond changing their fields."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from claudetools.api.security import Db, Engine, RecordReader, RecordWriter
from claudetools.domains.clients import Tag, TagRead
from claudetools.domains.memory import assign_session
from claudetools.domains.work import SessionRead, session_tags, set_session_tags
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.schema import Input

router = APIRouter(prefix="/sessions", tags=["sessions"])
ERRORS = problem_responses(401, 403, 404, 409, 422, 503)


class AssignRequest(Input):
    """The client, and one of its projects."""

    client_id: UUID
    project_id: UUID | None = None


class TagsRequest(Input):
    """All tags that the record shall have."""

    tag_ids: Annotated[list[UUID], Field(max_length=100)]


class Tags(BaseModel):
    """The tags of a record."""

    items: list[TagRead]


@router.post("/{id}/assign", operation_id="assign_session", responses=ERRORS)
async def assign(id: UUID, body: AssignRequest, actor: RecordWriter, db: Db, engine: Engine) -> SessionRead:
    """Give a session without a client, and everything remembered from it, to a client."""
    row = await db.write(lambda session: assign_session(session, actor, id, body.client_id, body.project_id))
    await engine.refresh()
    return SessionRead.model_validate(row)


@router.get("/{id}/tags", operation_id="list_session_tags", responses=ERRORS)
async def list_tags(id: UUID, actor: RecordReader, db: Db) -> Tags:
    """Return the tags of a session."""
    return _tags(await db.read(lambda session: session_tags(session, actor, id)))


@router.put("/{id}/tags", operation_id="replace_session_tags", responses=ERRORS)
async def replace_tags(id: UUID, body: TagsRequest, actor: RecordWriter, db: Db) -> Tags:
    """Give a session exactly these tags."""
    return _tags(await db.write(lambda session: set_session_tags(session, actor, id, body.tag_ids)))


def _tags(rows: list[Tag]) -> Tags:
    return Tags(items=[TagRead.model_validate(row) for row in rows])
