"""A private MariaDB server for the tests, and putting one of its databases back into its freshly migrated state."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import asyncmy
from sqlalchemy.engine import make_url

_T = TypeVar("_T")
_START_TIMEOUT_SECONDS: Final = 60.0
_STOP_TIMEOUT_SECONDS: Final = 30.0

# A commit is handed to the operating system (so it survives SIGKILL of the server) but not waited for on the disk.
# The odd time zone shows up code that leans on the zone of the database connection.
_SERVER_OPTIONS: Final = (
    "--skip-networking",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_general_ci",
    "--default-time-zone=+05:45",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-doublewrite=OFF",
    "--innodb-buffer-pool-size=64M",
    "--innodb-buffer-pool-dump-at-shutdown=OFF",
    "--innodb-buffer-pool-load-at-startup=OFF",
    "--innodb-fast-shutdown=2",
)


def mariadb_program(name: str) -> Path | None:
    """Path of a program of the MariaDB server package, or None when it is not installed."""
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    return Path(found) if found else None


def run_async(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end from any place, also where an event loop is running already."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


class MariaServer:
    """A MariaDB server of its own: own data directory and socket in a temporary folder, no network port.

    Use as a context manager. `kill` and `restart` keep the data directory, so what was committed is there again.
    `options` are added to those of the tests. Raises RuntimeError with the server's log when it does not come up.
    """

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def socket(self) -> Path:
        """Path of the server's Unix socket."""
        if self._folder is None:
            raise RuntimeError("the MariaDB server has not been started")
        return self._folder / "s"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise RuntimeError("the MariaDB server is not running")
        return self._process.pid

    def start(self) -> None:
        """Make the data directory if there is none yet, start the server and wait until it answers."""
        if self._process is not None:
            raise RuntimeError("the MariaDB server is running already")
        program = mariadb_program("mariadbd")
        if program is None:
            raise RuntimeError("mariadbd is not installed")
        if self._folder is None:
            # A Unix socket's path may be about 100 characters long; the temporary folder of pytest is often longer.
            self._folder = Path(tempfile.mkdtemp(prefix="ct-mariadb-"))
            self._install()
        with self._log.open("ab") as log:
            where = (f"--datadir={self.data}", f"--socket={self.socket}", f"--pid-file={self._folder / 'pid'}")
            self._process = subprocess.Popen(
                [program, "--no-defaults", *self._owner_options, *_SERVER_OPTIONS, *self._options, *where],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """End the server in good order. Does nothing when it is not running."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server at once, as a power cut of its process: SIGKILL. Does nothing when it is not running."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the server if it runs, and start it again on the same data and the same socket."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def create_database(self, name: str) -> str:
        """Create an empty database and return its SQLAlchemy URL for asyncmy."""
        self.execute(None, f"CREATE DATABASE `{name}`")
        return f"mariadb+asyncmy://root@localhost/{name}?unix_socket={self.socket}"

    def execute(self, database: str | None, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements on one connection, commit, and return the rows of the last one. Works from any thread."""
        return run_async(self._execute(database, statements))

    async def _execute(self, database: str | None, statements: tuple[str, ...]) -> list[tuple[Any, ...]]:
        async with self.cursor(database) as cursor:
            for statement in statements:
                await cursor.execute(statement)
            return list(await cursor.fetchall())

    @asynccontextmanager
    async def cursor(self, database: str | None) -> AsyncIterator[Any]:
        """A cursor of a connection of its own; what was done with it is committed at the end."""
        connection = await asyncmy.connect(user="root", unix_socket=str(self.socket), db=database, autocommit=False)
        try:
            async with connection.cursor() as cursor:
                yield cursor
            await connection.commit()
        finally:
            await connection.ensure_closed()

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.socket.with_name("data")

    @property
    def _log(self) -> Path:
        return self.socket.with_name("log")

    @property
    def _owner_options(self) -> tuple[str, ...]:
        return ("--user=root",) if os.geteuid() == 0 else ()

    def _install(self) -> None:
        program = mariadb_program("mariadb-install-db")
        if program is None:
            raise RuntimeError("mariadb-install-db is not installed")
        options = ("--skip-test-db", "--skip-name-resolve", "--auth-root-authentication-method=normal")
        done = subprocess.run(
            [program, "--no-defaults", *self._owner_options, *options, f"--datadir={self.data}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"mariadb-install-db failed:\n{done.stdout.decode(errors='replace')}")

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._process = None
                raise RuntimeError(f"the MariaDB server ended at its start:\n{self._log.read_text(errors='replace')}")
            try:
                self.execute(None, "SELECT 1")
            except (OSError, asyncmy.errors.OperationalError):
                time.sleep(0.01)
            else:
                return
        self.kill()
        raise RuntimeError(f"the MariaDB server did not answer:\n{self._log.read_text(errors='replace')}")

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            process.wait(_STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


class MariaTemplate:
    """Knows how a freshly migrated MariaDB database looks, and puts one back into that state.

    Emptying a database takes a few milliseconds, migrating one takes much longer: rows are deleted only from the tables
    that hold some, tables that refuse a delete by a trigger are truncated, and rows of the migrations come back.
    """

    def __init__(self, server: MariaServer, url: str) -> None:
        self._server = server
        self.database = database = str(make_url(url).database)
        rows = server.execute(
            None,
            "SELECT table_name FROM information_schema.tables"
            f" WHERE table_schema = '{self.database}' AND table_type = 'BASE TABLE' ORDER BY table_name",
        )
        self._tables = [str(name) for (name,) in rows]
        rows = server.execute(
            None,
            "SELECT DISTINCT event_object_table FROM information_schema.triggers"
            f" WHERE trigger_schema = '{self.database}' AND event_manipulation = 'DELETE'",
        )
        self._guarded = {str(name) for (name,) in rows}
        self._seeded = run_async(self._filled_on_a_connection())
        if self._seeded:
            server.execute(
                None,
                f"CREATE DATABASE `{self._seeds}`",
                *(f"CREATE TABLE `{self._seeds}`.`{t}` AS SELECT * FROM `{database}`.`{t}`" for t in self._seeded),
            )

    @property
    def _seeds(self) -> str:
        return f"{self.database}_seeds"

    def reset(self) -> None:
        """Put the database back into the state that the migrations left it in."""
        run_async(self._reset())

    async def _reset(self) -> None:
        async with self._server.cursor(self.database) as cursor:
            filled = sorted(await self._filled_tables(cursor))
            for statement in (
                "SET foreign_key_checks = 0, lock_wait_timeout = 5, innodb_lock_wait_timeout = 5",
                *(f"{'TRUNCATE TABLE' if t in self._guarded else 'DELETE FROM'} `{t}`" for t in filled),
                *(f"INSERT INTO `{t}` SELECT * FROM `{self._seeds}`.`{t}`" for t in sorted(self._seeded)),
            ):
                await cursor.execute(statement)

    async def _filled_on_a_connection(self) -> set[str]:
        async with self._server.cursor(self.database) as cursor:
            return await self._filled_tables(cursor)

    async def _filled_tables(self, cursor: Any) -> set[str]:
        tables = [table for table in self._tables if table != "alembic_version"]
        questions = ", ".join(f"EXISTS(SELECT 1 FROM `{table}`)" for table in tables)
        await cursor.execute(f"SELECT {questions or 'NULL'}")
        (answers,) = await cursor.fetchall()
        return {table for table, answer in zip(tables, answers, strict=False) if answer}
