"""What commands print: plain lines that other programs can read too, tables, JSON."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import typer

_WIDTH_ELSEWHERE = 200


def plain(text: object) -> str:
    """Return text from the server without control characters, which could take over the terminal."""
    return "".join(each for each in str(text) if each in "\n\t" or each.isprintable())


def say(text: object = "") -> None:
    """Print a line."""
    typer.echo(plain(text))


def warn(text: object) -> None:
    """Print a line on standard error."""
    typer.secho(plain(text), err=True, fg="yellow")


def step(name: str, text: object, *, ok: bool | None = True) -> None:
    """Print one line of a list of results: done, failed, or (None) left out."""
    mark, colour = {True: ("ok", "green"), False: ("!!", "red"), None: ("--", "yellow")}[ok]
    typer.echo(f"{typer.style(mark, fg=colour)}  {name:<13} {plain(text)}")


def print_json(data: object) -> None:
    """Print data as JSON. Nothing but JSON goes to standard output then."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=not _speaks_unicode()))


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        shown.add_row(*(Text(plain("" if cell is None else cell)) for cell in row))
    width = None if sys.stdout.isatty() else _WIDTH_ELSEWHERE
    Console(markup=False, highlight=False, width=width).print(shown)


def ago(instant: str | None) -> str:
    """Return an instant (RFC 3339) as people say it, with the local time."""
    if not instant:
        return "never"
    at = datetime.fromisoformat(instant)
    seconds = max(0, int((datetime.now(UTC) - at).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago ({at.astimezone():%Y-%m-%d %H:%M})"
    return "just now"


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
