"""The REST application: the routes of every entity, the actions beside them, OpenAPI."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI

from claudetools import __version__
from claudetools.api import accounts, auth, billing, claude, health, memory, schema_migrations, tags, vault, work
from claudetools.api.security import authorise
from claudetools.domains import RESOURCES
from claudetools.kit.http import problems
from claudetools.kit.http.middleware import RequestContext
from claudetools.kit.http.problems import ProblemDocument
from claudetools.kit.resource.routes import resource_router
from claudetools.services import Services

DESCRIPTION = """Memory for Claude Code that follows a firm's technicians, joined to its system of record.

Send `Authorization: Bearer <token>` with every call. Errors are `application/problem+json` (RFC 9457).
Lists page by `cursor`; filters are `field`, `field__in`, `field__gt` and so on. Records carry an `ETag`; send it back
as `If-Match` to be told when somebody else was faster."""


def create_api(
    services: Services, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None
) -> FastAPI:
    """Return the REST application on these services."""
    is_open = services.settings.docs_enabled
    app = FastAPI(
        title="ClaudeTools",
        version=__version__,
        description=DESCRIPTION,
        openapi_url="/api/openapi.json" if is_open else None,
        docs_url="/api/docs" if is_open else None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.services = services
    app.state.database, app.state.cursors = services.database, services.cursors
    problems.install(app)
    app.add_middleware(RequestContext)
    for module in (health, auth, accounts, work, billing, vault, tags, memory, claude, schema_migrations):
        app.include_router(module.router, prefix="/api")
    for resource in RESOURCES:
        app.include_router(resource_router(resource, authorise), prefix="/api")
    _describe_problems(app)
    return app


def _describe_problems(app: FastAPI) -> None:
    """Add the schema of problem documents to the OpenAPI document."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        document = original()
        schema = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(schema.pop("$defs", {}))
        schemas["ProblemDocument"] = schema
        return document

    app.openapi = openapi  # type: ignore[method-assign]
