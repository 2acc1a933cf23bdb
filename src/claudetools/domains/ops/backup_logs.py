"""Backup logs: which backups of the service there are, and whether they were proved to restore."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, ForeignKey, String
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.elapsed import ElapsedMilliseconds
from claudetools.kit.db.types import Id, Instant, LongText, choice
from claudetools.kit.resource.declare import READ_ONLY, Resource
from claudetools.kit.resource.schema import Input, Label, Line, Moment, Output, Prose
from claudetools.kit.resource.scope import Personal


class BackupType(StrEnum):
    """What a backup was made for."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    MANUAL = "manual"
    PRE_MIGRATION = "pre_migration"


class BackupMethod(StrEnum):
    """How a backup was made."""

    ONLINE = "online"
    DUMP = "dump"
    SNAPSHOT = "snapshot"


class BackupVerification(StrEnum):
    """Whether a backup was proved to restore."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_VERIFIED = "not_verified"


class BackupLog(Record):
    """A backup of the service: for administrators, and for whoever started it."""

    __tablename__ = "backup_log"
    __tenant__ = Personal("user_id")
    __table_args__ = (CheckConstraint("completed_at >= started_at", name="order"), Record.__table_args__)

    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    schedule_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("backup_schedules.id", ondelete="SET NULL"), index=True
    )
    type: Mapped[BackupType] = mapped_column(choice(BackupType), index=True)
    method: Mapped[BackupMethod] = mapped_column(choice(BackupMethod), index=True)
    path: Mapped[str] = mapped_column(String(500))
    size_bytes: Mapped[int | None] = mapped_column(BigInteger, index=True)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    started_at: Mapped[datetime] = mapped_column(Instant, index=True)
    completed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    verification: Mapped[BackupVerification] = mapped_column(
        choice(BackupVerification), default=BackupVerification.NOT_VERIFIED, index=True
    )
    verified_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    detail: Mapped[str | None] = mapped_column(LongText)

    @hybrid_property
    def duration_ms(self) -> int | None:
        """How long it took, in whole milliseconds; None while it runs. Computed, never stored."""
        if self.completed_at is None:
            return None
        return (self.completed_at - self.started_at) // timedelta(milliseconds=1)

    @duration_ms.inplace.expression
    @classmethod
    def _duration_ms(cls) -> ColumnElement[int]:
        return ElapsedMilliseconds(cls.started_at, cls.completed_at)


class BackupLogCreate(Input):
    """What the service logs of a backup."""

    schedule_id: UUID | None = None
    type: BackupType
    method: BackupMethod
    path: Line
    size_bytes: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    sha256: Label | None = None
    started_at: Moment
    completed_at: Annotated[Moment, Field(description="None while it runs, and for one that broke off.")] | None = None
    verification: BackupVerification = BackupVerification.NOT_VERIFIED
    verified_at: Moment | None = None
    detail: Prose | None = None


class BackupLogRead(BackupLogCreate, Output):
    """What was logged of a backup. Written by the service, never by callers."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID | None
    duration_ms: int | None
    created_at: datetime
    updated_at: datetime
    version: int


BACKUP_LOGS = Resource(
    name="backup-logs",
    singular="backup-log",
    model=BackupLog,
    read=BackupLogRead,
    create=BackupLogCreate,
    filters=(
        "type",
        "method",
        "schedule_id",
        "user_id",
        "size_bytes",
        "sha256",
        "started_at",
        "completed_at",
        "duration_ms",
        "verification",
        "verified_at",
    ),
    sorts=("started_at", "completed_at", "size_bytes", "created_at", "updated_at"),
    default_sort="-started_at",
    searches=("path", "detail"),
    verbs=READ_ONLY,
)
