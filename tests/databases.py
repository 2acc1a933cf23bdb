"""Migrated, empty databases of both kinds for the tests.

Nothing here knows a table: the schema comes from the migrations.
"""

import shutil
from collections.abc import Callable
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
        self._sqlite_template: Path | None = None

    def shared(self, kind: Kind) -> str:
        """The database of this process: number 0."""
        return self.fresh(kind, 0, self._folder)

    def fresh(self, kind: Kind, number: int, folder: Path) -> str:
        """A database in its freshly migrated state; a SQLite file is put into `folder`."""
        if kind == "sqlite":
            path = folder / f"database-{number}.sqlite3"
            shutil.copyfile(self._template(), path)
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
            _copy_sqlite(self._template(), Path(str(make_url(url).database)))

    def _template(self) -> Path:
        if self._sqlite_template is None:
            path = self._folder / "template.sqlite3"
            run_async(upgrade(f"sqlite+aiosqlite:///{path}"))
            # The copy holds everything in its one file, whatever journal the migrated one was left with.
            self._sqlite_template = path.with_name("copied.sqlite3")
            _copy_sqlite(path, self._sqlite_template)
        return self._sqlite_template


def _copy_sqlite(source: Path, target: Path) -> None:
    """Make `target` the same as `source`, safely also while other connections have it open."""
    origin = sqlite3.connect(source)
    copy = sqlite3.connect(target, timeout=10.0)
    try:
        origin.backup(copy)
    finally:
        copy.close()
        origin.close()
