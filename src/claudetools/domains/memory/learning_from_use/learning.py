"""Learning from sessions: which of the memories that a session was given were of use in it.

A memory was used when it was opened, or when what it alone could have told appears in an answer or a command: its
names, addresses and numbers, or most of its words, as far as nobody and no tool had said them in the session before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn, own_transcript
from claudetools.domains.memory.corrections.contradicting.words import value_kind
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.learning_from_use.feedback import count_in_record
from claudetools.domains.memory.learning_from_use.uses import count_use, use_of, weigh_again
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.kit.resource.scope import Actor, scoped, visible
from claudetools.kit.search.text import content_terms

MOST_TURNS = 2_000
WARNINGS = frozenset({"failure"})
"""Kinds of memories that say what goes wrong here."""
ECHOED_WORDS = 4
ECHOED_SHARE = 0.6
"""So many of the words that only the item had, and such a share of them, are no coincidence."""


@dataclass(frozen=True, slots=True)
class Given:
    """An item that a session was given, first at that time and with that prompt."""

    item: MemoryItem
    at: datetime
    prompt_id: str | None


async def learn_from_session(engine: MemoryEngine, actor: Actor, key: str) -> None:
    """Count what the person's session `key` used of what it was given. Doing so again counts nothing twice.

    Raises:
        Unavailable: the database is away.
    """

    async def unit(session: AsyncSession) -> None:
        transcript = await own_transcript(session, actor, key)
        given = [] if transcript is None else await _given(session, actor, transcript)
        if transcript is None or not given:
            return
        turns = await _turns(session, transcript.id, min(one.at for one in given))
        for one in used_among(given, turns):
            row = await use_of(session, actor, one.item, key, transcript.id)
            if await count_use(session, one.item, row):
                await count_in_record(session, actor, one.item)
        for one in given:
            row = await use_of(session, actor, one.item, key, transcript.id)
            if one.item.kind in WARNINGS:
                row.was_heeded = was_heeded(one, turns)
            if not row.was_given or row in session.dirty:
                row.was_given = True
                await weigh_again(session, one.item)

    await engine.database.write(unit)


async def learn_opened(engine: MemoryEngine, actor: Actor, item: MemoryItem, key: str) -> None:
    """Count that an item was opened in the person's session `key`.

    Raises:
        Unavailable: the database is away.
    """

    async def unit(session: AsyncSession) -> None:
        transcript = await own_transcript(session, actor, key)
        row = await session.scalar(scoped(actor, MemoryItem).where(MemoryItem.id == item.id))
        if transcript is None or row is None:
            return
        if await count_use(session, row, await use_of(session, actor, row, key, transcript.id)):
            await count_in_record(session, actor, row)
            await weigh_again(session, row)

    await engine.database.write(unit)


def used_among(given: Iterable[Given], turns: Iterable[TranscriptTurn]) -> list[Given]:
    """Which of these items the turns after them, in the order in which they were said, make use of."""
    open_ = {one.item.id: (one, frozenset(_words(f"{one.item.title} {one.item.text}"))) for one in given}
    said: set[str] = set()
    used = []
    for turn in turns:
        done, heard = _parts(turn)
        words = set(_words(done)) - said
        for id, (one, telling) in list(open_.items()):
            is_after = turn.prompt_id == one.prompt_id if one.prompt_id else False
            if (is_after or turn.said_at >= one.at) and _is_echo(telling - said, words):
                used.append(one)
                del open_[id]
        said.update(_words(heard))
    return used


def was_heeded(one: Given, turns: Iterable[TranscriptTurn]) -> bool:
    """Whether no command that a warning names failed in the turns after it."""
    for turn in turns:
        tool: Mapping[str, Any] = turn.tool or {}
        command = " ".join(str(tool.get("command") or "").split())
        if turn.said_at >= one.at and tool.get("succeeded") is False and f"`{command}`" in one.item.text:
            return False
    return True


def _parts(turn: TranscriptTurn) -> tuple[str, str]:
    """What the model said or did in a turn, and what it was told there."""
    if turn.kind == "answer":
        return turn.text, ""
    tool: Mapping[str, Any] = turn.tool or {}
    if turn.kind != "tool":
        return "", turn.text
    return f"{tool.get('command') or ''} {tool.get('path') or ''}", f"{tool.get('output')} {tool.get('error')}"


def _words(text: str) -> list[str]:
    return content_terms(text)


def _is_echo(telling: frozenset[str], words: set[str]) -> bool:
    shared = telling & words
    if any(_is_telling(word) for word in shared):
        return True
    return len(shared) >= ECHOED_WORDS and len(shared) >= ECHOED_SHARE * len(telling)


def _is_telling(word: str) -> bool:
    """Whether a word alone proves where it comes from: an address, a name with digits, a number that is no year."""
    kind = value_kind(word)
    if kind == "number":
        return len(word) >= 3 and not (len(word) == 4 and word[:2] in ("19", "20"))
    return kind is not None and len(word) >= 4


async def _given(session: AsyncSession, actor: Actor, transcript: Transcript) -> list[Given]:
    rows = await session.execute(
        select(MemoryInjection.items, MemoryInjection.at, MemoryInjection.prompt_id)
        .where(
            visible(actor, MemoryInjection),
            MemoryInjection.transcript_id == transcript.id,
            MemoryInjection.surface == "prompt",
        )
        .order_by(MemoryInjection.at.desc())
    )
    first = {UUID(item["id"]): (at, prompt_id) for items, at, prompt_id in rows for item in items}
    found = await session.scalars(scoped(actor, MemoryItem).where(MemoryItem.id.in_(first)))
    return [Given(item, *first[item.id]) for item in found.all()]


async def _turns(session: AsyncSession, transcript: UUID, since: datetime) -> list[TranscriptTurn]:
    """Return the prompts of a session, and all that was said and done in it from `since` on."""
    rows = await session.scalars(
        select(TranscriptTurn)
        .where(
            TranscriptTurn.transcript_id == transcript,
            (TranscriptTurn.said_at >= since) | (TranscriptTurn.kind == "prompt"),
        )
        .order_by(TranscriptTurn.said_at, TranscriptTurn.id)
        .limit(MOST_TURNS)
    )
    return list(rows)
