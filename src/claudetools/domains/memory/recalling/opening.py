"""Opening a memory that a prompt or an answer showed: by its whole id or the short one, and noted as read."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.transcripts import own_transcript
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.recalling.packing import SHORT_ID_CHARS, count_tokens
from claudetools.kit.problems import NotFound
from claudetools.kit.resource.scope import Actor, find, visible

SHOWN_LATELY = 500
"""Short ids are looked up among what so many of the person's last recalls showed."""


async def shown_id(session: AsyncSession, actor: Actor, id: str) -> UUID:
    """Return the whole id that `id` stands for: itself, or what the person was shown under that short id last.

    Raises:
        NotFound: it is neither.
    """
    if len(id) != SHORT_ID_CHARS:
        try:
            return UUID(id)
        except ValueError as error:
            raise NotFound() from error
    recalls = await session.scalars(
        select(MemoryInjection.items)
        .where(visible(actor, MemoryInjection), MemoryInjection.user_id == actor.user_id)
        .order_by(MemoryInjection.at.desc())
        .limit(SHOWN_LATELY)
    )
    shown = (str(item["id"]) for items in recalls for item in items)
    whole = next((one for one in shown if one.endswith(id.lower())), None)
    if whole is None:
        raise NotFound()
    return UUID(whole)


async def memory_of_session(session: AsyncSession, actor: Actor, id: str, key: str | None) -> MemoryItem:
    """Return a memory by its whole or short id, as far as the Claude Code session `key` may see it.

    Raises:
        NotFound: there is none, or it is another client's than the session's.
    """
    item: MemoryItem = await find(session, actor, MemoryItem, await shown_id(session, actor, id))
    transcript = None if key is None else await own_transcript(session, actor, key)
    if transcript is not None and transcript.client_id is not None and item.client_id != transcript.client_id:
        raise NotFound()
    return item


async def note_opened(session: AsyncSession, actor: Actor, item: MemoryItem, key: str | None) -> None:
    """Note that a memory was read as a whole, so that the session is not given it again."""
    transcript = None if key is None else await own_transcript(session, actor, key)
    tokens = count_tokens(item.text)
    opened: dict[str, Any] = {"id": str(item.id), "score": 1.0, "tokens": tokens}
    session.add(
        MemoryInjection(
            user_id=actor.user_id,
            machine_id=actor.machine_id,
            client_id=item.client_id,
            transcript_id=None if transcript is None else transcript.id,
            surface="opened",
            items=[opened],
            considered=1,
            tokens=tokens,
            elapsed_ms=0.0,
        )
    )
