"""The device flow (RFC 8628): /api/auth/device."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr

from claudetools.api.security import Db, SignedIn, origin_of, services_of
from claudetools.domains.accounts import (
    DEVICE_CODE_LIFETIME,
    INTERVAL_SECONDS,
    DeviceFlowError,
    DeviceRequest,
    DeviceToken,
    GrantFacts,
    fetch_token,
    shown,
)
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.schema import Input

router = APIRouter(prefix="/auth/device", tags=["auth"])
PAGE = "/device"

UserCode = Annotated[str, Field(min_length=1, max_length=20)]


class DeviceCodeReply(BaseModel):
    """The codes of a machine that asks for a token. Times are in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceTokenRequest(Input):
    """The device code that a machine was given."""

    device_code: Annotated[SecretStr, Field(max_length=200)]


class DeviceLookup(Input):
    """The code that a machine shows."""

    user_code: UserCode


class DeviceDecision(DeviceLookup):
    """Whether the machine that shows this code may work in the caller's name."""

    approve: bool


@router.post("", operation_id="start_device_grant", responses=problem_responses(400, 422, 429, 503))
async def start_device_grant(request: Request, body: DeviceRequest, db: Db) -> DeviceCodeReply:
    """Ask for a machine's token. A person approves it at `verification_uri`; meanwhile ask for it every `interval`.

    The scopes asked for are by default all that a machine may hold; what it gets is no more than what the person holds.
    """
    codes = await db.write(lambda session: services_of(request).device_grants.ask(session, body, origin_of(request).ip))
    page, code = f"{str(request.base_url).rstrip('/')}{PAGE}", shown(codes.user_code)
    return DeviceCodeReply(
        device_code=codes.device_code,
        user_code=code,
        verification_uri=page,
        verification_uri_complete=f"{page}?user_code={quote(code)}",
        expires_in=int(DEVICE_CODE_LIFETIME.total_seconds()),
        interval=INTERVAL_SECONDS,
    )


@router.post("/token", operation_id="fetch_device_token", responses=problem_responses(400, 409, 422, 429, 503))
async def fetch_device_token(request: Request, body: DeviceTokenRequest, db: Db) -> DeviceToken:
    """Return the token, once, when the machine was approved; it is registered by that.

    Until then the problem's code and member `error` are `authorization_pending` or, asked too early, `slow_down`, which
    adds five seconds to the interval; in the end `access_denied` or `expired_token`.
    """
    grants = services_of(request).device_grants
    answer = await db.write(lambda session: fetch_token(session, grants, body.device_code.get_secret_value()))
    if isinstance(answer, DeviceFlowError):
        raise answer
    return answer


@router.post("/pending", operation_id="read_pending_device", responses=problem_responses(401, 403, 404, 422, 503))
async def read_pending_device(request: Request, body: DeviceLookup, actor: SignedIn) -> GrantFacts:
    """Return which machine shows this code, where it is and what it would get, without deciding."""
    approval = services_of(request).device_approval
    await approval.require_fresh_login(actor)
    return await approval.look(actor.user_id, body.user_code, origin_of(request).ip)


@router.post("/approve", operation_id="decide_device_grant", responses=problem_responses(401, 403, 404, 409, 422, 503))
async def decide_device_grant(request: Request, body: DeviceDecision, actor: SignedIn) -> GrantFacts:
    """Approve or deny the machine that shows this code. Needs a sign-in of the last five minutes."""
    approval = services_of(request).device_approval
    await approval.require_fresh_login(actor)
    facts = await approval.look(actor.user_id, body.user_code, origin_of(request).ip)
    await approval.decide(facts.grant_id, actor.user_id, approve=body.approve)
    return facts
