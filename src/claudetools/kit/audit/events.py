"""The table of audit events, and reading them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    and_,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Base
from claudetools.kit.db.session import Database
from claudetools.kit.db.types import Id, Instant, Json, choice
from claudetools.kit.ids import new_id
from claudetools.kit.resource.scope import Actor, TenantColumn, visible

MESSAGE_LENGTH = 500
BATCH = 500


class Action(StrEnum):
    """What happened to a record, or was done with it."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    REVEAL = "reveal"
    USE = "use"
    EXPORT = "export"
    SHARE = "share"
    ROTATE = "rotate"
    RESTORE = "restore"
    DESTROY = "destroy"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    DENIED = "denied"
    APPROVE = "approve"
    ALERT = "alert"
    BACKUP = "backup"


class AuditEvent(Base):
    """What somebody did. It names people and records by id without a foreign key, because it outlives them.

    Of a changed record `before` and `after` hold the changed fields alone, never a column that callers cannot read; of
    another act `after` holds what is worth knowing of it. `lane` and `seq` are its place in the chain (see `chain`);
    `is_clock_behind` says that the clock was behind that of an earlier event. Without a `mac` it is from before there
    was a chain.
    """

    __tablename__ = "audit_events"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (Index(None, "resource", "record_id", "id"), UniqueConstraint("lane", "seq"), Base.__table_args__)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)
    user_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    user_name: Mapped[str | None] = mapped_column(String(200))
    token_id: Mapped[UUID | None] = mapped_column(Id)
    machine_id: Mapped[UUID | None] = mapped_column(Id)
    login_session_id: Mapped[UUID | None] = mapped_column(Id)
    request_id: Mapped[str | None] = mapped_column(String(32), index=True)
    action: Mapped[Action] = mapped_column(choice(Action))
    resource: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[UUID | None] = mapped_column(Id)
    client_id: Mapped[UUID | None] = mapped_column(Id, index=True)
    before: Mapped[dict[str, Any]] = mapped_column(Json)
    after: Mapped[dict[str, Any]] = mapped_column(Json)
    message: Mapped[str | None] = mapped_column(String(MESSAGE_LENGTH))
    is_clock_behind: Mapped[bool] = mapped_column(Boolean)
    lane: Mapped[int] = mapped_column(Integer)
    seq: Mapped[int] = mapped_column(BigInteger)
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    row_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    mac: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    key_id: Mapped[str | None] = mapped_column(String(64))

    def as_json(self) -> dict[str, Any]:
        """Return all columns as plain data: hashes in hexadecimal digits."""
        values = {column.key: getattr(self, column.key) for column in AuditEvent.__table__.c}
        plain = {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}
        result: dict[str, Any] = to_jsonable_python(plain)
        return result


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Events of one record, the newest first. `last_id` is where the next page goes on; None at the end."""

    events: list[AuditEvent]
    last_id: UUID | None


async def history(
    session: AsyncSession, resource: str, record_id: UUID, *, limit: int, before_id: UUID | None
) -> HistoryPage:
    """Return up to `limit` events of a record that the caller was found to be allowed to read."""
    query = select(AuditEvent).where(AuditEvent.resource == resource, AuditEvent.record_id == record_id)
    if before_id is not None:
        query = query.where(AuditEvent.id < before_id)
    events = list(await session.scalars(query.order_by(AuditEvent.id.desc()).limit(limit + 1)))
    return HistoryPage(events[:limit], events[limit - 1].id if len(events) > limit else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are wanted: all that is given must hold. `since` is included, `until` is not."""

    resource: str | None = None
    record_id: UUID | None = None
    client_id: UUID | None = None
    user_id: UUID | None = None
    request_id: str | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield what must hold of an event."""
        for name in ("resource", "record_id", "client_id", "user_id", "request_id", "action"):
            if (value := getattr(self, name)) is not None:
                yield getattr(AuditEvent, name) == value
        if self.since is not None:
            yield AuditEvent.at >= self.since
        if self.until is not None:
            yield AuditEvent.at < self.until


async def events_of(
    session: AsyncSession, actor: Actor, wanted: EventFilter, *, limit: int, position: tuple[datetime, UUID] | None
) -> list[AuditEvent]:
    """Return the newest of the wanted events that `actor` may see; those behind `position`, an instant and an id."""
    query = select(AuditEvent).where(visible(actor, AuditEvent), *wanted.conditions())
    if position is not None:
        at, id = position
        query = query.where(or_(AuditEvent.at < at, and_(AuditEvent.at == at, AuditEvent.id < id)))
    return list(await session.scalars(query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit)))


async def newest_events(session: AsyncSession, limit: int) -> list[AuditEvent]:
    """Return the newest events, for whoever may read the database."""
    return list(
        await session.scalars(select(AuditEvent).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(limit))
    )


async def every_event(database: Database, wanted: EventFilter) -> AsyncIterator[AuditEvent]:
    """Yield the wanted events lane by lane in the order of the chain, read in batches.

    Raises:
        Unavailable: the database is away.
    """

    async def lanes(session: AsyncSession) -> list[int]:
        return sorted(await session.scalars(select(AuditEvent.lane).distinct()))

    for lane in await database.read(lanes):
        seq = 0
        while events := await database.read(_Following(lane, seq, wanted)):
            for event in events:
                yield event
            seq = events[-1].seq


class _Following:
    """Reads the next of the wanted events of a lane."""

    def __init__(self, lane: int, after: int, wanted: EventFilter) -> None:
        query = select(AuditEvent).where(AuditEvent.lane == lane, AuditEvent.seq > after, *wanted.conditions())
        self._query = query.order_by(AuditEvent.seq).limit(BATCH)

    async def __call__(self, session: AsyncSession) -> list[AuditEvent]:
        return list(await session.scalars(self._query))
