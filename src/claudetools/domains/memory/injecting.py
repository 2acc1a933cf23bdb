"""What a prompt is given: only what bears on it and was not yet said in this session, framed as data.

The first prompt of a session (and after a compaction) may also get the standing pack: what was last done and what
is open for this client and project. A prompt that memory has nothing for gets nothing; only one that asks to go on
("continue", "where were we?") gets the standing pack without a hit of its own.
"""

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.answer import Found
from claudetools.domains.memory.bindings import resolve
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.index import Hit, Query
from claudetools.domains.memory.injections import MemoryInjection
from claudetools.domains.memory.items import MemoryItem
from claudetools.domains.memory.lookup import texts_by_id
from claudetools.domains.memory.packing import Packed, count_tokens, pack, render_block
from claudetools.domains.memory.ranking import SILENCE_FLOOR
from claudetools.domains.memory.recall import ASKED_ONLY, View, add_injection, own_view, rows_behind
from claudetools.domains.memory.recording import Place
from claudetools.domains.memory.summaries import digest_id
from claudetools.domains.memory.transcripts import own_transcript, transcript_id
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Actor, scoped, visible
from claudetools.kit.search.text import terms

FIRST_BUDGET = 800
PROMPT_BUDGET = 400
MAX_CHARS = 8_000
CANDIDATES = 24
FOLLOWING_FLOOR = SILENCE_FLOOR / 2
"""What follows a hit that passes the floor may be less sure: it must not be lost behind a repeated question."""
KNOWLEDGE = frozenset({"failure", "change", "decision", "todo", "fact", "lesson", "procedure", "blocker", "note"})
"""A hit of one of these kinds says that the prompt concerns earlier work."""
SUMMING_UP = frozenset({"digest", "answer"})
STANDING = {"digest": 2, "todo": 3, "decision": 2}
STANDING_SCORE = 0.0
QUERY_CHARS = 4_000
REPEATED_SHARE = 0.9
"""A digest adds nothing when so many of its words were said in this session."""

GO_ON = re.compile(
    r"\b(continue|carry on|go on|resume|pick up|where (?:were|are|did) we|"
    r"what(?:'s| is| was) (?:next|left|open|the status)|status|catch me up|recap|last time|yesterday|to-?dos?)\b",
    re.IGNORECASE,
)
GO_ON_TERMS = 6


@dataclass(frozen=True, slots=True)
class Context:
    """What a prompt is given (`text`, empty for nothing), and what to record of it."""

    text: str
    view: View
    packed: Packed
    considered: int
    elapsed_ms: float

    async def note(self, session: AsyncSession, actor: Actor, transcript: UUID, prompt_id: str | None) -> None:
        """Record that this was given, even when it was nothing."""
        await add_injection(
            session,
            actor,
            self.view,
            "prompt",
            self.packed,
            self.considered,
            self.elapsed_ms,
            tokens=count_tokens(self.text),
            transcript=transcript,
            prompt_id=prompt_id,
        )


@dataclass(frozen=True, slots=True)
class _Moment:
    """The state of a session when a prompt arrives."""

    view: View
    is_first: bool
    said: frozenset[UUID]
    """What it was given already, and its own digest."""


async def context_for(engine: MemoryEngine, actor: Actor, place: Place, prompt: str) -> Context:
    """Return what to put beside a prompt, at most `MAX_CHARS` characters.

    Raises:
        Unavailable: the database is away.
    """
    began = time.perf_counter()
    moment = await engine.database.read(lambda session: _moment(session, actor, place))
    own = transcript_id(actor, place.key)
    query = Query(
        text=prompt[:QUERY_CHARS],
        partitions=frozenset({moment.view.partition}),
        now=now(),
        project_id=None if moment.view.project_id is None else str(moment.view.project_id),
        machine_id=None if actor.machine_id is None else str(actor.machine_id),
        exclude_conversation=str(own),
        exclude_kinds=ASKED_ONLY,
        limit=CANDIDATES,
        min_score=FOLLOWING_FLOOR,
    )
    result = await engine.search(query)
    is_related = any(hit.score >= SILENCE_FLOOR for hit in result.hits[:1])
    hits = [hit for hit in result.hits if is_related and UUID(hit.id) not in moment.said]
    goes_on = moment.is_first and asks_to_go_on(prompt)
    found: list[Found] = []
    if hits or goes_on:
        found = await engine.database.read(lambda session: _found(session, actor, moment, hits, own, goes_on))
    budget = FIRST_BUDGET if moment.is_first else PROMPT_BUDGET
    boundary = secrets.token_hex(16)
    frame = render_block("", boundary)
    packed = pack(
        [entry.for_packing() for entry in found], budget - count_tokens(frame), max_chars=MAX_CHARS - len(frame)
    )
    return Context(
        text=render_block(packed.text, boundary) if packed.items else "",
        view=moment.view,
        packed=packed,
        considered=result.considered,
        elapsed_ms=(time.perf_counter() - began) * 1000,
    )


