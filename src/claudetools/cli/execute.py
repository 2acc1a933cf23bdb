"""`claudetools exec`: running a command that is given secrets, and masking them in what it prints."""

import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Annotated
from urllib.parse import unquote, urlsplit

import typer

from claudetools.cli.connection import connected_api, current_connection
from claudetools.cli.credential_use import Run, secrets_of
from claudetools.cli.output import warn
from claudetools.cli.secret_names import parse_secrets

OWN_VARIABLES = ("CLAUDETOOLS_", "CLAUDE_PLUGIN_OPTION_")
"""Beginnings of variables that may hold this machine's own token, which is nothing for the command."""

app = typer.Typer()


@app.command(
    "exec",
    context_settings={"allow_interspersed_args": False},
    epilog="Example: claudetools exec --secret PGPASSWORD=cred:ID --reason 'Look at slow queries' -- psql -h db erp",
)
def execute(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="The command and its arguments.")],
    secret: Annotated[
        list[str],
        typer.Option(metavar="NAME=cred:ID[.FIELD]", help="A secret, in a variable of the command; can be repeated."),
    ],
    stdin: Annotated[
        str | None, typer.Option(metavar="NAME", help="Let the command read this one as its input instead.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="What for. It is recorded.  [default: the command's name]")] = None,
) -> None:
    """Run a command with secrets from the vault.

    They are fetched from the server for this one run and reach the command alone, never a command line or a file.
    What it prints of them is masked, also where it is encoded. The exit status is the command's.
    """
    from claudetools.cli.masked_process import CommandFailure, run_masked
    from claudetools.kit.redact.spellings import SHORTEST_ENCODED

    wanted = parse_secrets(secret)
    if stdin is not None and stdin not in {each.name for each in wanted}:
        raise typer.BadParameter(f"No --secret {stdin}=… names what is to be read.", param_hint="--stdin")
    label = PurePath(command[0]).name
    with connected_api(current_connection()) as api:
        values = secrets_of(api, wanted, Run(reason or f"To run {label}", label, socket.gethostname()))
    for name, value in values.items():
        if len(value) < SHORTEST_ENCODED:
            warn(f"{name} has less than {SHORTEST_ENCODED} characters: it is masked only where it stands as it is.")
    masked = [part for value in values.values() for part in parts_of(value)]
    to_read = None if stdin is None else values.pop(stdin).encode()
    try:
        status = run_masked(command, child_environment(os.environ, values), to_read, masked)
    except CommandFailure as failure:
        typer.secho(f"claudetools: {failure}", err=True, fg="red")
        raise typer.Exit(failure.status) from None
    raise typer.Exit(status)


def child_environment(own: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the command: ours without our own settings, and the secrets."""
    return {**{name: value for name, value in own.items() if not name.upper().startswith(OWN_VARIABLES)}, **secrets}


def parts_of(secret: str) -> Iterable[str]:
    """Yield what is to be masked of a secret: all of it, and of an address with a password that one too."""
    yield secret
    try:
        password = urlsplit(secret).password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)
