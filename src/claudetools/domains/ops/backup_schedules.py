"""Backup schedules: when the service backs itself up, where to, and how many backups are kept."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.ops import backup_folder
from claudetools.domains.ops.backup_folder import destination_folder
from claudetools.domains.ops.cron import parse_cron
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, choice, label
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Line, Name, Output
from claudetools.kit.resource.scope import Actor, Personal


class ScheduleType(StrEnum):
    """How often a schedule backs up, more or less; backups of one type make room for each other."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


def cron_text(text: str) -> str:
    """Return a cron expression in its one spelling; raise ValueError when it is none."""
    return parse_cron(text).text


CronText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(cron_text)]
Destination = Annotated[Line, Field(min_length=1)]


class BackupSchedule(Record):
    """When the service backs itself up: for administrators. When it next does is kept by the service."""

    __tablename__ = "backup_schedules"
    __tenant__ = Personal("user_id")
    __table_args__ = (CheckConstraint("retention_count >= 1", name="retention"), Record.__table_args__)

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(label(), unique=True)
    cron: Mapped[str] = mapped_column(String(100))
    type: Mapped[ScheduleType] = mapped_column(choice(ScheduleType), index=True)
    retention_count: Mapped[int] = mapped_column(Integer)
    destination: Mapped[str] = mapped_column(String(500))
    is_enabled: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    last_run_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    next_run_at: Mapped[datetime | None] = mapped_column(Instant, index=True)


class BackupScheduleCreate(Input):
    """What administrators send to schedule backups."""

    name: Name
    cron: Annotated[CronText, Field(description="Minute, hour, day of month, month, day of week, in UTC.")]
    type: ScheduleType = ScheduleType.DAILY
    retention_count: Annotated[int, Field(ge=1, le=1000, description="How many backups are kept.")] = 14
    destination: Annotated[Destination, Field(description="Below the server's backup folder; `.` is that itself.")] = (
        "."
    )
    is_enabled: bool = True


class BackupScheduleRead(BackupScheduleCreate, Output):
    """What administrators get of a schedule; one that is not enabled has no next run."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    last_run_at: datetime | None
    next_run_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def set_up(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Note who made the schedule, and when it comes due."""
    _check_destination(session, values)
    values["user_id"] = actor.user_id
    values["next_run_at"] = next_run(values["cron"], is_enabled=values["is_enabled"])


async def set_next_run(session: AsyncSession, actor: Actor, row: BackupSchedule, values: Values) -> None:
    """Note when a schedule comes due that has another rhythm now, or is turned on or off; one that is due stays so."""
    _check_destination(session, values)
    cron, is_enabled = values.get("cron", row.cron), values.get("is_enabled", row.is_enabled)
    if (cron, is_enabled) != (row.cron, row.is_enabled):
        values["next_run_at"] = next_run(cron, is_enabled=is_enabled)


def _check_destination(session: AsyncSession, values: Values) -> None:
    """Refuse a place outside of the backup folder: with an administrator's token one could write anywhere."""
    if "destination" in values:
        destination_folder(session.info[backup_folder.SERVICE], values["destination"])


def next_run(cron: str, *, is_enabled: bool) -> datetime | None:
    """Return when a schedule comes due the next time from now on; None when it is turned off."""
    return parse_cron(cron).next_after(now()) if is_enabled else None


BACKUP_SCHEDULES = Resource(
    name="backup-schedules",
    singular="backup-schedule",
    model=BackupSchedule,
    read=BackupScheduleRead,
    create=BackupScheduleCreate,
    write_scope="msp:admin",
    filters=("name", "type", "is_enabled", "user_id", "next_run_at", "last_run_at", "created_at", "updated_at"),
    sorts=("name", "next_run_at", "last_run_at", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "destination"),
    key=("name",),
    before_create=set_up,
    before_change=set_next_run,
)
