"""The command line as a whole: every command in its group, and how it ends."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from claudetools import __version__
from claudetools.cli import connect, database, disconnect, doctor, document, memory, status, tokens, up, users
from claudetools.cli.failure import Failure

app = typer.Typer(
    name="claudetools",
    help="Memory for Claude Code that follows a firm's technicians, joined to its system of record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (up, connect, disconnect, status, doctor, memory, document):
    app.add_typer(module.app)
app.add_typer(tokens.app, name="token")
app.add_typer(users.app, name="users")
app.add_typer(database.app, name="db")


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"claudetools {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: ARG001 - read by its callback
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """The program `claudetools`. Exit status: 0 done, 1 failed, 2 wrong usage."""
    try:
        app()
    except Failure as failure:
        _end(str(failure))
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets one line, and no secret that it may hold
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}" if place else "an unknown place"
        _end(f"Unexpected {type(error).__name__} in {where}. This is a fault of the program: please report this line.")


def _end(line: str) -> None:
    typer.secho(f"claudetools: {line}", err=True, fg="red")
    sys.exit(1)
