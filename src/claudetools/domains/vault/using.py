"""Using a secret for one run of a command: by people who may see it, and by programs that its policy lets use it."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.vault.access import is_usable
from claudetools.domains.vault.approvals import UseRequest, consume, request_use
from claudetools.domains.vault.audit_log import CredentialAction, Origin
from claudetools.domains.vault.credentials import CREDENTIALS, Credential, note_act
from claudetools.domains.vault.disclosure import Reason, Vaulted, check_person, disclose, redacted
from claudetools.domains.vault.main_fields import ONE_TIME_CODE, SEED, main_field, usable_fields
from claudetools.domains.vault.one_time_codes import one_time_codes
from claudetools.domains.vault.versions import read_secrets
from claudetools.kit.audit import trail
from claudetools.kit.audit.events import Action
from claudetools.kit.clock import now
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Forbidden, invalid
from claudetools.kit.resource.schema import Input, Name
from claudetools.kit.resource.scope import Actor, scoped


class UseOrder(Input):
    """Which secret a command is to be run with, and what for; `field` may be left out where the kind says it."""

    field: Annotated[str, Field(max_length=32)] | None = None
    reason: Reason
    command: Annotated[Name, Field(description="The program that is run, without its arguments.")] | None = None
    host: Annotated[Name, Field(description="Where it is run.")] | None = None
    approval_id: Annotated[UUID, Field(description="The request that a person has approved.")] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A secret for one run of a command, or what a person has to approve first."""

    version: int
    field: str
    value: SecretStr | None
    approval: UseRequest | None


async def use(database: Database, actor: Actor, id: UUID, order: UseOrder, origin: Origin) -> Used:
    """Return a secret of a credential for one run of a command, or the request that a person has to approve.

    Raises:
        Invalid: there is no such secret, or more than one that could be meant.
        Problem: as `disclose`.
    """

    async def act(session: AsyncSession, present: Actor, row: Credential) -> Used:
        field = _chosen(row, order.field)
        reason = redacted(session, order.reason)
        command = order.command and redacted(session, order.command)[:200]
        if present.machine_id is not None and row.agent_approval:
            if order.approval_id is None:
                approval = await request_use(
                    session, present, row, field, reason=reason, command=command, host=order.host
                )
                return Used(version=row.secret_version, field=field, value=None, approval=approval)
            if not await consume(session, present, row, field, order.approval_id):
                raise Forbidden("No approval holds for this: it was used, denied, is over, or is for something else.")
        value = await _read(session, row, field)
        note_act(session, present, CredentialAction.USE, row, reason, origin)
        details = {
            "secret_version": row.secret_version,
            "fields": [field],
            "reason": reason,
            "command": command,
            "host": order.host,
            "approval_id": order.approval_id and str(order.approval_id),
        }
        trail.note(session, Action.USE, CREDENTIALS.name, row.id, client_id=row.client_id, details=details)
        return Used(version=row.secret_version, field=field, value=value, approval=None)

    return await disclose(database, actor, USABLE, id, act, origin)


async def check_use(session: AsyncSession, actor: Actor, row: Credential) -> None:
    """Raise `Forbidden` unless a command of the actor may be run with a credential that they have found."""
    if actor.machine_id is None:
        check_person(actor)
    else:
        actor.require("msp:read")
    if await session.scalar(scoped(actor, Credential).where(Credential.id == row.id, is_usable(Credential, actor))):
        return
    if actor.machine_id is None:
        raise Forbidden("You may see this credential, but not its secrets.")
    if not row.is_active:
        raise Forbidden("This credential is out of use.")
    if not row.allows_agents:
        raise Forbidden(
            "Programs may not use this credential. Its field allows_agents says so; a person can change it."
        )
    raise Forbidden("The owner of this machine's token may not see the secrets of this credential.")


USABLE = Vaulted(CREDENTIALS, check_use)


def _chosen(row: Credential, name: str | None) -> str:
    """Return the secret that is meant.

    Raises:
        Invalid: it is not set, or none is named and several could be meant.
    """
    there = usable_fields(row.secret_fields)
    wanted = main_field(row.kind, row.secret_fields) if name is None else name
    if wanted is None or wanted not in there:
        told = f"Name one of {', '.join(there)}." if there else "The credential has none."
        raise invalid("/field", f"There is no such secret. {told}", "not_set")
    return wanted


async def _read(session: AsyncSession, row: Credential, field: str) -> SecretStr:
    secrets = await read_secrets(session, row)
    if field != ONE_TIME_CODE:
        return secrets[field]
    return SecretStr(one_time_codes(secrets[SEED].get_secret_value()).at(int(now().timestamp())))
