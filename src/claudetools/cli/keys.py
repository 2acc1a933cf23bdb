"""`claudetools keys`: the keys that secrets are encrypted with. Run on the server, where the root key is."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from claudetools.cli.configuration import read_settings
from claudetools.cli.failure import Failure
from claudetools.cli.output import print_json, say, table
from claudetools.cli.own_services import with_services

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.kit.crypto.envelope import Envelope
    from claudetools.services import Services

T = TypeVar("T")
ClientOption = Annotated[str | None, typer.Option(help="Name of a client.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(help="Look after the keys that secrets are encrypted with, on the server.", no_args_is_help=True)


@app.command(epilog="Example: claudetools keys status --json")
def status(as_json: JsonOption = False) -> None:
    """List the root keys and the data keys, and how many secrets need each."""
    from dataclasses import asdict

    from pydantic_core import to_jsonable_python

    from claudetools.kit.crypto.inventory import key_inventory

    async def work(services: "Services") -> dict[str, object]:
        current = services.keyring.current.id
        keys = [asdict(key) for key in await services.database.read(key_inventory)]
        roots = [
            {"id": root.id, "used_from": root.used_from, "is_current": root.id == current}
            for root in services.keyring.roots
        ]
        report: dict[str, object] = to_jsonable_python({"root_keys": roots, "data_keys": keys})
        return report

    report = with_services(work)
    if as_json:
        print_json(report)
        return
    roots, keys = report["root_keys"], report["data_keys"]
    assert isinstance(roots, list)
    assert isinstance(keys, list)
    table(("root key", "used from", ""), [_root_row(root) for root in roots])
    columns = ("client", "key", "state", "root key", "used", "secrets")
    rows = [
        (
            key["client_name"] or "(the firm)", key["number"], key["state"], key["root_id"], key["encryption_count"],
            key["secrets"],
        )
        for key in keys
    ]  # fmt: skip
    table(columns, rows)


def _root_row(root: dict[str, str]) -> tuple[str, str, str]:
    first = root["used_from"].startswith("0001-")
    return root["id"], "the first" if first else root["used_from"][:16], "in use" if root["is_current"] else ""


@app.command(epilog="Example: claudetools keys rotate --client Dataworks")
def rotate(
    client: ClientOption = None,
    root: Annotated[bool, typer.Option("--root", help="Add a new root key instead.")] = False,
    minutes: Annotated[
        int, typer.Option(min=1, max=10_080, help="With --root: minutes until it is used, to copy the file meanwhile.")
    ] = 1,
) -> None:
    """Give a client, or without --client everybody, a new data key, and encrypt the secrets anew. The server may run.

    With --root a new root key goes into the key file. Copy the file to every server, and keep a copy with your key
    backup; when the key is in use, `claudetools keys rewrap` wraps the data keys with it.
    """
    if root:
        _add_root(minutes)
        return

    async def work(services: "Services") -> int:
        async def unit(session: "AsyncSession") -> None:
            keys = _envelope(services).keys
            for id in [await _client_id(session, client)] if client else await keys.holders(session):
                await keys.rotate(session, id)

        await services.database.write(unit)
        return await _rewrap(services)

    say(f"Done. Secrets encrypted anew: {with_services(work)}")


def _add_root(minutes: int) -> None:
    from claudetools.kit.clock import now
    from claudetools.kit.crypto.keyring import Keyring
    from claudetools.kit.crypto.roots import KeyProblem, RootFile, root_source

    source = root_source(read_settings())
    if not isinstance(source, RootFile):
        raise Failure("The root keys come from the environment or a program: add the new one there.")
    try:
        Keyring(source)
        source.add(now() + timedelta(minutes=minutes))
        added = Keyring(source).roots[-1]
    except KeyProblem as problem:
        raise Failure(str(problem)) from None
    say(f"Root key {added.id} is used from {added.used_from:%Y-%m-%d %H:%M:%S} UTC. Copy {source.path} to every server")
    say("and to your key backup before then; afterwards run: claudetools keys rewrap")


@app.command(epilog="Example: claudetools keys rewrap")
def rewrap() -> None:
    """Wrap data keys with the current root key, and encrypt secrets under former data keys anew. The server may run."""

    async def work(services: "Services") -> tuple[int, str]:
        current, newest = services.keyring.current, services.keyring.roots[-1]
        later = (
            "" if newest == current else f" Root key {newest.id} is used only from {newest.used_from:%Y-%m-%d %H:%M}."
        )
        return await _rewrap(services), later

    done, later = with_services(work)
    say(f"Done. Secrets encrypted anew: {done}.{later}")


@app.command(epilog="Example: claudetools keys destroy --client Dataworks --yes")
def destroy(
    client: Annotated[str, typer.Option(help="Name of the client.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy the keys of a client, and with them all its secrets, in backups too. Nothing brings them back."""
    if not yes:
        typed = typer.prompt(
            f"All secrets of {client} will be lost for good. Type the client's name to go on", err=True
        )
        if typed != client:
            raise Failure("That is not the name. Nothing was destroyed.")

    from claudetools.domains.ops import keep_data_keys
    from claudetools.domains.vault import destroy_secrets

    async def work(services: "Services") -> int:
        async def unit(session: "AsyncSession") -> int:
            return await destroy_secrets(session, await _client_id(session, client))

        destroyed = await services.database.write(unit)
        await services.database.forget_former()
        await keep_data_keys(services.settings, services.keyring)
        return destroyed

    say(f"Destroyed: {with_services(work)} key(s) of {client}.")


@app.command(epilog="Example: claudetools keys check --json")
def check(as_json: JsonOption = False) -> None:
    """Unwrap every data key and open every secret, and say what cannot be read; the exit status is 1 then."""
    from claudetools.kit.crypto.inventory import faults

    async def work(services: "Services") -> list[str]:
        return await services.database.read(faults)

    found = with_services(work)
    if as_json:
        print_json({"faults": found})
    else:
        for fault in found:
            say(fault)
        say(f"{len(found)} fault(s)." if found else "Every key and every secret can be read.")
    if found:
        raise typer.Exit(1)


async def _rewrap(services: "Services") -> int:
    from rich.console import Console
    from rich.progress import Progress, TextColumn

    from claudetools.domains.ops import keep_data_keys
    from claudetools.kit.crypto.rewrap import rewrap as encrypt_anew

    shown = Progress(TextColumn("{task.completed:.0f} secrets encrypted anew"), console=Console(stderr=True))
    with shown as progress:
        task = progress.add_task("", total=None)
        total = await encrypt_anew(services.database, lambda count: progress.update(task, advance=count))
    await keep_data_keys(services.settings, services.keyring)
    return total


def _envelope(services: "Services") -> "Envelope":
    from claudetools.kit.crypto import envelope

    found: Envelope = services.database.services[envelope.SERVICE]  # type: ignore[assignment]
    return found


async def _client_id(session: "AsyncSession", name: str) -> "UUID":
    from sqlalchemy import select

    from claudetools.kit.db.base import Base

    clients = Base.metadata.tables["clients"]
    found: UUID | None = await session.scalar(select(clients.c.id).where(clients.c.name == name))
    if found is None:
        raise Failure(f"There is no client named {name}.")
    return found
