"""Reading the descriptions that come with the package: TOML, checked against a model."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict


class Description(BaseModel):
    """Base of what the files describe: a name that nobody knows is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@cache
def read(*path: str) -> dict[str, Any]:
    """Return the content of a file of this package."""
    return tomllib.loads(files("claudetools.demo").joinpath(*path).read_text(encoding="utf-8"))


def names_in(folder: str) -> list[str]:
    """Return the names of the TOML files in a folder of this package, sorted."""
    return sorted(file.name for file in files("claudetools.demo").joinpath(folder).iterdir() if file.is_file())
