"""Showing secrets to a person: as they are, or as the one-time code that follows from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.vault.audit_log import CredentialAction, Origin
from claudetools.domains.vault.credentials import CREDENTIALS, Credential, note_act
from claudetools.domains.vault.disclosure import CREDENTIAL, Reason, disclose, redacted
from claudetools.domains.vault.one_time_codes import one_time_codes
from claudetools.domains.vault.secret_fields import SECRET_FIELDS
from claudetools.domains.vault.versions import read_secrets
from claudetools.kit.audit import trail
from claudetools.kit.audit.events import Action
from claudetools.kit.clock import now
from claudetools.kit.db.session import Database
from claudetools.kit.problems import FieldError, Invalid, NotFound
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Actor

FieldName = Annotated[str, Field(max_length=32)]
FieldNames = Annotated[list[FieldName], Field(min_length=1, max_length=len(SECRET_FIELDS))]


class RevealRequest(Input):
    """Why somebody needs to see secrets, and which: by default all."""

    reason: Reason
    fields: FieldNames | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """Secrets of a credential in plain text."""

    credential_id: UUID
    version: int
    fields: dict[str, SecretStr]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCode:
    """A one-time code (RFC 6238), and for how many seconds it is still the present one."""

    code: SecretStr
    seconds_left: int


async def reveal(database: Database, actor: Actor, id: UUID, request: RevealRequest, origin: Origin) -> Revealed:
    """Return secrets of a credential in plain text.

    Raises:
        Invalid: one that is asked for is not set.
        Problem: as `disclose`.
    """

    async def act(session: AsyncSession, present: Actor, row: Credential) -> Revealed:
        secrets = chosen(await read_secrets(session, row), request.fields)
        reason = redacted(session, request.reason)
        note_act(session, present, CredentialAction.REVEAL, row, reason, origin)
        details = {"secret_version": row.secret_version, "fields": list(secrets), "reason": reason}
        trail.note(session, Action.REVEAL, CREDENTIALS.name, row.id, client_id=row.client_id, details=details)
        return Revealed(credential_id=row.id, version=row.secret_version, fields=secrets)

    return await disclose(database, actor, CREDENTIAL, id, act, origin)


async def one_time_code(database: Database, actor: Actor, id: UUID, origin: Origin) -> OneTimeCode:
    """Return the present one-time code of a credential, never its seed.

    Raises:
        NotFound: it has no seed.
        Problem: as `disclose`.
    """

    async def act(session: AsyncSession, present: Actor, row: Credential) -> OneTimeCode:
        seed = (await read_secrets(session, row)).get("totp_seed")
        if seed is None:
            raise NotFound("The credential has no seed for one-time codes.")
        codes, at = one_time_codes(seed.get_secret_value()), int(now().timestamp())
        note_act(session, present, CredentialAction.USE, row, "One-time code", origin)
        details = {"secret_version": row.secret_version, "fields": ["totp_seed"]}
        trail.note(session, Action.USE, CREDENTIALS.name, row.id, client_id=row.client_id, details=details)
        return OneTimeCode(code=SecretStr(codes.at(at)), seconds_left=codes.period - at % codes.period)

    return await disclose(database, actor, CREDENTIAL, id, act, origin)


def chosen(secrets: dict[str, SecretStr], names: Sequence[str] | None) -> dict[str, SecretStr]:
    """Return the secrets of these names; all of them for None.

    Raises:
        Invalid: one of them is not set.
    """
    if names is None:
        return secrets
    unknown = [
        FieldError(f"/fields/{index}", "not_set", "The credential has no such secret.")
        for index, name in enumerate(names)
        if name not in secrets
    ]
    if unknown:
        raise Invalid(errors=unknown)
    return {name: secrets[name] for name in names}
