"""Labour types: kinds of work that are billed alike, and how their minutes are rounded."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, CheckConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.billing.rating import Rounding
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import LongText, choice, label
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Name, Output, Prose
from claudetools.kit.resource.scope import Shared

DAY_MINUTES = 1440


class LabourType(Record):
    """A kind of work, such as remote support or work on site after hours."""

    __tablename__ = "labour_types"
    __tenant__ = Shared()
    __table_args__ = (
        CheckConstraint("minimum_minutes >= 0", name="minimum"),
        CheckConstraint("increment_minutes >= 1", name="increment"),
        Record.__table_args__,
    )

    name: Mapped[str] = mapped_column(label(), unique=True)
    minimum_minutes: Mapped[int] = mapped_column(Integer, default=0)
    increment_minutes: Mapped[int] = mapped_column(Integer, default=1)
    rounding: Mapped[Rounding] = mapped_column(choice(Rounding), default=Rounding.UP)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    notes: Mapped[str | None] = mapped_column(LongText)


class LabourTypeCreate(Input):
    """What callers send to make a labour type."""

    name: Name
    minimum_minutes: Annotated[int, Field(ge=0, le=DAY_MINUTES, description="No entry is billed with less.")] = 0
    increment_minutes: Annotated[int, Field(ge=1, le=DAY_MINUTES, description="Time is billed in multiples of it.")] = 1
    rounding: Rounding = Rounding.UP
    is_active: bool = True
    notes: Prose | None = None


class LabourTypeRead(LabourTypeCreate, Output):
    """What callers get of a labour type."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


LABOUR_TYPES = Resource(
    name="labour-types",
    singular="labour-type",
    model=LabourType,
    read=LabourTypeRead,
    create=LabourTypeCreate,
    write_scope="msp:admin",
    filters=("name", "rounding", "is_active", "created_at", "updated_at"),
    sorts=("name", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "notes"),
    key=("name",),
)
