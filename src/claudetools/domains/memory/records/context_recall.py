"""Recalling conversation contexts: by a question through the index, or by relevance."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.recall_index.index import Query
from claudetools.domains.memory.recalling.recall import RecallRequest, view_of
from claudetools.domains.memory.records.context_tags import tag_forms, tagged
from claudetools.domains.memory.records.contexts import ConversationContext
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Actor, scoped

CANDIDATES = 500


async def recall_contexts(
    engine: MemoryEngine,
    actor: Actor,
    *,
    project_id: UUID | None,
    client_id: UUID | None,
    query: str | None,
    tags: Sequence[str] | None,
    limit: int,
    min_relevance: float,
) -> list[ConversationContext]:
    """Return contexts, best first; without a question the most relevant and newest.

    Raises:
        NotFound: the client or project is not the actor's to see.
        Unavailable: the database is away.
    """
    request = RecallRequest(query=query or "-", client_id=client_id, project_id=project_id)
    view = await engine.database.read(lambda session: view_of(session, actor, request))
    wanted = tag_forms(tags or ())

    async def read(session: AsyncSession) -> list[ConversationContext]:
        owned = (
            ConversationContext.client_id.is_(None)
            if view.client_id is None
            else ConversationContext.client_id == view.client_id
        )
        statement = scoped(actor, ConversationContext).where(
            owned, ConversationContext.relevance_score >= min_relevance
        )
        if view.client_id is None:
            statement = statement.where(ConversationContext.user_id == actor.user_id)
        if view.project_id is not None:
            statement = statement.where(ConversationContext.project_id == view.project_id)
        if wanted:
            statement = statement.where(ConversationContext.id.in_(tagged(ConversationContext.__tablename__, wanted)))
        statement = statement.order_by(
            ConversationContext.relevance_score.desc(), ConversationContext.updated_at.desc(), ConversationContext.id
        )
        return list(await session.scalars(statement.limit(CANDIDATES)))

    rows = await engine.database.read(read)
    if query is None:
        return rows[:limit]
    result = await engine.search(
        Query(
            text=query,
            partitions=frozenset({view.partition}),
            now=now(),
            kinds=frozenset({"digest", "note"}),
            limit=CANDIDATES,
        )
    )
    order = await engine.database.read(lambda session: _sources(session, actor, [UUID(hit.id) for hit in result.hits]))
    return sorted((row for row in rows if row.id in order), key=lambda row: order[row.id])[:limit]


async def _sources(session: AsyncSession, actor: Actor, ids: list[UUID]) -> dict[UUID, int]:
    rows = await session.execute(
        scoped(actor, MemoryItem)
        .with_only_columns(MemoryItem.id, MemoryItem.source_id)
        .where(MemoryItem.id.in_(ids), MemoryItem.source_table == ConversationContext.__tablename__)
    )
    place = {id: number for number, id in enumerate(ids)}
    return {source_id: place[id] for id, source_id in rows}
