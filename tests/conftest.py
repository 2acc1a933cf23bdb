"""Test-wide rules and fixtures: loopback only, prerequisites, migrated databases of both kinds, the application."""

import gc
import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.databases import KINDS, Databases, Kind
from tests.fixtures.application import api, application
from tests.mariadb import MariaServer
from tests.prerequisites import claude_code_is_missing, claude_code_program, in_ci, mariadb_is_missing

__all__ = ["FreshDatabase", "api", "application"]

FreshDatabase = Callable[[Kind], str]


def pytest_configure() -> None:
    """Refuse to leave this machine, judge no property by the time it takes, and search for nothing in vain."""
    settings.register_profile("project", deadline=None)
    settings.load_profile("project")
    sys.addaudithook(_refuse_other_machines)
    # Most of what is made here stays: as often as by default, the search for garbage takes a tenth of the time.
    gc.set_threshold(10_000)
    # The client of the tests tries to import it with each request, and a search that fails takes longer than an answer.
    sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]


def _refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        sock, address = arguments
        if sock.family in (socket.AF_INET, socket.AF_INET6) and address and not _is_loopback(address[0]):
            pytest.fail(f"a test tried to reach {address!r}: only loopback is allowed")
    elif event == "socket.getaddrinfo":
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else arguments[0]
        if host and not _is_address(host) and not _is_loopback(host):
            pytest.fail(f"a test tried to look up {host!r}: only loopback is allowed")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return ipaddress.ip_address(host).is_loopback if _is_address(host) else host == "localhost"


def _require(missing: str | None) -> None:
    if missing is not None and in_ci():
        pytest.fail(missing)
    if missing is not None:
        pytest.skip(missing)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaServer]:
    """A private MariaDB server, one per test process. To kill or restart one, start another `MariaServer`."""
    _require(mariadb_is_missing())
    with MariaServer() as server:
        yield server


@pytest.fixture(scope="session")
def claude_code() -> Path:
    """Path of the real Claude Code client in its pinned version."""
    _require(claude_code_is_missing())
    return claude_code_program()


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """The migrated databases of this test process."""
    return Databases(lambda: request.getfixturevalue("mariadb"), tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session", params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of database in turn: a test that uses it runs on all of them."""
    kind: Kind = request.param
    if kind == "mariadb":
        _require(mariadb_is_missing())
    return kind


@pytest.fixture(scope="session")
def database_url(database_kind: Kind, databases: Databases) -> str:
    """URL of a migrated database that the tests of this process share; `reset_database` empties it."""
    return databases.shared(database_kind)


@pytest.fixture(scope="session")
def reset_database(databases: Databases) -> Callable[[str], None]:
    """Function that puts the database of a URL back into its freshly migrated state, also while it is in use."""
    return databases.reset


@pytest.fixture
def fresh_database(databases: Databases, tmp_path: Path) -> FreshDatabase:
    """Function from a kind to the URL of a migrated, empty database that no other test uses meanwhile."""
    taken = dict.fromkeys(KINDS, 0)

    def take(kind: Kind) -> str:
        taken[kind] += 1
        return databases.fresh(kind, taken[kind], tmp_path)

    return take
