"""CSV (RFC 4180) that spreadsheets open without running anything in it, and that loses nothing on the way back.

An empty cell is null. In a text cell an apostrophe comes first where the text is empty, or begins with a character
that makes spreadsheets take it for a formula (OWASP, CSV Injection), or could be mistaken for a text so marked.
"""

import csv
import io
import json
import re
import typing
from collections.abc import Iterable, Iterator
from email.message import Message
from enum import Enum
from typing import Any

from pydantic_core import from_json

from claudetools.kit.problems import invalid

CSV = "text/csv"
MARK = "'"
FORMULA_STARTS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What spreadsheets take for the start of a formula, the full-width forms among them."""
MARKED = FORMULA_STARTS | {MARK}
DELIMITERS = ",;\t"

# The limit is one for the whole process; the size of a request bounds a cell.
csv.field_size_limit(2**31 - 1)


def is_csv(content_type: str) -> bool:
    """Return whether a Content-Type header (RFC 7111) announces CSV in UTF-8."""
    header = Message()
    header["content-type"] = content_type
    charset = str(header.get_param("charset", "utf-8")).lower()
    return header.get_content_type() in (CSV, "application/csv") and charset in ("utf-8", "us-ascii")


def is_text(kind: Any) -> bool:
    """Return whether the cells of a type hold free text."""
    return isinstance(kind, type) and issubclass(kind, str) and not issubclass(kind, Enum)


def mark(text: str) -> str:
    """Return the cell for a text."""
    if not text or text[0] in FORMULA_STARTS or (text[0] == MARK and (len(text) == 1 or text[1] in MARKED)):
        return MARK + text
    return text


def unmark(cell: str) -> str:
    """Return the text in a cell."""
    if cell[:1] == MARK and (len(cell) == 1 or cell[1] in MARKED):
        return cell[1:]
    return cell


def cell_of(kind: Any, value: Any) -> str:
    """Return the cell for a value of this type, given as JSON data."""
    if value is None:
        return ""
    if is_text(kind):
        return mark(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def value_of(kind: Any, cell: str) -> Any:
    """Return the value in a cell of this type as JSON data. What cannot be read stays text, for a schema to refuse."""
    if not cell:
        return None
    if is_text(kind):
        return unmark(cell)
    if kind in (bool, int, float) or typing.get_origin(kind) in (list, dict):
        try:
            return from_json(cell, allow_inf_nan=False)
        except ValueError:
            return cell
    return cell


def write_rows(rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows of cells as CSV in UTF-8."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def read_rows(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with its number as spreadsheets count: the header is row 1.

    The cells stand between commas, or between semicolons or tabs if the first line says so.

    Raises:
        Invalid: the data are not UTF-8, or a cell in quotes is not closed properly.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid("", "The file is not UTF-8. In Excel, save it as “CSV UTF-8”.", "encoding") from None
    header = re.match(r"[\r\n]*([^\r\n]*)", text)
    delimiter = max(DELIMITERS, key=header[1].count if header else len)
    reader, number = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise invalid(f"/rows/{number}", f"This is not CSV: {error}.", "csv") from None
        if any(cells):
            yield number, cells
