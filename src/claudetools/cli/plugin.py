"""The plugin in this user's Claude Code, installed and removed by the client's own commands."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claudetools import claude
from claudetools.cli.failure import Failure

PLUGIN = "claudetools@claudetools"
MARKETPLACE = "claudetools"
SYNC_PROGRAM = "claudetools-sync"
TESTED_VERSION = (2, 1, 330)
_TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Client:
    """The program of Claude Code and its version, e.g. "2.1.330"."""

    program: str
    version: str

    @property
    def is_old(self) -> bool:
        """Whether it is older than the oldest version that the plugin was tested with."""
        return tuple(int(part) for part in self.version.split(".")) < TESTED_VERSION


def find_client() -> Client | None:
    """Return the client on this machine; None when there is none.

    Raises:
        Failure: what is called `claude` does not say a version.
    """
    program = shutil.which("claude")
    if program is None:
        return None
    found = re.match(r"\d+\.\d+\.\d+", _run(program, "--version"))
    if found is None:
        raise Failure(f"{program} is not Claude Code: it says no version.")
    return Client(program, found[0])


def plugin_folder() -> Path:
    """Return the plugin's folder in this installation."""
    return Path(claude.__file__).parent / "plugin"


def sync_program() -> str | None:
    """Return the path of the transcript sweep that belongs to this installation; None when it is not there."""
    own = Path(sys.executable).with_name(SYNC_PROGRAM)
    return str(own) if own.exists() else shutil.which(SYNC_PROGRAM)


def installed_plugin(client: Client) -> dict[str, Any] | None:
    """Return what the client says of the plugin; None when it is not installed."""
    return next((each for each in _listed(client, "plugin", "list", "--json") if each.get("id") == PLUGIN), None)


def configured_endpoint(client: Client) -> str | None:
    """Return the address that the installed plugin speaks to; None when its token is not set.

    Raises:
        Failure: the client does not say.
    """
    try:
        found = json.loads(_run(client.program, "plugin", "configure", PLUGIN, "--json"))
        return str(found["inputs"]["endpoint"]) if {"endpoint", "token"} <= set(found["configured"]) else None
    except (ValueError, LookupError, TypeError):
        raise Failure(f"Claude Code {client.version} does not show a plugin's options. Update it.") from None


def install_plugin(client: Client, endpoint: str, token: str) -> None:
    """Install the plugin, or bring it up to date, with the address and the token as its options.

    Raises:
        Failure: the client did not do it.
    """
    folder = plugin_folder()
    known = next((each for each in _marketplaces(client) if each.get("name") == MARKETPLACE), None)
    if known is not None and Path(str(known.get("path", ""))) != folder:
        _run(client.program, "plugin", "marketplace", "remove", MARKETPLACE)
    _run(client.program, "plugin", "marketplace", "add", str(folder))
    _run(client.program, "plugin", "install", PLUGIN)
    plugin = installed_plugin(client)
    if plugin is not None and not plugin.get("enabled"):
        _run(client.program, "plugin", "enable", PLUGIN)
    # Through the input: arguments can be seen by everybody on the machine. The client keeps it in its secret store.
    options = json.dumps({"endpoint": endpoint, "token": token, "sync_program": sync_program() or ""})
    _run(client.program, "plugin", "configure", PLUGIN, "--values-stdin", given=options)


def remove_plugin(client: Client) -> bool:
    """Remove the plugin with its options, and the place it came from. Return whether it was there.

    Raises:
        Failure: the client did not do it.
    """
    was_there = installed_plugin(client) is not None
    if was_there:
        _run(client.program, "plugin", "uninstall", PLUGIN)
    if any(each.get("name") == MARKETPLACE for each in _marketplaces(client)):
        _run(client.program, "plugin", "marketplace", "remove", MARKETPLACE)
    return was_there


def _marketplaces(client: Client) -> list[dict[str, Any]]:
    return _listed(client, "plugin", "marketplace", "list", "--json")


def _listed(client: Client, *arguments: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(_run(client.program, *arguments))
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise Failure(f"Claude Code {client.version} does not understand `claude {' '.join(arguments)}`. Update it.")
    return [each for each in found if isinstance(each, dict)]


def _run(program: str, *arguments: str, given: str = "") -> str:
    """Run a command of the client and return its output. No secret of ours is in its arguments or environment."""
    shown = f"claude {' '.join(arguments[:3])}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLAUDETOOLS_")}
    try:
        done = subprocess.run(  # noqa: S603 - the client, found on the user's own path
            [program, *arguments],
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            # Not the current folder: the client would read the settings that somebody has put into it.
            cwd=Path.home(),
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"`{shown}` did not end within {_TIMEOUT_SECONDS} s.") from None
    except OSError as error:
        raise Failure(f"`{shown}` cannot be run: {error.strerror}.") from None
    if done.returncode != 0:
        # What was given may be repeated in what it says.
        said = [] if given else (done.stderr or done.stdout).strip().splitlines()
        raise Failure(f"`{shown}` failed: {said[-1][:300] if said else f'status {done.returncode}'}")
    return done.stdout
