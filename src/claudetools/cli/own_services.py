"""The services of this host's own settings, for commands that work without a server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from claudetools.cli.configuration import read_settings
from claudetools.cli.failure import Failure
from claudetools.cli.prepare import database_failure

if TYPE_CHECKING:
    from claudetools.services import Services

T = TypeVar("T")


def with_services(work: "Callable[[Services], Awaitable[T]]") -> T:
    """Return what `work` returns, given the services of the settings.

    Raises:
        Failure: a key or the database cannot be used.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from claudetools.kit.crypto.roots import KeyProblem
    from claudetools.kit.problems import Problem
    from claudetools.services import open_services

    settings = read_settings().model_copy(update={"embedder": "none"})

    async def run() -> T:
        services = open_services(settings)
        try:
            return await work(services)
        finally:
            await services.database.close()

    try:
        return asyncio.run(run())
    except KeyProblem as problem:
        raise Failure(str(problem)) from None
    except Problem as problem:
        raise Failure(problem.detail or problem.title) from None
    except SQLAlchemyError as error:
        raise database_failure(settings, error) from None
