"""Environmental examples: a command that fails in an environment, beside the one that works."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.learning.environmental_insights import EnvironmentalInsight
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText
from claudetools.kit.problems import NotFound
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, find

TEXTS = ("wrong_command", "right_command", "output")


class EnvironmentalExample(Record):
    """An example of an insight, without secrets. It goes with its insight."""

    __tablename__ = "environmental_examples"
    __tenant__ = TenantColumn("client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    insight_id: Mapped[UUID] = mapped_column(
        Id, ForeignKey("environmental_insights.id", ondelete="CASCADE"), index=True
    )
    session_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("sessions.id", ondelete="SET NULL"), index=True)
    wrong_command: Mapped[str] = mapped_column(LongText)
    right_command: Mapped[str | None] = mapped_column(LongText)
    output: Mapped[str | None] = mapped_column(LongText)


class EnvironmentalExampleCreate(Input):
    """What callers send to add an example to an insight; secrets in it are replaced before anything is stored."""

    insight_id: UUID
    session_id: UUID | None = None
    wrong_command: Annotated[Prose, Field(min_length=1)]
    right_command: Annotated[Prose, Field(description="What works instead; none while nothing does.")] | None = None
    output: Annotated[Prose, Field(description="What the wrong command answers.")] | None = None


class EnvironmentalExampleRead(EnvironmentalExampleCreate, Output):
    """What callers get of an example. Its client is that of the insight."""

    model_config = Output.model_config

    id: UUID
    client_id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def belong_to_insight(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Put an example under the client that its insight belongs to."""
    try:
        insight = await find(session, actor, EnvironmentalInsight, values["insight_id"])
    except NotFound:
        return  # The check of references, which comes next, names the field.
    values["client_id"] = insight.client_id


ENVIRONMENTAL_EXAMPLES = Resource(
    name="environmental-examples",
    singular="environmental-example",
    model=EnvironmentalExample,
    read=EnvironmentalExampleRead,
    create=EnvironmentalExampleCreate,
    fixed=("insight_id",),
    filters=("client_id", "insight_id", "session_id", "created_at", "updated_at"),
    sorts=("created_at", "updated_at"),
    searches=TEXTS,
    redacts=TEXTS,
    before_create=belong_to_insight,
)
