"""The second factor of a sign-in: /api/auth/totp."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.api.security import Admin, Db, SignedIn, services_of
from claudetools.domains.accounts import Enrolment, User, check_role, end_all_sessions, require_login
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Access, find

router = APIRouter(tags=["auth"])
ERRORS = problem_responses(401, 403, 409, 422, 429, 503)


class EnrolmentRequest(Input):
    """The caller's password, once more."""

    password: Annotated[SecretStr, Field(max_length=512)]


class TotpConfirmation(Input):
    """The code that the authenticator app shows."""

    totp: Annotated[SecretStr, Field(max_length=40)]


class TotpRemoval(EnrolmentRequest, TotpConfirmation):
    """The caller's password and a code, or a recovery code."""


class RecoveryCodeList(BaseModel):
    """Codes for the loss of the app, shown this once. Each works once, in place of a code of the app."""

    recovery_codes: list[str]


@router.post("/auth/totp", operation_id="enrol_totp", responses=ERRORS)
async def enrol_totp(request: Request, body: EnrolmentRequest, actor: SignedIn, db: Db) -> Enrolment:
    """Begin to set up a second factor: the seed for an authenticator app. Sign-ins need it once it is confirmed."""
    services = services_of(request)
    await services.sign_in.confirm(actor.user_id, body.password, None)

    async def unit(session: AsyncSession) -> Enrolment:
        return await services.second_factor.enrol(session, await session.get_one(User, actor.user_id))

    return await db.write(unit)


@router.post("/auth/totp/confirm", operation_id="confirm_totp", responses=ERRORS)
async def confirm_totp(request: Request, body: TotpConfirmation, actor: SignedIn, db: Db) -> RecoveryCodeList:
    """Switch the second factor on with a code of the app."""
    factor = services_of(request).second_factor

    async def unit(session: AsyncSession) -> list[str]:
        user = await session.get_one(User, actor.user_id)
        return await factor.confirm(session, user, body.totp.get_secret_value())

    return RecoveryCodeList(recovery_codes=await db.write(unit))


@router.post("/auth/totp/disable", operation_id="disable_totp", status_code=204, responses=ERRORS)
async def disable_totp(request: Request, body: TotpRemoval, actor: SignedIn, db: Db) -> None:
    """Switch the second factor off. Needs the password and a code."""
    services = services_of(request)
    await services.sign_in.confirm(actor.user_id, body.password, body.totp)

    async def unit(session: AsyncSession) -> None:
        await services.second_factor.remove(session, await session.get_one(User, actor.user_id))

    await db.write(unit)


@router.post(
    "/users/{id}/reset-totp",
    operation_id="reset_user_totp",
    status_code=204,
    responses=ERRORS | problem_responses(404),
)
async def reset_user_totp(request: Request, id: UUID, actor: Admin, db: Db) -> None:
    """Switch off the second factor of somebody who has lost it, and end all that they are signed in with."""
    require_login(actor)
    services = services_of(request)

    async def unit(session: AsyncSession) -> None:
        user = await find(session, actor, User, id, Access.WRITE)
        check_role(actor, user.role)
        await services.second_factor.remove(session, user)
        user.token_version += 1
        await end_all_sessions(session, actor, user.id, "second factor reset")

    await db.write(unit)
    services.authenticator.forget()
