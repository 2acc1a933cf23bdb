"""The server: all fronts in one ASGI application. Run by `claudetools up`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI

from claudetools.api.app import create_api
from claudetools.kit.logging import configure_logging, log
from claudetools.kit.problems import Unavailable
from claudetools.kit.settings import Settings
from claudetools.mcp.endpoint import McpEndpoint
from claudetools.services import open_services
from claudetools.web.device import DevicePage

logger = log(__name__)


async def _ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application for `settings`, by default those of the environment.

    Raises:
        KeyProblem: the root key is missing or unsafe.
    """
    settings = settings or Settings()
    configure_logging(settings.log_level)
    services = open_services(settings)
    mcp = McpEndpoint(services)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # The port opens at once; /api/health/ready answers 200 when the index is loaded.
        working = [
            asyncio.create_task(services.memory.load()),
            asyncio.create_task(services.memory.keep_saved()),
            asyncio.create_task(services.worker.run()),
            asyncio.create_task(services.api_audit_log.run()),
            asyncio.create_task(services.stored_secrets.run()),
        ]
        sealing = asyncio.create_task(services.audit_sealer.run())
        try:
            async with mcp.run():
                yield
        finally:
            # What they leave behind when they end is sealed, and the database is closed when nobody uses it any more.
            await _ended(working)
            await _ended([sealing])
            with suppress(Unavailable):
                await services.api_audit_log.flush()
            with suppress(Unavailable):
                await services.memory.save()
            await services.database.close()

    app = create_api(services, lifespan)
    app.router.routes.append(mcp.route)
    app.router.routes.append(DevicePage(services).route)
    return app
