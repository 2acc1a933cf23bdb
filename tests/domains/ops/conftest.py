"""The application, and a firm whose database is backed up, for the tests in this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.domains.ops.firm import Firm


@pytest.fixture
async def firm(fresh_database: FreshDatabase, database_kind: Kind, tmp_path: Path) -> AsyncIterator[Firm]:
    """A firm on each kind of database in turn."""
    opened = await Firm.open(fresh_database(database_kind), tmp_path / "home")
    yield opened
    await opened.close()
