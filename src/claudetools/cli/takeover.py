"""`claudetools import netbox|itflow|hudu|itglue`: what another documentation system has exported."""

from pathlib import Path
from typing import Annotated, Any

import typer

from claudetools.cli.connection import connected_api, current_connection
from claudetools.cli.failure import Failure
from claudetools.cli.imports import IMPORT_SECONDS, DryRunOption, JsonOption, counted, not_imported, read_file
from claudetools.cli.output import print_json, say, step, table
from claudetools.cli.server_api import Refused

SHOWN_LEFT_OUT = 40
SYSTEMS = {
    "netbox": ("NetBox", "CSV files of its lists, all columns (“All data”), or replies of its REST API saved as JSON."),
    "itflow": (
        "ITFlow",
        "CSV files of clients, locations, contacts, assets and networks; say --client for one client's.",
    ),
    "hudu": ("Hudu", "Replies of its REST API saved as JSON: companies, assets, articles, networks."),
    "itglue": (
        "IT Glue",
        "The account's export: organizations.csv, configurations.csv and the others, with documents.",
    ),
}


def add_commands(app: typer.Typer) -> None:
    """Add a command for each system to `claudetools import`."""
    for system, (name, files) in SYSTEMS.items():
        _add(app, system, name, files)


def _add(app: typer.Typer, system: str, name: str, files: str) -> None:
    @app.command(
        system,
        help=f"Take over what {name} has exported: all of it that has a place here, or nothing.\n\n{files}\n\n"
        "Safe to repeat: records are found by their names. Passwords are never imported: files that hold them are not "
        "even sent.",
        epilog=f"Example: claudetools import {system} export.zip --dry-run",
    )
    def command(
        path: Annotated[Path, typer.Argument(metavar="PATH", help="The export: a file, a folder or a zip archive.")],
        client: Annotated[str | None, typer.Option(help="Name of the client of what names none.")] = None,
        dry_run: DryRunOption = False,
        as_json: JsonOption = False,
    ) -> None:
        from claudetools.domains.exchange import pack

        files = export_files(path)
        parameters = {"dry_run": dry_run, **({"client": client} if client is not None else {})}
        with connected_api(current_connection(), timeout_seconds=IMPORT_SECONDS) as api:
            try:
                done = api.upload(f"/api/imports/{system}", pack(files), "application/zip", **parameters)
            except Refused as refused:
                raise not_imported(refused, as_json=as_json) from None
        if as_json:
            print_json(done)
        else:
            _show(done)


def export_files(path: Path) -> dict[str, bytes]:
    """Return the files of an export that are looked into, by their paths in it. Those that hold secrets stay here.

    Raises:
        Failure: there are none, or they cannot be read.
    """
    from claudetools.domains.exchange import is_read, unpack
    from claudetools.kit.problems import Invalid

    if path.suffix.lower() == ".zip":
        try:
            found = unpack(read_file(path))
        except Invalid as error:
            raise Failure(str(error)) from None
    elif path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file())
        labels = {each.relative_to(path).as_posix(): each for each in inside}
        found = {label: read_file(each) for label, each in labels.items() if is_read(label)}
    else:
        found = {path.name: read_file(path)} if is_read(path.name) else {}
    if not found:
        raise Failure(f"{path} holds no CSV, JSON or HTML file of an export.")
    return found


def _show(done: dict[str, Any]) -> None:
    for resource, counts in done["resources"].items():
        step(resource, counted({**counts, "dry_run": done["dry_run"]}))
    left_out = done["left_out"]
    if left_out:
        say()
        say("Not imported:")
        table(
            ("file", "what and why", "times"), [(e["file"], e["reason"], e["count"]) for e in left_out[:SHOWN_LEFT_OUT]]
        )
    if len(left_out) > SHOWN_LEFT_OUT:
        say(f"{len(left_out) - SHOWN_LEFT_OUT} more: see them with --json.")
    if done["dry_run"]:
        say("Nothing was changed: this was a dry run.")
