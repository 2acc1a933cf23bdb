"""The tags of records: the same two operations on every kind of record that can be tagged."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from claudetools.api.security import Db, RecordReader, RecordWriter
from claudetools.domains.clients import (
    CLIENTS,
    PROJECTS,
    ClientTag,
    ProjectTag,
    Tag,
    TagLink,
    TagRead,
    set_tags,
    tags_of,
)
from claudetools.domains.infra import INFRASTRUCTURE, InfrastructureTag
from claudetools.domains.vault import CREDENTIALS, CredentialTag
from claudetools.domains.work import SESSIONS, WORK_ITEMS, SessionTag, WorkItemTag
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input

ERRORS = problem_responses(401, 403, 404, 422, 503)
TAGGED: tuple[tuple[Resource, type[TagLink]], ...] = (
    (CLIENTS, ClientTag),
    (PROJECTS, ProjectTag),
    (INFRASTRUCTURE, InfrastructureTag),
    (SESSIONS, SessionTag),
    (WORK_ITEMS, WorkItemTag),
    (CREDENTIALS, CredentialTag),
)

router = APIRouter()


class TagsRequest(Input):
    """All tags that the record shall have."""

    tag_ids: Annotated[list[UUID], Field(max_length=100)]


class Tags(BaseModel):
    """The tags of a record."""

    items: list[TagRead]


def _add(resource: Resource, link: type[TagLink]) -> None:
    noun = resource.singular.replace("-", "_")
    path = f"/{resource.name}/{{id}}/tags"

    shared: dict[str, Any] = {"tags": [resource.name], "responses": ERRORS}

    @router.get(path, operation_id=f"list_{noun}_tags", summary=f"List {noun} tags", **shared)
    async def list_tags(id: UUID, actor: RecordReader, db: Db) -> Tags:
        """Return the tags of a record."""
        return _shown(await db.read(lambda session: tags_of(session, actor, link, id)))

    @router.put(path, operation_id=f"replace_{noun}_tags", summary=f"Replace {noun} tags", **shared)
    async def replace_tags(id: UUID, body: TagsRequest, actor: RecordWriter, db: Db) -> Tags:
        """Give a record exactly these tags."""
        return _shown(await db.write(lambda session: set_tags(session, actor, link, id, body.tag_ids)))


def _shown(rows: list[Tag]) -> Tags:
    return Tags(items=[TagRead.model_validate(row) for row in rows])


for _resource, _link in TAGGED:
    _add(_resource, _link)
