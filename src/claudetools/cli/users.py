"""`claudetools users`: the people who may sign in."""

import getpass
import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from claudetools.cli.connection import chosen_endpoint
from claudetools.cli.failure import Failure
from claudetools.cli.folder import find_client
from claudetools.cli.output import print_json, say, table
from claudetools.cli.server_api import Refused
from claudetools.cli.sign_in import PASSWORD_VARIABLE, signed_in

NEW_PASSWORD_VARIABLE = "CLAUDETOOLS_USER_PASSWORD"  # noqa: S105 - the name of the variable

EndpointOption = Annotated[str | None, typer.Option(help="Address of the server.  [default: the connected one]")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(help="Add, list and disable people. Asks you to sign in.", no_args_is_help=True)


class Role(StrEnum):
    """What a person may do."""

    OWNER = "owner"
    ADMIN = "admin"
    TECHNICIAN = "technician"
    READONLY = "readonly"


@app.command(epilog='Example: claudetools users add anna@example.com --name "Anna Berg" --client Contoso')
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Address to sign in with.")],
    name: Annotated[str | None, typer.Option(help="Name that others see.  [default: from the address]")] = None,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.TECHNICIAN,
    client: Annotated[list[str] | None, typer.Option(help="A client to work for.  [default: all]")] = None,
    endpoint: EndpointOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a person. The first password is asked for, or taken from CLAUDETOOLS_USER_PASSWORD."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        grants = [{"client_id": find_client(person.api, each)["id"], "level": "write"} for each in client or ()]
        body = {
            "email": email,
            "display_name": name or email.partition("@")[0],
            "role": role,
            "password": _new_password(),
            "client_access": "listed" if grants else "all",
            "clients": grants,
        }
        made = person.api.post("/api/users", body)
    if as_json:
        print_json(made)
    else:
        say(f"Added: {made['email']} ({made['role']})")


@app.command("list", epilog="Example: claudetools users list --json")
def list_users(endpoint: EndpointOption = None, as_json: JsonOption = False) -> None:
    """List all people."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        found = list(person.api.every("/api/users"))
    if as_json:
        print_json(found)
        return
    table(
        ("e-mail", "name", "role", "clients", "state"),
        [
            (
                each["email"], each["display_name"], each["role"], each["client_access"],
                "" if each["is_active"] else "disabled",
            )
            for each in found
        ],
    )  # fmt: skip


@app.command(epilog="Example: claudetools users disable anna@example.com")
def disable(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the person.")],
    endpoint: EndpointOption = None,
) -> None:
    """Keep a person from signing in, and end what they are signed in with. What they recorded stays."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        found = person.api.get("/api/users", email=email.strip().lower())["items"]
        if not found:
            raise Failure(f"There is nobody with the address {email}. `claudetools users list` shows them.")
        person.api.patch(f"/api/users/{found[0]['id']}", {"is_active": False})
    say(f"Disabled: {found[0]['email']}")


@app.command(epilog="Example: claudetools users password anna@example.com")
def password(
    email: Annotated[str | None, typer.Argument(metavar="EMAIL", help="Address of the person.  [default: you]")] = None,
    endpoint: EndpointOption = None,
) -> None:
    """Change your own password, or give somebody else a new one. All that they are signed in with ends.

    The new one is asked for, or taken from CLAUDETOOLS_USER_PASSWORD; your own current one is asked for, or taken from
    CLAUDETOOLS_OWNER_PASSWORD.
    """
    with signed_in(chosen_endpoint(endpoint)) as person:
        chosen = (email or person.me["email"]).strip().lower()
        if chosen == person.me["email"]:
            current = os.environ.get(PASSWORD_VARIABLE) or _asked("Current password: ")
            body = {"current_password": current, "new_password": _new_password()}
            try:
                person.api.post("/api/auth/password", body)
            except Refused as refused:
                if refused.code != "totp_required":
                    raise
                code = _asked("Code of your second factor: ")
                person.api.post("/api/auth/password", body | {"totp": code})
        else:
            found = person.api.get("/api/users", email=chosen)["items"]
            if not found:
                raise Failure(f"There is nobody with the address {email}. `claudetools users list` shows them.")
            person.api.post(f"/api/users/{found[0]['id']}/password", {"password": _new_password()})
    say(f"Changed: the password of {chosen}")


def _asked(question: str) -> str:
    if not sys.stdin.isatty():
        raise Failure(f"There is no terminal to ask for it: {question.rstrip(': ').lower()}.")
    return getpass.getpass(question)


def _new_password() -> str:
    given = os.environ.get(NEW_PASSWORD_VARIABLE)
    if given:
        return given
    if not sys.stdin.isatty():
        raise Failure(f"There is no terminal to ask for the new password. Set {NEW_PASSWORD_VARIABLE}.")
    password = getpass.getpass("New password: ")
    if getpass.getpass("Again: ") != password:
        raise Failure("The two were not the same.")
    return password
