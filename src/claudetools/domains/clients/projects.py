"""Projects: pieces of work for a client, found again by repository or folder."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Date, ForeignKey, Numeric, String, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients.tagging import TagLink, release_tags
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice, label
from claudetools.kit.problems import NotFound
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Amount, Input, Label, Lines, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, find

Hours = Annotated[Amount, Field(max_digits=8)]


class ProjectStatus(StrEnum):
    """How far a project is."""

    PLANNED = "planned"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """How urgent something is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Project(Record):
    """A piece of work for one client."""

    __tablename__ = "projects"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (UniqueConstraint("client_id", "slug"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(label())
    slug: Mapped[str] = mapped_column(label(64))
    category: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[ProjectStatus] = mapped_column(choice(ProjectStatus), default=ProjectStatus.ACTIVE, index=True)
    priority: Mapped[Priority] = mapped_column(choice(Priority), default=Priority.MEDIUM)
    description: Mapped[str | None] = mapped_column(LongText)
    technologies: Mapped[list[str]] = mapped_column(Json, default=list)
    repository_urls: Mapped[list[str]] = mapped_column(Json, default=list)
    local_paths: Mapped[list[str]] = mapped_column(Json, default=list)
    started_on: Mapped[date | None] = mapped_column(Date)
    target_on: Mapped[date | None] = mapped_column(Date)
    estimated_hours: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    actual_hours: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    notes: Mapped[str | None] = mapped_column(LongText)


class ProjectTag(TagLink):
    """A tag on a project."""

    __tablename__ = "project_tags"
    __owner__ = Project

    owner_id: Mapped[UUID] = mapped_column(
        "project_id", Id, ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True
    )


class ProjectCreate(Input):
    """What callers send to make a project."""

    client_id: UUID
    name: Name
    slug: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    category: Label | None = None
    status: ProjectStatus = ProjectStatus.ACTIVE
    priority: Priority = Priority.MEDIUM
    description: Prose | None = None
    technologies: Lines = []
    repository_urls: Lines = []
    local_paths: Lines = []
    started_on: date | None = None
    target_on: date | None = None
    estimated_hours: Hours | None = None
    actual_hours: Hours | None = None
    notes: Prose | None = None


class ProjectRead(ProjectCreate, Output):
    """What callers get of a project."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def belong_to_project(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Put what is said of a project under the client that the project belongs to."""
    try:
        project = await find(session, actor, Project, values["project_id"])
    except NotFound:
        return  # The check of references, which comes next, names the field.
    values["client_id"] = project.client_id


async def release_project_tags(session: AsyncSession, actor: Actor, row: Project) -> None:
    """Take a project that goes out of the usage counts of its tags."""
    await release_tags(session, ProjectTag, row.id)


PROJECTS = Resource(
    name="projects",
    singular="project",
    model=Project,
    read=ProjectRead,
    create=ProjectCreate,
    fixed=("client_id",),
    filters=("client_id", "name", "slug", "category", "status", "priority", "target_on", "created_at", "updated_at"),
    sorts=("name", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "slug", "description", "notes"),
    key=("client_id", "slug"),
    before_delete=release_project_tags,
)
