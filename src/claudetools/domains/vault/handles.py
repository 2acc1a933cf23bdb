"""Handles: how a program runs a command with a credential that it never gets to see.

Nothing here can read a secret: the columns that hold them are not asked for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.infra import Infrastructure
from claudetools.domains.vault.access import is_usable
from claudetools.domains.vault.audit_log import CredentialAction, note
from claudetools.domains.vault.credentials import Credential
from claudetools.domains.vault.main_fields import main_field
from claudetools.kit.resource.scope import Actor, scoped

MOST = 5
SHOWN = (
    Credential.id,
    Credential.client_id,
    Credential.service_name,
    Credential.kind,
    Credential.username,
    Credential.url,
    Credential.port,
    Credential.requires_vpn,
    Credential.secret_fields,
    Credential.agent_approval,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """What is known of a credential beside its secrets, and by which name its main secret is used; None if unusable."""

    id: UUID
    name: str
    username: str | None
    address: str | None
    host: str | None
    requires_vpn: bool
    needs_approval: bool
    field: str | None


async def find_handles(session: AsyncSession, actor: Actor, client_id: UUID, words: str) -> list[Handle]:
    """Return the credentials of a client that these words are about, the best first, and note which are handed out."""
    hostname = Infrastructure.hostname.label("host")
    usable = is_usable(Credential, actor).label("is_usable")
    query = (
        scoped(actor, Credential)
        .with_only_columns(*SHOWN, hostname, usable)
        .outerjoin(Infrastructure, Infrastructure.id == Credential.infrastructure_id)
        .where(Credential.client_id == client_id, Credential.is_active.is_(True))
        .order_by(Credential.service_name, Credential.id)
    )
    wanted = _words(words)
    rated = [(_rating(row, wanted), row) for row in await session.execute(query)]
    best = sorted((each for each in rated if each[0]), key=lambda each: -each[0])[:MOST]
    return [_handed_out(session, actor, row) for _, row in best]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _rating(row: Any, wanted: set[str]) -> float:
    """Return how much of what is wanted a credential names, and less for what it names besides; 0 for nothing."""
    names: Sequence[str | None] = (row.service_name, row.username, row.url, row.host)
    found = _words(" ".join(filter(None, names)))
    shared = len(wanted & found)
    return shared + shared / len(found) if shared else 0.0


def _handed_out(session: AsyncSession, actor: Actor, row: Any) -> Handle:
    field = main_field(row.kind, row.secret_fields) if row.is_usable else None
    if field is not None:
        note(
            session,
            actor,
            CredentialAction.VIEW,
            client_id=row.client_id,
            credential_id=row.id,
            credential_name=row.service_name,
            reason="Handle",
        )
    address = row.url if row.url is not None else row.host and (f"{row.host}:{row.port}" if row.port else row.host)
    return Handle(
        id=row.id,
        name=row.service_name,
        username=row.username,
        address=address,
        host=row.host,
        requires_vpn=row.requires_vpn,
        needs_approval=row.agent_approval and actor.machine_id is not None,
        field=field,
    )
