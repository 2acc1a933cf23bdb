"""The application, and a firm in it, for the tests in this folder."""

import pytest

from tests.fixtures.application import Application
from tests.memory.firm import Firm

__all__ = ["firm"]


@pytest.fixture
async def firm(api: Application) -> Firm:
    """An owner, without any clients yet."""
    return await Firm.of(api)
