"""Requests of programs to run a command with a credential, and what people answer: once, and no later than in time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, String, and_, exists, func, or_, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.vault.access import OF_CLIENT, is_revealable
from claudetools.domains.vault.credentials import Credential
from claudetools.kit.audit import trail
from claudetools.kit.audit.events import Action
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, choice, label
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Conflict, TooManyRequests
from claudetools.kit.resource.schema import Output
from claudetools.kit.resource.scope import Access, Actor, find, scoped, visible

RESOURCE = "credential-use-requests"
WAITS = timedelta(minutes=5)
"""How long a request waits for an answer, and then is over."""
HOLDS = timedelta(minutes=1)
"""How long an approval holds at least."""
MOST_WAITING = 20
SHOWN = 200


class UseState(StrEnum):
    """Where a request is. `expired` is never stored: it follows from the time."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"
    EXPIRED = "expired"


OPEN = (UseState.PENDING, UseState.APPROVED)


@dataclass(frozen=True, slots=True)
class UseRequestPath:
    """The row is read by the token that asked, and read and answered by people who may see the credential's secrets."""

    def visible(self, model: type[Any], actor: Actor, access: Access) -> ColumnElement[bool]:
        """Return the condition under which `actor` may access a row of `model`."""
        may_answer = exists().where(
            Credential.id == model.credential_id, visible(actor, Credential), is_revealable(Credential, actor)
        )
        if access is Access.WRITE or actor.token_id is None:
            return may_answer
        return or_(may_answer, and_(model.user_id == actor.user_id, model.token_id == actor.token_id))

    def owner(self, values: dict[str, Any]) -> UUID | None:
        """Return the client that a request with these column values belongs to."""
        return OF_CLIENT.owner(values)

    def may_create(self, actor: Actor, values: dict[str, Any]) -> bool:
        """Return whether `actor` may create a request with these column values."""
        return actor.machine_id is not None


class UseRequest(Record):
    """That a machine's token asks for one secret of a credential, for one run of a command."""

    __tablename__ = "credential_use_requests"
    __tenant__ = UseRequestPath()

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[UUID] = mapped_column(Id, ForeignKey("credentials.id", ondelete="CASCADE"), index=True)
    credential_name: Mapped[str] = mapped_column(label())
    field: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="CASCADE"), index=True)
    user_name: Mapped[str] = mapped_column(String(200))
    token_id: Mapped[UUID] = mapped_column(Id, index=True)
    machine_id: Mapped[UUID] = mapped_column(Id, index=True)
    reason: Mapped[str] = mapped_column(String(500))
    command: Mapped[str | None] = mapped_column(String(200))
    host: Mapped[str | None] = mapped_column(String(200))
    stored_state: Mapped[UseState] = mapped_column("state", choice(UseState), default=UseState.PENDING, index=True)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    decided_by_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)

    @property
    def state(self) -> UseState:
        """Where the request is now."""
        is_over = self.stored_state in OPEN and self.expires_at <= now()
        return UseState.EXPIRED if is_over else self.stored_state


class UseRequestRead(Output):
    """What a program asks to use, and what became of it. `credential_name` is what it was called then."""

    id: UUID
    client_id: UUID
    credential_id: UUID
    credential_name: str
    field: str
    user_id: UUID
    user_name: str
    machine_id: UUID
    reason: str
    command: str | None
    host: str | None
    state: UseState
    expires_at: datetime
    decided_by_id: UUID | None
    decided_at: datetime | None
    created_at: datetime


def _of_token(actor: Actor, credential: Credential, field: str) -> ColumnElement[bool]:
    return and_(
        UseRequest.user_id == actor.user_id,
        UseRequest.token_id == actor.token_id,
        UseRequest.machine_id == actor.machine_id,
        UseRequest.credential_id == credential.id,
        UseRequest.field == field,
    )


