"""Where secrets leave the service: shown to a person, as a one-time code, or by a share link. Each answer is audited.

Replies are never kept, by caches or for an `Idempotency-Key`: a request sent again is another reveal.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr

from claudetools.api.security import Caller, Db, RecordReader, RecordWriter
from claudetools.domains.integrations import IntegrationRevealRequest, reveal_integration
from claudetools.domains.vault import (
    ClaimRequest,
    Origin,
    RevealRequest,
    ShareLinkCreated,
    ShareLinkRead,
    ShareRequest,
    claim,
    one_time_code,
    reveal,
    revoke_share,
    share,
    share_links,
)
from claudetools.kit.http.client_address import address_of
from claudetools.kit.http.problems import problem_responses

router = APIRouter(tags=["credentials"])
ERRORS = problem_responses(401, 403, 404, 422, 503)
REVEAL_ERRORS = ERRORS | problem_responses(409, 429)


class RevealedSecrets(BaseModel):
    """Secrets in plain text, by field, and the version that they are of."""

    credential_id: UUID
    version: int
    fields: dict[str, str]


class RevealedIntegrationSecret(BaseModel):
    """The secret of an integration's credential in plain text, and its version."""

    version: int
    secret: str


class OneTimeCodeReply(BaseModel):
    """A one-time code (RFC 6238), and for how long it holds."""

    code: str
    seconds_left: int


class ClaimedSecrets(BaseModel):
    """What somebody shared with you."""

    service_name: str
    username: str | None
    url: str | None
    fields: dict[str, str]
    views_left: Annotated[int, Field(description="How often the link can still be used.")]


class ShareLinks(BaseModel):
    """Links to a credential, the newest first."""

    items: list[ShareLinkRead]


def origin_of(request: Request) -> Origin:
    """Return where a request comes from."""
    return Origin(address_of(request.scope), request.headers.get("user-agent"))


def never_stored(response: Response) -> None:
    """Say that nothing on the way may keep the reply."""
    response.headers["Cache-Control"] = "no-store"


From = Annotated[Origin, Depends(origin_of)]
NEVER_STORED = [Depends(never_stored)]


@router.post(
    "/credentials/{id}/reveal",
    operation_id="reveal_credential",
    dependencies=NEVER_STORED,
    responses=REVEAL_ERRORS,
)
async def reveal_credential(id: UUID, body: RevealRequest, actor: Caller, db: Db, origin: From) -> RevealedSecrets:
    """Return secrets of a credential, once the audit trail holds that you saw them and why.

    It takes the scope `credentials:reveal`, the level `reveal` for the client and, for a restricted credential, a
    permission. A machine's token never gets a secret.
    """
    found = await reveal(db, actor, id, body, origin)
    return RevealedSecrets(credential_id=found.credential_id, version=found.version, fields=_plain(found.fields))


@router.get(
    "/credentials/{id}/totp", operation_id="read_one_time_code", dependencies=NEVER_STORED, responses=REVEAL_ERRORS
)
async def read_one_time_code(id: UUID, actor: Caller, db: Db, origin: From) -> OneTimeCodeReply:
    """Return the present one-time code of a credential, never its seed. It takes the same rights as to reveal it."""
    found = await one_time_code(db, actor, id, origin)
    return OneTimeCodeReply(code=found.code.get_secret_value(), seconds_left=found.seconds_left)


@router.post(
    "/credentials/{id}/share",
    operation_id="share_credential",
    status_code=201,
    dependencies=NEVER_STORED,
    responses=REVEAL_ERRORS,
)
async def share_credential(id: UUID, body: ShareRequest, actor: Caller, db: Db, origin: From) -> ShareLinkCreated:
    """Make a link by which somebody without an account gets secrets of a credential. Its text is shown this once.

    It ends with its time, its views, a change of the secrets, and your account.
    """
    link, secret = await share(db, actor, id, body, origin)
    shown = ShareLinkRead.model_validate(link).model_dump()
    return ShareLinkCreated(**shown, secret=secret.get_secret_value())


@router.get("/credentials/{id}/shares", operation_id="list_share_links", responses=ERRORS)
async def list_shares(id: UUID, actor: RecordReader, db: Db) -> ShareLinks:
    """Return the links to a credential: who made them, why, and how often they were used."""
    rows = await db.read(lambda session: share_links(session, actor, id))
    return ShareLinks(items=[ShareLinkRead.model_validate(row) for row in rows])


@router.delete(
    "/credentials/{id}/shares/{link_id}", operation_id="delete_share_link", status_code=204, responses=ERRORS
)
async def delete_share(id: UUID, link_id: UUID, actor: RecordWriter, db: Db) -> None:
    """End a link to a credential."""
    await db.write(lambda session: revoke_share(session, actor, id, link_id))


@router.post(
    "/shares/claim",
    operation_id="claim_share",
    dependencies=NEVER_STORED,
    responses=problem_responses(404, 409, 422, 429, 503),
)
async def claim_share(body: ClaimRequest, db: Db, origin: From) -> ClaimedSecrets:
    """Return what a share link holds, without signing in. Each answer uses one of its views."""
    found = await claim(db, body, origin)
    return ClaimedSecrets(
        service_name=found.service_name,
        username=found.username,
        url=found.url,
        fields=_plain(found.fields),
        views_left=found.views_left,
    )


@router.post(
    "/integration-credentials/{id}/reveal",
    operation_id="reveal_integration_credential",
    dependencies=NEVER_STORED,
    responses=REVEAL_ERRORS,
)
async def reveal_integration_credential(
    id: UUID, body: IntegrationRevealRequest, actor: Caller, db: Db, origin: From
) -> RevealedIntegrationSecret:
    """Return the secret of an integration's credential. It takes the scopes `msp:admin` and `credentials:reveal`."""
    found = await reveal_integration(db, actor, id, body, origin)
    return RevealedIntegrationSecret(version=found.version, secret=found.secret.get_secret_value())


def _plain(fields: dict[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in fields.items()}
