"""The keys that secrets are encrypted with: which there are, and changing them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from claudetools.api.security import Admin, Db, services_of
from claudetools.domains.ops import keys_of, rotate_keys
from claudetools.kit.crypto.data_keys import KeyState
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.schema import Input

router = APIRouter(prefix="/keys", tags=["keys"])


class RootKey(BaseModel):
    """A root key, without its bytes. The one that is current wraps data keys and signs access tokens."""

    id: str
    is_current: bool


class DataKeyRead(BaseModel):
    """A data key, without its bytes; one without a client is the firm's own."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    client_id: UUID | None
    client_name: str | None
    number: int
    state: KeyState
    root_id: str
    encryption_count: int
    secrets: Annotated[int, Field(description="How many stored secrets it is needed for.")]
    created_at: datetime


class Keys(BaseModel):
    """All keys that the caller may know of."""

    root_keys: list[RootKey]
    data_keys: list[DataKeyRead]


class Rotation(Input):
    """Whose data key is to be changed."""

    client_id: Annotated[UUID, Field(description="None: everybody's, and the firm's own.")] | None = None


class RotationStarted(BaseModel):
    """The new key is in use; the job encrypts the secrets under the former one anew."""

    job_id: UUID


@router.get("", operation_id="list_keys", responses=problem_responses(401, 403, 503))
async def list_keys(request: Request, actor: Admin, db: Db) -> Keys:
    """Return the keys that secrets are encrypted with, and how many secrets still need each."""
    keyring = services_of(request).keyring
    current = keyring.current
    return Keys(
        root_keys=[RootKey(id=root.id, is_current=root == current) for root in keyring.roots],
        data_keys=[DataKeyRead.model_validate(key) for key in await db.read(lambda session: keys_of(session, actor))],
    )


@router.post(
    "/rotate", operation_id="rotate_keys", status_code=202, responses=problem_responses(401, 403, 404, 422, 503)
)
async def rotate(body: Rotation, actor: Admin, db: Db) -> RotationStarted:
    """Give a client, or everybody, a new data key. Secrets are encrypted anew in the background, while all goes on."""
    job = await db.write(lambda session: rotate_keys(session, actor, body.client_id))
    return RotationStarted(job_id=job.id)
