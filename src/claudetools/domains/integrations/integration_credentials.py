"""Integration credentials: what other systems are signed in to with, and until when it holds. The secret is sealed."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import Boolean, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.vault.secret_fields import Long, envelope_of
from claudetools.kit.crypto.envelope import Sealed, SealedRow
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Instant, LongText, choice, label
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.schema import Input, Label, Moment, Name, Output, Prose
from claudetools.kit.resource.scope import Actor, TenantColumn


class IntegrationCredentialType(StrEnum):
    """How one signs in with it."""

    OAUTH = "oauth"
    API_KEY = "api_key"
    BASIC = "basic"


class CredentialTestResult(StrEnum):
    """How the last try to sign in ended."""

    PASSED = "passed"
    FAILED = "failed"


class IntegrationCredential(Record):
    """What the firm signs in to another system with, for one client or, without one, for itself.

    One without a client is seen only by those who work for all clients.
    """

    __tablename__ = "integration_credentials"
    __tenant__ = TenantColumn("client_id")
    __sealed__ = SealedRow(version="secret_version", client="client_id")
    __table_args__ = (UniqueConstraint("client_id", "name"), Record.__table_args__)

    client_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(label(), index=True)
    type: Mapped[IntegrationCredentialType] = mapped_column(choice(IntegrationCredentialType), index=True)
    service_name: Mapped[str] = mapped_column(label(64), index=True)
    expires_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    secret_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    secret_version: Mapped[int] = mapped_column(Integer, default=1)
    has_secret: Mapped[bool] = mapped_column(Boolean, default=False)
    last_tested_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    last_test_result: Mapped[CredentialTestResult | None] = mapped_column(choice(CredentialTestResult), index=True)
    is_active: Mapped[bool] = mapped_column(Boolean, default=True, index=True)
    notes: Mapped[str | None] = mapped_column(LongText)


class IntegrationCredentialFields(Input):
    """What is known of a credential of an integration beside its secret."""

    client_id: Annotated[UUID, Field(description="None for the firm itself.")] | None = None
    name: Name
    type: IntegrationCredentialType
    service_name: Annotated[Label, Field(description="What it is for, such as syncro, autotask or m365.")]
    expires_at: Moment | None = None
    last_tested_at: Moment | None = None
    last_test_result: CredentialTestResult | None = None
    is_active: bool = True
    notes: Annotated[Prose, Field(description="Secrets in it are replaced before it is stored.")] | None = None


class IntegrationCredentialCreate(IntegrationCredentialFields):
    """What administrators send to enter a credential of an integration. A secret left out stays, null removes it."""

    secret: Long | None = None


class IntegrationCredentialRead(IntegrationCredentialFields, Output):
    """What callers get of a credential of an integration: never a secret."""

    model_config = Output.model_config

    id: UUID
    has_secret: bool
    secret_version: Annotated[int, Field(description="Counts the changes of its secret, from 1.")]
    created_at: datetime
    updated_at: datetime
    version: int


async def seal(session: AsyncSession, actor: Actor, row: IntegrationCredential, secrets: Values) -> None:
    """Keep the secret that is given with a credential of an integration, sealed to its version."""
    row.secret_version = (row.secret_version or 0) + 1
    with session.no_autoflush:  # The row is written once, when it is whole.
        await envelope_of(session).put(session, row, "secret_encrypted", secrets.get("secret"))
    row.has_secret = row.secret_encrypted is not None


INTEGRATION_CREDENTIALS = Resource(
    name="integration-credentials",
    singular="integration-credential",
    model=IntegrationCredential,
    read=IntegrationCredentialRead,
    create=IntegrationCredentialCreate,
    fixed=("client_id",),
    write_scope="msp:admin",
    filters=(
        "client_id",
        "name",
        "type",
        "service_name",
        "expires_at",
        "last_tested_at",
        "last_test_result",
        "is_active",
        "created_at",
        "updated_at",
    ),
    sorts=("name", "service_name", "expires_at", "last_tested_at", "created_at", "updated_at"),
    default_sort="name",
    searches=("name", "service_name", "notes"),
    redacts=("notes",),
    key=("client_id", "name"),
    expires="expires_at",
    seal=seal,
)
