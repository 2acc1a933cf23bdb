"""SQLite behind SQLAlchemy's asyncio dialect: a current SQLite library, and one trip to its thread per statement.

aiosqlite runs each connection in a thread of its own. Its cursor makes four trips there for a statement (open,
execute, fetch, close), which is most of the cost of a small query; `Cursor` makes one.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiosqlite

# pysqlite3 carries a current SQLite; the one inside Python often still has the WAL-reset bug (before 3.51.3).
from pysqlite3 import dbapi2 as driver
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_dbapi

ERRORS = (
    "DatabaseError",
    "Error",
    "IntegrityError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "sqlite_version",
    "sqlite_version_info",
)


class Dbapi(AsyncAdapt_aiosqlite_dbapi):
    """The dialect's view of aiosqlite, with the errors of the driver that is really used."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, driver)

    def _init_dbapi_attributes(self) -> None:
        super()._init_dbapi_attributes()
        for name in ERRORS:
            setattr(self, name, getattr(driver, name))


class Cursor:
    """A cursor that runs a statement and fetches its rows in one trip to the connection's thread."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def execute(self, statement: str, parameters: Any = ()) -> Self:
        """Run one statement and hold its rows."""
        await self._connection.trip(self._run, "execute", statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Any) -> Self:
        """Run one statement for each of several sets of parameters."""
        await self._connection.trip(self._run, "executemany", statement, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Return the rows of the last statement."""
        return self._rows

    async def close(self) -> None:
        """Do nothing: the driver's cursor was closed by the trip that used it."""

    def _run(self, method: str, statement: str, parameters: Any) -> None:
        cursor = self._connection.raw.cursor()
        try:
            getattr(cursor, method)(statement, parameters)
            self._rows = cursor.fetchall() if cursor.description else ()
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class Connection(aiosqlite.Connection):
    """An aiosqlite connection with `Cursor`s."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            lambda: driver.connect(str(path), isolation_level=None, check_same_thread=False), iter_chunk_size=1
        )
        self._thread.daemon = True

    @property
    def raw(self) -> Any:
        """The driver's connection; use it only in its thread, by `trip`."""
        return self._conn

    async def trip(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run `work` in the connection's thread and return its result."""
        return await self._execute(work, *arguments)  # type: ignore[no-untyped-call]

    def cursor(self) -> Any:
        """Return a new cursor."""
        return Cursor(self)
