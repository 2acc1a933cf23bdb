"""Locks: that somebody is at something just now, so that nobody else changes it. They lapse by themselves."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.accounts import User
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, label
from claudetools.kit.problems import Conflict, FieldError, Forbidden, invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Line, Moment, Name, Output
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, scoped

LONGEST = timedelta(days=1)
ADMIN = "msp:admin"


class ResourceLock(Record):
    """A lock on something of a client, held until `expires_at`."""

    __tablename__ = "resource_locks"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (UniqueConstraint("client_id", "target"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    target: Mapped[str] = mapped_column(label())
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    reason: Mapped[str | None] = mapped_column(String(500))
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)


class LockCreate(Input):
    """What callers send to take a lock. One that has lapsed may be taken by anybody."""

    client_id: UUID
    target: Annotated[Name, Field(description="What is locked, e.g. a host name, a path or the id of a record.")]
    machine_id: UUID | None = None
    session_id: UUID | None = None
    reason: Annotated[Line, Field(description="Secrets in it are replaced before it is stored.")] | None = None
    expires_at: Annotated[Moment, Field(description="At most a day from now. Move it to hold the lock for longer.")]


class LockRead(LockCreate, Output):
    """What callers get of a lock. `user_id` holds it until `expires_at`; after that nobody does."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    version: int


async def take_lock(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the holder, in place of a lock that has lapsed.

    Raises:
        Conflict: somebody holds this lock; the message says who and until when.
        Invalid: the lock would have lapsed already, or would be held for too long.
    """
    check_end(values)
    held = await session.scalar(
        scoped(actor, ResourceLock, Access.WRITE).where(
            ResourceLock.client_id == values["client_id"], ResourceLock.target == values["target"]
        )
    )
    if held is not None:
        if held.expires_at > now():
            holder = await session.scalar(select(User.display_name).where(User.id == held.user_id))
            message = f"{holder} holds the lock on this target until {held.expires_at:%Y-%m-%d %H:%M:%S} UTC."
            raise Conflict(message, errors=[FieldError("/target", "locked", message)])
        await session.delete(held)
        await session.flush()
    values["user_id"] = actor.user_id
    values["machine_id"] = values["machine_id"] or actor.machine_id


async def keep_lock(session: AsyncSession, actor: Actor, row: ResourceLock, values: Values) -> None:
    """Let only the holder change a lock, and hold its new end to the time allowed.

    Raises:
        Forbidden: the actor neither holds the lock nor is an administrator.
        Invalid: the lock would have lapsed already, or would be held for too long.
    """
    await check_holder(session, actor, row)
    if "expires_at" in values:
        check_end(values)


def check_end(values: Values) -> None:
    """Raise `Invalid` when a lock would have lapsed already, or would be held for too long."""
    at = now()
    if not at < values["expires_at"] <= at + LONGEST:
        raise invalid("/expires_at", "A lock ends in the future, at most a day from now.", "out_of_range")


async def check_holder(session: AsyncSession, actor: Actor, row: ResourceLock) -> None:
    """Raise `Forbidden` when the actor neither holds the lock nor is an administrator."""
    if row.user_id != actor.user_id and ADMIN not in actor.scopes:
        raise Forbidden("Only who holds a lock, or an administrator, may change or release it.")


LOCKS = Resource(
    name="locks",
    singular="lock",
    model=ResourceLock,
    read=LockRead,
    create=LockCreate,
    fixed=("client_id", "target"),
    filters=(
        "client_id",
        "target",
        "user_id",
        "machine_id",
        "session_id",
        "expires_at",
        "created_at",
        "updated_at",
    ),
    sorts=("expires_at", "created_at", "updated_at"),
    default_sort="expires_at",
    searches=("target", "reason"),
    redacts=("reason",),
    before_create=take_lock,
    before_change=keep_lock,
    before_delete=check_holder,
)
