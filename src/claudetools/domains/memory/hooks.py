"""The client's hook events: each recorded as it happens, and a prompt answered with what memory has for it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capture import from_hook
from claudetools.domains.memory.engine import MemoryEngine
from claudetools.domains.memory.injecting import context_for
from claudetools.domains.memory.learning import learn_from_session
from claudetools.domains.memory.recording import Place, open_transcript, record
from claudetools.domains.memory.summaries import summarise_session
from claudetools.domains.memory.transcripts import encodable, own_transcript
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
RESUMED = "continue where we left off"
MAX_KEY = 200


async def handle_hook(engine: MemoryEngine, actor: Actor, event: Mapping[str, Any]) -> dict[str, Any]:
    """Record one hook event and return what the client's hook contract wants for it.

    `event` has the fields of the client's hook, as objects or as text. Only prompts and a session start after a
    compaction are answered with context; everything else with `{}`.

    Raises:
        Invalid: the event is unknown or does not name its session.
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
    name, place = check_event(event)
    drafts = from_hook(event)
    if name == "UserPromptSubmit" and drafts and "/" not in place.key:
        context = await context_for(engine, actor, place, _text(event, "prompt") or "")
        recorded = await record(engine, actor, place, drafts, given=context)
        return recorded, _context(name, context.text)
    if name == "SessionStart" and _text(event, "source") == "compact":
        await engine.database.write(lambda session: _mark_compacted(session, actor, place))
        context = await context_for(engine, actor, place, RESUMED)
        recorded = await record(engine, actor, place, [], given=context)
        return recorded, _context(name, context.text)
    recorded = await record(engine, actor, place, drafts)
    if name == "SessionEnd":
        await engine.database.write(lambda session: _end(session, actor, place))
        await summarise_session(engine, actor, place.key)
        await learn_from_session(engine, actor, place.key)
    return recorded, {}


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
