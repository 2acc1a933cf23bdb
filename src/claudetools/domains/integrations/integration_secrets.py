"""Showing the secret of an integration's credential: to administrators, on the same terms as those of clients."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.integrations.integration_credentials import INTEGRATION_CREDENTIALS, IntegrationCredential
from claudetools.domains.vault import CredentialAction, Origin, Reason, Vaulted, check_person, disclose, note, redacted
from claudetools.domains.vault.secret_fields import envelope_of
from claudetools.domains.vault.versions import newest_audited
from claudetools.kit.audit import trail
from claudetools.kit.audit.events import Action
from claudetools.kit.crypto.envelope import SecretUnreadable
from claudetools.kit.db.session import Database
from claudetools.kit.problems import NotFound
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Actor


class IntegrationRevealRequest(Input):
    """Why somebody needs to see the secret."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealedIntegration:
    """The secret of an integration's credential in plain text."""

    version: int
    secret: SecretStr


async def _check_administrator(session: AsyncSession, actor: Actor, row: IntegrationCredential) -> None:
    check_person(actor)
    actor.require("msp:admin")


VAULTED = Vaulted(INTEGRATION_CREDENTIALS, _check_administrator)


async def reveal_integration(
    database: Database, actor: Actor, id: UUID, request: IntegrationRevealRequest, origin: Origin
) -> RevealedIntegration:
    """Return the secret of an integration's credential in plain text.

    Raises:
        NotFound: it has none.
        Problem: as `disclose`.
    """

    async def act(session: AsyncSession, present: Actor, row: IntegrationCredential) -> RevealedIntegration:
        if row.secret_version < await newest_audited(session, row.id):
            raise SecretUnreadable
        secret = await envelope_of(session).get(session, row, "secret_encrypted")
        if secret is None:
            raise NotFound("The credential has no secret.")
        reason = redacted(session, request.reason)
        note(
            session,
            present,
            CredentialAction.REVEAL,
            client_id=row.client_id,
            credential_id=row.id,
            credential_name=row.name,
            version_number=row.secret_version,
            reason=reason,
            origin=origin,
        )
        details = {"secret_version": row.secret_version, "reason": reason}
        name = INTEGRATION_CREDENTIALS.name
        trail.note(session, Action.REVEAL, name, row.id, client_id=row.client_id, details=details)
        return RevealedIntegration(version=row.secret_version, secret=secret)

    return await disclose(database, actor, VAULTED, id, act, origin)
