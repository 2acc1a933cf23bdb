"""Answering a query from memory: whose memory, ranking, the rows behind the hits, packing to a budget."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import Machine
from claudetools.domains.clients import Client, Project
from claudetools.domains.memory.capturing.bindings import resolve
from claudetools.domains.memory.capturing.transcripts import Transcript, own_transcript
from claudetools.domains.memory.engine import MemoryEngine, partition_of
from claudetools.domains.memory.recall_index.index import Hit, Query
from claudetools.domains.memory.recalling.answer import Found, RecallReply, reply_of
from claudetools.domains.memory.recalling.injections import MemoryInjection
from claudetools.domains.memory.recalling.lookup import items_by_id
from claudetools.domains.memory.recalling.packing import POINTER_CHARS, Packed, pack, room_of
from claudetools.domains.memory.recalling.passages import passages
from claudetools.kit.clock import now
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Forbidden, invalid
from claudetools.kit.resource.schema import Input, Label, Moment
from claudetools.kit.resource.scope import Actor, find

DEFAULT_BUDGET = 800
SHORT_PIECE_CHARS = 40
MAX_DEPTH = 400
ONE_CLIENT = "This session belongs to another client. Start one in a folder of the client you mean."
ASKED_ONLY = frozenset({"prompt"})
"""That something was once asked is no memory of its own; what was asked stands in the digest beside the outcome."""
Surface = Literal["prompt", "api", "mcp"]


class RecallRequest(Input):
    """A question to memory. Without a client it is found from the session or folder; else your unassigned memory."""

    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    client_id: UUID | None = None
    project_id: UUID | None = None
    cwd: Annotated[str, Field(max_length=500)] | None = None
    machine: UUID | None = None
    session_id: Annotated[str, Field(max_length=200)] | None = None
    kinds: Annotated[list[Label], Field(max_length=50)] | None = None
    tags: Annotated[list[Label], Field(max_length=50)] | None = None
    budget_tokens: Annotated[int, Field(ge=50, le=100_000)] | None = DEFAULT_BUDGET
    limit: Annotated[int, Field(ge=1, le=500)] = 20
    min_score: Annotated[float, Field(ge=0, le=1)] | None = None
    explain: bool = False
    as_of: Moment | None = None
    as_prompt: Annotated[
        bool,
        Field(
            description="Answer as a prompt is: without what was merely asked, unless `kinds` names it, and with room "
            "kept for pointers to what does not fit."
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class View:
    """Whose memory is asked, and from where."""

    client_id: UUID | None
    project_id: UUID | None
    partition: str


async def recall(engine: MemoryEngine, actor: Actor, request: RecallRequest, surface: Surface = "api") -> RecallReply:
    """Answer `request` and record that it was answered.

    Raises:
        NotFound: the client, project or machine is not the actor's to see.
        Unavailable: the database is away.
    """
    began = time.perf_counter()
    view = await engine.database.read(lambda session: view_of(session, actor, request))
    query = Query(
        text=request.query,
        partitions=frozenset({view.partition}),
        now=now(),
        project_id=None if view.project_id is None else str(view.project_id),
        machine_id=None if actor.machine_id is None else str(actor.machine_id),
        exclude_kinds=ASKED_ONLY if request.as_prompt and request.kinds is None else frozenset(),
        kinds=None if request.kinds is None else frozenset(request.kinds),
        tags=frozenset(request.tags or ()),
        as_of=request.as_of,
        limit=_depth(request),
        min_score=request.min_score,
    )
    result = await engine.search(query)
    found = await engine.database.read(lambda session: rows_behind(session, view, result.hits))
    memories = passages([entry.for_packing() for entry in found], request.limit, room_of(request.budget_tokens))
    packed = pack(memories, request.budget_tokens, pointer_chars=POINTER_CHARS if request.as_prompt else 0)
    elapsed_ms = (time.perf_counter() - began) * 1000
    id = new_id()
    await engine.database.write(
        lambda session: add_injection(
            session,
            actor,
            view,
            surface,
            packed,
            result.considered,
            elapsed_ms,
            tokens=packed.tokens,
            id=id,
            key=request.session_id,
        )
    )
    return reply_of(
        id, found, packed, result.considered, elapsed_ms, explained_for=request.query if request.explain else None
    )


def _depth(request: RecallRequest) -> int:
    """How many pieces to look at: what may fill the budget, since neighbouring pieces join into one passage."""
    if request.budget_tokens is None:
        return request.limit
    return max(request.limit, min(int(room_of(request.budget_tokens)) // SHORT_PIECE_CHARS, MAX_DEPTH))


async def view_of(session: AsyncSession, actor: Actor, request: RecallRequest) -> View:
    """Return whose memory a request is about: the named client, else that of the session, else of the folder.

    Raises:
        NotFound: the client, project or machine is not the actor's to see.
        Forbidden: the session belongs to another client than the one named.
        Invalid: the project is another client's.
    """
    if request.machine is not None:
        await find(session, actor, Machine, request.machine)
    asking = None if request.session_id is None else await own_transcript(session, actor, request.session_id)
    if request.client_id is not None:
        await find(session, actor, Client, request.client_id)
        _check_session(asking, request.client_id)
        if request.project_id is not None:
            project = await find(session, actor, Project, request.project_id)
            if project.client_id != request.client_id:
                raise invalid("/project_id", "This project belongs to another client.")
        return View(request.client_id, request.project_id, partition_of(request.client_id, actor.user_id))
    if request.project_id is not None:
        project = await find(session, actor, Project, request.project_id)
        _check_session(asking, project.client_id)
        return View(project.client_id, project.id, partition_of(project.client_id, actor.user_id))
    if asking is not None:
        return own_view(actor, asking.client_id, asking.project_id)
    found = await resolve(session, actor, request.machine or actor.machine_id, request.cwd)
    return own_view(actor, found.client_id, found.project_id)


def _check_session(asking: Transcript | None, client_id: UUID) -> None:
    """Raise `Forbidden` when a session of one client names another: a session sees and writes one client only."""
    if asking is not None and asking.client_id not in (None, client_id):
        raise Forbidden(ONE_CLIENT)


def own_view(actor: Actor, client_id: UUID | None, project_id: UUID | None) -> View:
    """Return the view of a client, as far as the actor may read it; else of the actor's unassigned memory."""
    if client_id is None or client_id not in actor.readable:
        client_id = project_id = None
    return View(client_id, project_id, partition_of(client_id, actor.user_id))


