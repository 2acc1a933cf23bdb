"""Forgetting what memory holds of a client or a person, for good: a restored backup does not bring it back either."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import User
from claudetools.domains.clients import Client
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.items import ITEMS, MemoryDeletion, MemoryItem, delete_items, next_change
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.records.context_snippets import ContextSnippet
from claudetools.domains.memory.records.context_tags import replace_tags
from claudetools.domains.memory.records.contexts import ConversationContext
from claudetools.domains.memory.records.decision_logs import DecisionLog
from claudetools.domains.memory.records.project_states import ProjectState
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Access, Actor, find, scoped, visible

PAGE = 500
RECORDS: tuple[type[Any], ...] = (ConversationContext, ContextSnippet, DecisionLog, ProjectState)
"""Records that people and Claude keep in memory."""


class ForgetRequest(Input):
    """Whose memory to delete: a client's, or a person's (what they said, in every client)."""

    client_id: UUID | None = None
    user_id: UUID | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.client_id is None) == (self.user_id is None):
            raise ValueError("name a client or a person, and not both")
        return self

    def concerns(self, model: type[Any]) -> Any:
        """Return the condition under which a row of `model` is meant."""
        return model.client_id == self.client_id if self.client_id is not None else model.user_id == self.user_id


class Forgotten(BaseModel):
    """What was deleted."""

    items: Annotated[int, Field(description="Memories.")]
    conversations: Annotated[int, Field(description="Transcripts that were emptied.")]
    records: Annotated[int, Field(description="Contexts, snippets, decisions and project states.")]


async def forget(engine: MemoryEngine, actor: Actor, request: ForgetRequest) -> Forgotten:
    """Delete memories, what was said in conversations, what was given to prompts, and the records kept in memory.

    A transcript stays as an empty shell: a machine that sends it again is told that it was received.

    Raises:
        NotFound, Forbidden: the client or person is not the actor's to see or to write to.
        Unavailable: the database is away. What was deleted until then stays deleted; call it again.
    """
    await engine.database.read(lambda session: _check(session, actor, request))
    records = await _all(engine, lambda session: _forget_records(session, actor, request))
    conversations = await _all(engine, lambda session: _forget_transcripts(session, actor, request))
    items = await _all(engine, lambda session: _forget_items(session, actor, request))

    async def unit(session: AsyncSession) -> None:
        given = delete(MemoryInjection).where(
            visible(actor, MemoryInjection, Access.WRITE), request.concerns(MemoryInjection)
        )
        await session.execute(given)
        whose = request.model_dump(mode="json", exclude_none=True)
        note(session, Action.DELETE, ITEMS, None, client_id=request.client_id, details={**whose, "items": items})

    await engine.database.write(unit)
    await engine.refresh()
    return Forgotten(items=items, conversations=conversations, records=records)


async def _check(session: AsyncSession, actor: Actor, request: ForgetRequest) -> None:
    if request.client_id is not None:
        await find(session, actor, Client, request.client_id, Access.WRITE)
    if request.user_id is not None:
        await find(session, actor, User, request.user_id)


async def _all(engine: MemoryEngine, page: Any) -> int:
    """Run a page after the other, each in its transaction, until one finds nothing; return how many rows that were."""
    count = 0
    while found := await engine.database.write(page):
        count += found
    return count


async def _forget_records(session: AsyncSession, actor: Actor, request: ForgetRequest) -> int:
    for model in RECORDS:
        rows = list(
            await session.scalars(scoped(actor, model, Access.WRITE).where(request.concerns(model)).limit(PAGE))
        )
        for row in rows:
            await replace_tags(session, model.__tablename__, row.id, ())
            await session.delete(row)
        if rows:
            await session.flush()
            return len(rows)
    return 0


async def _forget_transcripts(session: AsyncSession, actor: Actor, request: ForgetRequest) -> int:
    told = select(TranscriptTurn.id).where(TranscriptTurn.transcript_id == Transcript.id).exists()
    rows = list(
        await session.scalars(
            scoped(actor, Transcript, Access.WRITE).where(request.concerns(Transcript), told).limit(PAGE)
        )
    )
    if not rows:
        return 0
    ids = [row.id for row in rows]
    await session.execute(delete(TranscriptTurn).where(TranscriptTurn.transcript_id.in_(ids)))
    await session.execute(
        delete(MemoryInjection).where(
            visible(actor, MemoryInjection, Access.WRITE), MemoryInjection.transcript_id.in_(ids)
        )
    )
    change = await next_change(session)
    for row in rows:
        row.working_directory = None
        await session.merge(MemoryDeletion(item_id=row.id, change_sequence=change))
    await session.flush()
    return len(rows)


async def _forget_items(session: AsyncSession, actor: Actor, request: ForgetRequest) -> int:
    statement = scoped(actor, MemoryItem, Access.REVIEW).with_only_columns(MemoryItem.id)
    ids = list(await session.scalars(statement.where(request.concerns(MemoryItem)).limit(PAGE)))
    await delete_items(session, ids)
    return len(ids)
