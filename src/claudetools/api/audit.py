"""The audit trail: reading its events and checkpoints, and checking that they are whole."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.api.security import Db, authorise, services_of
from claudetools.kit.audit.checkpoint_key import PUBLIC_FILE, public_keys
from claudetools.kit.audit.checkpoints import Checkpoint, newest_checkpoints
from claudetools.kit.audit.events import Action, AuditEvent, EventFilter, events_of
from claudetools.kit.audit.verify import Report, verify
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import Forbidden, Unavailable
from claudetools.kit.resource.schema import Input, Moment, Output
from claudetools.kit.resource.scope import Actor

router = APIRouter(prefix="/audit", tags=["audit"])
AuditReader = Annotated[Actor, Depends(authorise("audit:read"))]
ERRORS = problem_responses(401, 403, 422, 503)
EVENTS = "audit events"


class EventQuery(Input):
    """Which events to return. All that is given must hold."""

    resource: Annotated[str, Field(max_length=64)] | None = None
    record_id: UUID | None = None
    client_id: UUID | None = None
    user_id: UUID | None = None
    request_id: Annotated[str, Field(max_length=32)] | None = None
    action: Action | None = None
    since: Moment | None = None
    until: Annotated[Moment | None, Field(description="Events before this instant.")] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[str, Field(max_length=2000)] | None = None


class AuditEventRead(Output):
    """What somebody did. Without a person it was the service itself, or a stranger who tried to sign in.

    `lane` and `seq` are its place in the chain, `row_hash` what the next event of the lane names it by.
    """

    id: UUID
    at: datetime
    action: Action
    resource: str
    record_id: UUID | None
    client_id: UUID | None
    user_id: UUID | None
    user_name: str | None
    token_id: UUID | None
    machine_id: UUID | None
    login_session_id: UUID | None
    request_id: str | None
    message: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    is_clock_behind: bool
    lane: int
    seq: int
    row_hash: str

    @classmethod
    def of(cls, event: AuditEvent) -> "AuditEventRead":
        """Return what callers get of an event."""
        given = {name: getattr(event, name) for name in cls.model_fields if name != "row_hash"}
        return cls(row_hash=event.row_hash.hex(), **given)


class AuditEventPage(Output):
    """Events, the newest first."""

    items: list[AuditEventRead]
    next_cursor: str | None


class CheckpointRead(Output):
    """Where the lanes stood: for each its last number and that event's hash. Hashes are in hexadecimal digits.

    `total` counts all events so far; `merkle_root` is over those since the checkpoint before.
    """

    number: int
    at: datetime
    lanes: dict[str, tuple[int, str]]
    merkle_root: str
    total: int
    previous_hash: str
    hash: str
    public_key_id: str
    signature: str


class CheckpointPage(Output):
    """Checkpoints, the newest first."""

    items: list[CheckpointRead]
    next_before: int | None


@router.get("/events", operation_id="list_audit_events", responses=ERRORS)
async def events(request: Request, query: Annotated[EventQuery, Query()], actor: AuditReader, db: Db) -> AuditEventPage:
    """Return what was done, also with records that are gone: of all clients that the caller may see.

    Events that belong to no client, such as sign-ins and denials, are for callers who may see all clients.
    """
    codec = services_of(request).cursors
    wanted = EventFilter(**query.model_dump(exclude={"limit", "cursor"}))
    shape = f"{EVENTS} {query.model_dump_json(exclude={'limit', 'cursor'}, exclude_none=True)}"
    after = codec.decode(shape, query.cursor) if query.cursor else None
    position = None if after is None else (datetime.fromisoformat(after[0]), UUID(after[1]))

    async def unit(session: AsyncSession) -> list[AuditEvent]:
        return await events_of(session, actor, wanted, limit=query.limit + 1, position=position)

    found = await db.read(unit)
    page = found[: query.limit]
    more = len(found) > query.limit
    cursor = codec.encode(shape, [page[-1].at.isoformat(), str(page[-1].id)]) if more else None
    return AuditEventPage(items=[AuditEventRead.of(event) for event in page], next_cursor=cursor)


@router.get("/checkpoints", operation_id="list_audit_checkpoints", responses=ERRORS)
async def checkpoints(
    actor: AuditReader,
    db: Db,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="Those with lower numbers.")] = None,
) -> CheckpointPage:
    """Return the signed checkpoints. Whoever keeps one can tell later whether the trail was changed before it."""
    found: list[Checkpoint] = await newest_checkpoints(db, limit=limit, before=before)
    items = [CheckpointRead.model_validate(each.as_json(), from_attributes=False) for each in found]
    return CheckpointPage(items=items, next_before=found[-1].number if len(found) == limit else None)


@router.post("/verify", operation_id="verify_audit", responses=ERRORS)
async def verify_trail(request: Request, actor: AuditReader, db: Db) -> Report:
    """Check every event, link and checkpoint, and what the anchors keep. It takes seconds per million events.

    Only for callers who may see all clients.
    """
    if not actor.readable.is_all:
        raise Forbidden("The trail is one for all clients: this needs access to all of them.")
    services = services_of(request)
    try:
        known = public_keys(services.settings.keys_folder / PUBLIC_FILE)
    except KeyProblem as problem:
        raise Unavailable(str(problem)) from None
    return await verify(db, known, services.audit_keys, services.audit_sealer.anchors)
