"""Changing passwords: /api/auth/password."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.api.auth import GrantReply, reply_of
from claudetools.api.security import Admin, Db, SignedIn, origin_of, services_of
from claudetools.domains.accounts import (
    Grant,
    Password,
    User,
    check_password,
    check_role,
    require_login,
    set_password,
)
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import Forbidden
from claudetools.kit.resource.schema import Input
from claudetools.kit.resource.scope import Access, find

router = APIRouter(tags=["auth"])
ERRORS = problem_responses(401, 403, 409, 422, 429, 503)


class PasswordChange(Input):
    """The caller's password, the new one, and with a second factor its code."""

    current_password: Annotated[SecretStr, Field(max_length=512)]
    new_password: Password
    totp: Annotated[SecretStr, Field(max_length=40)] | None = None


class PasswordReset(Input):
    """The new password of somebody else."""

    password: Password


@router.post("/auth/password", operation_id="change_password", responses=ERRORS)
async def change_password(request: Request, body: PasswordChange, actor: SignedIn, db: Db) -> GrantReply:
    """Change the caller's password. All that they are signed in with ends; the reply holds a new sign-in."""
    services, origin = services_of(request), origin_of(request)
    await services.sign_in.confirm(actor.user_id, body.current_password, body.totp, pointer="/current_password")
    await check_password("/new_password", body.new_password, (actor.email, actor.display_name))
    password_hash = await services.passwords.hash(body.new_password.get_secret_value())

    async def unit(session: AsyncSession) -> Grant:
        user = await session.get_one(User, actor.user_id)
        await set_password(session, actor, user, password_hash)
        return await services.logins.open(session, user, ip=origin.ip, agent=origin.agent)

    grant = await db.write(unit)
    services.authenticator.forget()
    return reply_of(grant)


@router.post(
    "/users/{id}/password",
    operation_id="reset_user_password",
    status_code=204,
    responses=ERRORS | problem_responses(404),
)
async def reset_user_password(request: Request, id: UUID, body: PasswordReset, actor: Admin, db: Db) -> None:
    """Give somebody else a new password, and end all that they are signed in with."""
    require_login(actor)
    services = services_of(request)
    if id == actor.user_id:
        raise Forbidden("Change your own password at /api/auth/password, with the current one.")

    async def look(session: AsyncSession) -> User:
        user = await find(session, actor, User, id, Access.WRITE)
        check_role(actor, user.role)
        return user

    user = await db.read(look)
    await check_password("/password", body.password, (user.email, user.display_name))
    password_hash = await services.passwords.hash(body.password.get_secret_value())

    async def unit(session: AsyncSession) -> None:
        await set_password(session, actor, await look(session), password_hash)

    await db.write(unit)
    services.authenticator.forget()
