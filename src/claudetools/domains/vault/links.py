"""Credential links: the equipment and services that one credential opens."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.infra import Infrastructure, Service
from claudetools.domains.vault.credentials import Credential
from claudetools.kit.audit.trail import note_change
from claudetools.kit.db.base import Base
from claudetools.kit.db.types import Id
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Conflict, FieldError, NotFound
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Access, Actor, find, scoped


class CredentialLink(Base):
    """A piece of equipment, or a service, that a credential opens."""

    __tablename__ = "credential_links"
    __table_args__ = (
        CheckConstraint("(infrastructure_id IS NULL) <> (service_id IS NULL)", name="target"),
        UniqueConstraint("credential_id", "infrastructure_id"),
        UniqueConstraint("credential_id", "service_id"),
        Base.__table_args__,
    )

    id: Mapped[UUID] = mapped_column(Id, primary_key=True, default=new_id)
    credential_id: Mapped[UUID] = mapped_column(Id, ForeignKey("credentials.id", ondelete="CASCADE"), index=True)
    infrastructure_id: Mapped[UUID | None] = mapped_column(
        Id, ForeignKey("infrastructure.id", ondelete="CASCADE"), index=True
    )
    service_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("services.id", ondelete="CASCADE"), index=True)


class CredentialLinks(Input):
    """All equipment and all services that a credential opens, each in the order of their ids."""

    infrastructure_ids: Annotated[list[UUID], Field(max_length=500)]
    service_ids: Annotated[list[UUID], Field(max_length=500)]


Target = Infrastructure | Service
TARGETS: dict[str, tuple[str, type[Target]]] = {
    "infrastructure_ids": ("infrastructure_id", Infrastructure),
    "service_ids": ("service_id", Service),
}
"""The lists of links, each with its column and the model of what is linked."""


async def links_of(session: AsyncSession, actor: Actor, id: UUID) -> CredentialLinks:
    """Return what a credential opens.

    Raises:
        NotFound: the credential is not the actor's to see.
    """
    row = await find(session, actor, Credential, id)
    links = list(await session.scalars(select(CredentialLink).where(CredentialLink.credential_id == row.id)))
    return CredentialLinks(
        infrastructure_ids=sorted(link.infrastructure_id for link in links if link.infrastructure_id is not None),
        service_ids=sorted(link.service_id for link in links if link.service_id is not None),
    )


async def set_links(session: AsyncSession, actor: Actor, id: UUID, wanted: CredentialLinks) -> CredentialLinks:
    """Let a credential open exactly these.

    Raises:
        NotFound, Forbidden: the credential, or what it shall open, is not the actor's to use.
        Conflict: what it shall open belongs to another client.
    """
    row = await find(session, actor, Credential, id, Access.WRITE)
    # One at a time: what is compared must be what is written.
    await session.execute(scoped(actor, Credential, Access.WRITE).where(Credential.id == row.id).with_for_update())
    present = await links_of(session, actor, id)
    for name, (column, model) in TARGETS.items():
        before, after = set(getattr(present, name)), set(getattr(wanted, name))
        for index, target_id in enumerate(getattr(wanted, name)):
            await _check_target(session, actor, row, model, target_id, f"/{name}/{index}")
        for added in after - before:
            session.add(CredentialLink(credential_id=row.id, **{column: added}))
        gone = delete(CredentialLink).where(
            CredentialLink.credential_id == row.id, getattr(CredentialLink, column).in_(before - after)
        )
        await session.execute(gone)
    await session.flush()
    linked = await links_of(session, actor, id)
    note_change(session, row, present.model_dump(), linked.model_dump())
    return linked


async def _check_target(
    session: AsyncSession, actor: Actor, row: Credential, model: type[Target], target_id: UUID, pointer: str
) -> None:
    try:
        target = await find(session, actor, model, target_id)
    except NotFound:
        message = "There is no such record."
        raise NotFound(message, errors=[FieldError(pointer, "not_found", message)]) from None
    if target.client_id != row.client_id:
        message = "A credential opens only what belongs to its own client."
        raise Conflict(message, errors=[FieldError(pointer, "other_tenant", message)])
