"""Secrets for one run of a command, and the requests of programs that people answer."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel

from claudetools.api.reveal import NEVER_STORED, From
from claudetools.api.security import Caller, Db, RecordReader
from claudetools.domains.vault import UseOrder, UseRequestRead, UseState, answer, use, use_request, use_requests
from claudetools.kit.http.problems import problem_responses

router = APIRouter(tags=["credentials"])
ERRORS = problem_responses(401, 403, 404, 422, 503)


class CredentialUse(BaseModel):
    """A secret in plain text for one run of a command, or the request that a person has to approve before."""

    credential_id: UUID
    version: int
    field: str
    value: str | None
    approval: UseRequestRead | None


class UseRequests(BaseModel):
    """Requests of programs to use a credential, the newest first."""

    items: list[UseRequestRead]


@router.post(
    "/credentials/{id}/use",
    operation_id="use_credential",
    dependencies=NEVER_STORED,
    responses=ERRORS
    | problem_responses(409, 429)
    | {202: {"model": CredentialUse, "description": "A person has to approve it first."}},
)
async def use_credential(
    id: UUID, body: UseOrder, actor: Caller, db: Db, origin: From, response: Response
) -> CredentialUse:
    """Return a secret for one run of a command, once the audit trail holds who uses it and for what.

    `claudetools exec` calls this: the secret goes into the command that it starts, and nowhere else. People need the
    rights to reveal it. A machine's token may use what `allows_agents` opens to programs, where its owner may see the
    secrets; with `agent_approval` the reply is 202 until a person has approved the request in it.
    """
    used = await use(db, actor, id, body, origin)
    if used.approval is not None:
        response.status_code = 202
    return CredentialUse(
        credential_id=id,
        version=used.version,
        field=used.field,
        value=None if used.value is None else used.value.get_secret_value(),
        approval=None if used.approval is None else UseRequestRead.model_validate(used.approval),
    )


@router.get("/credential-use-requests", operation_id="list_credential_use_requests", responses=ERRORS)
async def list_use_requests(actor: RecordReader, db: Db, state: UseState | None = None) -> UseRequests:
    """Return the 200 newest requests that you may answer, and those of your own token."""
    rows = await db.read(lambda session: use_requests(session, actor, state))
    return UseRequests(items=[UseRequestRead.model_validate(row) for row in rows])


@router.get("/credential-use-requests/{id}", operation_id="read_credential_use_request", responses=ERRORS)
async def read_use_request(id: UUID, actor: RecordReader, db: Db) -> UseRequestRead:
    """Return one request: whether it waits, was answered, or is over."""
    return UseRequestRead.model_validate(await db.read(lambda session: use_request(session, actor, id)))


@router.post(
    "/credential-use-requests/{id}/approve",
    operation_id="approve_credential_use_request",
    responses=ERRORS | problem_responses(409),
)
async def approve_use_request(id: UUID, actor: RecordReader, db: Db) -> UseRequestRead:
    """Let the program that asked use the secret, once. It takes the rights to reveal it, never a machine's token."""
    row = await db.write(lambda session: answer(session, actor, id, UseState.APPROVED))
    return UseRequestRead.model_validate(row)


@router.post(
    "/credential-use-requests/{id}/deny",
    operation_id="deny_credential_use_request",
    responses=ERRORS | problem_responses(409),
)
async def deny_use_request(id: UUID, actor: RecordReader, db: Db) -> UseRequestRead:
    """Refuse the secret to the program that asked."""
    row = await db.write(lambda session: answer(session, actor, id, UseState.DENIED))
    return UseRequestRead.model_validate(row)
