"""What the chapters of a runbook are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

MAX_ROWS = 2_000
"""Of each table."""


class FreeText(str):
    """Text that people wrote as they liked: secrets are taken out of it before it is shown."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, each plain text of any number of lines, and how many rows are left out."""

    caption: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Article:
    """A text in Markdown."""

    title: FreeText
    markdown: FreeText
    at: datetime


Block = Table | Article


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a runbook, with its place in the table of contents."""

    anchor: str
    heading: str
    blocks: list[Block]


def lines(*parts: object) -> str:
    """Return a cell with one part to a line, without those that are empty."""
    return "\n".join(str(part) for part in parts if part)


def words(*parts: object) -> str:
    """Return a cell with all parts on one line, without those that are empty."""
    return " ".join(str(part) for part in parts if part)
