"""Whose folder each turn of a session happened in. A session belongs to one client; a person's work may wander."""

from collections.abc import Mapping, Set
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory.capturing.bindings import resolve
from claudetools.domains.memory.capturing.transcripts import Transcript
from claudetools.domains.memory.capturing.turn import TurnDraft
from claudetools.kit.resource.scope import Actor


async def place_turns(
    session: AsyncSession,
    actor: Actor,
    transcript: Transcript,
    turns: Mapping[str, TurnDraft],
    arrived: Set[str],
    cwd: str | None,
) -> dict[str, TurnDraft]:
    """Return the turns, those that arrived with the client of their folder where it is not that of the session.

    What such a turn says is of two clients, or of the wrong one. Once marked, a turn stays so. `cwd` is the folder of
    turns that name none.
    """
    if transcript.client_id is None:
        return dict(turns)
    clients: dict[str | None, UUID | None] = {None: None}
    if "/" not in transcript.key:
        # Where the session began has decided whose it is. A subagent may begin elsewhere.
        clients[transcript.working_directory] = None
    placed = dict(turns)
    for key in arrived & turns.keys():
        folder = turns[key].cwd or cwd
        if folder not in clients:
            clients[folder] = (await resolve(session, actor, transcript.machine_id, folder)).client_id
        client = clients[folder]
        if client is not None and client != transcript.client_id:
            placed[key] = replace(turns[key], folder_client_id=client)
    return placed
