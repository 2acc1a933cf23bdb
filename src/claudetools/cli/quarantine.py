"""`claudetools quarantine`: what memory holds back until a person has looked at it, and what becomes of it."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from claudetools.cli.connection import chosen_endpoint
from claudetools.cli.failure import Failure
from claudetools.cli.output import ago, print_json, say, table
from claudetools.cli.sign_in import signed_in

SHOWN_CHARS = 120

EndpointOption = Annotated[str | None, typer.Option(help="Address of the server.  [default: the connected one]")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `quarantine list` shows it.")]

app = typer.Typer(help="Review what memory holds back because it instructs whoever reads it. Asks you to sign in.")


@app.command("list", epilog="Example: claudetools quarantine list --json")
def list_held(endpoint: EndpointOption = None, as_json: JsonOption = False) -> None:
    """List what waits for a person, the newest first."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        found = list(person.api.every("/api/memory/quarantine"))
    if as_json:
        print_json(found)
    else:
        table(("id", "why", "kind", "since", "text"), map(_row, found))


def _row(each: dict[str, Any]) -> Sequence[Any]:
    text = " ".join(each["text"].split())
    shown = text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} …"
    return each["id"], each["quarantine_reason"], each["kind"], ago(each["quarantined_at"]), shown


@app.command(epilog="Example: claudetools quarantine release 01930d5e-7a1c-7000-8000-000000000000")
def release(id: IdArgument, endpoint: EndpointOption = None) -> None:
    """Let memory recall it."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        done = person.api.post(f"/api/memory/{quote(id, safe='')}/release", {})
    say(f"Released: {done['kind']} {done['id']}")


@app.command(epilog="Example: claudetools quarantine delete 01930d5e-7a1c-7000-8000-000000000000")
def delete(id: IdArgument, endpoint: EndpointOption = None) -> None:
    """Delete it for good."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        person.api.delete(f"/api/memory/{quote(id, safe='')}")
    say(f"Deleted: {id}")


@app.command(epilog="Example: claudetools quarantine machine ws-anna")
def machine(
    host: Annotated[str, typer.Argument(metavar="HOST", help="Host name of the machine.")],
    endpoint: EndpointOption = None,
) -> None:
    """Hold back all that came from a machine, after its token was revoked."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        known = person.api.get("/api/machines", hostname=host)["items"]
        if not known:
            raise Failure(f"There is no machine called {host}.")
        held = sum(person.api.post(f"/api/machines/{one['id']}/quarantine-memory", {})["quarantined"] for one in known)
    say(f"Held back: {held} memories of {host}")
