"""The server that the end-to-end tests of a process share, and a firm of its own on it for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.firm import Firm
from tests.e2e.server import MemoryServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryServer]:
    """A server on SQLite, shared: what a test finds in it need not be its own, but of its own clients it is."""
    with MemoryServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def firm(server: MemoryServer, claude_code: Path, tmp_path: Path) -> Firm:
    return Firm(server, claude_code, tmp_path)
