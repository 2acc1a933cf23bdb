"""Memory over REST: /api/memory and the recall form of conversation contexts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from claudetools.api.security import Admin, Db, Engine, MemoryReader, MemoryWriter, services_of
from claudetools.domains.memory import (
    ContextRead,
    FeedbackRequest,
    ForgetRequest,
    Forgotten,
    IngestReply,
    IngestRequest,
    InjectionRead,
    MachineQuarantine,
    MemoryChange,
    MemoryHistory,
    MemoryItem,
    MemoryRead,
    MemoryStatistics,
    QuarantinePage,
    QuarantineQuery,
    RecallReply,
    RecallRequest,
    RememberReply,
    RememberRequest,
    change_memory,
    delete_memory,
    find_injection,
    forget,
    history_of,
    ingest,
    quarantine_machine,
    quarantined_page,
    rate,
    recall,
    recall_contexts,
    recent_injections,
    release,
    remember,
    statistics,
)
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.scope import find

router = APIRouter(tags=["memory"])
ERRORS = problem_responses(401, 403, 404, 409, 422, 503)


class Injections(BaseModel):
    """The newest injections first."""

    items: list[InjectionRead]


@router.post("/memory/recall", operation_id="recall_memory", responses=ERRORS)
async def recall_memory(body: RecallRequest, actor: MemoryReader, engine: Engine) -> RecallReply:
    """Return what memory has for a query, packed into a token budget; null ranks without cutting."""
    return await recall(engine, actor, body)


@router.post("/memory/remember", operation_id="remember_memory", responses=ERRORS)
async def remember_memory(body: RememberRequest, actor: MemoryWriter, engine: Engine) -> RememberReply:
    """Store a memory. The same text again strengthens the existing one; what it corrects is superseded.

    What says something else of the same subject is superseded when this says so, or gives the one value there can be
    (an address, a version) anew. Where that is not certain, both stand as contradicting each other.
    """
    return (await remember(engine, actor, body)).reply()


@router.post("/memory/ingest", operation_id="ingest_memory", responses=ERRORS)
async def ingest_memory(body: IngestRequest, actor: MemoryWriter, engine: Engine) -> IngestReply:
    """Take in turns of a conversation. Idempotent by turn id; answers when they can be found."""
    return await ingest(engine, actor, body)


@router.post("/memory/forget", operation_id="forget_memory", responses=ERRORS)
async def forget_memory(body: ForgetRequest, actor: Admin, engine: Engine) -> Forgotten:
    """Delete all that memory holds of a client or of a person, for good: a restored backup does not bring it back."""
    return await forget(engine, actor, body)


@router.get("/memory/stats", operation_id="read_memory_stats", responses=ERRORS)
async def read_stats(actor: MemoryReader, engine: Engine, db: Db) -> MemoryStatistics:
    """Return whether memory is alive: counts, last save, last recall, cost and saving, per machine."""
    return await db.read(lambda session: statistics(session, actor, semantic=engine.is_semantic))


@router.get("/memory/injections", operation_id="list_memory_injections", responses=ERRORS)
async def list_injections(
    actor: MemoryReader,
    db: Db,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    machine_id: UUID | None = None,
    client_id: UUID | None = None,
) -> Injections:
    """Return what was given to which prompt."""
    rows = await db.read(
        lambda session: recent_injections(session, actor, limit=limit, machine_id=machine_id, client_id=client_id)
    )
    return Injections(items=rows)


@router.get("/memory/injections/{id}", operation_id="read_memory_injection", responses=ERRORS)
async def read_injection(id: UUID, actor: MemoryReader, db: Db) -> InjectionRead:
    """Return one answer of memory by its id: what was given, and which session and machine each piece came from."""
    return await db.read(lambda session: find_injection(session, actor, id))


@router.get("/memory/quarantine", operation_id="list_quarantined_memories", responses=ERRORS)
async def list_quarantine(
    request: Request, query: Annotated[QuarantineQuery, Query()], actor: MemoryWriter, db: Db
) -> QuarantinePage:
    """Return what waits for review: text from tools that tries to instruct, and what came from a distrusted machine.

    For people. Nothing of it is recalled until somebody releases it; change or delete it like any memory.
    """
    codec = services_of(request).cursors
    return await db.read(lambda session: quarantined_page(session, actor, query, codec))


@router.post("/memory/{id}/release", operation_id="release_memory", responses=ERRORS)
async def release_memory(id: UUID, actor: MemoryWriter, engine: Engine) -> MemoryRead:
    """Let a memory out of quarantine. For people: a machine's token is refused."""
    return MemoryRead.model_validate(await release(engine, actor, id))


