"""The rows of an export's files, by column names that do not depend on case and punctuation."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from claudetools.kit.problems import FieldError, Invalid, invalid
from claudetools.kit.resource.csv_format import read_rows, unmark

NAMING = ("name", "label", "address", "display", "value")
"""What an object in JSON is called by, the best first."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing in an export: its place, what kind of table it is from, and its texts by normalised column name.

    `read` are the columns that were asked for.
    """

    file: str
    number: int
    table: str
    cells: Mapping[str, str]
    read: set[str] = field(default_factory=set, compare=False)

    def get(self, *names: str) -> str:
        """Return the first of the named texts that is not empty; an empty one if all are."""
        self.read.update(names)
        return next((self.cells[name] for name in names if self.cells.get(name)), "")


def normalised(name: str) -> str:
    """Return a column name in lower case, with underscores in place of everything but letters and digits."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def csv_rows(file: str, table: str, data: bytes) -> Iterator[Row]:
    """Yield the rows of a CSV file. Apostrophes that keep texts from being formulas are taken away.

    Raises:
        Invalid: it is not CSV.
    """
    try:
        rows = list(read_rows(data))
    except Invalid as problem:
        faults = [FieldError(place(file) + error.pointer, error.code, error.message) for error in problem.errors]
        raise Invalid(problem.detail, errors=faults) from None
    if not rows:
        return
    names = [normalised(cell) for cell in rows[0][1]]
    for number, cells in rows[1:]:
        yield Row(file, number, table, {n: unmark(cell).strip() for n, cell in zip(names, cells, strict=False) if n})


def header(data: bytes) -> frozenset[str]:
    """Return the normalised column names of a CSV file; none if it is not one."""
    try:
        return frozenset(normalised(cell) for cell in next(read_rows(data), (0, []))[1])
    except Invalid:
        return frozenset()


def json_document(file: str, data: bytes) -> Any:
    """Return what a JSON file holds.

    Raises:
        Invalid: it is not JSON.
    """
    try:
        return from_json(data.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError as error:
        raise invalid(place(file), f"The file is not JSON: {error}.", "json_invalid") from None


def text_of(value: Any) -> str:
    """Return a value of a JSON document as text: of an object its name, of a list its parts."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return str(value).strip()
        case dict():
            return next((text_of(value[name]) for name in NAMING if value.get(name)), "")
        case list():
            return ", ".join(filter(None, map(text_of, value)))
        case _:
            return ""


def texts_of(item: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of a JSON object as texts, by normalised name."""
    return {normalised(name): text_of(value) for name, value in item.items()}


def objects(items: Any) -> Iterable[tuple[int, dict[str, Any]]]:
    """Yield the objects in a JSON list, counted from 1."""
    if isinstance(items, list):
        yield from ((number, item) for number, item in enumerate(items, 1) if isinstance(item, dict))


def place(file: str, row: int | None = None) -> str:
    """Return the JSON pointer for a file of an export, or for one of its rows."""
    label = file.replace("~", "~0").replace("/", "~1")
    return f"/{label}" if row is None else f"/{label}/{row}"
