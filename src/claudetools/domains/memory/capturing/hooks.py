"""The client's hook events: each recorded as it happens, and a prompt answered with what memory has for it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.capture import TurnDraft, from_hook
from claudetools.domains.memory.capturing.recording import Place, open_transcript, record
from claudetools.domains.memory.capturing.transcripts import encodable, own_transcript
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.learning_from_use.learning import learn_from_session
from claudetools.domains.memory.recalling.injecting import context_for
from claudetools.domains.memory.records.summaries import summarise_session
from claudetools.domains.work import SessionStatus, WorkSession
from claudetools.kit.clock import now
from claudetools.kit.problems import invalid
from claudetools.kit.resource.scope import Actor, scoped

EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PostToolUse",
    "PostToolUseFailure",
    "Stop",
    "SubagentStop",
    "PostCompact",
    "SessionEnd",
)
SUMMED_UP_AT = frozenset({"PostCompact", "SessionEnd"})
RESUMED = "continue where we left off"
MAX_KEY = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What a hook is answered with, and what is left to be done with its event: `finish` records it.

    The two are apart because a person waits for the answer and nobody for the record: what is lost between them is
    healed from the transcript.
    """

    reply: dict[str, Any]
    finish: Callable[[], Awaitable[int]]
    """Record the event; return how many turns were new or completed."""


async def handle_hook(engine: MemoryEngine, actor: Actor, event: Mapping[str, Any]) -> dict[str, Any]:
    """Record one hook event and return what the client's hook contract wants for it.

    `event` has the fields of the client's hook, as objects or as text. Only prompts and a session start after a
    compaction are answered with context; everything else with `{}`.

    Raises:
        Invalid: the event is unknown or does not name its session.
        Forbidden: the session belongs to a client that the actor may no longer write to.
        Unavailable: the database is away.
    """
    return (await take_event(engine, actor, event))[1]


def check_event(event: Mapping[str, Any]) -> tuple[str, Place]:
    """Return the name of a hook event, and the session and folder that it happened in.

    Raises:
        Invalid: the event is unknown or does not name its session.
    """
    return _event_name(event), _place(event)


async def take_event(engine: MemoryEngine, actor: Actor, event: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Do what `handle_hook` does; return also how many turns were new or completed."""
    answer = await answer_event(engine, actor, event)
    return await answer.finish(), answer.reply


async def answer_event(engine: MemoryEngine, actor: Actor, event: Mapping[str, Any]) -> Answer:
    """Return the answer to a hook event before the event is recorded. Whoever calls this awaits `finish` afterwards.

    Raises:
        Invalid: the event is unknown or does not name its session.
        Forbidden: the session belongs to a client that the actor may no longer write to.
        Unavailable: the database is away.
    """
    name, place = check_event(event)
    if name == "SessionStart" and _text(event, "source") == "compact":
        return await _given(engine, actor, name, place, RESUMED, [], is_compacted=True)
    drafts = from_hook(event)
    if name == "UserPromptSubmit" and drafts and "/" not in place.key:
        return await _given(engine, actor, name, place, _text(event, "prompt") or "", drafts)

    async def finish() -> int:
        recorded = await record(engine, actor, place, drafts)
        if name == "SessionEnd":
            await engine.database.write(lambda session: _end(session, actor, place))
        if name in SUMMED_UP_AT:
            await summarise_session(engine, actor, place.key)
        if name == "SessionEnd":
            await learn_from_session(engine, actor, place.key)
        return recorded

    return Answer({}, finish)


async def _given(
    engine: MemoryEngine,
    actor: Actor,
    name: str,
    place: Place,
    prompt: str,
    drafts: Sequence[TurnDraft],
    *,
    is_compacted: bool = False,
) -> Answer:
    context = await context_for(engine, actor, place, prompt, is_compacted=is_compacted)

    async def finish() -> int:
        try:
            if is_compacted:
                await engine.database.write(lambda session: _mark_compacted(session, actor, place))
            recorded = await record(engine, actor, place, drafts, given=context)
        finally:
            context.forget()
        # The next prompt finds the index in step.
        await engine.refresh()
        return recorded

    return Answer(_context(name, context.text), finish)


def _context(name: str, text: str) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": name, "additionalContext": text}} if text else {}


def _text(event: Mapping[str, Any], key: str) -> str | None:
    value = event.get(key)
    return encodable(value) if isinstance(value, str) and value else None


def _event_name(event: Mapping[str, Any]) -> str:
    name = _text(event, "hook_event_name")
    if name not in EVENTS:
        raise invalid("/hook_event_name", f"One of: {', '.join(EVENTS)}.")
    return name


def _place(event: Mapping[str, Any]) -> Place:
    session, agent = _text(event, "session_id") or "", _text(event, "agent_id")
    key = f"{session}/agent-{agent}" if agent else session
    is_whole = bool(session) and session == event["session_id"] and "/" not in session
    if not is_whole or not key.isprintable() or len(key) > MAX_KEY:
        raise invalid("/session_id", "Give the id of the Claude Code session.")
    return Place(key=key, cwd=(_text(event, "cwd") or "")[:500] or None)


async def _mark_compacted(session: AsyncSession, actor: Actor, place: Place) -> None:
    transcript = await open_transcript(session, actor, place)
    transcript.compacted_at = now()


async def _end(session: AsyncSession, actor: Actor, place: Place) -> None:
    transcript = await own_transcript(session, actor, place.key)
    if transcript is None:
        return
    work = await session.scalar(scoped(actor, WorkSession).where(WorkSession.id == transcript.session_id))
    if work is not None and work.status is SessionStatus.IN_PROGRESS:
        work.status, work.ended_at = SessionStatus.COMPLETED, now()
