"""The REST application: the routes of every entity, the actions beside them, OpenAPI."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from fastapi import FastAPI

from claudetools import __version__
from claudetools.api import (
    accounts,
    audit,
    auth,
    billing,
    claude,
    coordination,
    credential_use,
    devices,
    health,
    imports,
    incidents,
    infra,
    jobs,
    keys,
    learning,
    memory,
    memory_records,
    passwords,
    reports,
    reveal,
    schema_migrations,
    search,
    second_factor,
    sessions,
    tags,
    vault,
    work,
)
from claudetools.api.denials import Denials
from claudetools.api.openapi import complete_document
from claudetools.api.security import authorise
from claudetools.domains import RESOURCES
from claudetools.kit.http import problems
from claudetools.kit.http.client_address import ClientAddress
from claudetools.kit.http.idempotency import Idempotency
from claudetools.kit.http.middleware import RequestContext
from claudetools.kit.http.rate_limit import RateLimit
from claudetools.kit.resource.registry import Registry
from claudetools.kit.resource.routes import resource_router
from claudetools.services import Services

DESCRIPTION = """Memory for Claude Code that follows a firm's technicians, joined to its system of record.

Send `Authorization: Bearer <token>` with every call. Errors are `application/problem+json` (RFC 9457).
Lists page by `cursor`; filters are `field`, `field__in`, `field__gt` and so on. Records carry an `ETag`; send it back
as `If-Match` to be told when somebody else was faster. A POST with an `Idempotency-Key` takes effect once and is
answered the same when it is sent again. `RateLimit-*` headers tell how many requests are left in this minute."""

MODULES = (
    health,
    auth,
    devices,
    sessions,
    second_factor,
    passwords,
    accounts,
    audit,
    reports,
    infra,
    work,
    billing,
    vault,
    reveal,
    keys,
    credential_use,
    tags,
    incidents,
    learning,
    memory,
    memory_records,
    coordination,
    search,
    imports,
    claude,
    schema_migrations,
    jobs,
)
"""What there is beside the entities. A path of theirs goes before the one of an entity that it resembles."""
REPEATABLE = ("/api/claude/", "/api/memory/ingest")
"""Paths whose POST is idempotent by the ids of what is sent."""


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
    problems.install(app, Denials(services.database).note)
    principal_of = services.authenticator.principal
    app.add_middleware(Idempotency, keys=services.idempotency_keys, principal_of=principal_of, repeatable=REPEATABLE)
    app.add_middleware(
        RateLimit,
        principal_of=principal_of,
        per_principal=services.settings.rate_limit_per_minute,
        per_address=services.settings.anonymous_rate_limit_per_minute,
    )
    app.add_middleware(RequestContext, note=services.api_audit_log.note)
    app.add_middleware(ClientAddress, trusted=services.settings.trusted_proxies)
    for module in MODULES:
        app.include_router(module.router, prefix="/api")
    registry = app.state.registry = Registry(RESOURCES)
    for resource in registry.resources:
        app.include_router(resource_router(resource, registry, authorise), prefix="/api")
    complete_document(app)
    return app
