"""Failure patterns: errors that come again, why, and what works instead."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, validates

from claudetools.domains.learning.signature import SIGNATURE_CHARS, signature_of
from claudetools.domains.security import Severity
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, LongText, choice, exact
from claudetools.kit.problems import Forbidden, invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Label, Line, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find

TEXTS = ("sample_error", "scope_subject", "cause", "works_instead")


class PatternScope(StrEnum):
    """Where a pattern holds. Those of an operating system or a tool may hold at every client."""

    CLIENT = "client"
    INFRASTRUCTURE = "infrastructure"
    OS = "os"
    TOOL = "tool"


class PatternOrigin(StrEnum):
    """Whether a pattern was only found in failures, or a person stands for it."""

    AUTO = "auto"
    CONFIRMED = "confirmed"


class FailurePattern(Record):
    """An error that comes again. One without a client is read by everybody, and changed by its author.

    The signature is that of the sample, and unique within a client. The service counts, from the failures that there
    are, how often the pattern was met, when first and last, and in how many sessions and on how many machines.
    """

    __tablename__ = "failure_patterns"
    __tenant__ = TenantColumn("client_id", author="user_id", is_public=True)
    __table_args__ = (
        UniqueConstraint("client_id", "signature"),
        Index(None, "client_id", "last_seen_at"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    signature: Mapped[str] = mapped_column(exact(SIGNATURE_CHARS), index=True)
    sample_error: Mapped[str] = mapped_column(LongText)
    error_class: Mapped[str | None] = mapped_column(String(64), index=True)
    scope: Mapped[PatternScope] = mapped_column(choice(PatternScope), default=PatternScope.CLIENT, index=True)
    scope_subject: Mapped[str | None] = mapped_column(String(500))
    cause: Mapped[str | None] = mapped_column(LongText)
    works_instead: Mapped[str | None] = mapped_column(LongText)
    severity: Mapped[Severity] = mapped_column(choice(Severity), default=Severity.MEDIUM, index=True)
    origin: Mapped[PatternOrigin] = mapped_column(choice(PatternOrigin), default=PatternOrigin.AUTO, index=True)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    occurrence_count: Mapped[int] = mapped_column(Integer, default=0, index=True)
    session_count: Mapped[int] = mapped_column(Integer, default=0)
    machine_count: Mapped[int] = mapped_column(Integer, default=0)
    first_seen_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(Instant, index=True)

    @validates("sample_error")
    def _sign(self, _: str, sample: str) -> str:
        self.signature = signature_of(sample)
        return sample


class FailurePatternCreate(Input):
    """What callers send to state a pattern; secrets in its texts are replaced before anything is stored."""

    client_id: UUID | None = None
    infrastructure_id: UUID | None = None
    sample_error: Annotated[Prose, Field(min_length=1, description="The message as seen; the signature is made of it.")]
    error_class: Annotated[Label, Field(description="Such as permission, timeout, not_found, syntax.")] | None = None
    scope: PatternScope = PatternScope.CLIENT
    scope_subject: Annotated[Line, Field(description="Which operating system or tool, with its version.")] | None = None
    cause: Prose | None = None
    works_instead: Prose | None = None
    severity: Severity = Severity.MEDIUM
    is_active: Annotated[bool, Field(description="Whether to warn of it.")] = True


class FailurePatternRead(FailurePatternCreate, Output):
    """What callers get of a pattern."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    signature: str
    origin: PatternOrigin
    occurrence_count: int
    session_count: int
    machine_count: int
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


async def state_pattern(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller its author. What a machine states in their name is no person's word."""
    values["user_id"] = actor.user_id
    values["origin"] = PatternOrigin.CONFIRMED if actor.machine_id is None else PatternOrigin.AUTO


async def check_scope(session: AsyncSession, actor: Actor, row: FailurePattern) -> None:
    """Raise `Invalid` when a pattern holds at a client, or on equipment of theirs, and does not name it."""
    if row.scope in (PatternScope.CLIENT, PatternScope.INFRASTRUCTURE) and row.client_id is None:
        raise invalid("/client_id", "Name the client, or give the operating system or tool as the scope.", "missing")
    if row.scope is PatternScope.INFRASTRUCTURE and row.infrastructure_id is None:
        raise invalid("/infrastructure_id", "Name the equipment that this pattern holds on.", "missing")


async def confirm_pattern(session: AsyncSession, actor: Actor, id: UUID) -> FailurePattern:
    """Note that a person stands for the pattern.

    Raises:
        NotFound, Forbidden: the pattern is not the actor's to change, or the actor is a machine.
    """
    row = await find(session, actor, FailurePattern, id, Access.WRITE)
    if actor.machine_id is not None:
        raise Forbidden("A person confirms a pattern, not the token of a machine.")
    row.origin = PatternOrigin.CONFIRMED
    await session.flush()
    return row


FAILURE_PATTERNS = Resource(
    name="failure-patterns",
    singular="failure-pattern",
    model=FailurePattern,
    read=FailurePatternRead,
    create=FailurePatternCreate,
    fixed=("client_id", "sample_error"),
    filters=(
        "client_id",
        "user_id",
        "infrastructure_id",
        "signature",
        "error_class",
        "scope",
        "severity",
        "origin",
        "is_active",
        "occurrence_count",
        "first_seen_at",
        "last_seen_at",
        "created_at",
        "updated_at",
    ),
    sorts=("last_seen_at", "first_seen_at", "occurrence_count", "created_at", "updated_at"),
    default_sort="-last_seen_at",
    searches=TEXTS,
    redacts=TEXTS,
    before_create=state_pattern,
    after_write=check_scope,
)