async def request_use(
    session: AsyncSession,
    actor: Actor,
    row: Credential,
    field: str,
    *,
    reason: str,
    command: str | None,
    host: str | None,
) -> UseRequest:
    """Return the request of this token for a secret that is still open, or else a new one.

    Raises:
        TooManyRequests: too many requests of this token wait for an answer.
    """
    is_open = and_(UseRequest.stored_state.in_(OPEN), UseRequest.expires_at > now())
    mine = scoped(actor, UseRequest)
    known = await session.scalar(mine.where(_of_token(actor, row, field), is_open).limit(1))
    if known is not None:
        return known
    waiting = mine.where(UseRequest.token_id == actor.token_id, is_open).with_only_columns(func.count())
    if (await session.scalar(waiting) or 0) >= MOST_WAITING:
        seconds = str(WAITS // timedelta(seconds=1))
        raise TooManyRequests(f"{MOST_WAITING} requests wait for an answer already.", headers={"Retry-After": seconds})
    request = UseRequest(
        id=new_id(),
        client_id=row.client_id,
        credential_id=row.id,
        credential_name=row.service_name,
        field=field,
        user_id=actor.user_id,
        user_name=actor.display_name,
        token_id=actor.token_id,
        machine_id=actor.machine_id,
        reason=reason,
        command=command,
        host=host,
        stored_state=UseState.PENDING,
        expires_at=now() + WAITS,
    )
    session.add(request)
    await session.flush()
    _note(session, Action.CREATE, request, {"reason": reason, "command": command, "host": host})
    return request


async def consume(session: AsyncSession, actor: Actor, row: Credential, field: str, id: UUID) -> bool:
    """Use up an approval of this token for this secret. Return whether there was one that still held."""
    used = await session.execute(
        update(UseRequest)
        .where(UseRequest.id == id, _of_token(actor, row, field), visible(actor, UseRequest))
        .where(UseRequest.stored_state == UseState.APPROVED, UseRequest.expires_at > now())
        .values(stored_state=UseState.USED),
        execution_options={"synchronize_session": False},
    )
    return _count(used) == 1


async def answer(session: AsyncSession, actor: Actor, id: UUID, state: UseState) -> UseRequest:
    """Approve or deny a request.

    Raises:
        NotFound, Forbidden: it is not the actor's to answer.
        Conflict: it was answered, or is over.
    """
    request = await find(session, actor, UseRequest, id, Access.WRITE)
    at = now()
    values: dict[str, Any] = {"stored_state": state, "decided_by_id": actor.user_id, "decided_at": at}
    if state is UseState.APPROVED:
        values["expires_at"] = max(request.expires_at, at + HOLDS)
    answered = await session.execute(
        update(UseRequest)
        .where(visible(actor, UseRequest, Access.WRITE), UseRequest.id == request.id)
        .where(UseRequest.stored_state == UseState.PENDING, UseRequest.expires_at > at)
        .values(values),
        execution_options={"synchronize_session": False},
    )
    await session.refresh(request)
    if _count(answered) != 1:
        raise Conflict(f"The request no longer waits for an answer: it is {request.state.value}.")
    _note(session, Action.APPROVE, request, {"answer": state.value})
    return request


async def use_requests(session: AsyncSession, actor: Actor, state: UseState | None) -> list[UseRequest]:
    """Return the newest requests that the actor may see, those alone that are in this state if one is given."""
    query = scoped(actor, UseRequest).order_by(UseRequest.created_at.desc(), UseRequest.id.desc())
    match state:
        case None:
            pass
        case UseState.EXPIRED:
            query = query.where(UseRequest.stored_state.in_(OPEN), UseRequest.expires_at <= now())
        case UseState.PENDING | UseState.APPROVED:
            query = query.where(UseRequest.stored_state == state, UseRequest.expires_at > now())
        case _:
            query = query.where(UseRequest.stored_state == state)
    return list(await session.scalars(query.limit(SHOWN)))


async def use_request(session: AsyncSession, actor: Actor, id: UUID) -> UseRequest:
    """Return one request that the actor may see.

    Raises:
        NotFound: there is none.
    """
    return await find(session, actor, UseRequest, id)


def _count(result: Any) -> int:
    rows: CursorResult[Any] = result
    return rows.rowcount


def _note(session: AsyncSession, action: Action, request: UseRequest, details: dict[str, Any]) -> None:
    of = {"credential_id": str(request.credential_id), "field": request.field}
    trail.note(session, action, RESOURCE, request.id, client_id=request.client_id, details=of | details)
