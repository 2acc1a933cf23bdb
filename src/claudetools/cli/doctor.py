"""`claudetools doctor`: does everything work, and if not, what to do."""

import dataclasses
from typing import Annotated

import typer

from claudetools.cli.checks import Check, all_checks, show_check
from claudetools.cli.connection import current_connection
from claudetools.cli.output import print_json

app = typer.Typer()


@app.command(epilog="Example: claudetools doctor --json")
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check every link from Claude Code to the server's memory by using it; the exit status is 1 if one is broken.

    The check of memory saves a line in a scratch session, recalls it in another, and deletes both.
    """
    connection = current_connection()
    done: list[Check] = []
    for check in all_checks(connection):
        done.append(check)
        if not as_json:
            show_check(check)
    if as_json:
        print_json({"ok": all(check.ok is not False for check in done), "checks": list(map(dataclasses.asdict, done))})
    if any(check.ok is False for check in done):
        raise typer.Exit(1)
