"""Database changes: which statement changed what in which database, and where the backup is."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import BigInteger, Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.work.session_parts import SessionPart, SessionPartCreate, check_work_item, join_session
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, choice
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Line, Name, Output, Prose
from claudetools.kit.resource.scope import TenantColumn


class DatabaseChangeType(StrEnum):
    """What kind of change a statement makes."""

    SCHEMA = "schema"
    DATA = "data"
    INDEX = "index"
    PERMISSIONS = "permissions"
    OPTIMISATION = "optimisation"
    CLEANUP = "cleanup"
    MIGRATION = "migration"


class DatabaseChange(SessionPart, Record):
    """A change to a database, without secrets."""

    __tablename__ = "database_changes"
    __tenant__ = TenantColumn("client_id")

    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    database_name: Mapped[str] = mapped_column(String(200), index=True)
    change_type: Mapped[DatabaseChangeType] = mapped_column(choice(DatabaseChangeType), index=True)
    statement: Mapped[str | None] = mapped_column(LongText)
    rows_affected: Mapped[int | None] = mapped_column(BigInteger)
    is_backed_up: Mapped[bool] = mapped_column(Boolean, default=False, index=True)
    backup_location: Mapped[str | None] = mapped_column(LongText)


class DatabaseChangeCreate(SessionPartCreate):
    """What callers send to record a change to a database; secrets in its texts are replaced before storing."""

    infrastructure_id: UUID | None = None
    database_name: Name
    change_type: DatabaseChangeType
    statement: Prose | None = None
    rows_affected: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    is_backed_up: bool = False
    backup_location: Line | None = None


class DatabaseChangeRead(DatabaseChangeCreate, Output):
    """What callers get of a change to a database."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


DATABASE_CHANGES = Resource(
    name="database-changes",
    singular="database-change",
    model=DatabaseChange,
    read=DatabaseChangeRead,
    create=DatabaseChangeCreate,
    fixed=("session_id",),
    filters=(
        "client_id",
        "session_id",
        "work_item_id",
        "infrastructure_id",
        "database_name",
        "change_type",
        "rows_affected",
        "is_backed_up",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "database_name"),
    searches=("database_name", "statement", "backup_location"),
    redacts=("statement", "backup_location"),
    before_create=join_session,
    after_write=check_work_item,
)
