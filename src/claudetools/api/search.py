"""One search over everything that the caller may see."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import and_
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.api.security import Caller, Db
from claudetools.domains import RESOURCES
from claudetools.domains.clients import Client
from claudetools.domains.memory import MemoryItem
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import Forbidden, invalid
from claudetools.kit.resource.schema import Input, Output, Words
from claudetools.kit.resource.scope import find
from claudetools.kit.resource.search import SearchHit, Source, search, words_of

router = APIRouter(tags=["search"])

SEARCHED = frozenset(resource.model.__tablename__ for resource in RESOURCES if resource.searches)
MEMORY = Source(
    name="memory",
    model=MemoryItem,
    columns=("title", "text"),
    scope="memory:read",
    # A record that memory recalls as well is found as itself.
    condition=and_(MemoryItem.retired_at.is_(None), MemoryItem.source_table.not_in(SEARCHED)),
)
SOURCES = (*(Source.of(resource) for resource in RESOURCES if resource.searches), MEMORY)


class SearchQuery(Input):
    """What to look for, and where."""

    q: Annotated[Words, Field(min_length=2, description="Words that must all occur; parts of words count.")]
    client_id: Annotated[UUID | None, Field(description="Only what belongs to this client.")] = None
    resources: Annotated[
        str | None,
        Field(max_length=2000, description="Comma-separated kinds, such as `clients,infrastructure,memory`."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class SearchHitRead(Output):
    """A record that was found. `snippet` is the piece of text where; `url` is its place in this API."""

    resource: str
    id: UUID
    client_id: UUID | None
    title: str
    snippet: str
    score: int
    updated_at: datetime
    url: str


class SearchReply(Output):
    """What was found, the best first, and which kinds of record were looked through."""

    items: list[SearchHitRead]
    searched: list[str]


@router.get("/search", operation_id="search", responses=problem_responses(401, 403, 404, 422, 503))
async def search_everything(query: Annotated[SearchQuery, Query()], actor: Caller, db: Db) -> SearchReply:
    """Find records by words in their names and texts, over all kinds and clients that you may see.

    What bears the words in its name comes first. Stored secrets are in no text that is searched.
    """
    sources = [source for source in _chosen(query.resources) if source.scope in actor.scopes]
    if not sources:
        raise Forbidden("None of your scopes lets you read any of this.")

    async def unit(session: AsyncSession) -> list[SearchHit]:
        if query.client_id is not None:
            await find(session, actor, Client, query.client_id)
        return await search(session, actor, sources, words_of(query.q), client_id=query.client_id, limit=query.limit)

    return SearchReply(
        items=[SearchHitRead.model_validate(hit) for hit in await db.read(unit)],
        searched=[source.name for source in sources],
    )


def _chosen(names: str | None) -> list[Source]:
    if names is None:
        return list(SOURCES)
    by_name = {source.name: source for source in SOURCES}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    for name in asked:
        if name not in by_name:
            raise invalid("?resources", f"There is no {name!r} to search. Known: {', '.join(by_name)}.")
    return [by_name[name] for name in dict.fromkeys(asked)]
