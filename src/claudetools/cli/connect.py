"""`claudetools connect`: everything that a technician's machine needs, in one command."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer

from claudetools.claude.connection import Connection, store_connection
from claudetools.cli import connection as connections
from claudetools.cli import this_machine
from claudetools.cli.checks import quick_checks, show_check
from claudetools.cli.device_sign_in import approved_token
from claudetools.cli.failure import Failure
from claudetools.cli.folder import bind_folder, find_client, find_project
from claudetools.cli.history import import_history, pending_history
from claudetools.cli.output import plain, say, step
from claudetools.cli.plugin import Client, install_plugin
from claudetools.cli.plugin import find_client as find_claude
from claudetools.cli.server_api import Api, Refused, is_loopback
from claudetools.cli.sign_in import has_password, signed_in

SCOPES = ("msp:read", "msp:write", "memory:read", "memory:write")
RENEWED_BEFORE = timedelta(days=30)
FIRST_RECALL_TOKENS = 400
READY_TRIES = 40
READY_PAUSE_SECONDS = 0.25

app = typer.Typer()


@app.command(epilog='Example: claudetools connect https://memory.example.com --client "Contoso" --project mail')
def connect(
    endpoint: Annotated[
        str | None, typer.Argument(metavar="ENDPOINT", help="Address of the server.", show_default=False)
    ] = None,
    client: Annotated[str | None, typer.Option(help="Client that the folder belongs to: name or short code.")] = None,
    project: Annotated[str | None, typer.Option(metavar="SLUG", help="Project of that client.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder to bind.  [default: the current one]")] = None,
    create_client: Annotated[bool, typer.Option("--create-client", help="Make the client if there is none.")] = False,
    with_import: Annotated[bool, typer.Option("--import", help="Send all earlier transcripts at once.")] = False,
    browser: Annotated[
        bool | None,
        typer.Option(
            "--browser/--password",
            help="Approve this machine in a browser, or sign in here.  [default: browser, if the server is elsewhere]",
            show_default=False,
        ),
    ] = None,
    no_plugin: Annotated[bool, typer.Option("--no-plugin", help="Leave Claude Code as it is.")] = False,
) -> None:
    """Connect this machine: sign in, register it, install the plugin in Claude Code, bind the folder, check.

    The server is the one given, else CLAUDETOOLS_ENDPOINT, else the one connected to before, else
    http://127.0.0.1:8787. It is safe to repeat: what is there already is kept.

    How you sign in, the first that applies: CLAUDETOOLS_TOKEN (a machine's token, used as it is); the kept token, while
    it works; CLAUDETOOLS_OWNER_EMAIL and CLAUDETOOLS_OWNER_PASSWORD; for a server on this machine, its data folder
    (CLAUDETOOLS_HOME, the default one, or ./.local): who can read the root key there acts as the owner; for a server
    elsewhere, or with --browser, a code that you approve in a browser on any device; a prompt.
    """
    if project is not None and client is None:
        raise typer.BadParameter("--project needs --client")
    chosen = connections.chosen_endpoint(endpoint)
    place = (folder or Path.cwd()).expanduser().resolve()
    if not place.is_dir():
        raise Failure(f"There is no folder {place}.")
    with Api(chosen) as api:
        step("Server", f"{chosen}, version {api.get('/api/health/live')['version']}")
    claude = None if no_plugin else _find_claude()
    connected = _connected(chosen, claude.version if claude else None, browser=browser)
    with connections.connected_api(connected.connection) as api:
        if claude is not None:
            install_plugin(claude, chosen, connected.connection.token)
            step("Claude Code", f"{claude.version}: the plugin is installed; it works from the next session on")
        if client is not None:
            _bind(api, connected, client, project, place, create_client=create_client)
        _wait_until_ready(api)
        _check(connected.connection, with_client=claude is not None)
        _show_memory(api, connected, place)
    _show_history(connected.connection, with_import=with_import)


@dataclass(frozen=True, slots=True)
class _Connected:
    connection: Connection
    machine_id: str | None


def _find_claude() -> Client | None:
    try:
        found = find_claude()
    except Failure as failure:
        step("Claude Code", failure, ok=None)
        return None
    if found is None:
        step("Claude Code", "not found on the PATH: install it, then run `claudetools connect` again", ok=None)
    return found


def _connected(endpoint: str, client_version: str | None, *, browser: bool | None) -> _Connected:
    """Return a connection whose token works, made now if need be, and keep it."""
    given = os.environ.get(connections.TOKEN_VARIABLE)
    kept = connections.kept_connection()
    if given:
        connected = _with_given_token(connections.checked(endpoint, given), client_version)
    else:
        connected = _with_kept_token(kept, endpoint, client_version) or _with_new_token(
            endpoint, client_version, browser=browser
        )
    if connected.connection != kept:
        path = _kept(connected.connection)
        step("Connection", f"kept in {path}, which only you can read")
        if kept is not None and kept.token != connected.connection.token and connections.revoke(kept):
            step("Old token", "revoked")
    return connected


def _kept(connection: Connection) -> Path:
    try:
        return store_connection(connection, os.environ)
    except OSError as error:
        raise Failure(f"{connections.connection_path()} cannot be written: {error.strerror}.") from None


def _with_given_token(connection: Connection, client_version: str | None) -> _Connected:
    with connections.connected_api(connection) as api:
        try:
            here = connections.here(api)
        except Refused as refused:
            raise Failure(f"The server does not accept the token in {connections.TOKEN_VARIABLE}: {refused}") from None
        step("Signed in", f"{here.me['email']}, with the token in {connections.TOKEN_VARIABLE}")
        return _Connected(connection, _refreshed(api, here.machine, client_version))


def _with_kept_token(kept: Connection | None, endpoint: str, client_version: str | None) -> _Connected | None:
    """Return the kept connection if its token is this machine's, works, and will for a while."""
    if kept is None or kept.endpoint != endpoint:
        return None
    with connections.connected_api(kept) as api:
        try:
            here = connections.here(api)
            token = connections.own_token(api, kept)
        except Refused:
            return None
        if here.machine is None or here.machine["fingerprint"] != this_machine.fingerprint(here.me["user_id"]):
            return None
        if token is None or datetime.fromisoformat(token["expires_at"]) - datetime.now(UTC) < RENEWED_BEFORE:
            return None
        step("Signed in", f"{here.me['email']}, with the token of this machine, which still works")
        return _Connected(kept, _refreshed(api, here.machine, client_version))


def _with_new_token(endpoint: str, client_version: str | None, *, browser: bool | None) -> _Connected:
    if browser is None:
        browser = not is_loopback(endpoint) and not has_password()
    if browser:
        return _with_approved_token(endpoint, client_version)
    with signed_in(endpoint) as person:
        step("Signed in", f"{person.me['email']}, {person.how}")
        machine = _registered(person.api, person.me["user_id"], client_version)
        name = f"Claude Code on {machine['hostname']}"[:200]
        body = {"name": name, "kind": "machine", "machine_id": machine["id"], "scopes": SCOPES}
        token = person.api.post("/api/api-tokens", body)["token"]
        step("Token", "made for this machine")
    return _Connected(connections.checked(endpoint, token), machine["id"])


def _with_approved_token(endpoint: str, client_version: str | None) -> _Connected:
    with Api(endpoint) as api:
        token = approved_token(api, client_version, SCOPES)
    connection = connections.checked(endpoint, token["access_token"])
    with connections.connected_api(connection) as api:
        step("Signed in", f"{api.get('/api/auth/me')['email']}, approved in a browser")
    step("Token", "made for this machine")
    return _Connected(connection, token["machine_id"])


def _registered(api: Api, user_id: str, client_version: str | None) -> dict[str, Any]:
    print_of_machine = this_machine.fingerprint(user_id)
    known = api.get("/api/machines", fingerprint=print_of_machine)["items"]
    if known:
        _refreshed(api, known[0], client_version)
        return dict(known[0])
    made: dict[str, Any] = api.post(
        "/api/machines", {**this_machine.facts(client_version), "fingerprint": print_of_machine}
    )
    step("Machine", f"{made['hostname']} registered")
    return made


def _refreshed(api: Api, machine: dict[str, Any] | None, client_version: str | None) -> str | None:
    if machine is None:
        return None
    current = this_machine.facts(client_version or machine["client_version"])
    if any(machine.get(key) != value for key, value in current.items()):
        api.patch(f"/api/machines/{machine['id']}", current)
    step("Machine", f"{current['hostname']} is known")
    return str(machine["id"])


def _bind(
    api: Api, connected: _Connected, client: str, project: str | None, place: Path, *, create_client: bool
) -> None:
    found = find_client(api, client, create=create_client)
    its_project = find_project(api, found, project) if project else None
    bound = bind_folder(api, place, connected.machine_id, found, its_project)
    owner = f"{found['name']} / {its_project['name']}" if its_project else found["name"]
    step("Folder", f"{bound}: {owner}")


def _wait_until_ready(api: Api) -> None:
    """Wait while a server that has just been started loads its index."""
    for _ in range(READY_TRIES - 1):
        try:
            api.get("/api/health/ready")
        except Refused as refused:
            if refused.status != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            time.sleep(READY_PAUSE_SECONDS)
        else:
            return
    api.get("/api/health/ready")


def _check(connection: Connection, *, with_client: bool) -> None:
    found = list(quick_checks(connection, with_client=with_client))
    for check in found:
        if check.ok is not True:
            show_check(check)
    if all(check.ok is not False for check in found):
        step("Checks", "everything works")


def _show_memory(api: Api, connected: _Connected, place: Path) -> None:
    found = api.post(
        "/api/memory/recall",
        {
            "query": f"what to know about {place.name or 'this machine'}",
            "cwd": str(place)[:500],
            "machine": connected.machine_id,
            "budget_tokens": FIRST_RECALL_TOKENS,
        },
    )
    if not found["items"]:
        step("Memory", "has nothing for this folder yet; it fills as you work")
        return
    step("Memory", f"{len(found['items'])} notes for this folder, for example:")
    say(plain(found["text"]))


def _show_history(connection: Connection, *, with_import: bool) -> None:
    if with_import:
        import_history(connection)
        return
    waiting = pending_history(connection, everything=True)
    if waiting:
        step("Transcripts", f"{waiting} earlier ones could be sent: claudetools import claude --all", ok=None)
