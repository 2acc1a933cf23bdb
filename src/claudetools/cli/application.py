"""The command line as a whole: every command in its group, and how it ends."""

import sys
from pathlib import Path
from typing import Annotated

import typer

import claudetools
from claudetools import __version__
from claudetools.cli import (
    approvals,
    audit,
    backup,
    connect,
    database,
    disconnect,
    doctor,
    document,
    execute,
    export,
    imports,
    keys,
    memory,
    password_import,
    quarantine,
    status,
    takeover,
    tokens,
    up,
    users,
)
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
for module in (up, connect, disconnect, status, doctor, memory, execute, export, document):
    app.add_typer(module.app)
takeover.add_commands(imports.app)
password_import.add_commands(imports.app)
app.add_typer(imports.app, name="import")
app.add_typer(approvals.app, name="approvals")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(tokens.app, name="token")
app.add_typer(users.app, name="users")
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="db")
app.add_typer(backup.app, name="backup")
app.add_typer(audit.app, name="audit")


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"claudetools {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
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
        _end(f"Unexpected {type(error).__name__} in {_place(error)}. This is a fault of the program: please report it.")


def _place(error: Exception) -> str:
    """Return where in this package an error came up."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(Path(claudetools.__file__).parent)]
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "an unknown place"


def _end(line: str) -> None:
    typer.secho(f"claudetools: {line}", err=True, fg="red")
    sys.exit(1)
