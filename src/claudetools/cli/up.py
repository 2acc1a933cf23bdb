"""`claudetools up`: prepares the data and runs the server until it is told to stop."""

import errno
import gc
import os
import shlex
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from claudetools import __version__
from claudetools.cli.configuration import HOME_VARIABLE, PROJECT_HOME, read_settings
from claudetools.cli.failure import Failure
from claudetools.cli.output import say
from claudetools.cli.prepare import prepare
from claudetools.cli.server_api import Api, Refused, ServerAway

if TYPE_CHECKING:
    from claudetools.domains.accounts import NewOwner
    from claudetools.kit.settings import Settings

# By name: the command line starts the application as any ASGI server would, and imports nothing of its fronts.
APPLICATION = "claudetools.server:create_app"
STOP_SECONDS = 10
GARBAGE_THRESHOLD = 100_000
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - recognised, not chosen

app = typer.Typer()


@app.command(epilog="Example: claudetools up --workers 2")
def up(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes.")] = 1,
    demo: Annotated[bool, typer.Option("--demo", help="Load sample data first, and show a recall from it.")] = False,
    demo_scale: Annotated[
        float, typer.Option(min=0.01, max=100, help="How much sample data: 1 is a year of an MSP's work.")
    ] = 1.0,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Upgrade an older database without a backup.")] = False,
) -> None:
    """Start the server; on the first run make its keys, its database and the owner account.

    Everything is set by environment variables: CLAUDETOOLS_HOME (data folder), CLAUDETOOLS_HOST, CLAUDETOOLS_PORT,
    CLAUDETOOLS_DATABASE_URL, and for an unattended first run CLAUDETOOLS_OWNER_EMAIL and CLAUDETOOLS_OWNER_PASSWORD.
    Stop it with Ctrl-C.
    """
    # Loading the program makes many objects that stay: collecting garbage meanwhile costs a fifth of the start.
    gc.set_threshold(GARBAGE_THRESHOLD)
    settings = read_settings()
    require_free(settings)
    owner = prepare(settings, with_backup=not no_backup)
    if demo:
        from claudetools.cli.demo import show_demo

        show_demo(settings, demo_scale)
    _announce(settings, owner)
    _serve(settings, workers)


def require_free(settings: "Settings") -> None:
    """Find out early whether the port can be had, and who has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise Failure(
                    f"The server cannot listen on {settings.host}:{settings.port}: {error.strerror or error}. "
                    "Set CLAUDETOOLS_HOST or CLAUDETOOLS_PORT."
                ) from None
        else:
            return
    address = address_of(settings)
    try:
        with Api(address, timeout_seconds=1) as api:
            api.get("/api/health/live")
    except (ServerAway, Refused):
        raise Failure(
            f"Another program uses port {settings.port}. Stop it, or choose another port: "
            f"CLAUDETOOLS_PORT={settings.port + 1 if settings.port < 65535 else 8787} claudetools up"
        ) from None
    raise Failure(f"A ClaudeTools server runs at {address} already. Stop it first, or set CLAUDETOOLS_PORT.")


def address_of(settings: "Settings") -> str:
    """Return the address under which this machine reaches the server."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def connect_line(settings: "Settings") -> str:
    """Return the line that connects Claude Code, to be run in the same folder of this machine."""
    from claudetools.kit.settings import default_home

    words = [*_program(), "connect", address_of(settings)]
    if settings.home not in (default_home(), Path(PROJECT_HOME).absolute()):
        words = [f"{HOME_VARIABLE}={shlex.quote(str(settings.home))}", *words]
    return " ".join(words)


def _program() -> list[str]:
    """Return how this program is called here: by its name if that finds it, else by its path."""
    here = Path(sys.argv[0]).absolute()
    found = shutil.which(here.name)
    if found and Path(found).absolute() == here:
        return [here.name]
    folder = Path.cwd()
    shown = str(here.relative_to(folder)) if here.is_relative_to(folder) else str(here)
    return [shlex.quote(shown if os.sep in shown else f".{os.sep}{shown}")]


def _announce(settings: "Settings", owner: "NewOwner | None") -> None:
    address = address_of(settings)
    say(f"ClaudeTools {__version__}")
    say(f"  Data       {settings.home}")
    if owner is not None:
        say(f"  Owner      {owner.email}")
        if owner.password is not None:
            say(f"  Password   {owner.password}   (shown only now: keep it in your password store)")
    say(f"  Address    {address}")
    say(f"  API docs   {address}/api/docs" if settings.docs_enabled else "  API docs   switched off")
    say("  Connect Claude Code on this machine, in another terminal in this folder:")
    say(f"    {connect_line(settings)}")
    say("  Stop with Ctrl-C.")
    sys.stdout.flush()


def _serve(settings: "Settings", workers: int) -> None:
    import uvicorn

    uvicorn.run(
        APPLICATION,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        log_config=None,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        # The application looks itself at who sent the header.
        proxy_headers=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
