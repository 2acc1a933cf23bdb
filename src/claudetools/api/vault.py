"""Credentials beyond their fields: what is due or weak, their versions, what they open, and moving them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from claudetools.api.security import Caller, Db, RecordReader, RecordWriter
from claudetools.domains.vault import (
    Credential,
    CredentialHealth,
    CredentialLinks,
    CredentialRead,
    CredentialVersionRead,
    ExpiringCredential,
    MoveRequest,
    RestoreRequest,
    RotateRequest,
    check_person,
    credential_health,
    credential_versions,
    expiring_credentials,
    links_of,
    move,
    restore,
    rotate,
    set_links,
)
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.etag import etag

router = APIRouter(prefix="/credentials", tags=["credentials"])
ERRORS = problem_responses(401, 403, 404, 422, 503)
CHANGE_ERRORS = ERRORS | problem_responses(409)
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Versions are counted from 1.")]


class ExpiringCredentials(BaseModel):
    """Credentials to be seen to, the most urgent first."""

    items: list[ExpiringCredential]


class CredentialHealthReport(BaseModel):
    """Credentials that something is wrong with, by name."""

    items: list[CredentialHealth]


class CredentialVersions(BaseModel):
    """The versions of a credential, the newest first."""

    items: list[CredentialVersionRead]


@router.get("/expiring", operation_id="list_expiring_credentials", responses=problem_responses(401, 403, 422, 503))
async def list_expiring(
    actor: RecordReader, db: Db, days: Annotated[int, Query(ge=0, le=3650, description="How far to look ahead.")] = 30
) -> ExpiringCredentials:
    """Return the active credentials that expire, or whose secret is to be changed, within some days or long since."""
    return ExpiringCredentials(items=await db.read(lambda session: expiring_credentials(session, actor, days)))


@router.get("/health", operation_id="list_unhealthy_credentials", responses=problem_responses(401, 403, 422, 503))
async def list_unhealthy(
    actor: Caller, db: Db, client_id: Annotated[UUID | None, Query(description="By default all clients.")] = None
) -> CredentialHealthReport:
    """Return the active credentials with weak or reused secrets, or due to be rotated, whose secrets you may see.

    Passwords are weak below 12 characters, or where they can be guessed from common words and the names around them.
    """
    check_person(actor)
    return CredentialHealthReport(items=await db.read(lambda session: credential_health(session, actor, client_id)))


@router.get("/{id}/versions", operation_id="list_credential_versions", responses=ERRORS)
async def list_versions(id: UUID, actor: RecordReader, db: Db) -> CredentialVersions:
    """Return who set a credential's secrets, when and why."""
    rows = await db.read(lambda session: credential_versions(session, actor, id))
    return CredentialVersions(items=[CredentialVersionRead.model_validate(row) for row in rows])


@router.post("/{id}/versions/{number}/restore", operation_id="restore_credential_version", responses=CHANGE_ERRORS)
async def restore_version(
    id: UUID, number: Number, body: RestoreRequest, actor: RecordWriter, db: Db, response: Response
) -> CredentialRead:
    """Bring back the secrets of a former version, as a new version."""
    return _shown(response, await db.write(lambda session: restore(session, actor, id, number, body)))


@router.post("/{id}/rotate", operation_id="rotate_credential", responses=CHANGE_ERRORS)
async def rotate_secrets(
    id: UUID, body: RotateRequest, actor: RecordWriter, db: Db, response: Response
) -> CredentialRead:
    """Give a credential new secrets, which starts their time in use anew."""
    return _shown(response, await db.write(lambda session: rotate(session, actor, id, body)))


@router.post("/{id}/move", operation_id="move_credential", responses=CHANGE_ERRORS)
async def move_credential(
    id: UUID, body: MoveRequest, actor: RecordWriter, db: Db, response: Response
) -> CredentialRead:
    """Let a credential belong to another client, with its versions and permissions; shared links to it end.

    It takes the rights to see its secrets, to change it and to write to the other client.
    """
    return _shown(response, await db.write(lambda session: move(session, actor, id, body)))


@router.get("/{id}/links", operation_id="read_credential_links", responses=ERRORS)
async def read_links(id: UUID, actor: RecordReader, db: Db) -> CredentialLinks:
    """Return the equipment and services that a credential opens."""
    return await db.read(lambda session: links_of(session, actor, id))


@router.put("/{id}/links", operation_id="replace_credential_links", responses=CHANGE_ERRORS)
async def replace_links(id: UUID, body: CredentialLinks, actor: RecordWriter, db: Db) -> CredentialLinks:
    """Let a credential open exactly these pieces of equipment and services of its client."""
    return await db.write(lambda session: set_links(session, actor, id, body))


def _shown(response: Response, row: Credential) -> CredentialRead:
    response.headers["ETag"] = etag(row.version)
    return CredentialRead.model_validate(row)
