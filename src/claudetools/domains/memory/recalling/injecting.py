"""What a prompt is given: only what bears on it and was not yet said in this session, framed as data.

The first prompt of a session (and after a compaction) also gets the standing pack where it concerns earlier work. A
prompt that memory has nothing for gets nothing; only one that asks to go on ("continue", "where were we?") gets the
standing pack without a hit of its own. What others wait to tell the person (a message, a lock or a constraint on
what the prompt names) is said on a first prompt in any case, a line each.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.bindings import resolve
from claudetools.domains.memory.capturing.recording import Place
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn, own_transcript, transcript_id
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.recall_index.index import Hit, Query
from claudetools.domains.memory.recall_index.ranking import SILENCE_FLOOR
from claudetools.domains.memory.recalling.answer import Found
from claudetools.domains.memory.recalling.flooding import dammed, flooding_machine
from claudetools.domains.memory.recalling.framing import render_block
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.recalling.packing import POINTER_CHARS, Memory, Packed, count_tokens, pack
from claudetools.domains.memory.recalling.recall import ASKED_ONLY, View, add_injection, own_view, rows_behind
from claudetools.domains.memory.recalling.standing import standing_hits, surroundings
from claudetools.domains.memory.records.summaries import digest_id
from claudetools.kit.clock import now
from claudetools.kit.problems import Forbidden
from claudetools.kit.resource.scope import Actor, visible
from claudetools.kit.search.text import terms

FIRST_BUDGET = 800
PROMPT_BUDGET = 400
MAX_CHARS = 8_000
ORIGIN_SHARE = 0.75
"""One machine's session gets no more of a pack as long as anything else is relevant."""
CANDIDATES = 24
FOLLOWING_FLOOR = SILENCE_FLOOR / 2
"""What follows a hit that passes the floor may be less sure: it must not be lost behind a repeated question."""
KNOWLEDGE = frozenset({"failure", "change", "decision", "todo", "fact", "lesson", "procedure", "blocker", "note"})
"""A hit of one of these kinds says that the prompt concerns earlier work."""
SUMMING_UP = frozenset({"digest", "answer"})
QUERY_CHARS = 4_000
REPEATED_SHARE = 0.9
"""A digest adds nothing when so many of its words were said in this session."""
HEARD_TURNS, HEARD_CHARS = 20, 1_000
"""Of what the conversation itself said: how many of its last turns are looked at, and how much of each."""

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
    engine: MemoryEngine
    own: UUID

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

    def forget(self) -> None:
        """Drop what the process keeps of it until it is recorded."""
        self.engine.in_flight.pop(self.own, None)


@dataclass(frozen=True, slots=True)
class _Moment:
    """The state of a session when a prompt arrives."""

    view: View
    is_first: bool
    said: frozenset[UUID]
    """What it was given or opened already, and its own digest."""
    pointed: frozenset[str] = frozenset()
    transcript: Transcript | None = None


