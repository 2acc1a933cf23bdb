"""File changes: which files a session made, changed, renamed or deleted, and by how much."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.work.session_parts import (
    SessionPart,
    SessionPartCreate,
    check_work_item,
    join_session_and_machine,
)
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, choice, exact
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Line, Output
from claudetools.kit.resource.scope import TenantColumn

LineCount = Annotated[int, Field(ge=0, le=1_000_000_000)]
ContentHash = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F]{64}$")]


class FileChangeType(StrEnum):
    """What happened to a file."""

    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"


class FileChange(SessionPart, Record):
    """A change to one file on one machine."""

    __tablename__ = "file_changes"
    __tenant__ = TenantColumn("client_id")

    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    path: Mapped[str] = mapped_column(exact(500))
    former_path: Mapped[str | None] = mapped_column(exact(500))
    change_type: Mapped[FileChangeType] = mapped_column(choice(FileChangeType), index=True)
    lines_added: Mapped[int | None] = mapped_column(Integer)
    lines_removed: Mapped[int | None] = mapped_column(Integer)
    content_hash: Mapped[str | None] = mapped_column(String(64), index=True)


class FileChangeCreate(SessionPartCreate):
    """What callers send to record a change to a file; without a machine it is that of the session."""

    machine_id: UUID | None = None
    path: Annotated[Line, Field(min_length=1)]
    former_path: Annotated[Line, Field(min_length=1, description="Where a renamed file was before.")] | None = None
    change_type: FileChangeType
    lines_added: LineCount | None = None
    lines_removed: LineCount | None = None
    content_hash: Annotated[ContentHash, Field(description="SHA-256 of the file afterwards, in hex.")] | None = None


class FileChangeRead(FileChangeCreate, Output):
    """What callers get of a change to a file."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


FILE_CHANGES = Resource(
    name="file-changes",
    singular="file-change",
    model=FileChange,
    read=FileChangeRead,
    create=FileChangeCreate,
    fixed=("session_id",),
    filters=(
        "client_id",
        "session_id",
        "work_item_id",
        "machine_id",
        "path",
        "change_type",
        "content_hash",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "path"),
    searches=("path", "former_path"),
    before_create=join_session_and_machine,
    after_write=check_work_item,
)
