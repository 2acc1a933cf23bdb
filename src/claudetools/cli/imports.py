"""`claudetools import`: taking over what was recorded elsewhere."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from claudetools.cli.connection import connected_api, current_connection
from claudetools.cli.failure import Failure
from claudetools.cli.history import import_history
from claudetools.cli.output import print_json, say, step, warn
from claudetools.cli.server_api import Fault, Refused

IMPORT_SECONDS = 600.0
SHOWN_FAULTS = 50

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")]

app = typer.Typer(help="Take over what was recorded elsewhere.", no_args_is_help=True)


@app.command("claude", epilog="Example: claudetools import claude --all")
def import_claude(
    everything: Annotated[bool, typer.Option("--all", help="Also from before this machine was connected.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send the transcripts of Claude Code on this machine that the server has not received. It is safe to repeat."""
    done = import_history(current_connection(), everything=everything, quiet=as_json)
    if as_json:
        print_json(asdict(done))
    if done.refused:
        raise Failure(f"The server refused {done.refused} of {done.transcripts} transcripts; its log says why.")


@app.command("csv", epilog="Example: claudetools import csv sites sites.csv --dry-run")
def import_csv(
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="Such as clients; see `claudetools resources`.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file in UTF-8; `-` reads the input.")],
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Create and change records as the rows of a CSV file say: all of them or none.

    The first row names the columns: the fields that `claudetools export` writes. A row with an id changes that record;
    one without changes the record with the same natural key, such as the same client and name, or creates one. In place
    of the id of a client, site or piece of equipment, its name will do.
    """
    data = sys.stdin.buffer.read() if file == Path("-") else read_file(file)
    with connected_api(current_connection(), timeout_seconds=IMPORT_SECONDS) as api:
        try:
            done = api.upload(resource_path(resource, "import"), data, "text/csv", dry_run=dry_run)
        except Refused as refused:
            if refused.status == 404 and not refused.faults:
                raise Failure(f"Nothing can be imported to {resource}. See `claudetools resources`.") from None
            raise not_imported(refused, as_json=as_json) from None
    if as_json:
        print_json(done)
    else:
        step(resource, counted(done))
        if dry_run:
            say("Nothing was changed: this was a dry run.")


def read_file(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        Failure: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.") from None


def resource_path(resource: str, end: str) -> str:
    """Return the path of an operation on a resource."""
    from urllib.parse import quote

    return f"/api/{quote(resource, safe='')}/{end}"


def counted(done: dict[str, Any]) -> str:
    """Return what an import did, in words."""
    would = "would be " if done["dry_run"] else ""
    return f"{done['created']} {would}created, {done['updated']} {would}updated, {done['unchanged']} unchanged"


def not_imported(refused: Refused, *, as_json: bool) -> Failure:
    """Return the end of an import that was refused, after telling each fault by its row."""
    if not refused.faults:
        return refused
    if as_json:
        print_json({"errors": [asdict(fault) for fault in refused.faults]})
    else:
        for fault in refused.faults[:SHOWN_FAULTS]:
            warn(f"{place(fault)}: {fault.message}")
    left = len(refused.faults) - SHOWN_FAULTS
    more = f" {left} more are not shown." if left > 0 and not as_json else ""
    return Failure(f"Nothing was imported: {len(refused.faults)} faults.{more}")


def place(fault: Fault) -> str:
    """Return where in a file a fault is, in words."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in fault.pointer.split("/")[1:]]
    if not parts:
        return "the file"
    file, row, column = parts[0], " ".join(parts[1:2]), "/".join(parts[2:])
    told = ("" if file == "rows" else file, row and f"row {row}", column)
    return ", ".join(filter(None, told))
