"""Security incidents: what happened at a client, how it was contained and resolved, and when."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.work.transitions import Moves, check_move
from claudetools.kit.clock import now
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, Json, LongText, choice
from claudetools.kit.problems import Conflict, invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.redaction import redact_values
from claudetools.kit.resource.schema import Input, Lines, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find, scoped

TIMELINE_ENTRIES = 500
INSTANTS = ("detected_at", "contained_at", "resolved_at")


class IncidentType(StrEnum):
    """What kind of incident it is."""

    MALWARE = "malware"
    RANSOMWARE = "ransomware"
    PHISHING = "phishing"
    ACCOUNT_COMPROMISE = "account_compromise"
    UNAUTHORISED_ACCESS = "unauthorised_access"
    DATA_LEAK = "data_leak"
    DENIAL_OF_SERVICE = "denial_of_service"
    VULNERABILITY = "vulnerability"
    MISCONFIGURATION = "misconfiguration"
    LOST_DEVICE = "lost_device"
    OTHER = "other"


class Severity(StrEnum):
    """How bad it is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class IncidentStatus(StrEnum):
    """How far the handling is."""

    OPEN = "open"
    INVESTIGATING = "investigating"
    CONTAINED = "contained"
    RESOLVED = "resolved"
    CLOSED = "closed"
    FALSE_ALARM = "false_alarm"


# What is over can be investigated again; nothing goes back to open.
MOVES: Moves[IncidentStatus] = {
    IncidentStatus.OPEN: frozenset(set(IncidentStatus) - {IncidentStatus.OPEN, IncidentStatus.CLOSED}),
    IncidentStatus.INVESTIGATING: frozenset(
        {IncidentStatus.CONTAINED, IncidentStatus.RESOLVED, IncidentStatus.FALSE_ALARM}
    ),
    IncidentStatus.CONTAINED: frozenset({IncidentStatus.INVESTIGATING, IncidentStatus.RESOLVED}),
    IncidentStatus.RESOLVED: frozenset({IncidentStatus.INVESTIGATING, IncidentStatus.CLOSED}),
    IncidentStatus.CLOSED: frozenset({IncidentStatus.INVESTIGATING}),
    IncidentStatus.FALSE_ALARM: frozenset({IncidentStatus.INVESTIGATING}),
}
OVER = frozenset({IncidentStatus.RESOLVED, IncidentStatus.CLOSED})


class SecurityIncident(Record):
    """A security incident at a client. Its timeline is only ever added to."""

    __tablename__ = "security_incidents"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (Index(None, "client_id", "detected_at"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    site_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sites.id", ondelete="SET NULL"), index=True)
    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="SET NULL"), index=True
    )
    service_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("services.id", ondelete="SET NULL"), index=True)
    type: Mapped[IncidentType] = mapped_column(choice(IncidentType), index=True)
    severity: Mapped[Severity] = mapped_column(choice(Severity), default=Severity.MEDIUM, index=True)
    status: Mapped[IncidentStatus] = mapped_column(choice(IncidentStatus), default=IncidentStatus.OPEN, index=True)
    title: Mapped[str] = mapped_column(String(200))
    detected_at: Mapped[datetime] = mapped_column(Instant, index=True)
    contained_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    resolved_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    description: Mapped[str | None] = mapped_column(LongText)
    findings: Mapped[str | None] = mapped_column(LongText)
    remediation_steps: Mapped[list[str]] = mapped_column(Json, default=list)
    lessons: Mapped[str | None] = mapped_column(LongText)
    timeline: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)


class TimelineEntry(BaseModel):
    """Something that happened at `at`; who recorded it and when, and the status of the incident at that time."""

    at: datetime
    recorded_at: datetime
    user_id: UUID
    status: IncidentStatus
    text: str


class SecurityIncidentCreate(Input):
    """What callers send to record an incident; secrets in its texts are replaced before anything is stored."""

    client_id: UUID
    site_id: UUID | None = None
    infrastructure_id: UUID | None = None
    service_id: UUID | None = None
    type: IncidentType
    severity: Severity = Severity.MEDIUM
    status: IncidentStatus = IncidentStatus.OPEN
    title: Name
    detected_at: Moment
    contained_at: Annotated[Moment, Field(description="By default when the status goes to contained.")] | None = None
    resolved_at: Annotated[Moment, Field(description="By default when the status goes to resolved.")] | None = None
    description: Prose | None = None
    findings: Prose | None = None
    remediation_steps: Lines = []
    lessons: Prose | None = None


