"""Keeps the state of a project up to date from the sessions that work on it.

What a person wrote in a state stays; the rest follows the newest sessions. Nothing of it is estimated: standing,
phase and progress are said by people only.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Project
from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.distilling.errors import trimmed
from claudetools.domains.memory.distilling.phrases import phrases
from claudetools.domains.memory.items import MemoryDeletion, MemoryItem, holds, item_id
from claudetools.domains.memory.records.contexts import ContextType, ConversationContext
from claudetools.domains.memory.records.drawing import WITHOUT_REMEDY, statement_of
from claudetools.domains.memory.records.project_states import ProjectStanding, ProjectState
from claudetools.kit.ids import derived_id
from claudetools.kit.resource.scope import Actor, scoped

GENERATED = ("summary", "blockers", "next_actions", "important_decisions", "key_files")
LONGEST_LIST = 10
SESSIONS = 3
NEWEST = 60
LINE_CHARS = 300
SUMMARY_CHARS = 700
FILES = "Files changed: "
_WAITING = phrases(
    r"blocked\b", r"wait(?:s|ing)? (?:for|on)\b", r"depends on\b", r"cannot .{3,60} until\b", r"wartet auf\b"
)


async def renew_state(session: AsyncSession, actor: Actor, transcript: Transcript) -> None:
    """Write what the sessions of a transcript's project say into the state of it, where no person has written."""
    if transcript.project_id is None:
        return
    # One at a time: of two first states one would be refused.
    project = await session.scalar(scoped(actor, Project).where(Project.id == transcript.project_id).with_for_update())
    if project is None or project.client_id != transcript.client_id:
        return
    row = await session.scalar(scoped(actor, ProjectState).where(ProjectState.project_id == project.id))
    if row is not None and not row.generated:
        return
    said = await _said(session, actor, project)
    if said is None:
        return
    values, trust = said
    if row is None:
        id = derived_id(project.id, "state")
        if await session.get(MemoryDeletion, item_id(id)) is not None:
            return
        row = ProjectState(
            id=id,
            client_id=project.client_id,
            project_id=project.id,
            user_id=transcript.user_id,
            status=ProjectStanding.ON_TRACK,
            generated=list(GENERATED),
            trust=trust,
            **values,
        )
        session.add(row)
    for name in row.generated:
        if getattr(row, name) != values[name]:
            setattr(row, name, values[name])
    if row.trust != trust:
        row.trust = trust
    await session.flush()


async def _said(session: AsyncSession, actor: Actor, project: Project) -> tuple[dict[str, Any], int] | None:
    """Return what the newest sessions say, and the lowest trust of it; None where nothing was said."""
    digests = list(
        await session.scalars(
            scoped(actor, ConversationContext)
            .where(
                ConversationContext.project_id == project.id,
                ConversationContext.client_id == project.client_id,
                ConversationContext.context_type == ContextType.SESSION_SUMMARY,
            )
            .order_by(ConversationContext.updated_at.desc(), ConversationContext.id)
            .limit(SESSIONS)
        )
    )
    if not digests:
        return None
    decisions = await _newest(session, actor, project, "decision")
    todos = await _newest(session, actor, project, "todo")
    blockers = await _newest(session, actor, project, "blocker", "failure")
    changes = await _newest(session, actor, project, "change")
    stopped = [item for item in blockers if item.kind == "blocker" or WITHOUT_REMEDY in item.text]
    waiting = [item for item in todos if _WAITING.search(item.text)]
    edits = [item for item in changes if item.text.startswith(FILES)]
    values = {
        "summary": trimmed("\n\n".join(digest.dense_summary for digest in digests), SUMMARY_CHARS),
        "blockers": _lines(waiting + stopped),
        "next_actions": _lines(item for item in todos if item not in waiting),
        "important_decisions": _lines(decisions),
        "key_files": _files(edits),
    }
    used: Sequence[ConversationContext | MemoryItem] = [*digests, *decisions, *todos, *stopped, *edits]
    return values, min(each.trust for each in used)


async def _newest(session: AsyncSession, actor: Actor, project: Project, *kinds: str) -> list[MemoryItem]:
    rows = await session.scalars(
        scoped(actor, MemoryItem)
        .where(
            MemoryItem.project_id == project.id,
            MemoryItem.client_id == project.client_id,
            MemoryItem.transcript_id.is_not(None),
            MemoryItem.kind.in_(kinds),
            holds(),
        )
        .order_by(MemoryItem.said_at.desc(), MemoryItem.position.desc(), MemoryItem.id)
        .limit(NEWEST)
    )
    return list(rows)


def _lines(items: Iterable[MemoryItem]) -> list[str]:
    """Return what the items say, each once, the newest first."""
    texts = (trimmed(statement_of(item).removeprefix("To do: "), LINE_CHARS) for item in items)
    return list(dict.fromkeys(texts))[:LONGEST_LIST]


def _files(edits: Iterable[MemoryItem]) -> list[str]:
    named = (part.rsplit(" (", 1)[0] for item in edits for part in statement_of(item).removeprefix(FILES).split("; "))
    return list(dict.fromkeys(name for name in named if name))[: 2 * LONGEST_LIST]
