"""Problem solutions: what was wrong, why, and what put it right, to be found when it comes back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, Json, LongText
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Label, Name, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find

TEXTS = ("symptom", "error_message", "investigation", "root_cause", "solution", "verification", "prevention")


class ProblemSolution(Record):
    """A solved problem, without secrets. The recurrences are counted by the service."""

    __tablename__ = "problem_solutions"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("work_items.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    symptom: Mapped[str] = mapped_column(LongText)
    error_code: Mapped[str | None] = mapped_column(String(64), index=True)
    error_message: Mapped[str | None] = mapped_column(LongText)
    investigation: Mapped[str | None] = mapped_column(LongText)
    root_cause: Mapped[str | None] = mapped_column(LongText)
    solution: Mapped[str] = mapped_column(LongText)
    verification: Mapped[str | None] = mapped_column(LongText)
    prevention: Mapped[str | None] = mapped_column(LongText)
    recurrence_count: Mapped[int] = mapped_column(Integer, default=0, index=True)
    last_recurred_at: Mapped[datetime | None] = mapped_column(Instant)
    tags: Mapped[list[str]] = mapped_column(Json, default=list)


class ProblemSolutionCreate(Input):
    """What callers send to keep a solved problem; secrets in its texts are replaced before anything is stored."""

    client_id: UUID
    session_id: UUID | None = None
    work_item_id: UUID | None = None
    title: Name
    symptom: Annotated[Prose, Field(min_length=1)]
    error_code: Label | None = None
    error_message: Prose | None = None
    investigation: Prose | None = None
    root_cause: Prose | None = None
    solution: Annotated[Prose, Field(min_length=1)]
    verification: Annotated[Prose, Field(description="How it was seen that the solution works.")] | None = None
    prevention: Annotated[Prose, Field(description="What keeps the problem from coming back.")] | None = None
    tags: Annotated[list[Label], Field(max_length=50)] = []


class ProblemSolutionRead(ProblemSolutionCreate, Output):
    """What callers get of a solved problem."""

    model_config = Output.model_config

    id: UUID
    recurrence_count: int
    last_recurred_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


PROBLEM_SOLUTIONS = Resource(
    name="problem-solutions",
    singular="problem-solution",
    model=ProblemSolution,
    read=ProblemSolutionRead,
    create=ProblemSolutionCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "session_id",
        "work_item_id",
        "title",
        "error_code",
        "recurrence_count",
        "last_recurred_at",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at", "recurrence_count", "title"),
    searches=("title", "error_code", *TEXTS),
    redacts=TEXTS,
)


async def note_recurrence(session: AsyncSession, actor: Actor, id: UUID) -> ProblemSolution:
    """Count that the problem came back, now.

    Raises:
        NotFound, Forbidden: the solution is not the actor's to change.
    """
    row = await find(session, actor, ProblemSolution, id, Access.WRITE)
    row.recurrence_count += 1
    row.last_recurred_at = now()
    await session.flush()
    return row
