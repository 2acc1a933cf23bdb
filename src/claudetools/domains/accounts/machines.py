"""Machines: the computers that technicians run Claude Code on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, label
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, JsonObject, Label, Line, Lines, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, Personal


class Machine(Record):
    """A computer, known by its fingerprint, and the person who works on it."""

    __tablename__ = "machines"
    __tenant__ = Personal("user_id", is_public=True)

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    hostname: Mapped[str] = mapped_column(label())
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    friendly_name: Mapped[str | None] = mapped_column(String(200))
    machine_type: Mapped[str | None] = mapped_column(String(64))
    platform: Mapped[str | None] = mapped_column(String(64))
    os_version: Mapped[str | None] = mapped_column(String(200))
    username: Mapped[str | None] = mapped_column(String(200))
    home_directory: Mapped[str | None] = mapped_column(String(500))
    has_vpn_access: Mapped[bool] = mapped_column(Boolean, default=False)
    vpn_profiles: Mapped[list[str]] = mapped_column(Json, default=list)
    has_docker: Mapped[bool] = mapped_column(Boolean, default=False)
    has_powershell: Mapped[bool] = mapped_column(Boolean, default=False)
    has_ssh: Mapped[bool] = mapped_column(Boolean, default=False)
    has_git: Mapped[bool] = mapped_column(Boolean, default=False)
    powershell_version: Mapped[str | None] = mapped_column(String(64))
    typical_network_location: Mapped[str | None] = mapped_column(String(200))
    static_ip: Mapped[str | None] = mapped_column(String(64))
    claude_working_directory: Mapped[str | None] = mapped_column(String(500))
    additional_working_dirs: Mapped[list[str]] = mapped_column(Json, default=list)
    installed_tools: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    available_mcps: Mapped[list[str]] = mapped_column(Json, default=list)
    mcp_capabilities: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    available_skills: Mapped[list[str]] = mapped_column(Json, default=list)
    client_version: Mapped[str | None] = mapped_column(String(64))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(Instant)
    notes: Mapped[str | None] = mapped_column(LongText)


class MachineCreate(Input):
    """What callers send to make a machine."""

    hostname: Name
    fingerprint: Label
    friendly_name: Name | None = None
    machine_type: Label | None = None
    platform: Label | None = None
    os_version: Name | None = None
    username: Name | None = None
    home_directory: Line | None = None
    has_vpn_access: bool = False
    vpn_profiles: Lines = []
    has_docker: bool = False
    has_powershell: bool = False
    has_ssh: bool = False
    has_git: bool = False
    powershell_version: Label | None = None
    typical_network_location: Name | None = None
    static_ip: Label | None = None
    claude_working_directory: Line | None = None
    additional_working_dirs: Lines = []
    installed_tools: JsonObject = {}
    available_mcps: Lines = []
    mcp_capabilities: JsonObject = {}
    available_skills: Lines = []
    client_version: Label | None = None
    is_active: bool = True
    notes: Prose | None = None


class MachineRead(MachineCreate, Output):
    """What callers get of a machine."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    last_seen_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def own_machine(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the person who works on the new machine."""
    values["user_id"] = actor.user_id


MACHINES = Resource(
    name="machines",
    singular="machine",
    model=Machine,
    read=MachineRead,
    create=MachineCreate,
    fixed=("fingerprint",),
    filters=("hostname", "fingerprint", "platform", "user_id", "is_active"),
    sorts=("hostname", "created_at", "updated_at"),
    default_sort="hostname",
    searches=("hostname", "friendly_name", "notes"),
    key=("fingerprint",),
    before_create=own_machine,
)
