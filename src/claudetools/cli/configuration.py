"""The server's settings as commands read them, and where its data is."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from claudetools.cli.failure import Failure

if TYPE_CHECKING:
    from claudetools.kit.settings import Settings

HOME_VARIABLE = "CLAUDETOOLS_HOME"
PROJECT_HOME = ".local"
DATABASE_FILE = "claudetools.db"


def read_settings() -> "Settings":
    """Return the settings of the environment.

    Raises:
        Failure: a variable has a value that cannot be used.
    """
    from pydantic import ValidationError

    from claudetools.kit.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        raise Failure(variable_faults(error)) from None


def variable_faults(error: Exception, prefix: str = "CLAUDETOOLS_") -> str:
    """Return what is wrong with which variable, without the values: some are secret."""
    from pydantic import ValidationError

    assert isinstance(error, ValidationError)
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{prefix}{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in faults) + "."


def shown_database(settings: "Settings") -> str:
    """Return the database's address without its password."""
    from sqlalchemy.engine import make_url

    return make_url(settings.database_url).render_as_string(hide_password=True)


def likely_homes() -> list[Path]:
    """Return where this machine's own server may keep its data: the named folder, else the usual ones."""
    from claudetools.kit.settings import default_home

    named = os.environ.get(HOME_VARIABLE)
    return [Path(named).expanduser()] if named else [default_home(), Path(PROJECT_HOME)]
