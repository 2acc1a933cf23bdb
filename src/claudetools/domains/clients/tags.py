"""Tags: words that group records across the firm."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Record
from claudetools.kit.db.types import LongText, label
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Label, Output, Prose
from claudetools.kit.resource.scope import Shared


class Tag(Record):
    """A word that records can carry. `usage_count` is kept by the service."""

    __tablename__ = "tags"
    __tenant__ = Shared()

    name: Mapped[str] = mapped_column(label(64), unique=True)
    category: Mapped[str | None] = mapped_column(String(64), index=True)
    colour: Mapped[str | None] = mapped_column(String(7))
    description: Mapped[str | None] = mapped_column(LongText)
    usage_count: Mapped[int] = mapped_column(Integer, default=0)


class TagCreate(Input):
    """What callers send to make a tag."""

    name: Label
    category: Label | None = None
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = None
    description: Prose | None = None


class TagRead(TagCreate, Output):
    """What callers get of a tag."""

    model_config = Output.model_config

    id: UUID
    usage_count: int
    created_at: datetime
    updated_at: datetime
    version: int


TAGS = Resource(
    name="tags",
    singular="tag",
    model=Tag,
    read=TagRead,
    create=TagCreate,
    filters=("name", "category", "usage_count"),
    sorts=("name", "usage_count", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "description"),
    key=("name",),
)
