"""Engines for SQLite (one file) and MariaDB, set up for durable writes."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from claudetools.kit.db.sqlite import Connection, Dbapi

SQLITE_BUSY_MS = 30_000
SQLITE_READERS = 8
MARIADB_POOL = 10


def writer_engine(url: str) -> AsyncEngine:
    """Return the engine for write transactions.

    SQLite: a single connection that begins IMMEDIATE, so that writers of this process queue in order and a
    read-then-write never fails on a snapshot upgrade. It alone checkpoints the WAL. What is deleted is overwritten.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, begin="BEGIN IMMEDIATE", pool_size=1, pragmas=("synchronous=FULL", "secure_delete=ON"))
    return _mariadb(parsed)


def reader_engine(url: str, writer: AsyncEngine) -> AsyncEngine:
    """Return the engine for reading: query-only connections on SQLite, `writer` itself on MariaDB.

    On both each statement sees what is committed when it starts (READ COMMITTED; on SQLite there is no transaction).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(
            parsed,
            begin=None,
            pool_size=SQLITE_READERS,
            pragmas=("query_only=ON", "wal_autocheckpoint=0"),
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
        )
    return writer


def _sqlite(url: URL, *, begin: str | None, pool_size: int, pragmas: tuple[str, ...], **options: Any) -> AsyncEngine:
    path = url.database
    if not path or path == ":memory:":
        raise ValueError("SQLite needs a file: sqlite+aiosqlite:////path/to/claudetools.db")

    def connect(*_: Any, **__: Any) -> Connection:
        return Connection(Path(path))

    engine = create_async_engine(
        url,
        hide_parameters=True,
        module=Dbapi(),
        connect_args={"async_creator_fn": connect},
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=SQLITE_BUSY_MS / 1000,
        **options,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={SQLITE_BUSY_MS}", "journal_mode=WAL", "foreign_keys=ON", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if begin is not None:

        @event.listens_for(engine.sync_engine, "begin")
        def start(connection: Any) -> None:
            connection.exec_driver_sql(begin)

    return engine


def _mariadb(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_size=MARIADB_POOL,
        max_overflow=MARIADB_POOL,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={"connect_timeout": 5},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'")
        cursor.execute("SET SESSION innodb_lock_wait_timeout = 5")
        cursor.execute("SET SESSION time_zone = '+00:00'")
        cursor.close()

    return engine


def is_sqlite(engine: AsyncEngine | Engine) -> bool:
    """Return whether `engine` speaks to SQLite."""
    return engine.dialect.name == "sqlite"
