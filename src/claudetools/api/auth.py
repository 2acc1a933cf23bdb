"""Signing in and out: /api/auth."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.api.security import Caller, Db, origin_of, services_of
from claudetools.domains.accounts import DEVICE_LIFETIME, Grant, User, close
from claudetools.kit.http.device_cookie import keep_device
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import Unauthenticated
from claudetools.kit.resource.schema import Input

router = APIRouter(prefix="/auth", tags=["auth"])


class LoginRequest(Input):
    """E-mail address and password; with a second factor its code, or a recovery code, as `totp`."""

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[SecretStr, Field(max_length=512)]
    totp: Annotated[SecretStr, Field(max_length=40)] | None = None


class RefreshRequest(Input):
    """The refresh token to exchange."""

    refresh_token: Annotated[SecretStr, Field(max_length=200)]


class GrantReply(BaseModel):
    """Tokens. `expires_in` is the life of the access token in seconds."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the name of the scheme
    expires_in: int
    refresh_token: str
    scopes: list[str]


class Me(BaseModel):
    """Who the caller is and what they may do."""

    user_id: UUID
    email: str
    display_name: str
    role: str
    scopes: list[str]
    machine_id: UUID | None
    all_clients: bool
    client_ids: list[UUID]


def reply_of(grant: Grant) -> GrantReply:
    """Return what is answered to a sign-in."""
    return GrantReply(
        access_token=grant.access_token,
        expires_in=grant.expires_in,
        refresh_token=grant.refresh_token,
        scopes=grant.scopes,
    )


@router.post("/login", operation_id="login", responses=problem_responses(401, 409, 422, 429, 503))
async def login(request: Request, response: Response, body: LoginRequest, db: Db) -> GrantReply:
    """Sign in with e-mail and password. Where a second factor is missing the problem's code is `totp_required`.

    The reply gives the device what it is known by from now on, as a cookie and in the header `X-Device-Token`: sent
    with later sign-ins, it keeps them free of the delays that strangers who guess the password bring about.
    """
    services = services_of(request)
    origin = origin_of(request)
    proof = await services.sign_in.prove(body.email, body.password, body.totp, origin)

    async def open_login(session: AsyncSession) -> Grant:
        user = await session.get_one(User, proof.user_id)
        return await services.logins.open(session, user, ip=origin.ip, agent=origin.agent)

    grant = await db.write(open_login)
    keep_device(request, response, proof.device, DEVICE_LIFETIME)
    return reply_of(grant)


@router.post("/refresh", operation_id="refresh", responses=problem_responses(401, 422, 503))
async def refresh(request: Request, body: RefreshRequest, db: Db) -> GrantReply:
    """Exchange a refresh token for new tokens. Each works once; a second use ends the session."""
    logins, ip = services_of(request).logins, origin_of(request).ip
    grant = await db.write(lambda session: logins.refresh(session, body.refresh_token.get_secret_value(), ip=ip))
    if grant is None:
        raise Unauthenticated("The refresh token is not valid. Sign in again.")
    return reply_of(grant)


@router.post("/logout", operation_id="logout", status_code=204, responses=problem_responses(401, 503))
async def logout(request: Request, actor: Caller, db: Db) -> None:
    """End the caller's login session."""
    if actor.session_id is not None:
        await db.write(lambda session: close(session, actor))
        services_of(request).authenticator.forget()


@router.get("/me", operation_id="read_me", responses=problem_responses(401, 503))
async def me(actor: Caller) -> Me:
    """Return who the caller is."""
    return Me(
        user_id=actor.user_id,
        email=actor.email,
        display_name=actor.display_name,
        role=actor.role,
        scopes=sorted(actor.scopes),
        machine_id=actor.machine_id,
        all_clients=actor.readable.is_all,
        client_ids=sorted(actor.readable.listed),
    )
