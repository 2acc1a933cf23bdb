"""The table of audit events, and reading those of one record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, Instant, Json, choice
from claudetools.kit.ids import new_id


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
    another act `after` holds what is worth knowing of it.
    """

    __tablename__ = "audit_events"
    __table_args__ = (Index(None, "resource", "record_id", "id"), Base.__table_args__)

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
