"""Credentials beyond their fields: what is due, their versions, and what they open."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from claudetools.api.security import Db, RecordReader, RecordWriter
from claudetools.domains.vault import (
    CredentialLinks,
    CredentialVersionRead,
    ExpiringCredential,
    credential_versions,
    expiring_credentials,
    links_of,
    set_links,
)
from claudetools.kit.http.problems import problem_responses

router = APIRouter(prefix="/credentials", tags=["credentials"])
ERRORS = problem_responses(401, 403, 404, 422, 503)


class ExpiringCredentials(BaseModel):
    """Credentials to be seen to, the most urgent first."""

    items: list[ExpiringCredential]


class CredentialVersions(BaseModel):
    """The versions of a credential, the newest first."""

    items: list[CredentialVersionRead]


@router.get("/expiring", operation_id="list_expiring_credentials", responses=problem_responses(401, 403, 422, 503))
async def list_expiring(
    actor: RecordReader, db: Db, days: Annotated[int, Query(ge=0, le=3650, description="How far to look ahead.")] = 30
) -> ExpiringCredentials:
    """Return the active credentials that expire, or whose secret is to be changed, within some days or long since."""
    return ExpiringCredentials(items=await db.read(lambda session: expiring_credentials(session, actor, days)))


@router.get("/{id}/versions", operation_id="list_credential_versions", responses=ERRORS)
async def list_versions(id: UUID, actor: RecordReader, db: Db) -> CredentialVersions:
    """Return who set a credential's secrets, when and why."""
    rows = await db.read(lambda session: credential_versions(session, actor, id))
    return CredentialVersions(items=[CredentialVersionRead.model_validate(row) for row in rows])


@router.get("/{id}/links", operation_id="read_credential_links", responses=ERRORS)
async def read_links(id: UUID, actor: RecordReader, db: Db) -> CredentialLinks:
    """Return the equipment and services that a credential opens."""
    return await db.read(lambda session: links_of(session, actor, id))


@router.put("/{id}/links", operation_id="replace_credential_links", responses=ERRORS | problem_responses(409))
async def replace_links(id: UUID, body: CredentialLinks, actor: RecordWriter, db: Db) -> CredentialLinks:
    """Let a credential open exactly these pieces of equipment and services of its client."""
    return await db.write(lambda session: set_links(session, actor, id, body))
