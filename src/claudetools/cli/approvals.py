"""`claudetools approvals`: what programs ask to use a credential for, and saying yes or no."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from claudetools.cli.connection import chosen_endpoint
from claudetools.cli.output import ago, print_json, say, table
from claudetools.cli.sign_in import signed_in

EndpointOption = Annotated[str | None, typer.Option(help="Address of the server.  [default: the connected one]")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `approvals list` shows it.")]

app = typer.Typer(help="Approve or deny what programs ask to use credentials for. Asks you to sign in.")


@app.command("list", epilog="Example: claudetools approvals list")
def list_requests(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    endpoint: EndpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what waits for an answer."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        found = person.api.get("/api/credential-use-requests", state=None if everything else "pending")["items"]
    if as_json:
        print_json(found)
        return
    columns = ("id", "credential", "field", "asked by", "on", "command", "reason", "asked", "state")
    table(columns, map(_row, found))


def _row(each: dict[str, Any]) -> Sequence[Any]:
    return (
        each["id"], each["credential_name"], each["field"], each["user_name"], each["host"], each["command"],
        each["reason"], ago(each["created_at"]), each["state"],
    )  # fmt: skip


@app.command(epilog="Example: claudetools approvals approve 01930d5e-7a1c-7000-8000-000000000000")
def approve(id: IdArgument, endpoint: EndpointOption = None) -> None:
    """Let the program use the credential, once."""
    _decide(id, "approve", endpoint)


@app.command(epilog="Example: claudetools approvals deny 01930d5e-7a1c-7000-8000-000000000000")
def deny(id: IdArgument, endpoint: EndpointOption = None) -> None:
    """Refuse it."""
    _decide(id, "deny", endpoint)


def _decide(id: str, decision: str, endpoint: str | None) -> None:
    from urllib.parse import quote

    with signed_in(chosen_endpoint(endpoint)) as person:
        done = person.api.post(f"/api/credential-use-requests/{quote(id, safe='')}/{decision}", {})
    say(f"{done['state'].capitalize()}: {done['command']} on {done['host']} with {done['credential_name']}")
