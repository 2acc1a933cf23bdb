"""`claudetools import bitwarden|keepass`: what a password manager holds, read here and sent as credentials."""

import getpass
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from claudetools.cli.connection import connected_api, current_connection
from claudetools.cli.failure import Failure
from claudetools.cli.imports import IMPORT_SECONDS, DryRunOption, JsonOption, read_file
from claudetools.cli.output import print_json, say, step, table
from claudetools.cli.password_entries import Entry, Export, credential_of, key_of, without_doubles
from claudetools.cli.server_api import Api, Refused

BATCH = 100
SHOWN = 40
FOUND_BY = ("client_id", "service_name", "username")

ClientOption = Annotated[str | None, typer.Option(help="Client of the entries in folders that are called like none.")]
UpdateOption = Annotated[
    bool, typer.Option("--update", help="Also change credentials that have secrets already; versions are kept.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file. It is read here and stays here.")]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to `claudetools import`."""
    app.command("bitwarden", epilog="Example: claudetools import bitwarden export.json --dry-run")(import_bitwarden)
    app.command("keepass", epilog="Example: claudetools import keepass firm.kdbx --client Acme")(import_keepass)


def import_bitwarden(
    file: FileArgument,
    client: ClientOption = None,
    update: UpdateOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take over an export of Bitwarden: JSON, also protected by a password, or CSV.

    Folders and collections that are called like a client say whose an entry is. Safe to repeat: entries are found by
    client, user name and name. Notes, cards and identities go to secret notes; passkeys and attachments are left out.
    """
    from claudetools.cli.bitwarden import read_bitwarden

    export = read_bitwarden(read_file(file), lambda: asked_for("Password of the export: "))
    _import(export, client, is_update=update, is_dry_run=dry_run, as_json=as_json)


def import_keepass(
    file: FileArgument,
    key_file: Annotated[Path | None, typer.Option(help="The key file of the database.")] = None,
    client: ClientOption = None,
    update: UpdateOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take over a database of KeePass (KDBX 3.1 or 4) or its XML export.

    Groups that are called like a client say whose an entry is. Safe to repeat: entries are found by client, user name
    and title. Notes and further fields go to secret notes; attachments, old versions and the recycle bin are left out.
    """
    from claudetools.cli.keepass import read_keepass

    export = read_keepass(read_file(file), lambda: asked_for("Password of the database: "), key_file)
    _import(export, client, is_update=update, is_dry_run=dry_run, as_json=as_json)


def asked_for(prompt: str) -> str:
    """Return a password: typed without being shown, or else the first line of the input."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\r\n")


@dataclass(slots=True)
class Plan:
    """What is to be sent: new credentials, and changes of those without secrets, or of all if that is asked for."""

    create: list[dict[str, Any]] = field(default_factory=list)
    update: list[dict[str, Any]] = field(default_factory=list)
    present: int = 0


def _import(export: Export, client: str | None, *, is_update: bool, is_dry_run: bool, as_json: bool) -> None:
    with connected_api(current_connection(), timeout_seconds=IMPORT_SECONDS) as api:
        bodies, homeless = _bodies(api, export, client)
        if homeless and not is_dry_run:
            raise _without_client(homeless)
        plan = _plan(api, bodies, is_update=is_update)
        _send(api, plan, is_dry_run=is_dry_run)
    done = {
        "created": len(plan.create),
        "updated": len(plan.update),
        "present": plan.present,
        "dry_run": is_dry_run,
        "left_out": [{"reason": reason, "count": count} for reason, count in sorted(export.left_out.items())],
        "without_client": [{"folder": folder, "count": count} for folder, count in sorted(homeless.items())],
    }
    print_json(done) if as_json else _show(done)


def _bodies(api: Api, export: Export, default: str | None) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Return the credentials that the entries come to, and the folders of those whose client is not known."""
    from claudetools.domains.vault import CREDENTIALS

    clients: dict[str, str] = {}
    for each in api.every("/api/clients", fields="id,name,short_code"):
        clients |= {name.casefold(): each["id"] for name in (each["name"], each["short_code"]) if name}
    if default is not None and default.casefold() not in clients:
        raise Failure(f"There is no client called {default}.")
    bodies, homeless = [], Counter[str]()
    for entry in export.entries:
        client_id = _client_of(entry, clients, default)
        if client_id is None:
            homeless[" / ".join(entry.folder) or "(none)"] += 1
        else:
            bodies.append(credential_of(entry, CREDENTIALS.create, client_id, export.left_out))
    return without_doubles(bodies, export.left_out), homeless


def _client_of(entry: Entry, clients: dict[str, str], default: str | None) -> str | None:
    names = [*entry.folder, *([] if default is None else [default])]
    return next((clients[name.casefold()] for name in names if name.casefold() in clients), None)


def _without_client(folders: Counter[str]) -> Failure:
    named = ", ".join(f"{folder} ({count})" for folder, count in sorted(folders.items())[:SHOWN])
    return Failure(f"No client is called like these folders: {named}. Say --client, or create the clients first.")


def _plan(api: Api, bodies: list[dict[str, Any]], *, is_update: bool) -> Plan:
    known = {
        (client_id, key_of(row)): row
        for client_id in sorted({body["client_id"] for body in bodies})
        for row in api.every("/api/credentials", client_id=client_id)
    }
    plan = Plan()
    for body in bodies:
        row = known.get((body["client_id"], key_of(body)))
        if row is None:
            plan.create.append(body)
        elif is_update or not row["secret_fields"]:
            changes = {name: value for name, value in body.items() if name not in FOUND_BY}
            plan.update.append({"id": row["id"], "version": row["version"], **changes})
        else:
            plan.present += 1
    return plan


def _send(api: Api, plan: Plan, *, is_dry_run: bool) -> None:
    for verb, items in (("create", plan.create), ("update", plan.update)):
        for batch in _batches(items):
            try:
                api.post("/api/credentials/bulk", {verb: batch, "dry_run": is_dry_run})
            except Refused as refused:
                raise _not_imported(refused, batch) from None


def _batches(items: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _not_imported(refused: Refused, batch: Sequence[dict[str, Any]]) -> Failure:
    """Return the end of an import, with each fault by the name of its entry."""
    told = []
    for fault in refused.faults[:SHOWN]:
        _, _, index, *fields = [*fault.pointer.split("/"), "", ""]
        name = batch[int(index)]["service_name"] if index.isdecimal() and int(index) < len(batch) else "the entries"
        told.append(f"{name}{' '.join(['', *filter(None, fields)])}: {fault.message}")
    if not told:
        return refused
    return Failure(f"The server refused these entries, and those after them were not sent: {'; '.join(told)}")


def _show(done: dict[str, Any]) -> None:
    would = "would be " if done["dry_run"] else ""
    step(
        "credentials",
        f"{done['created']} {would}created, {done['updated']} {would}updated, {done['present']} there already",
    )
    if done["left_out"]:
        say()
        say("Not imported as it was:")
        table(("what and why", "times"), [(each["reason"], each["count"]) for each in done["left_out"][:SHOWN]])
    if done["without_client"]:
        say()
        say("No client is called like these folders; say --client, or create the clients first:")
        table(("folder", "entries"), [(each["folder"], each["count"]) for each in done["without_client"][:SHOWN]])
    if done["dry_run"]:
        say("Nothing was changed: this was a dry run.")
