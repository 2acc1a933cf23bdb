"""Which credentials have weak or reused secrets, or are to be rotated: told without any secret."""

from collections import defaultdict
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.vault.access import is_revealable
from claudetools.domains.vault.credentials import Credential
from claudetools.domains.vault.expiring import rotation_due_at
from claudetools.domains.vault.fingerprints import SecretFingerprint, Weakness
from claudetools.kit.clock import now
from claudetools.kit.resource.scope import Actor, scoped


class WeakSecret(BaseModel):
    """A secret that is easily guessed."""

    field: str
    weakness: Weakness


class ReusedSecret(BaseModel):
    """A secret that other credentials have too, in whichever field."""

    field: str
    credential_ids: list[UUID]


class CredentialHealth(BaseModel):
    """What is wrong with the secrets of a credential."""

    credential_id: UUID
    client_id: UUID
    service_name: str
    weak: list[WeakSecret]
    reused: list[ReusedSecret]
    is_rotation_due: bool


async def credential_health(session: AsyncSession, actor: Actor, client_id: UUID | None) -> list[CredentialHealth]:
    """Return the active credentials that something is wrong with, of one client or of all, by name.

    Only those whose secrets the actor may see count: else one could guess a secret by entering it elsewhere.
    """
    query = scoped(actor, Credential).where(Credential.is_active.is_(True), is_revealable(Credential, actor))
    rows = {row.id: row for row in await session.scalars(query)}
    prints = [p for p in await session.scalars(select(SecretFingerprint)) if p.credential_id in rows]
    holders: defaultdict[bytes, set[UUID]] = defaultdict(set)
    own: defaultdict[UUID, list[SecretFingerprint]] = defaultdict(list)
    for found in prints:
        holders[found.digest].add(found.credential_id)
        own[found.credential_id].append(found)
    checked = [_health(row, own[row.id], holders) for row in rows.values() if client_id in (None, row.client_id)]
    faulty = [health for health in checked if health.weak or health.reused or health.is_rotation_due]
    return sorted(faulty, key=lambda health: (health.service_name.casefold(), health.credential_id))


def _health(row: Credential, prints: list[SecretFingerprint], holders: dict[bytes, set[UUID]]) -> CredentialHealth:
    prints = sorted(prints, key=lambda found: found.field)
    due_at = rotation_due_at(row)
    return CredentialHealth(
        credential_id=row.id,
        client_id=row.client_id,
        service_name=row.service_name,
        weak=[WeakSecret(field=p.field, weakness=p.weakness) for p in prints if p.weakness is not None],
        reused=[
            ReusedSecret(field=p.field, credential_ids=sorted(holders[p.digest] - {row.id}))
            for p in prints
            if len(holders[p.digest]) > 1
        ],
        is_rotation_due=due_at is not None and due_at <= now(),
    )
