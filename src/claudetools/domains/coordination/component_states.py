"""Component states: how each part of a project stands, for whoever works on the next part."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients import belong_to_project
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, choice, label
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn


class ComponentStatus(StrEnum):
    """How a component stands."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    WORKING = "working"
    BLOCKED = "blocked"
    BROKEN = "broken"
    DEPRECATED = "deprecated"


class ComponentState(Record):
    """How one component of a project stands. `user_id` is who said so last."""

    __tablename__ = "component_states"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (UniqueConstraint("project_id", "component"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID] = mapped_column(Id, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    component: Mapped[str] = mapped_column(label())
    status: Mapped[ComponentStatus] = mapped_column(choice(ComponentStatus), index=True)
    notes: Mapped[str | None] = mapped_column(LongText)


class ComponentStateCreate(Input):
    """What callers send to say how a component stands. Secrets in its notes are replaced before they are stored."""

    project_id: UUID
    session_id: Annotated[UUID, Field(description="The session in which it got so.")] | None = None
    component: Name
    status: ComponentStatus = ComponentStatus.IN_PROGRESS
    notes: Prose | None = None


class ComponentStateRead(ComponentStateCreate, Output):
    """How a component stands, and who said so last. Its client is that of the project."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    user_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def own_component_state(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Give the state to the client of its project, in the name of the caller."""
    await belong_to_project(session, actor, values)
    values["user_id"] = actor.user_id


async def restate_component(session: AsyncSession, actor: Actor, row: ComponentState, values: Values) -> None:
    """Make the caller the one who said so last."""
    if values:
        values["user_id"] = actor.user_id


COMPONENT_STATES = Resource(
    name="component-states",
    singular="component-state",
    model=ComponentState,
    read=ComponentStateRead,
    create=ComponentStateCreate,
    fixed=("project_id",),
    filters=(
        "client_id",
        "project_id",
        "session_id",
        "user_id",
        "component",
        "status",
        "created_at",
        "updated_at",
    ),
    sorts=("component", "created_at", "updated_at"),
    default_sort="component",
    searches=("component", "notes"),
    redacts=("notes",),
    key=("project_id", "component"),
    before_create=own_component_state,
    before_change=restate_component,
)
