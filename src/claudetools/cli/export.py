"""`claudetools export`: records as CSV."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from claudetools.cli.connection import connected_api, current_connection
from claudetools.cli.failure import Failure
from claudetools.cli.imports import resource_path
from claudetools.cli.server_api import Refused

app = typer.Typer()


@app.command(epilog="Example: claudetools export infrastructure --filter asset_type=firewall --output firewalls.csv")
def export(
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="Such as clients; see `claudetools resources`.")],
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="NAME=VALUE", help="As lists take them, q and sort too; can be repeated."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.  [default: the output]")
    ] = None,
) -> None:
    """Write records as CSV in UTF-8, which `claudetools import csv` takes back.

    A spreadsheet runs nothing in it: an apostrophe stands before texts that would be formulas.
    """
    parameters = [_parted(text) for text in filters or []]
    with (
        connected_api(current_connection()) as api,
        closing(api.download(resource_path(resource, "export.csv"), parameters, "text/csv")) as parts,
    ):
        try:
            first = next(parts, b"")
        except Refused as refused:
            if refused.status == 404:
                raise Failure(f"There is no resource {resource}. See `claudetools resources`.") from None
            raise
        if output is None:
            for part in (first, *parts):
                sys.stdout.buffer.write(part)
            return
        # The file comes into being whole or not at all.
        part_file = output.with_name(output.name + ".part")
        try:
            with part_file.open("wb") as file:
                file.write(first)
                file.writelines(parts)
            part_file.replace(output)
        except OSError as error:
            raise Failure(f"{output} cannot be written: {error.strerror}.") from None
        finally:
            part_file.unlink(missing_ok=True)


def _parted(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise typer.BadParameter(f"{text} is not of the form NAME=VALUE")
    return name, value