def asks_to_go_on(prompt: str) -> bool:
    """Return whether a prompt asks to take up earlier work without saying which."""
    return bool(GO_ON.search(prompt)) and len(set(terms(prompt))) <= GO_ON_TERMS


async def _moment(session: AsyncSession, actor: Actor, place: Place) -> _Moment:
    transcript = await own_transcript(session, actor, place.key)
    if transcript is None or transcript.client_id is None:
        found = await resolve(session, actor, actor.machine_id, place.cwd)
        view = own_view(actor, found.client_id, found.project_id)
    else:
        view = own_view(actor, transcript.client_id, transcript.project_id)
    if transcript is None:
        return _Moment(view, True, frozenset())
    statement = select(MemoryInjection.items).where(
        visible(actor, MemoryInjection),
        MemoryInjection.transcript_id == transcript.id,
        MemoryInjection.surface == "prompt",
    )
    if transcript.compacted_at is not None:
        statement = statement.where(MemoryInjection.at > transcript.compacted_at)
    earlier = list(await session.scalars(statement))
    said = frozenset(UUID(item["id"]) for items in earlier for item in items)
    return _Moment(view, not earlier, said | {digest_id(transcript.id)})


async def _found(
    session: AsyncSession, actor: Actor, moment: _Moment, hits: list[Hit], own: UUID, goes_on: bool
) -> list[Found]:
    """Return the rows to choose from: the hits, and on a first prompt that concerns earlier work the standing pack."""
    found = await rows_behind(session, moment.view, hits)
    if moment.is_first and (goes_on or any(entry.item.kind in KNOWLEDGE for entry in found)):
        known = {entry.item.id for entry in found} | moment.said
        found += await _standing(session, actor, moment.view, own, known)
    said = await texts_by_id(session, moment.view.partition, moment.said) if found and moment.said else []
    return _without_repeats(found, [f"{title} {text}" for title, text in said])


def _without_repeats(found: Sequence[Found], said: Sequence[str]) -> list[Found]:
    """Leave out what says again what stands before it: one thing may be stored as a piece, a fact and in digests.

    Where a digest among the rows says all that a note says, it takes the note's place, the shortest such digest first.
    """
    words = {entry.item.id: frozenset(terms(entry.item.text)) for entry in found}
    digests = sorted((entry for entry in found if entry.item.kind == "digest"), key=lambda entry: len(entry.item.text))
    bags = [frozenset(terms(text)) for text in said]
    everything = set[str]().union(*bags)
    kept: list[Found] = []

    def is_repeated(entry: Found) -> bool:
        bag = words[entry.item.id]
        is_sum = entry.item.kind in SUMMING_UP
        return any(bag <= other for other in bags) or (is_sum and len(bag & everything) >= REPEATED_SHARE * len(bag))

    for entry in found:
        whole = next((digest for digest in digests if words[entry.item.id] <= words[digest.item.id]), entry)
        new = next((candidate for candidate in (whole, entry) if not is_repeated(candidate)), None)
        if new is not None:
            bags.append(words[new.item.id])
            everything |= words[new.item.id]
            kept.append(new)
    return kept


async def _standing(session: AsyncSession, actor: Actor, view: View, own: UUID, known: set[UUID]) -> list[Found]:
    """Return the newest digests, open to-dos and decisions of this client and project from other sessions."""
    owned = MemoryItem.client_id.is_(None) if view.client_id is None else MemoryItem.client_id == view.client_id
    hits: list[Hit] = []
    for kind, count in STANDING.items():
        statement = (
            scoped(actor, MemoryItem)
            .with_only_columns(MemoryItem.id)
            .where(
                owned,
                MemoryItem.kind == kind,
                MemoryItem.retired_at.is_(None),
                or_(MemoryItem.expires_at.is_(None), MemoryItem.expires_at > now()),
                MemoryItem.transcript_id.is_distinct_from(own),
            )
        )
        if view.client_id is None:
            statement = statement.where(MemoryItem.user_id == actor.user_id)
        if view.project_id is not None:
            statement = statement.where(MemoryItem.project_id == view.project_id)
        ids = await session.scalars(statement.order_by(MemoryItem.said_at.desc(), MemoryItem.id).limit(count))
        hits.extend(Hit(id=str(id), score=STANDING_SCORE, parts={}) for id in ids if id not in known)
    return await rows_behind(session, view, hits)
