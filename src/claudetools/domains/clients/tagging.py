"""Tagging: which records carry which tags, and how often each tag is used."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.clients.tags import Tag
from claudetools.kit.audit.trail import note_change
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id
from claudetools.kit.resource.scope import Access, Actor, find, scoped


class TagLink(Base):
    """A tag on a record. Each table of such links names the model of its records in `__owner__`."""

    __abstract__ = True
    __owner__: ClassVar[type[Record]]

    owner_id: Mapped[UUID]
    tag_id: Mapped[UUID] = mapped_column(
        Id, ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True, sort_order=1
    )


async def tags_of(session: AsyncSession, actor: Actor, link: type[TagLink], id: UUID) -> list[Tag]:
    """Return the tags of a record, by name.

    Raises:
        NotFound: the record is not the actor's to see.
    """
    row = await find(session, actor, link.__owner__, id)
    tags = await session.scalars(
        select(Tag).join(link, link.tag_id == Tag.id).where(link.owner_id == row.id).order_by(Tag.name)
    )
    return list(tags)


async def set_tags(
    session: AsyncSession, actor: Actor, link: type[TagLink], id: UUID, tag_ids: list[UUID]
) -> list[Tag]:
    """Give a record exactly these tags, and keep the tags' usage counts.

    Raises:
        NotFound, Forbidden: the record or a tag is not the actor's to use.
    """
    owner = link.__owner__
    row = await find(session, actor, owner, id, Access.WRITE)
    # One at a time: what is counted must be what is written.
    await session.execute(scoped(actor, owner, Access.WRITE).where(owner.id == row.id).with_for_update())
    wanted = {(await find(session, actor, Tag, tag_id)).id for tag_id in tag_ids}
    current = set(await session.scalars(select(link.tag_id).where(link.owner_id == row.id)))
    for added in wanted - current:
        session.add(link(owner_id=row.id, tag_id=added))
        await session.execute(update(Tag).where(Tag.id == added).values(usage_count=Tag.usage_count + 1))
    for removed in current - wanted:
        await session.execute(delete(link).where(link.owner_id == row.id, link.tag_id == removed))
        await session.execute(update(Tag).where(Tag.id == removed).values(usage_count=Tag.usage_count - 1))
    await session.flush()
    note_change(session, row, {"tag_ids": sorted(current)}, {"tag_ids": sorted(wanted)})
    return await tags_of(session, actor, link, id)


async def release_tags(session: AsyncSession, link: type[TagLink], id: UUID) -> None:
    """Take a record that goes out of the usage counts of its tags."""
    tagged = select(link.tag_id).where(link.owner_id == id)
    await session.execute(update(Tag).where(Tag.id.in_(tagged)).values(usage_count=Tag.usage_count - 1))
