"""The list of infrastructure as one would write it by hand: FastAPI and SQLAlchemy Core, one route, nothing general.

The measure for what the resource engine costs. It knows one table, one order and one page size, checks the token once
per request by its signature, and returns the same bytes as the product on the same data, driver and pool.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import TypeAdapter
from sqlalchemy import select
from typing_extensions import TypedDict

from claudetools.domains.infra import Infrastructure
from claudetools.kit.crypto.jwt import AUDIENCE, ISSUER
from claudetools.kit.crypto.keyring import create_keyring
from claudetools.kit.db.engine import reader_engine, writer_engine
from claudetools.kit.resource.cursor import CursorCodec

TABLE = Infrastructure.__table__


class Item(TypedDict):
    """What is returned of a piece of equipment."""

    client_id: UUID
    site_id: UUID | None
    parent_host_id: UUID | None
    asset_type: str
    hostname: str
    ip_address: str | None
    mac_address: str | None
    os: str | None
    os_version: str | None
    role_description: str | None
    status: str
    manufacturer: str | None
    model: str | None
    serial: str | None
    location: str | None
    management_url: str | None
    warranty_ends_on: date | None
    environmental_notes: str | None
    powershell_version: str | None
    available_shells: list[str]
    known_limits: list[str]
    has_gui: bool
    requires_vpn: bool
    monitored: bool
    notes: str | None
    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


class Page(TypedDict):
    """One page, and where the next one begins."""

    items: list[Item]
    next_cursor: str | None
    total: int | None


PAGE = TypeAdapter(Page)
FIELDS = tuple(Item.__annotations__)
STATEMENT = select(*(TABLE.c[name] for name in FIELDS)).order_by(TABLE.c.hostname, TABLE.c.id)


def create_app() -> FastAPI:
    """Return the application on the data folder and database of the environment."""
    keyring = create_keyring(Path(os.environ["CLAUDETOOLS_HOME"]) / "keys")
    public_key = keyring.signing_key("access-token").public_key()
    cursors = CursorCodec(keyring.lasting_key("cursor"))
    url = os.environ["CLAUDETOOLS_DATABASE_URL"]
    engine = reader_engine(url, writer_engine(url))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    bearer = HTTPBearer()

    async def check_token(sent: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> None:
        try:
            claims = jwt.decode(
                sent.credentials, public_key, algorithms=["EdDSA"], audience=AUDIENCE, issuer=ISSUER,
                options={"require": ["exp", "iat", "sub"]},
            )  # fmt: skip
        except jwt.PyJWTError:
            raise HTTPException(401) from None
        if "msp:read" not in claims["scope"].split():
            raise HTTPException(403)

    @app.get("/api/infrastructure", dependencies=[Depends(check_token)])
    async def list_infrastructure(limit: Annotated[int, Query(ge=1, le=500)] = 50) -> Response:
        async with engine.connect() as connection:
            rows = (await connection.execute(STATEMENT.limit(limit + 1))).all()
        items: list[Any] = [row._asdict() for row in rows[:limit]]
        last = items[-1] if len(rows) > limit else None
        cursor = cursors.encode("infrastructure {}", [last["hostname"], str(last["id"])]) if last else None
        body = PAGE.dump_json({"items": items, "next_cursor": cursor, "total": None})
        return Response(body, media_type="application/json")

    @app.get("/api/health/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    return app
