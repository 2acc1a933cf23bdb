"""Operation failures: what was tried, where, how it went wrong, and which pattern it is a case of."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, Index, String, func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, validates

from claudetools.domains.learning.failure_patterns import FailurePattern, PatternOrigin
from claudetools.domains.learning.signature import SIGNATURE_CHARS, signature_of
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice, exact
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, JsonObject, Label, Line, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, scoped

TEXTS = ("operation", "target", "error_message", "resolution")


class OperationKind(StrEnum):
    """What was tried."""

    COMMAND = "command"
    API = "api"
    FILE = "file"
    NETWORK = "network"
    TOOL = "tool"


class OperationFailure(Record):
    """An operation that failed, without secrets. Without a client it is its person's alone, and in no pattern.

    The signature is that of the error message; the service keeps it, and the pattern that it stands for.
    """

    __tablename__ = "operation_failures"
    __tenant__ = TenantColumn("client_id", author="user_id")
    __table_args__ = (
        Index(None, "client_id", "created_at"),
        # All that a pattern counts, so that counting reads nothing else.
        Index("ix_operation_failures_seen", "pattern_id", "session_id", "machine_id", "created_at"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("work_items.id", ondelete="SET NULL"), index=True)
    machine_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("machines.id", ondelete="SET NULL"), index=True)
    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    pattern_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("failure_patterns.id", ondelete="SET NULL"))
    kind: Mapped[OperationKind] = mapped_column(choice(OperationKind), index=True)
    operation: Mapped[str] = mapped_column(LongText)
    target: Mapped[str | None] = mapped_column(String(500))
    error_message: Mapped[str] = mapped_column(LongText)
    error_class: Mapped[str | None] = mapped_column(String(64), index=True)
    signature: Mapped[str] = mapped_column(exact(SIGNATURE_CHARS), index=True)
    context: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    resolution: Mapped[str | None] = mapped_column(LongText)

    @validates("error_message")
    def _sign(self, _: str, message: str) -> str:
        self.signature = signature_of(message)
        return message


class OperationFailureCreate(Input):
    """What callers send to report a failure; secrets in it are replaced before anything is stored."""

    client_id: UUID | None = None
    session_id: UUID | None = None
    work_item_id: UUID | None = None
    machine_id: UUID | None = None
    infrastructure_id: UUID | None = None
    kind: OperationKind = OperationKind.COMMAND
    operation: Annotated[Prose, Field(min_length=1, description="The command, request or call that was tried.")]
    target: Annotated[Line, Field(description="What it was tried on: host, address, path.")] | None = None
    error_message: Annotated[Prose, Field(min_length=1)]
    error_class: Annotated[Label, Field(description="Such as permission, timeout, not_found, syntax.")] | None = None
    context: JsonObject = {}
    resolution: Annotated[Prose, Field(description="What worked in the end.")] | None = None


class OperationFailureRead(OperationFailureCreate, Output):
    """What callers get of a failure."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    pattern_id: UUID | None
    signature: str
    created_at: datetime
    updated_at: datetime
    version: int


async def report_failure(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the person of the failure, and their machine its machine where none is named."""
    values["user_id"] = actor.user_id
    values["machine_id"] = values.get("machine_id") or actor.machine_id


async def count_in_pattern(session: AsyncSession, actor: Actor, row: OperationFailure) -> None:
    """Count a failure at a client in the pattern of its signature, made where there is none."""
    if row.client_id is None:
        return
    pattern = await _pattern_of(session, actor, row)
    row.pattern_id = pattern.id
    await session.flush()
    await _count(session, actor, pattern)


async def release_from_pattern(session: AsyncSession, actor: Actor, row: OperationFailure) -> None:
    """Take a failure that goes out of its pattern; the last one takes along a pattern that says nothing else."""
    patterns = scoped(actor, FailurePattern, Access.WRITE).where(FailurePattern.id == row.pattern_id)
    pattern = await session.scalar(patterns.with_for_update())
    if pattern is None:
        return
    await _count(session, actor, pattern)
    is_bare = pattern.origin is PatternOrigin.AUTO and pattern.cause is None and pattern.works_instead is None
    if is_bare and pattern.occurrence_count == 0:
        await session.delete(pattern)
        await session.flush()


async def _pattern_of(session: AsyncSession, actor: Actor, row: OperationFailure) -> FailurePattern:
    """Return the pattern of a failure, locked: failures at the same time wait for each other to be counted."""
    known = (
        scoped(actor, FailurePattern, Access.WRITE)
        .where(FailurePattern.client_id == row.client_id, FailurePattern.signature == row.signature)
        .with_for_update()
    )
    found: FailurePattern | None = await session.scalar(known)
    if found is not None:
        return found
    made = FailurePattern(
        client_id=row.client_id,
        user_id=row.user_id,
        sample_error=row.error_message,
        error_class=row.error_class,
    )
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError:
        # Somebody else met it first, and at the same time.
        return (await session.scalars(known)).one()
    return made


async def _count(session: AsyncSession, actor: Actor, pattern: FailurePattern) -> None:
    counted = await session.execute(
        scoped(actor, OperationFailure)
        .with_only_columns(
            func.count(),
            func.count(OperationFailure.session_id.distinct()),
            func.count(OperationFailure.machine_id.distinct()),
            func.min(OperationFailure.created_at),
            func.max(OperationFailure.created_at),
        )
        .where(OperationFailure.pattern_id == pattern.id)
    )
    (
        pattern.occurrence_count,
        pattern.session_count,
        pattern.machine_count,
        pattern.first_seen_at,
        pattern.last_seen_at,
    ) = counted.one()
    await session.flush()


OPERATION_FAILURES = Resource(
    name="operation-failures",
    singular="operation-failure",
    model=OperationFailure,
    read=OperationFailureRead,
    create=OperationFailureCreate,
    fixed=("client_id", "error_message"),
    filters=(
        "client_id",
        "user_id",
        "session_id",
        "work_item_id",
        "machine_id",
        "infrastructure_id",
        "pattern_id",
        "kind",
        "error_class",
        "signature",
        "created_at",
        "updated_at",
    ),
    sorts=("created_at", "updated_at"),
    searches=TEXTS,
    redacts=(*TEXTS, "context"),
    before_create=report_failure,
    after_write=count_in_pattern,
    after_delete=release_from_pattern,
)
