"""The server that the end-to-end tests of a process share, and a firm of its own on it for each test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Firm, MemoryServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryServer]:
    """A server on SQLite. Other tests use it too: what a test looks for in it must be its own."""
    with MemoryServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count()


@pytest.fixture
def firm(server: MemoryServer, claude_code: Path, tmp_path: Path) -> Firm:
    return Firm(server, claude_code, tmp_path)
