"""The server that the end-to-end tests of a process share, and a firm of its own on it for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.firm import Firm
from tests.e2e.server import MemoryServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MemoryServer]:
    """A server on SQLite that all tests share: each makes its own clients, and looks only at what is theirs."""
    with MemoryServer(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def firm(claude_code: Path, server: MemoryServer, tmp_path: Path) -> Firm:
    return Firm(server, claude_code, tmp_path)
