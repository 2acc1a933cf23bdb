"""The unit of work: the only place that commits.

A unit is an async function of a session. `Database.write` runs it in one transaction and, when the database
reports a transient conflict, runs the whole unit again; so a unit must have no effect outside its session.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from claudetools.kit.db.engine import is_sqlite, reader_engine, writer_engine
from claudetools.kit.problems import Unavailable

T = TypeVar("T")
Unit = Callable[[AsyncSession], Awaitable[T]]


class Opening(Protocol):
    """What the first write of a request begins with, in the same transaction."""

    is_done: bool

    async def begin(self, session: AsyncSession) -> None:
        """Do it; what it raises ends the transaction."""


_opening: ContextVar[Opening | None] = ContextVar("opening", default=None)


@contextmanager
def opened_by(first: Opening | None) -> Iterator[None]:
    """Let the first write within begin with `first`; with None, let it begin with nothing but itself."""
    token = _opening.set(first)
    try:
        yield
    finally:
        _opening.reset(token)


ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.05

MARIADB_CONFLICTS = frozenset({1020, 1205, 1213})
MARIADB_CONNECTION_LOST = frozenset({2002, 2003, 2006, 2013, 2014, 2055, 4031, 1927})


def error_code(error: DBAPIError) -> int | None:
    """Return the MariaDB error number of `error`, if it carries one."""
    args = getattr(error.orig, "args", ())
    return args[0] if args and isinstance(args[0], int) else None


def is_conflict(error: Exception) -> bool:
    """Return whether the transaction was rolled back by a conflict, so that running it again is safe."""
    if isinstance(error, StaleDataError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error_code(error) in MARIADB_CONFLICTS or "database is locked" in str(error.orig)


def is_connection_lost(error: Exception) -> bool:
    """Return whether the connection to the database is gone."""
    return isinstance(error, DBAPIError) and (
        error.connection_invalidated or error_code(error) in MARIADB_CONNECTION_LOST
    )


class WritingSession(Session):
    """A session of a unit that is committed: what listens to changes listens to this class."""


class Database:
    """A database by its URL. Open on use; call `close` at shutdown.

    `services` is what units and entity hooks may need beside rows; each session carries it as `session.info`.
    `endings` is what each unit that is committed ends with, in the same transaction.
    """

    def __init__(self, url: str) -> None:
        self.services: dict[str, object] = {}
        self.endings: list[Unit[None]] = []
        self.writer = writer_engine(url)
        self.reader = reader_engine(url, self.writer)
        self._writes = async_sessionmaker(self.writer, expire_on_commit=False, sync_session_class=WritingSession)
        self._reads = async_sessionmaker(self.reader, expire_on_commit=False, autoflush=False)

    async def read(self, unit: Unit[T]) -> T:
        """Run `unit` in a transaction that is never committed.

        Raises:
            Unavailable: the database is away.
        """
        for attempt in range(ATTEMPTS):
            try:
                async with self._reads(info=self.services) as session:
                    return await unit(session)
            except (DBAPIError, PoolTimeout) as error:
                if not (is_conflict(error) or is_connection_lost(error)) or attempt == ATTEMPTS - 1:
                    raise _away(error) from error
            await _pause(attempt)
        raise AssertionError("unreachable")

    async def write(self, unit: Unit[T]) -> T:
        """Run `unit` in one transaction and commit it; run it again from the start after a conflict.

        A connection lost during COMMIT leaves the outcome unknown and is not retried.

        Raises:
            Unavailable: the database is away, or the outcome of the commit is unknown.
        """
        first = _opening.get()
        if first is not None and first.is_done:
            first = None
        for attempt in range(ATTEMPTS):
            committing = False
            try:
                async with self._writes(info=self.services) as session:
                    if first is not None:
                        await first.begin(session)
                    result = await unit(session)
                    await session.flush()
                    for ending in self.endings:
                        await ending(session)
                    committing = True
                    await _commit(session)
                    if first is not None:
                        first.is_done = True
                    return result
            except (DBAPIError, PoolTimeout, StaleDataError) as error:
                lost_before_commit = is_connection_lost(error) and not committing
                if not (is_conflict(error) or lost_before_commit) or attempt == ATTEMPTS - 1:
                    raise _away(error) from error
            await _pause(attempt)
        raise AssertionError("unreachable")

    async def forget_former(self) -> None:
        """Let SQLite's log hold nothing any more that was overwritten or deleted; MariaDB purges its logs itself."""
        if is_sqlite(self.reader):
            async with self.reader.connect() as connection:
                await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Close all connections."""
        await self.reader.dispose()
        await self.writer.dispose()


async def _commit(session: AsyncSession) -> None:
    try:
        await session.commit()
    except BaseException:
        # The transaction may still be open on this connection: nobody may be given it again.
        await session.invalidate()
        raise


async def _pause(attempt: int) -> None:
    await asyncio.sleep(FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter


def _away(error: Exception) -> Exception:
    if isinstance(error, PoolTimeout) or is_connection_lost(error) or is_conflict(error):
        return Unavailable("The database does not answer. Nothing was changed unless stated; try again shortly.")
    if "disk is full" in str(error) or "disk I/O error" in str(error):
        return Unavailable("The database cannot write: is the disk full?")
    return error
