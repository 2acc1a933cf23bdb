"""The work session behind a Claude Code session, and assigning what was recorded to a client."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.clients import Client, Project
from claudetools.domains.memory.capturing.bindings import Assignment
from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.items import MemoryItem, next_change
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.records.context_snippets import ContextSnippet
from claudetools.domains.memory.records.contexts import ConversationContext
from claudetools.domains.memory.records.decision_logs import DecisionLog
from claudetools.domains.work import SessionStatus, WorkSession
from claudetools.kit.clock import now
from claudetools.kit.ids import derived_id
from claudetools.kit.problems import Conflict, invalid
from claudetools.kit.resource.scope import Access, Actor, find

SessionRecord = ConversationContext | ContextSnippet | DecisionLog
RECORDS: tuple[type[SessionRecord], ...] = (ConversationContext, ContextSnippet, DecisionLog)
"""Records of a session; the memory items that they have follow them."""


def session_id_of(actor: Actor, claude_session: str) -> UUID:
    """Return the id of the work session that belongs to the person's Claude Code session."""
    return derived_id(actor.user_id, f"session:{claude_session}")


async def session_of(session: AsyncSession, actor: Actor, claude_session: str, cwd: str | None) -> WorkSession:
    """Return the work session of a Claude Code session, made on first sight."""
    id = session_id_of(actor, claude_session)
    work = await session.get(WorkSession, id)
    if work is None:
        folder = (cwd or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
        work = WorkSession(
            id=id,
            user_id=actor.user_id,
            machine_id=actor.machine_id,
            claude_session_ids=[claude_session],
            title=f"Claude Code in {folder}"[:200] if folder else "Claude Code",
            status=SessionStatus.IN_PROGRESS,
            working_directory=cwd,
        )
        session.add(work)
        await session.flush()
    return work


async def assign(session: AsyncSession, work_id: UUID, found: Assignment) -> None:
    """Give a session that has no client, and everything recorded in it, to a client and project."""
    work = await session.get_one(WorkSession, work_id)
    work.client_id, work.project_id = found.client_id, found.project_id
    transcripts = list(await session.scalars(select(Transcript).where(Transcript.session_id == work_id)))
    for transcript in transcripts:
        transcript.client_id, transcript.project_id = found.client_id, found.project_id
    records: list[SessionRecord] = []
    for model in RECORDS:
        # Not those that somebody gave to a client already.
        records += await session.scalars(select(model).where(model.session_id == work_id, model.client_id.is_(None)))
    for record in records:
        record.client_id, record.project_id = found.client_id, found.project_id
    ids = [transcript.id for transcript in transcripts]
    recorded = MemoryItem.transcript_id.in_(ids)
    await session.flush()
    if await session.scalar(select(MemoryItem.id).where(recorded).limit(1)):
        change = await next_change(session)
        await session.execute(
            update(MemoryItem)
            .where(recorded)
            .values(
                client_id=found.client_id,
                project_id=found.project_id,
                change_sequence=change,
                version=MemoryItem.version + 1,
                updated_at=now(),
            )
        )
    await session.execute(
        update(MemoryInjection).where(MemoryInjection.transcript_id.in_(ids)).values(client_id=found.client_id)
    )


async def assign_session(
    session: AsyncSession, actor: Actor, id: UUID, client_id: UUID, project_id: UUID | None
) -> WorkSession:
    """Assign one of the actor's unassigned sessions.

    Raises:
        NotFound, Forbidden: the session, client or project is not the actor's to use.
        Conflict: the session already belongs to a client.
        Invalid: the project is another client's.
    """
    work = await find(session, actor, WorkSession, id, Access.WRITE)
    if work.client_id is not None:
        raise Conflict("This session already belongs to a client.")
    await find(session, actor, Client, client_id, Access.WRITE)
    if project_id is not None and (await find(session, actor, Project, project_id)).client_id != client_id:
        raise invalid("/project_id", "This project belongs to another client.")
    await assign(session, work.id, Assignment(client_id, project_id))
    await session.flush()
    return work
