"""External integrations: the log of every call to another system, or from one."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json, LongText, choice, label
from claudetools.kit.resource.declare import READ_ONLY, Resource, Values, Verb
from claudetools.kit.resource.network_types import MAX_URL_LENGTH, Url
from claudetools.kit.resource.schema import Input, JsonObject, Label, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn


class CallDirection(StrEnum):
    """Who called whom."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class CallStatus(StrEnum):
    """How a call ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


class ExternalIntegration(Record):
    """A call, without secrets. One that belongs to no client is seen only by its person and by administrators."""

    __tablename__ = "external_integrations"
    __tenant__ = TenantColumn("client_id", author="user_id")
    __table_args__ = (Index(None, "client_id", "created_at"), Record.__table_args__)

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("api_users.id", ondelete="RESTRICT"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("work_items.id", ondelete="SET NULL"), index=True)
    type: Mapped[str] = mapped_column(label(64), index=True)
    direction: Mapped[CallDirection] = mapped_column(choice(CallDirection), index=True)
    action: Mapped[str] = mapped_column(label(), index=True)
    external_id: Mapped[str | None] = mapped_column(String(200), index=True)
    external_url: Mapped[str | None] = mapped_column(String(MAX_URL_LENGTH))
    request: Mapped[dict[str, Any] | None] = mapped_column(Json)
    response: Mapped[dict[str, Any] | None] = mapped_column(Json)
    status: Mapped[CallStatus] = mapped_column(choice(CallStatus), index=True)
    error: Mapped[str | None] = mapped_column(LongText)
    duration_ms: Mapped[int | None] = mapped_column(Integer, index=True)


class ExternalIntegrationCreate(Input):
    """What callers send to log a call; secrets in it are replaced before anything is stored."""

    client_id: UUID | None = None
    session_id: UUID | None = None
    work_item_id: UUID | None = None
    type: Annotated[Label, Field(description="The other system, such as syncro, autotask or m365.")]
    direction: CallDirection = CallDirection.OUTBOUND
    action: Annotated[Name, Field(description="What was asked for, such as create_ticket.")]
    external_id: Name | None = None
    external_url: Url | None = None
    request: JsonObject | None = None
    response: JsonObject | None = None
    status: CallStatus
    error: Prose | None = None
    duration_ms: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class ExternalIntegrationRead(ExternalIntegrationCreate, Output):
    """What was logged of a call to another system, or from one. A log is not changed."""

    model_config = Output.model_config

    id: UUID
    user_id: UUID
    # What stands for a secret in it need not be part of a valid URL.
    external_url: str | None
    created_at: datetime
    updated_at: datetime
    version: int


async def log_call(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Make the caller the person of the call."""
    values["user_id"] = actor.user_id


EXTERNAL_INTEGRATIONS = Resource(
    name="external-integrations",
    singular="external-integration",
    model=ExternalIntegration,
    read=ExternalIntegrationRead,
    create=ExternalIntegrationCreate,
    filters=(
        "client_id",
        "user_id",
        "session_id",
        "work_item_id",
        "type",
        "direction",
        "action",
        "external_id",
        "status",
        "duration_ms",
        "created_at",
    ),
    sorts=("created_at", "duration_ms"),
    searches=("action", "type", "external_id", "error"),
    redacts=("external_url", "request", "response", "error"),
    verbs=READ_ONLY | {Verb.CREATE, Verb.IMPORT},
    before_create=log_call,
)
