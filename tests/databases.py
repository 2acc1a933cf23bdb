"""Migrated, empty databases of both kinds for the tests.

Nothing here knows a table: the schema comes from the migrations.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, get_args

import pysqlite3.dbapi2 as sqlite3
from sqlalchemy.engine import make_url

from claudetools.kit.db.migrate import upgrade
from tests.mariadb import MariaServer, MariaTemplate, run_async

__all__ = ["KINDS", "Databases", "Kind", "MariaServer"]

Kind = Literal["sqlite", "mariadb"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class Databases:
    """Migrates one database of each kind per test process when first asked, and hands out copies of its state."""

    def __init__(self, server: Callable[[], MariaServer], folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._mariadb: dict[str, MariaTemplate] = {}
        self._mariadb_urls: dict[int, str] = {}

    def shared(self, kind: Kind) -> str:
        """The database of this process: number 0."""
        return self.fresh(kind, 0, self._folder)

    def fresh(self, kind: Kind, number: int, folder: Path) -> str:
        """A database in its freshly migrated state; a SQLite file is put into `folder`."""
        if kind == "sqlite":
            path = folder / f"database-{number}.sqlite3"
            shutil.copyfile(self._template.path, path)
            return f"sqlite+aiosqlite:///{path}"
        if number not in self._mariadb_urls:
            server = self._server()
            url = server.create_database(f"test_{number}")
            run_async(upgrade(url))
            self._mariadb[url] = MariaTemplate(server, url)
            self._mariadb_urls[number] = url
        url = self._mariadb_urls[number]
        self._mariadb[url].reset()
        return url

    def reset(self, url: str) -> None:
        """Put the database of a URL that was handed out here back into its freshly migrated state."""
        if url in self._mariadb:
            self._mariadb[url].reset()
        else:
            self._template.reset(Path(str(make_url(url).database)))

    @cached_property
    def _template(self) -> "SqliteTemplate":
        return SqliteTemplate(self._folder)


class SqliteTemplate:
    """A freshly migrated SQLite database in `folder`, and putting a copy of it back into that state.

    A copy is put back while it is in use: rows are deleted only from the tables that hold some, and rows of the
    migrations come back. That takes a quarter of the time of copying all pages, which is done when the schema changed.
    """

    def __init__(self, folder: Path) -> None:
        migrated, self.path = folder / "migrated.sqlite3", folder / "template.sqlite3"
        run_async(upgrade(f"sqlite+aiosqlite:///{migrated}"))
        # The copy holds everything in its one file, whatever journal the migrated one was left with.
        _copy_pages(migrated, self.path)
        with closing(sqlite3.connect(self.path)) as template:
            names = template.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            self._tables = [str(name) for (name,) in names if name != "sqlite_stat1"]
            self._schema = self._schema_of(template)
            self._seeded = self._filled_tables(template)

    def reset(self, target: Path) -> None:
        """Make `target`, a copy of this database, the same as it again, safely also while other connections use it."""
        with closing(sqlite3.connect(target, timeout=10.0, isolation_level=None)) as copy:
            if self._schema_of(copy) == self._schema:
                self._empty(copy)
                return
        _copy_pages(self.path, target)

    def _empty(self, copy: sqlite3.Connection) -> None:
        # Nobody may find what an earlier test wrote in the bytes of the file.
        copy.executescript("PRAGMA synchronous = OFF; PRAGMA secure_delete = ON; PRAGMA foreign_keys = OFF")
        copy.execute("ATTACH ? AS template", (str(self.path),))
        copy.execute("BEGIN IMMEDIATE")
        for table in sorted(self._filled_tables(copy) | self._seeded):
            copy.execute(f'DELETE FROM main."{table}"')
            if table in self._seeded:
                copy.execute(f'INSERT INTO main."{table}" SELECT * FROM template."{table}"')
        copy.execute("COMMIT")

    def _filled_tables(self, database: sqlite3.Connection) -> set[str]:
        questions = ", ".join(f'EXISTS(SELECT 1 FROM main."{table}")' for table in self._tables)
        answers = database.execute(f"SELECT {questions}").fetchone()
        return {table for table, answer in zip(self._tables, answers, strict=True) if answer}

    @staticmethod
    def _schema_of(database: sqlite3.Connection) -> list[tuple[object, ...]]:
        return database.execute("SELECT name, sql FROM main.sqlite_master ORDER BY name").fetchall()


def _copy_pages(source: Path, target: Path) -> None:
    """Make `target` the same as `source`, safely also while other connections have it open."""
    with closing(sqlite3.connect(source)) as origin, closing(sqlite3.connect(target, timeout=10.0)) as copy:
        origin.backup(copy)
