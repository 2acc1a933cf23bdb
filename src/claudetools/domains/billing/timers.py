"""Timers: the clock that runs while somebody works. It stands in the database, so a crash stops nothing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.billing.entries import BILLABLE_TIME
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant
from claudetools.kit.problems import Conflict, Forbidden
from claudetools.kit.resource.declare import Resource, Values, Verb
from claudetools.kit.resource.schema import Input, Line, Output
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find, scoped
from claudetools.kit.resource.write import create_row

MAX_MINUTES = 100_000
ADMIN = "msp:admin"


class Timer(Record):
    """A clock of one person. `running_for_user_id` is that person while it runs, and unique: nobody has two running."""

    __tablename__ = "timers"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("work_items.id", ondelete="SET NULL"), index=True)
    labour_type_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("labour_types.id", ondelete="SET NULL"), index=True
    )
    billable_time_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("billable_time.id", ondelete="SET NULL"), index=True
    )
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    running_for_user_id: Mapped[UUID | None] = mapped_column(Id, unique=True)
    note: Mapped[str | None] = mapped_column(String(500))
    started_at: Mapped[datetime] = mapped_column(Instant, default=now, index=True)
    stopped_at: Mapped[datetime | None] = mapped_column(Instant, index=True)


class TimerCreate(Input):
    """What callers send to start their timer now. One that still runs is stopped, and its time entered as a draft."""

    client_id: UUID
    session_id: UUID | None = None
    work_item_id: UUID | None = None
    labour_type_id: UUID | None = None
    note: Line | None = None


class TimerRead(TimerCreate, Output):
    """What callers get of a timer; it runs while `stopped_at` is null."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    billable_time_id: UUID | None
    started_at: datetime
    stopped_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def running_timer(session: AsyncSession, actor: Actor) -> Timer | None:
    """Return the timer that runs for the caller, if one does."""
    timer: Timer | None = await session.scalar(scoped(actor, Timer).where(Timer.running_for_user_id == actor.user_id))
    return timer


async def start_timer(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Start the timer for the caller, and stop the one that ran until now."""
    running = await running_timer(session, actor)
    if running is not None:
        await stop(session, actor, running)
    values |= {"user_id": actor.user_id, "running_for_user_id": actor.user_id, "started_at": now()}


async def stop_timer(session: AsyncSession, actor: Actor, id: UUID) -> Timer:
    """Stop a timer and enter its time as a draft, in begun minutes, for the person whose timer it is.

    Raises:
        NotFound, Forbidden: the timer is not the actor's to stop.
        Conflict: it does not run.
    """
    timer = await find(session, actor, Timer, id, Access.WRITE)
    await check_person(session, actor, timer)
    if timer.stopped_at is not None:
        raise Conflict("The timer does not run any more.")
    await stop(session, actor, timer)
    return timer


async def stop(session: AsyncSession, actor: Actor, timer: Timer) -> None:
    """Stop a running timer and enter its time as a draft."""
    timer.stopped_at, timer.running_for_user_id = now(), None
    seconds = (timer.stopped_at - timer.started_at).total_seconds()
    entry = await create_row(
        session,
        actor,
        BILLABLE_TIME,
        {
            "client_id": timer.client_id,
            "session_id": timer.session_id,
            "work_item_id": timer.work_item_id,
            "labour_type_id": timer.labour_type_id,
            "user_id": timer.user_id,
            "description": timer.note,
            "started_at": timer.started_at,
            "ended_at": timer.stopped_at,
            "actual_minutes": min(max(0, -int(-seconds // 60)), MAX_MINUTES),
        },
    )
    timer.billable_time_id = entry.id
    await session.flush()


async def check_person(session: AsyncSession, actor: Actor, row: Timer) -> None:
    """Raise `Forbidden` when the timer is somebody else's, except for administrators."""
    if row.user_id != actor.user_id and ADMIN not in actor.scopes:
        raise Forbidden("This timer is another person's.")


TIMERS = Resource(
    name="timers",
    singular="timer",
    model=Timer,
    read=TimerRead,
    create=TimerCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "session_id",
        "work_item_id",
        "labour_type_id",
        "billable_time_id",
        "user_id",
        "started_at",
        "stopped_at",
        "created_at",
        "updated_at",
    ),
    sorts=("started_at", "stopped_at", "created_at", "updated_at"),
    default_sort="-started_at",
    searches=("note",),
    # A person has one clock: several at once, or another in its place, would only stop each other.
    verbs=frozenset(Verb) - {Verb.REPLACE, Verb.BULK, Verb.IMPORT},
    before_create=start_timer,
    before_delete=check_person,
    after_write=check_person,
)
