"""Who is calling: the dependencies that routes declare."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from claudetools.domains.accounts import Origin
from claudetools.domains.memory import MemoryEngine
from claudetools.kit.audit.trail import acting
from claudetools.kit.db.session import Database
from claudetools.kit.http.client_address import address_of
from claudetools.kit.http.device_cookie import device_of
from claudetools.kit.resource.scope import Actor
from claudetools.services import Services

bearer = HTTPBearer(auto_error=False, description="An access token from /api/auth/login, or an API token (`ct_…`).")


def services_of(request: Request) -> Services:
    """Return the application's services."""
    found: Services = request.app.state.services
    return found


def engine_of(request: Request) -> MemoryEngine:
    """Return the application's memory engine."""
    return services_of(request).memory


def database_of(request: Request) -> Database:
    """Return the application's database."""
    return services_of(request).database


def origin_of(request: Request) -> Origin:
    """Return where a request to sign in comes from."""
    return Origin(ip=address_of(request.scope), agent=request.headers.get("user-agent"), device=device_of(request))


async def current_actor(request: Request, _: Annotated[object, Depends(bearer)]) -> Actor:
    """Return who is calling, whatever their scopes.

    Raises:
        Unauthenticated: the bearer token is missing or not valid.
    """
    actor = await services_of(request).authenticator.actor(
        request.headers.get("authorization"), address_of(request.scope)
    )
    acting.set(actor)
    return actor


def authorise(scope: str) -> Callable[..., Awaitable[Actor]]:
    """Return the dependency that yields the caller, who must hold `scope`."""

    async def actor(caller: Annotated[Actor, Depends(current_actor)]) -> Actor:
        caller.require(scope)
        return caller

    return actor


Caller = Annotated[Actor, Depends(current_actor)]
Admin = Annotated[Actor, Depends(authorise("msp:admin"))]
MemoryReader = Annotated[Actor, Depends(authorise("memory:read"))]
MemoryWriter = Annotated[Actor, Depends(authorise("memory:write"))]
RecordReader = Annotated[Actor, Depends(authorise("msp:read"))]
RecordWriter = Annotated[Actor, Depends(authorise("msp:write"))]
Engine = Annotated[MemoryEngine, Depends(engine_of)]
Db = Annotated[Database, Depends(database_of)]