async def rows_behind(session: AsyncSession, view: View, hits: Sequence[Hit]) -> list[Found]:
    """Return the rows of hits in their order, as far as they are the view's."""
    if not hits:
        return []
    rows = await items_by_id(session, view.partition, [UUID(hit.id) for hit in hits])
    found = ((hit, rows.get(UUID(hit.id))) for hit in hits)
    return [Found(row[0], hit, *row[1:]) for hit, row in found if row is not None]


async def add_injection(
    session: AsyncSession,
    actor: Actor,
    view: View,
    surface: Surface,
    packed: Packed,
    considered: int,
    elapsed_ms: float,
    *,
    tokens: int,
    transcript: UUID | None = None,
    key: str | None = None,
    prompt_id: str | None = None,
    id: UUID | None = None,
) -> None:
    """Record one recall, for the session with this transcript or `key`."""
    if key is not None:
        asking = await own_transcript(session, actor, key)
        transcript = asking.id if asking is not None and asking.client_id == view.client_id else None
    session.add(
        MemoryInjection(
            id=id or new_id(),
            user_id=actor.user_id,
            machine_id=actor.machine_id,
            client_id=view.client_id,
            transcript_id=transcript,
            prompt_id=prompt_id,
            surface=surface,
            items=[
                {"id": id, "score": round(item.memory.score, 4), "tokens": item.tokens if id == item.memory.id else 0}
                for item in packed.items
                for id in (item.memory.id, *item.memory.joined)
            ]
            + [
                {"id": memory.id, "score": round(memory.score, 4), "tokens": 0, "is_pointer": True}
                for memory in packed.pointers
            ],
            considered=considered,
            tokens=tokens,
            elapsed_ms=elapsed_ms,
        )
    )
