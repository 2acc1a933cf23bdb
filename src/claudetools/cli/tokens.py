"""`claudetools token`: tokens for people and integrations."""

from typing import Annotated, Any

import typer

from claudetools.cli.connection import chosen_endpoint
from claudetools.cli.failure import Failure
from claudetools.cli.output import ago, print_json, say, table
from claudetools.cli.sign_in import signed_in

DEFAULT_SCOPES = ("msp:read", "memory:read")

EndpointOption = Annotated[str | None, typer.Option(help="Address of the server.  [default: the connected one]")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(help="Make, list and end API tokens. Asks you to sign in.", no_args_is_help=True)


@app.command(epilog="Example: claudetools token create reports --scope msp:read --days 90")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    scope: Annotated[list[str] | None, typer.Option(help="What it may do; can be repeated.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it lasts.")] = 365,
    endpoint: EndpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token that acts for you, and print it: it is shown only now."""
    from datetime import UTC, datetime, timedelta

    expires_at = (datetime.now(UTC) + timedelta(days=days) - timedelta(minutes=1)).isoformat()
    body = {"name": name, "kind": "personal", "scopes": scope or DEFAULT_SCOPES, "expires_at": expires_at}
    with signed_in(chosen_endpoint(endpoint)) as person:
        made = person.api.post("/api/api-tokens", body)
    if as_json:
        print_json(made)
    else:
        say(made["token"])


@app.command("list", epilog="Example: claudetools token list --json")
def list_tokens(endpoint: EndpointOption = None, as_json: JsonOption = False) -> None:
    """List the tokens that you may see. The tokens themselves are not kept anywhere."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        found = list(person.api.every("/api/api-tokens", sort="name"))
    if as_json:
        print_json(found)
        return
    table(
        ("id", "name", "kind", "scopes", "last used", "expires", "state"),
        [
            (
                each["public_id"], each["name"], each["kind"], " ".join(each["scopes"]), ago(each["last_used_at"]),
                each["expires_at"][:10], "ended" if each["revoked_at"] else "",
            )
            for each in found
        ],
    )  # fmt: skip


@app.command(epilog="Example: claudetools token revoke k3jd92ha")
def revoke(
    token: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `token list` shows it.")],
    endpoint: EndpointOption = None,
) -> None:
    """End a token at once."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        wanted: dict[str, Any] | None = next(
            (each for each in person.api.every("/api/api-tokens") if token in (each["id"], each["public_id"])), None
        )
        if wanted is None:
            raise Failure(f"There is no token with the id {token}. `claudetools token list` shows them.")
        person.api.delete(f"/api/api-tokens/{wanted['id']}")
    say(f"Ended: {wanted['name']}")