class SecurityIncidentRead(SecurityIncidentCreate, Output):
    """What callers get of an incident. Its timeline holds every move of the status and every note, as they came in."""

    model_config = Output.model_config

    id: UUID
    timeline: list[TimelineEntry]
    created_at: datetime
    updated_at: datetime
    version: int


class TimelineNote(Input):
    """What callers send to add to a timeline; secrets in it are replaced before it is stored."""

    text: Annotated[Prose, Field(min_length=1, max_length=2000)]
    at: Annotated[Moment, Field(description="When it happened; by default now.")] | None = None


async def begin_timeline(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Begin the timeline, and set the instants that the status calls for."""
    values |= instants(values["status"], values)
    values["timeline"] = [_entry(actor, values["status"], "Recorded.")]


async def follow_status(session: AsyncSession, actor: Actor, row: SecurityIncident, values: Values) -> None:
    """Hold the status to its moves, keep each in the timeline, and set the instants that it calls for.

    Raises:
        Conflict: the incident cannot go to this status.
        Invalid: the instants are out of order.
    """
    wanted = values.get("status", row.status)
    check_move(row.status, wanted, MOVES)
    if wanted is not row.status:
        moved = _entry(actor, wanted, f"From {row.status.value} to {wanted.value}.")
        values["timeline"] = [*row.timeline, moved]
        if wanted is IncidentStatus.INVESTIGATING:
            # What was reached did not hold; the timeline keeps that it was thought to.
            values.setdefault("contained_at", None)
            values.setdefault("resolved_at", None)
    values |= instants(wanted, {name: values.get(name, getattr(row, name)) for name in INSTANTS})


def instants(status: IncidentStatus, given: Values) -> Values:
    """Return when an incident was detected, contained and resolved; what its status calls for is now unless given.

    Raises:
        Invalid: it was contained before it was detected, or resolved before either.
    """
    detected_at, contained_at, resolved_at = (given[name] for name in INSTANTS)
    if status is IncidentStatus.CONTAINED:
        contained_at = contained_at or max(now(), detected_at)
    if status in OVER:
        resolved_at = resolved_at or max(now(), contained_at or detected_at)
    if contained_at is not None and contained_at < detected_at:
        raise invalid("/contained_at", "An incident cannot be contained before it is detected.")
    if resolved_at is not None and resolved_at < (contained_at or detected_at):
        raise invalid("/resolved_at", "An incident cannot be resolved before it is detected and contained.")
    return dict(zip(INSTANTS, (detected_at, contained_at, resolved_at), strict=True))


def _entry(actor: Actor, status: IncidentStatus, text: str, at: datetime | None = None) -> dict[str, Any]:
    recorded_at = now()
    entry = TimelineEntry(
        at=at or recorded_at, recorded_at=recorded_at, user_id=actor.user_id, status=status, text=text
    )
    return entry.model_dump(mode="json")


async def note_in_timeline(session: AsyncSession, actor: Actor, id: UUID, note: TimelineNote) -> SecurityIncident:
    """Add a note, without secrets, to the timeline of an incident, and return the incident.

    Raises:
        NotFound, Forbidden: the incident is not the actor's to change.
        Conflict: the timeline is full.
    """
    await find(session, actor, SecurityIncident, id, Access.WRITE)
    # Locked, and as it now is: notes at the same time wait for each other, and none runs out of attempts.
    row = (
        await session.scalars(
            scoped(actor, SecurityIncident, Access.WRITE)
            .where(SecurityIncident.id == id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()
    if len(row.timeline) >= TIMELINE_ENTRIES:
        raise Conflict(f"A timeline holds {TIMELINE_ENTRIES} entries. Put the rest into the findings.")
    values: Values = {"text": note.text}
    redact_values(session, values, TimelineNote, "text")
    row.timeline = [*row.timeline, _entry(actor, row.status, values["text"], note.at)]
    await session.flush()
    return row


SECURITY_INCIDENTS = Resource(
    name="security-incidents",
    singular="security-incident",
    model=SecurityIncident,
    read=SecurityIncidentRead,
    create=SecurityIncidentCreate,
    fixed=("client_id",),
    filters=(
        "client_id",
        "site_id",
        "infrastructure_id",
        "service_id",
        "type",
        "severity",
        "status",
        "title",
        "detected_at",
        "contained_at",
        "resolved_at",
        "created_at",
        "updated_at",
    ),
    sorts=("detected_at", "contained_at", "resolved_at", "title", "created_at", "updated_at"),
    default_sort="-detected_at",
    searches=("title", "description", "findings", "lessons"),
    redacts=("title", "description", "findings", "remediation_steps", "lessons"),
    before_create=begin_timeline,
    before_change=follow_status,
)
