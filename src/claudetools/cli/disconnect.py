"""`claudetools disconnect`: takes back what `connect` has set up on this machine."""

from typing import Annotated

import typer

from claudetools.cli import connection as connections
from claudetools.cli.failure import Failure
from claudetools.cli.output import step
from claudetools.cli.plugin import find_client, remove_plugin

app = typer.Typer()


@app.command(epilog="Example: claudetools disconnect")
def disconnect(
    no_plugin: Annotated[bool, typer.Option("--no-plugin", help="Leave Claude Code as it is.")] = False,
) -> None:
    """Disconnect this machine: remove the plugin from Claude Code, end the token, delete the connection file.

    What is in memory, and which client a folder belongs to, stays at the server.
    """
    problems = [] if no_plugin else _remove_plugin()
    kept = connections.kept_connection()
    if kept is not None:
        if connections.revoke(kept):
            step("Token", f"ended at {kept.endpoint}")
        else:
            step("Token", f"{kept.endpoint} did not end it; do it there with `claudetools token revoke`", ok=None)
    path = connections.connection_path()
    try:
        path.unlink()
    except FileNotFoundError:
        step("Connection", "there was none", ok=None)
    except OSError as error:
        problems.append(f"{path} cannot be removed: {error.strerror}")
    else:
        step("Connection", f"{path} removed")
    if problems:
        raise Failure("; ".join(problems))


def _remove_plugin() -> list[str]:
    try:
        client = find_client()
        if client is None:
            step("Claude Code", "not found on the PATH: if the plugin is in it, remove it there", ok=None)
        else:
            step("Claude Code", "the plugin is removed" if remove_plugin(client) else "the plugin was not there")
    except Failure as failure:
        return [str(failure)]
    return []
