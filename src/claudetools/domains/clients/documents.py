"""Documents: what the firm has written down about a client, in Markdown, with every former text."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, Index, Integer, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.kit.clock import now
from claudetools.kit.db.base import Base, Record
from claudetools.kit.db.types import Id, Instant, LongText, label
from claudetools.kit.ids import new_id
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn, find


class Document(Record):
    """A text about one client."""

    __tablename__ = "documents"
    __tenant__ = TenantColumn("client_id")
    __table_args__ = (Index(None, "client_id", "title"), Record.__table_args__)

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    title: Mapped[str] = mapped_column(label())
    body: Mapped[str] = mapped_column(LongText)
    is_runbook: Mapped[bool] = mapped_column(Boolean, default=False, index=True)


class DocumentRevision(Base):
    """A document's text from `created_at` until the next revision, counted from 1. Never changed."""

    __tablename__ = "document_revisions"
    __table_args__ = (UniqueConstraint("document_id", "number"), Base.__table_args__)

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    document_id: Mapped[UUID] = mapped_column(Id, ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(LongText)
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("api_users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=now)


class DocumentCreate(Input):
    """A text about a client. Passwords belong into credentials, not in here."""

    client_id: UUID
    title: Name
    body: Annotated[Prose, Field(description="Markdown.")] = ""
    is_runbook: Annotated[bool, Field(description="Whether the text becomes part of the client's runbook.")] = False


class DocumentRead(DocumentCreate, Output):
    """A text about a client, as it stands now."""

    model_config = Output.model_config

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


class DocumentRevisionRead(Output):
    """What a document said from a moment on, and who wrote it."""

    id: UUID
    document_id: UUID
    number: int
    body: str
    user_id: UUID | None
    created_at: datetime


async def keep_revision(session: AsyncSession, actor: Actor, row: Document) -> None:
    """Keep the text as a new revision, unless it is the newest one already."""
    newest = await session.scalar(
        select(DocumentRevision)
        .where(DocumentRevision.document_id == row.id)
        .order_by(DocumentRevision.number.desc())
        .limit(1)
    )
    if newest is None or newest.body != row.body:
        number = 1 if newest is None else newest.number + 1
        session.add(DocumentRevision(document_id=row.id, number=number, body=row.body, user_id=actor.user_id))


async def document_revisions(session: AsyncSession, actor: Actor, id: UUID) -> list[DocumentRevision]:
    """Return every revision of a document, the newest, which is its present text, first.

    Raises:
        NotFound: the document is not the actor's to see.
    """
    row = await find(session, actor, Document, id)
    revisions = await session.scalars(
        select(DocumentRevision).where(DocumentRevision.document_id == row.id).order_by(DocumentRevision.number.desc())
    )
    return list(revisions)


DOCUMENTS = Resource(
    name="documents",
    singular="document",
    model=Document,
    read=DocumentRead,
    create=DocumentCreate,
    fixed=("client_id",),
    filters=("client_id", "title", "is_runbook", "created_at", "updated_at"),
    sorts=("title", "created_at", "updated_at"),
    default_sort="title",
    searches=("title", "body"),
    key=("client_id", "title"),
    after_write=keep_revision,
)
