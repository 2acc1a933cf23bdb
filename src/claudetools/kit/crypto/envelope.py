"""Secrets in columns: encrypted under a data key, and bound to the place that they are stored in.

What is stored is: format (1 byte), algorithm (1), data key id (16), nonce (12), ciphertext, tag (16). Bound into it
(AAD) are format, table, column, client, row, version of the secret and data key, so that it opens nowhere else.
"""

from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Dialect, LargeBinary, TypeDecorator
from sqlalchemy.dialects.mysql import MEDIUMBLOB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from claudetools.kit.crypto.data_keys import NOBODY, DataKeys, bound
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.crypto.sealing import SealBroken, Sealer
from claudetools.kit.db.base import Base
from claudetools.kit.logging import log
from claudetools.kit.problems import Problem, Unavailable

SERVICE = "envelope"
FORMAT = 1
AES_256_GCM = 1
PREFIX = bytes((FORMAT, AES_256_GCM))
HEAD_BYTES = len(PREFIX) + 16
logger = log(__name__)


class SecretUnreadable(Problem):
    """What is stored does not belong there, was altered, or its key is gone. Which of them is in the server's log."""

    status = 409
    code = "secret_unreadable"
    title = "The stored secret cannot be read"

    def __init__(self) -> None:
        super().__init__("Ask an administrator to run `claudetools keys check`, or enter the secret anew.")


class Sealed(TypeDecorator[bytes]):
    """The type of a column that holds an encrypted secret."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[bytes]:
        """Return room for 16 MB on MariaDB."""
        own = MEDIUMBLOB() if dialect.name in ("mysql", "mariadb") else LargeBinary()
        return dialect.type_descriptor(own)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRow:
    """Which columns of a model say the version of its secrets, and whose they are.

    Without `client`, or where it is null, they are the firm's own. A model with columns of type `Sealed` has one of
    these as `__sealed__`.
    """

    version: str
    client: str | None = None

    def client_of(self, row: Base) -> UUID | None:
        """Return the client that the secrets of a row belong to."""
        client: UUID | None = getattr(row, self.client) if self.client else None
        return client


class Envelope:
    """Encrypts and decrypts secrets in columns. Units find it in their session's services as `SERVICE`."""

    def __init__(self, keyring: Keyring) -> None:
        self.keys = DataKeys(keyring)

    async def put(self, session: AsyncSession, row: Base, column: str, secret: SecretStr | None) -> None:
        """Encrypt `secret` into a column of `row`, whose id, version and client are set; None empties it.

        Raises:
            Unavailable: the client's data key cannot be used.
        """
        if secret is None:
            setattr(row, column, None)
            return
        try:
            key_id, sealer = await self.keys.to_encrypt(session, sealed_row(row).client_of(row))
        except KeyProblem as problem:
            logger.error("secret not encrypted", table=row.__tablename__, column=column, reason=str(problem))
            raise Unavailable(
                "Secrets cannot be encrypted. Ask an administrator to run `claudetools keys check`."
            ) from None
        setattr(row, column, seal(row, column, secret, key_id, sealer))

    async def get(self, session: AsyncSession, row: Base, column: str) -> SecretStr | None:
        """Return the secret in a column of `row`; None if the column is empty.

        Raises:
            SecretUnreadable: what is stored does not belong there, was altered, or its key is gone.
        """
        stored: bytes | None = getattr(row, column)
        if stored is None:
            return None
        try:
            sealer = await self.keys.to_decrypt(session, key_of(stored), sealed_row(row).client_of(row))
        except (KeyProblem, ValueError) as error:
            raise _unreadable(row, column, str(error)) from None
        return unseal(row, column, sealer)


def seal(row: Base, column: str, secret: SecretStr, key_id: UUID, sealer: Sealer) -> bytes:
    """Return what is to be stored for `secret` in a column of `row`, under a data key that `sealer` seals with."""
    head = PREFIX + key_id.bytes
    return head + sealer.seal(secret.get_secret_value().encode(), _context(row, column, key_id))


def unseal(row: Base, column: str, sealer: Sealer) -> SecretStr:
    """Return the secret in a column of `row` that is not empty, by its data key.

    Raises:
        SecretUnreadable: what is stored does not belong there, or was altered.
    """
    stored: bytes = getattr(row, column)
    try:
        return SecretStr(sealer.open(stored[HEAD_BYTES:], _context(row, column, key_of(stored))).decode())
    except (SealBroken, ValueError):
        raise _unreadable(row, column, "it was altered, or belongs elsewhere") from None


def _unreadable(row: Base, column: str, reason: str) -> SecretUnreadable:
    logger.error(
        "secret unreadable", table=row.__tablename__, column=column, row=str(getattr(row, "id", None)), reason=reason
    )
    return SecretUnreadable()


def sealed_row(row: Base | type[Base]) -> SealedRow:
    """Return how the secrets of a row are bound."""
    found: SealedRow = row.__sealed__  # type: ignore[union-attr]
    return found


def key_of(stored: bytes) -> UUID:
    """Return the data key that a stored secret names.

    Raises:
        ValueError: the secret is not in the format of this service.
    """
    if len(stored) <= HEAD_BYTES or not stored.startswith(PREFIX):
        raise ValueError("not a format of this service")
    return UUID(bytes=bytes(stored[len(PREFIX) : HEAD_BYTES]))


def _context(row: Base, column: str, key_id: UUID) -> bytes:
    sealed = sealed_row(row)
    client = sealed.client_of(row) or NOBODY
    id: UUID | None = getattr(row, "id")  # noqa: B009 - every sealed model has one, whatever its base
    version: int | None = getattr(row, sealed.version)
    if id is None or version is None:
        raise ValueError("a secret needs the id and the version of its row")
    return bound(
        PREFIX,
        row.__tablename__.encode(),
        column.encode(),
        client.bytes,
        id.bytes,
        str(version).encode(),
        key_id.bytes,
    )
