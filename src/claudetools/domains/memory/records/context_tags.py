"""The tags of recallable records, one row each, so that records are found by tag without looking into JSON."""

import unicodedata
from collections.abc import Collection, Iterable
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, Select, String, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id, exact

TAG_CHARS = 64


class Match(StrEnum):
    """Whether a record must carry one of several tags, or each of them."""

    ANY = "any"
    ALL = "all"


class ContextTag(Base):
    """A tag of a record, in the form in which tags are compared. The record itself says who may see it."""

    __tablename__ = "context_tags"
    __table_args__ = (Index(None, "record_table", "tag"), Base.__table_args__)

    record_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    tag: Mapped[str] = mapped_column(exact(TAG_CHARS), primary_key=True)
    record_table: Mapped[str] = mapped_column(String(64))


def normalise_tag(tag: str) -> str:
    """Return the form in which tags are compared: lower case, words joined by hyphens; "" for separators alone."""
    words = unicodedata.normalize("NFKC", tag).casefold().replace("_", " ").replace("-", " ").split()
    return "-".join(words)[:TAG_CHARS]


def tag_forms(given: Iterable[str]) -> set[str]:
    """Return the forms of tags that are listed one by one or separated by commas."""
    return {form for text in given for form in map(normalise_tag, text.split(",")) if form}


def tagged(record_table: str, forms: Collection[str], match: Match = Match.ANY) -> Select[UUID]:
    """Return the query for the ids of the records of a table that carry these tags, given in their forms."""
    found = select(ContextTag.record_id).where(ContextTag.record_table == record_table, ContextTag.tag.in_(forms))
    if match is Match.ALL:
        found = found.group_by(ContextTag.record_id).having(func.count() == len(forms))
    return found


async def replace_tags(session: AsyncSession, record_table: str, record_id: UUID, tags: Iterable[str]) -> None:
    """Give a record exactly these tags."""
    wanted = {form for form in map(normalise_tag, tags) if form}
    current = set(await session.scalars(select(ContextTag.tag).where(ContextTag.record_id == record_id)))
    if current - wanted:
        await session.execute(
            delete(ContextTag).where(ContextTag.record_id == record_id, ContextTag.tag.in_(current - wanted))
        )
    session.add_all(
        ContextTag(record_id=record_id, tag=tag, record_table=record_table) for tag in sorted(wanted - current)
    )
    await session.flush()