async def context_for(
    engine: MemoryEngine, actor: Actor, place: Place, prompt: str, *, is_compacted: bool = False
) -> Context:
    """Return what to put beside a prompt, at most `MAX_CHARS` characters. It is the caller's to record.

    is_compacted: the session is being compacted just now, so whatever it was given is forgotten.

    Raises:
        Forbidden: the session belongs to a client that the actor may no longer write to.
        Unavailable: the database is away.
    """
    began = time.perf_counter()
    own, text = transcript_id(actor, place.key), prompt[:QUERY_CHARS]
    # Embedding takes as long as all that has to be read first; neither needs the other.
    moment, _, _ = await asyncio.gather(
        engine.database.read(lambda session: _moment(session, actor, place, own, is_compacted=is_compacted)),
        engine.refresh(),
        engine.prepare(text),
    )
    in_flight = engine.in_flight.get(own)
    if in_flight is not None and not is_compacted:
        moment = replace(moment, is_first=False, said=moment.said | in_flight)
    query = Query(
        text=text,
        partitions=frozenset({moment.view.partition}),
        now=now(),
        project_id=None if moment.view.project_id is None else str(moment.view.project_id),
        machine_id=None if actor.machine_id is None else str(actor.machine_id),
        exclude_conversation=str(own),
        exclude_kinds=ASKED_ONLY,
        limit=CANDIDATES,
        min_score=FOLLOWING_FLOOR,
    )
    result = await engine.rank(query)
    hits = _related(result.hits, moment)
    asked = _Asked(moment, own, prompt, place.cwd or "")
    memories: list[Memory] = []
    if hits or moment.is_first:
        memories = await engine.database.read(lambda session: _memories(session, actor, asked, hits))
        flooding = flooding_machine(memories, CANDIDATES)
        if flooding is not None:
            others = await engine.rank(replace(query, exclude_machine=flooding, limit=CANDIDATES // 2))
            hits = _merged(hits, _related(others.hits, moment))
            wider = await engine.database.read(lambda session: _memories(session, actor, asked, hits))
            memories = dammed(wider, flooding)
    budget = FIRST_BUDGET if moment.is_first else PROMPT_BUDGET
    boundary = secrets.token_hex(16)
    frame = render_block("", boundary)
    packed = pack(
        memories,
        budget - count_tokens(frame),
        max_chars=MAX_CHARS - len(frame),
        pointer_chars=POINTER_CHARS,
        origin_share=ORIGIN_SHARE,
        pointed=moment.pointed,
    )
    engine.in_flight[own] = moment.said | {UUID(item.memory.id) for item in packed.items}
    return Context(
        text=render_block(packed.text, boundary) if packed.items else "",
        view=moment.view,
        packed=packed,
        considered=result.considered,
        elapsed_ms=(time.perf_counter() - began) * 1000,
        engine=engine,
        own=own,
    )


def asks_to_go_on(prompt: str) -> bool:
    """Return whether a prompt asks to take up earlier work without saying which."""
    return bool(GO_ON.search(prompt)) and len(set(terms(prompt))) <= GO_ON_TERMS


@dataclass(frozen=True, slots=True)
class _Asked:
    """A prompt, in the session whose transcript is `own`."""

    moment: _Moment
    own: UUID
    prompt: str
    folder: str


def _related(hits: Sequence[Hit], moment: _Moment) -> list[Hit]:
    """Return the hits that were not said yet, if the best of all is sure enough."""
    is_related = any(hit.score >= SILENCE_FLOOR for hit in hits[:1])
    return [hit for hit in hits if is_related and UUID(hit.id) not in moment.said]


def _merged(hits: Sequence[Hit], others: Sequence[Hit]) -> list[Hit]:
    found = {hit.id: hit for hit in (*hits, *others)}
    return sorted(found.values(), key=lambda hit: -hit.score)


async def _moment(session: AsyncSession, actor: Actor, place: Place, own: UUID, *, is_compacted: bool) -> _Moment:
    transcript = await own_transcript(session, actor, place.key)
    if transcript is None or transcript.client_id is None:
        found = await resolve(session, actor, actor.machine_id, place.cwd, place.git_remote)
        view = own_view(actor, found.client_id, found.project_id)
    elif transcript.client_id not in actor.writable:
        raise Forbidden("You may no longer write to the client of this session.")
    else:
        view = own_view(actor, transcript.client_id, transcript.project_id)
    own_digest = frozenset({digest_id(own)})
    if transcript is None or is_compacted:
        return _Moment(view, True, own_digest)
    statement = select(MemoryInjection.items, MemoryInjection.surface).where(
        visible(actor, MemoryInjection), MemoryInjection.transcript_id == own
    )
    if transcript.compacted_at is not None:
        statement = statement.where(MemoryInjection.at > transcript.compacted_at)
    earlier = (await session.execute(statement)).all()
    given = [item for items, _ in earlier for item in items]
    said = frozenset(UUID(item["id"]) for item in given if not item.get("is_pointer"))
    pointed = frozenset(item["id"] for item in given if item.get("is_pointer"))
    is_first = not any(surface == "prompt" for _, surface in earlier)
    return _Moment(view, is_first, said | own_digest, pointed, transcript)


async def _memories(session: AsyncSession, actor: Actor, asked: _Asked, hits: list[Hit]) -> list[Memory]:
    """Return what to choose from: notices and the standing pack on a first prompt, and the hits."""
    moment, notices = asked.moment, list[Memory]()
    standing: list[Hit] = []
    if moment.is_first:
        words = f"{asked.prompt}\n{asked.folder}"
        notices = await surroundings(session, actor, moment.view.client_id, words)
        notices = [notice for notice in notices if UUID(notice.id) not in moment.said]
        if hits or asks_to_go_on(asked.prompt):
            found_ids = {hit.id for hit in hits} | {str(id) for id in moment.said}
            standing = await standing_hits(session, actor, moment.view, asked.own)
            standing = [hit for hit in standing if hit.id not in found_ids]
    if not hits and not standing:
        return notices
    given = [Hit(id=str(id), score=0.0, parts={}) for id in moment.said]
    rows = await rows_behind(session, moment.view, [*hits, *standing, *given])
    places = {hit.id: place for place, hit in enumerate([*hits, *standing])}
    found = [row for row in rows if str(row.item.id) in places]
    is_known = any(row.item.kind in KNOWLEDGE for row in found if places[str(row.item.id)] < len(hits))
    if not is_known and not asks_to_go_on(asked.prompt):
        found = [row for row in found if places[str(row.item.id)] < len(hits)]
    said = [f"{row.item.title} {row.item.text}" for row in rows if str(row.item.id) not in places]
    said += await _heard(session, moment.transcript)
    return notices + [_with_origin(row) for row in _without_repeats(found, said)]


async def _heard(session: AsyncSession, transcript: Transcript | None) -> list[str]:
    """Return what the conversation itself said of late, since it was compacted; a question says nothing."""
    if transcript is None:
        return []
    text = func.substr(TranscriptTurn.text, 1, HEARD_CHARS)
    statement = select(TranscriptTurn.kind, text).where(TranscriptTurn.transcript_id == transcript.id)
    if transcript.compacted_at is not None:
        statement = statement.where(TranscriptTurn.received_at > transcript.compacted_at)
    rows = await session.execute(statement.order_by(TranscriptTurn.received_at.desc()).limit(HEARD_TURNS))
    return [text for kind, text in rows if kind != "prompt" or "?" not in text]


def _with_origin(found: Found) -> Memory:
    machine = str(found.item.machine_id or "")
    origin = f"{machine or found.item.user_id}/{found.item.transcript_id}"
    return replace(found.for_packing(), machine_id=machine, origin=origin)


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
