"""The secrets of a credential: which there are, what each takes, and their columns. Callers only send them.

Only revealing, sharing and using one gives it out again, each by an act of its own that is audited.
"""

import json
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy import ForeignKey, Integer
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from claudetools.domains.vault.one_time_codes import one_time_codes
from claudetools.kit.crypto import envelope
from claudetools.kit.crypto.envelope import Envelope, Sealed, SealedRow
from claudetools.kit.db.base import Record
from claudetools.kit.db.types import Id, Json
from claudetools.kit.resource.schema import Input

Secrets = Mapping[str, SecretStr]


def is_text(secret: SecretStr) -> SecretStr:
    """Return `secret` if it can be stored and sent.

    Raises:
        ValueError: it cannot. The message does not repeat it.
    """
    text = secret.get_secret_value()
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("text without NUL characters and lone surrogates")
    return secret


def _is_seed(secret: SecretStr) -> SecretStr:
    one_time_codes(secret.get_secret_value())
    return secret


Short = Annotated[SecretStr, Field(min_length=1, max_length=1_000), AfterValidator(is_text)]
Long = Annotated[SecretStr, Field(min_length=1, max_length=20_000), AfterValidator(is_text)]
Seed = Annotated[Short, AfterValidator(_is_seed)]


class SecretInput(Input):
    """The secrets that callers may send: one that is left out stays as it is, null removes it."""

    password: Short | None = None
    api_key: Short | None = None
    oauth_client_id: Short | None = None
    client_secret: Short | None = None
    token: Long | None = None
    connection_string: Short | None = None
    private_key: Long | None = None
    totp_seed: Annotated[Seed, Field(description="Base32, or the otpauth:// URI behind a QR code.")] | None = None
    secret_note: Long | None = None


SECRET_FIELDS = tuple(SecretInput.model_fields)


class SecretColumns(Record):
    """The columns in which a row keeps the secrets of a credential, each sealed to its row, column and version.

    `secret_fields` names those that are set.
    """

    __abstract__ = True
    __sealed__ = SealedRow(version="secret_version", client="client_id")

    client_id: Mapped[UUID] = mapped_column(Id, ForeignKey("clients.id", ondelete="RESTRICT"), index=True)
    secret_version: Mapped[int] = mapped_column(Integer, default=1)
    secret_fields: Mapped[list[str]] = mapped_column(Json, default=list)
    password_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    api_key_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    oauth_client_id_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    client_secret_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    token_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    connection_string_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    private_key_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    totp_seed_encrypted: Mapped[bytes | None] = mapped_column(Sealed)
    secret_note_encrypted: Mapped[bytes | None] = mapped_column(Sealed)


def column_of(name: str) -> str:
    """Return the column that keeps a secret."""
    return f"{name}_encrypted"


def envelope_of(session: AsyncSession) -> Envelope:
    """Return what seals and opens the secrets in the database of `session`."""
    found: Envelope = session.info[envelope.SERVICE]
    return found


async def open_secrets(session: AsyncSession, row: SecretColumns) -> dict[str, SecretStr]:
    """Return all secrets of a row in plain text.

    Raises:
        SecretUnreadable: one does not belong where it is, or its key is gone.
    """
    found = {name: await envelope_of(session).get(session, row, column_of(name)) for name in SECRET_FIELDS}
    return {name: secret for name, secret in found.items() if secret is not None}


async def seal_secrets(session: AsyncSession, row: SecretColumns, secrets: Secrets) -> None:
    """Let a row keep exactly these secrets, sealed to the version that it says they are of."""
    for name in SECRET_FIELDS:
        await envelope_of(session).put(session, row, column_of(name), secrets.get(name))
    row.secret_fields = [name for name in SECRET_FIELDS if name in secrets]


def packed(secrets: Secrets) -> SecretStr:
    """Return secrets as one text."""
    return SecretStr(json.dumps({name: secret.get_secret_value() for name, secret in secrets.items()}))


def unpacked(text: SecretStr) -> dict[str, SecretStr]:
    """Return the secrets in a text that `packed` made."""
    return {name: SecretStr(value) for name, value in json.loads(text.get_secret_value()).items()}