@router.post("/machines/{id}/quarantine-memory", operation_id="quarantine_machine_memory", responses=ERRORS)
async def quarantine_machine_memory(id: UUID, actor: MemoryWriter, engine: Engine) -> MachineQuarantine:
    """Put everything that memory has from a machine in quarantine, all or nothing. Revoke its token first."""
    return await quarantine_machine(engine, actor, id)


@router.get("/memory/{id}", operation_id="read_memory", responses=ERRORS)
async def read_memory(id: UUID, actor: MemoryReader, db: Db) -> MemoryRead:
    """Return one memory."""
    return MemoryRead.model_validate(await db.read(lambda session: find(session, actor, MemoryItem, id)))


@router.get("/memory/{id}/history", operation_id="read_memory_history", responses=ERRORS)
async def read_history(id: UUID, actor: MemoryReader, db: Db) -> MemoryHistory:
    """Return what memory said of one thing over time: what this took the place of, and what took its place."""
    rows = await db.read(lambda session: history_of(session, actor, id))
    return MemoryHistory(items=[MemoryRead.model_validate(row) for row in rows])


@router.patch("/memory/{id}", operation_id="change_memory", responses=ERRORS)
async def patch_memory(id: UUID, body: MemoryChange, actor: MemoryWriter, engine: Engine) -> MemoryRead:
    """Correct, confirm, pin, limit or retire a memory.

    A new text makes a successor; the old one is kept for questions about the past and never injected again.
    """
    return MemoryRead.model_validate((await change_memory(engine, actor, id, body)).item)


@router.delete("/memory/{id}", operation_id="delete_memory", status_code=204, responses=ERRORS)
async def remove_memory(id: UUID, actor: MemoryWriter, engine: Engine) -> None:
    """Delete a memory from every index."""
    await delete_memory(engine, actor, id)


@router.post("/memory/{id}/feedback", operation_id="rate_memory", responses=ERRORS)
async def rate_memory(id: UUID, body: FeedbackRequest, actor: MemoryWriter, engine: Engine) -> MemoryRead:
    """Say whether a memory helped."""
    return MemoryRead.model_validate(await rate(engine, actor, id, body))


class RecalledContexts(BaseModel):
    """Contexts, most relevant first."""

    items: list[ContextRead]


@router.get("/conversation-contexts/recall", operation_id="recall_conversation_contexts", responses=ERRORS)
async def recall_conversation_contexts(
    actor: MemoryReader,
    engine: Engine,
    project_id: UUID | None = None,
    client_id: UUID | None = None,
    q: Annotated[str | None, Query(max_length=2000)] = None,
    tags: Annotated[list[str] | None, Query(max_length=50)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    min_relevance_score: Annotated[float, Query(ge=0, le=10)] = 0,
) -> RecalledContexts:
    """Return the contexts of a project or client that bear most on the question, or the most relevant ones."""
    rows = await recall_contexts(
        engine,
        actor,
        project_id=project_id,
        client_id=client_id,
        query=q,
        tags=tags,
        limit=limit,
        min_relevance=min_relevance_score,
    )
    return RecalledContexts(items=[ContextRead.model_validate(row) for row in rows])
