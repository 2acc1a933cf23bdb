"""People and API tokens: what goes beyond reading them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.api.security import Admin, Caller, Db, SignedIn, services_of
from claudetools.domains.accounts import (
    API_TOKENS,
    USERS,
    TokenCreate,
    TokenCreated,
    User,
    UserChange,
    UserCreate,
    UserRead,
    add_token,
    add_user,
    change_user,
    check_password,
    check_role,
    end_all_sessions,
    revoke_token,
)
from claudetools.domains.vault import LeaverReport, leaver_report
from claudetools.kit.http.problems import problem_responses
from claudetools.kit.problems import Forbidden
from claudetools.kit.resource.etag import etag, expected_version
from claudetools.kit.resource.schema import Moment
from claudetools.kit.resource.scope import Access, find
from claudetools.kit.resource.write import check_version

router = APIRouter(tags=["accounts"])
ERRORS = problem_responses(401, 403, 404, 409, 422, 503)


@router.post("/users", operation_id="create_user", status_code=201, responses=ERRORS)
async def create_user(request: Request, response: Response, body: UserCreate, actor: Admin, db: Db) -> UserRead:
    """Add a person. Only an owner may add another owner or administrator."""
    check_role(actor, body.role)
    await check_password("/password", body.password, (body.email, body.display_name))
    passwords = services_of(request).passwords
    password_hash = await passwords.hash(body.password.get_secret_value())
    user = await db.write(lambda session: add_user(session, body, password_hash))
    response.headers.update({"Location": f"/api/{USERS.name}/{user.id}", "ETag": etag(user.version)})
    return UserRead.model_validate(user)


@router.patch("/users/{id}", operation_id="change_user", responses=ERRORS | problem_responses(412))
async def patch_user(
    request: Request,
    response: Response,
    id: UUID,
    body: UserChange,
    actor: Admin,
    db: Db,
    if_match: Annotated[str | None, Header(alias="If-Match", max_length=100)] = None,
) -> UserRead:
    """Change a person's name, role, clients, or whether they may sign in."""
    version = expected_version(if_match)

    async def unit(session: AsyncSession) -> User:
        user = await find(session, actor, User, id, Access.WRITE)
        check_version(user, version)
        check_role(actor, user.role)
        if body.role is not None:
            check_role(actor, body.role)
        if body.is_active is False:
            # They stay ended when the person is let in again.
            await end_all_sessions(session, actor, user.id, "disabled")
        return await change_user(session, user, body)

    user = await db.write(unit)
    services_of(request).authenticator.forget()
    response.headers["ETag"] = etag(user.version)
    return UserRead.model_validate(user)


@router.get("/users/{id}/leaver-report", operation_id="read_leaver_report", responses=ERRORS)
async def read_leaver_report(
    id: UUID,
    actor: Admin,
    db: Db,
    since: Annotated[Moment | None, Query(description="By default everything that is on record.")] = None,
) -> LeaverReport:
    """Return which secrets a person knows, whether they were rotated since, and what the person still has."""
    return await db.read(lambda session: leaver_report(session, actor, id, since))


@router.post("/api-tokens", operation_id="create_api_token", status_code=201, responses=ERRORS)
async def create_api_token(response: Response, body: TokenCreate, actor: SignedIn, db: Db) -> TokenCreated:
    """Make a token for yourself, a machine of yours, or an integration. Its text is shown this once."""
    token, text = await db.write(lambda session: add_token(session, actor, body))
    response.headers.update({"Location": f"/api/{API_TOKENS.name}/{token.id}", "ETag": etag(token.version)})
    shown = {name: getattr(token, name) for name in TokenCreated.model_fields if name != "token"}
    return TokenCreated(token=text, **shown)


@router.delete("/api-tokens/{id}", operation_id="delete_api_token", status_code=204, responses=ERRORS)
async def delete_api_token(request: Request, id: UUID, actor: Caller, db: Db) -> None:
    """Revoke a token. A token revokes itself only: one that got into wrong hands does not shut out its owner."""
    if actor.token_id not in (None, id):
        raise Forbidden("A token can revoke itself only. Sign in.")
    await db.write(lambda session: revoke_token(session, actor, id))
    services_of(request).authenticator.forget()
