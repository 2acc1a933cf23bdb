"""What Claude Code's machines send: /api/claude."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.api.security import Db, Engine, MemoryReader, MemoryWriter, RecordReader, RecordWriter
from claudetools.domains.memory import (
    BindingCreate,
    BindingRead,
    ClaudeBinding,
    Cursors,
    EventsReply,
    EventsRequest,
    bind,
    check_event,
    cursors_of,
    handle_hook,
    take_event,
    take_in,
)
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.scope import Access, find, scoped

router = APIRouter(prefix="/claude", tags=["claude"])
ERRORS = problem_responses(401, 403, 404, 409, 422, 503)


class Bindings(BaseModel):
    """All bindings that the caller may see."""

    items: list[BindingRead]


@router.post("/events", operation_id="send_claude_events", responses=ERRORS)
async def send_events(body: EventsRequest, actor: MemoryWriter, engine: Engine) -> EventsReply:
    """Take in hook events and pieces of transcripts. Idempotent: what is already there is left as it is."""
    recorded = 0
    for event in body.events:
        check_event(event)
    for event in body.events:
        recorded += (await take_event(engine, actor, event))[0]
    cursors = {}
    for chunk in body.transcripts:
        count, cursors[chunk.key] = await take_in(engine, actor, chunk)
        recorded += count
    return EventsReply(cursors=cursors, recorded=recorded)


@router.post("/hooks/{event}", operation_id="send_claude_hook", responses=ERRORS)
async def send_hook(
    event: str, body: Annotated[dict[str, Any], Body()], actor: MemoryWriter, engine: Engine
) -> dict[str, Any]:
    """Take one hook event in the form of the client's HTTP hooks, and answer in their form."""
    return await handle_hook(engine, actor, {**body, "hook_event_name": event})


@router.get("/cursors", operation_id="read_claude_cursors", responses=ERRORS)
async def read_own_cursors(actor: MemoryReader, db: Db) -> Cursors:
    """Return how far each transcript of the calling machine has been received."""
    return await db.read(lambda session: cursors_of(session, actor, actor.machine_id))


@router.get("/machines/{id}/cursor", operation_id="read_claude_machine_cursor", responses=ERRORS)
async def read_machine_cursor(id: UUID, actor: MemoryReader, db: Db) -> Cursors:
    """Return how far each of the caller's transcripts on a machine has been received."""
    return await db.read(lambda session: cursors_of(session, actor, id))


@router.post("/bindings", operation_id="create_claude_binding", status_code=201, responses=ERRORS)
async def create_binding(body: BindingCreate, actor: RecordWriter, db: Db) -> BindingRead:
    """Say which client and project a folder or git remote belongs to; an existing binding of it is moved."""
    return BindingRead.model_validate(await db.write(lambda session: bind(session, actor, body)))


@router.get("/bindings", operation_id="list_claude_bindings", responses=ERRORS)
async def list_bindings(actor: RecordReader, db: Db) -> Bindings:
    """Return all bindings."""

    async def unit(session: AsyncSession) -> list[ClaudeBinding]:
        return list(await session.scalars(scoped(actor, ClaudeBinding).order_by(ClaudeBinding.created_at)))

    return Bindings(items=[BindingRead.model_validate(row) for row in await db.read(unit)])


@router.delete("/bindings/{id}", operation_id="delete_claude_binding", status_code=204, responses=ERRORS)
async def delete_binding(id: UUID, actor: RecordWriter, db: Db) -> None:
    """Remove a binding. What was recorded under it stays where it is."""

    async def unit(session: AsyncSession) -> None:
        binding = await find(session, actor, ClaudeBinding, id, Access.WRITE)
        await session.delete(binding)

    await db.write(unit)
