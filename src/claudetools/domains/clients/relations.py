"""Relations: links of any kind between any two records of one client."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, and_, inspect, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools import domains
from claudetools.domains.clients.clients import Client
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, LongText, label
from claudetools.kit.problems import Conflict, FieldError, NotFound, invalid
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Label, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, find, scoped

RecordType = Annotated[
    str, Field(pattern=r"^[a-z0-9-]{1,64}$", description="The kind of record, in the singular, such as work-item.")
]


class Relation(Record):
    """A link from one record of a client to another. There is no foreign key: the ends are of any table."""

    __tablename__ = "relations"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (
        UniqueConstraint("from_type", "from_id", "to_type", "to_id", "kind"),
        Index(None, "to_type", "to_id"),
        Record.__table_args__,
    )

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    from_type: Mapped[str] = mapped_column(String(64))
    from_id: Mapped[UUID] = mapped_column(Id)
    to_type: Mapped[str] = mapped_column(String(64))
    to_id: Mapped[UUID] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(label(64), index=True)
    note: Mapped[str | None] = mapped_column(LongText)


class RelationCreate(Input):
    """A link between two records of one client, read as a sentence: from, kind, to."""

    client_id: UUID
    from_type: RecordType
    from_id: UUID
    to_type: RecordType
    to_id: UUID
    kind: Annotated[Label, Field(description="What the first is to the second, such as replaces or documents.")]
    note: Prose | None = None


class RelationRead(RelationCreate, Output):
    """A link between two records, as kept."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


async def check_ends(session: AsyncSession, actor: Actor, values: Values) -> None:
    """Check that both ends exist for the actor, belong to the relation's client, and are two.

    Raises:
        Invalid: there is no such type of record, or a record is linked to itself.
        NotFound: an end does not exist or is not the actor's to see.
        Conflict: an end belongs to another client, or to none.
    """
    try:
        await find(session, actor, Client, values["client_id"])
    except NotFound:
        return  # The check of references, which comes next, names the field.
    for end in ("from", "to"):
        await _check_end(session, actor, values, end)
    if (values["from_type"], values["from_id"]) == (values["to_type"], values["to_id"]):
        raise invalid("/to_id", "A record is not linked to itself.")


async def _check_end(session: AsyncSession, actor: Actor, values: Values, end: str) -> None:
    types = {resource.singular: resource for resource in domains.RESOURCES}
    resource = types.get(values[f"{end}_type"])
    if resource is None:
        raise invalid(f"/{end}_type", f"There is no such type of record. Known: {', '.join(sorted(types))}.")
    pointer = f"/{end}_id"
    try:
        row = await find(session, actor, resource.model, values[f"{end}_id"])
    except NotFound:
        message = f"There is no such record for {end}_id."
        raise NotFound(message, errors=[FieldError(pointer, "not_found", message)]) from None
    columns = {column.key: getattr(row, column.key) for column in inspect(resource.model).columns}
    if resource.tenant.owner(columns) != values["client_id"]:
        message = f"The record named in {end}_id does not belong to the same client."
        raise Conflict(message, errors=[FieldError(pointer, "other_tenant", message)])


async def relations_of(session: AsyncSession, actor: Actor, record_type: str, id: UUID) -> list[Relation]:
    """Return the relations that a record has, at either end, in the order they were made."""
    relations = await session.scalars(
        scoped(actor, Relation)
        .where(
            or_(
                and_(Relation.from_type == record_type, Relation.from_id == id),
                and_(Relation.to_type == record_type, Relation.to_id == id),
            )
        )
        .order_by(Relation.id)
    )
    return list(relations)


RELATIONS = Resource(
    name="relations",
    singular="relation",
    model=Relation,
    read=RelationRead,
    create=RelationCreate,
    fixed=("client_id", "from_type", "from_id", "to_type", "to_id"),
    filters=("client_id", "from_type", "from_id", "to_type", "to_id", "kind", "created_at", "updated_at"),
    sorts=("kind", "created_at", "updated_at"),
    searches=("kind", "note"),
    before_create=check_ends,
)
