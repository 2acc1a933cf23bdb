"""What people say of memories that they were given: whether they helped."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.transcripts import own_transcript
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.items import ITEMS, MemoryItem
from claudetools.domains.memory.learning_from_use.uses import count_use, use_of, weigh_again
from claudetools.domains.memory.records.context_snippets import ContextSnippet
from claudetools.domains.memory.records.contexts import ConversationContext
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Actor, find, visible

COUNTED: dict[str, type[ContextSnippet | ConversationContext]] = {
    model.__tablename__: model for model in (ContextSnippet, ConversationContext)
}
"""Records that count how often memory of them helped, by table."""


class FeedbackRequest(Input):
    """Whether a memory helped."""

    useful: bool
    session_id: (
        Annotated[str, Field(max_length=200, description="The Claude Code session that it helped in, or did not.")]
        | None
    ) = None


async def rate(engine: MemoryEngine, actor: Actor, id: UUID, request: FeedbackRequest) -> MemoryItem:
    """Move a memory's weight up or down; a useful one counts as used, and so does the record behind it.

    A person has one vote for a memory in each session, and one outside of any: voting again replaces it.

    Raises:
        NotFound: the memory is not the actor's to see.
        Unavailable: the database is away.
    """

    async def unit(session: AsyncSession) -> MemoryItem:
        item = await find(session, actor, MemoryItem, id)
        transcript = None if request.session_id is None else await own_transcript(session, actor, request.session_id)
        key = "" if transcript is None else transcript.key
        row = await use_of(session, actor, item, key, None if transcript is None else transcript.id)
        vote = 1 if request.useful else -1
        item.feedback += vote - row.vote
        row.vote = vote
        if request.useful and await count_use(session, item, row):
            await count_in_record(session, actor, item)
        note(session, Action.CHANGE, ITEMS, item.id, client_id=item.client_id, details={"useful": request.useful})
        await weigh_again(session, item)
        return item

    item = await engine.database.write(unit)
    await engine.refresh()
    return item


async def count_in_record(session: AsyncSession, actor: Actor, item: MemoryItem) -> None:
    """Count a use of a memory in the record that it was made from, where that record counts."""
    model = COUNTED.get(item.source_table)
    if model is None:
        return
    # Being used does not change what the record says: its version and the time of its last change stay.
    kept = {"version": model.version, "updated_at": model.updated_at}
    await session.execute(
        update(model)
        .where(visible(actor, model), model.id == item.source_id)
        .values(usage_count=model.usage_count + 1, **kept)
    )
