"""Project states: where a project stands, what blocks it, what comes next. One for each project."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import CheckConstraint, ForeignKey, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship

from claudetools.domains.clients import Project, belong_to_project
from claudetools.domains.memory.distilling.record import ASSISTANT_TRUST
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice
from claudetools.kit.problems import PreconditionFailed
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Label, Lines, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find, scoped
from claudetools.kit.resource.write import change_row, create_row


class ProjectStanding(StrEnum):
    """How a project is going."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BLOCKED = "blocked"
    PAUSED = "paused"
    DONE = "done"


class ProjectState(Record):
    """Where a project stands. `user_id` is who said so last."""

    __tablename__ = "project_states"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (CheckConstraint("progress_percent BETWEEN 0 AND 100", name="progress"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    project_id: Mapped[UUID] = mapped_column(Id, ForeignKey("projects.id", ondelete="RESTRICT"), unique=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    phase: Mapped[str | None] = mapped_column(String(64), index=True)
    status: Mapped[ProjectStanding] = mapped_column(choice(ProjectStanding), index=True)
    progress_percent: Mapped[int] = mapped_column(Integer, default=0)
    summary: Mapped[str] = mapped_column(LongText)
    blockers: Mapped[list[str]] = mapped_column(Json, default=list)
    next_actions: Mapped[list[str]] = mapped_column(Json, default=list)
    context_summary: Mapped[str | None] = mapped_column(LongText)
    key_files: Mapped[list[str]] = mapped_column(Json, default=list)
    important_decisions: Mapped[list[str]] = mapped_column(Json, default=list)
    generated: Mapped[list[str]] = mapped_column(Json, default=list)
    trust: Mapped[int] = mapped_column(Integer, default=ASSISTANT_TRUST)

    project: Mapped[Project] = relationship(lazy="joined", innerjoin=True, viewonly=True)


class ProjectStateCreate(Input):
    """What callers send to say where a project stands. Secrets in it are replaced before it is stored."""

    project_id: UUID
    phase: Label | None = None
    status: ProjectStanding = ProjectStanding.ON_TRACK
    progress_percent: Annotated[int, Field(ge=0, le=100)] = 0
    summary: Annotated[Prose, Field(min_length=1)]
    blockers: Lines = []
    next_actions: Lines = []
    context_summary: Annotated[Prose, Field(description="What somebody who takes over has to know.")] | None = None
    key_files: Lines = []
    important_decisions: Lines = []


class ProjectStateRead(ProjectStateCreate, Output):
    """Where a project stands, and who said so last. Its client is that of the project."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    user_id: UUID
    generated: Annotated[list[str], Field(description="The fields kept up to date from sessions; edited ones are not.")]
    trust: Annotated[int, Field(description="The lowest of what it was made of: 3 people, 2 Claude, 1 tools.")]
    created_at: datetime
    updated_at: datetime
    version: int


async def own_state(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Give the state to the client of its project, in the name of the caller."""
    await belong_to_project(session, actor, values)
    values["user_id"] = actor.user_id


async def restate(session: AsyncSession, actor: Actor, row: ProjectState, values: Values) -> None:
    """Make the caller the one who said so last, and what they changed theirs."""
    if values:
        theirs = {name for name, value in values.items() if getattr(row, name) != value}
        values["generated"] = [name for name in row.generated if name not in theirs]
        values["user_id"] = actor.user_id


async def put_state(
    session: AsyncSession, actor: Actor, project_id: UUID, values: Values, version: int | None
) -> tuple[ProjectState, bool]:
    """Replace the state of a project, or make its first; return it and whether it is the first.

    Raises:
        NotFound, Forbidden: the project is not the actor's to write to.
        PreconditionFailed: the state is not at `version`, or there is none.
    """
    await find(session, actor, Project, project_id, Access.WRITE)
    # One at a time: of two first states one would be refused.
    await session.execute(scoped(actor, Project, Access.WRITE).where(Project.id == project_id).with_for_update())
    known = scoped(actor, ProjectState).with_only_columns(ProjectState.id).where(ProjectState.project_id == project_id)
    id = await session.scalar(known)
    if id is not None:
        return await change_row(session, actor, PROJECT_STATES, id, values, version), False
    if version is not None:
        raise PreconditionFailed("The project has no state yet.")
    return await create_row(session, actor, PROJECT_STATES, {**values, "project_id": project_id}), True


PROJECT_STATES = Resource(
    name="project-states",
    singular="project-state",
    model=ProjectState,
    read=ProjectStateRead,
    create=ProjectStateCreate,
    fixed=("project_id",),
    area="memory",
    filters=(
        "client_id",
        "project_id",
        "user_id",
        "phase",
        "status",
        "progress_percent",
        "created_at",
        "updated_at",
    ),
    sorts=("updated_at", "created_at", "progress_percent"),
    default_sort="-updated_at",
    searches=("summary", "context_summary"),
    redacts=(
        "phase",
        "summary",
        "blockers",
        "next_actions",
        "context_summary",
        "key_files",
        "important_decisions",
    ),
    key=("project_id",),
    before_create=own_state,
    before_change=restate,
)
