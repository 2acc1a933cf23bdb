"""Commands run: what was typed into which shell, how it ended, and what helped when it failed."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.work.session_parts import (
    SessionPart,
    SessionPartCreate,
    check_work_item,
    join_session_and_machine,
)
from claudetools.domains.work.work_items import Position
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, choice
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Output, Prose
from claudetools.kit.resource.scope import TenantColumn

SHELL_TEXTS = ("command", "output_summary", "failure_pattern", "resolution")


class Shell(StrEnum):
    """What a command was typed into."""

    BASH = "bash"
    SH = "sh"
    ZSH = "zsh"
    POWERSHELL = "powershell"
    CMD = "cmd"
    SSH = "ssh"
    SQL = "sql"
    OTHER = "other"


class CommandRun(SessionPart, Record):
    """A command and its outcome, without secrets."""

    __tablename__ = "commands_run"
    __tenant__ = TenantColumn("client_id")

    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    shell: Mapped[Shell] = mapped_column(choice(Shell), index=True)
    command: Mapped[str] = mapped_column(LongText)
    exit_code: Mapped[int | None] = mapped_column(Integer)
    is_success: Mapped[bool | None] = mapped_column(Boolean, index=True)
    duration_ms: Mapped[int | None] = mapped_column(Integer)
    output_summary: Mapped[str | None] = mapped_column(LongText)
    failure_pattern: Mapped[str | None] = mapped_column(LongText)
    resolution: Mapped[str | None] = mapped_column(LongText)
    position: Mapped[int] = mapped_column(Integer, default=0)


class CommandRunCreate(SessionPartCreate):
    """What callers send to record a command; secrets in its texts are replaced before anything is stored."""

    machine_id: UUID | None = None
    infrastructure_id: Annotated[UUID, Field(description="The system that the command acted on.")] | None = None
    shell: Shell = Shell.BASH
    command: Annotated[Prose, Field(min_length=1)]
    exit_code: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    is_success: bool | None = None
    duration_ms: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    output_summary: Prose | None = None
    failure_pattern: Annotated[Prose, Field(description="What is typical of this failure.")] | None = None
    resolution: Annotated[Prose, Field(description="What worked instead.")] | None = None
    position: Position = 0


class CommandRunRead(CommandRunCreate, Output):
    """What callers get of a command."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


COMMANDS_RUN = Resource(
    name="commands-run",
    singular="command-run",
    model=CommandRun,
    read=CommandRunRead,
    create=CommandRunCreate,
    fixed=("session_id",),
    filters=(
        "client_id",
        "session_id",
        "work_item_id",
        "machine_id",
        "infrastructure_id",
        "shell",
        "exit_code",
        "is_success",
        "duration_ms",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "position", "duration_ms"),
    searches=SHELL_TEXTS,
    redacts=SHELL_TEXTS,
    before_create=join_session_and_machine,
    after_write=check_work_item,
)
