"""The application, for the tests in this folder."""

from tests.fixtures.application import api, application

__all__ = ["api", "application"]
