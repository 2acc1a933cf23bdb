"""Taking over the exports of other documentation systems."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from claudetools.api.security import Db, RecordWriter
from claudetools.domains.exchange import ExportFormat, TakeoverReply, take_over
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import UnsupportedMediaType
from claudetools.kit.resource.schema import Name

ACCEPTED = ("application/zip", "application/octet-stream")
ARCHIVE = {"schema": {"type": "string", "format": "binary"}}
BODY = {"required": True, "content": dict.fromkeys(ACCEPTED, ARCHIVE)}

router = APIRouter(prefix="/imports", tags=["imports"])


@router.post(
    "/{system}",
    operation_id="import_system_export",
    openapi_extra={"requestBody": BODY},
    responses=problem_responses(401, 403, 404, 409, 412, 413, 415, 422, 503),
)
async def import_system_export(
    request: Request,
    system: ExportFormat,
    actor: RecordWriter,
    db: Db,
    client: Annotated[
        Name | None, Query(description="Name of the client to whom belongs what names none; it is made if need be.")
    ] = None,
    dry_run: Annotated[bool, Query(description="Only say what would happen.")] = False,
) -> TakeoverReply:
    """Create and change clients, sites, contacts, networks, infrastructure, services and documents from an export.

    The body is a zip archive of the export's CSV, JSON and HTML files. All that has a place here is written, or nothing
    if a record cannot be. Records are found by their names, so a second import of the same export changes nothing. What
    does not fit a field goes to the notes. Passwords and other secrets are never imported: files and columns that hold
    them are left out, and texts go through the redactor. `left_out` names everything that was not imported.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in ACCEPTED:
        raise UnsupportedMediaType(f"Send the export as a zip archive, with the content type {ACCEPTED[0]}.")
    data = await request.body()
    return await take_over(db, actor, request.app.state.registry, system, data, client, is_dry_run=dry_run)
