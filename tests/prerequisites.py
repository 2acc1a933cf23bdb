"""What the tests need besides Python packages: a MariaDB server and the Claude Code client.

`python -m tests.prerequisites` installs what is missing, where this machine's package managers can, and says which
tests are left out otherwise. With CI=true it ends with status 1 when something could not be had.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mariadb import mariadb_program

_ROOT: Final = Path(__file__).resolve().parent.parent
_CLIENT_PIN: Final = _ROOT / "requirements" / "claude-code"
_CLIENT_FOLDER: Final = _ROOT / ".cache" / "claude-code"
_CLIENT_PROGRAM: Final = _CLIENT_FOLDER / "node_modules" / ".bin" / "claude"


def in_ci() -> bool:
    """Whether this is a CI run, where a missing prerequisite is a failure."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")


def mariadb_is_missing() -> str | None:
    """Say what to do when no MariaDB server is installed; None when it is there."""
    if mariadb_program("mariadbd") and mariadb_program("mariadb-install-db"):
        return None
    return "no MariaDB server: install mariadb-server (10.11 or later); `make test` does it as root on Debian"


def claude_code_is_missing() -> str | None:
    """Say what to do when the pinned Claude Code client is not installed; None when it is there."""
    pin = (_CLIENT_PIN / "package-lock.json").read_bytes()
    installed = _CLIENT_FOLDER / "package-lock.json"
    if _CLIENT_PROGRAM.exists() and installed.is_file() and installed.read_bytes() == pin:
        return None
    return "no Claude Code client of the pinned version: `make test` gets it where npm (Node.js 22 or later) is"


def claude_code_program() -> Path:
    """Path of the pinned Claude Code client. It exists when `claude_code_is_missing` returns None."""
    return _CLIENT_PROGRAM


def install_mariadb() -> None:
    """Install the MariaDB server by apt-get, without starting a service. Raises PrerequisiteError."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise PrerequisiteError("only done here by root with apt-get")
    # A policy of 101 keeps the package from starting the machine's own service: the tests run a private server.
    policy = Path("/usr/sbin/policy-rc.d")
    own_policy = not policy.exists()
    if own_policy:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "-q", "update"], environment)
        _run(["apt-get", "-q", "-y", "--no-install-recommends", "install", "mariadb-server"], environment)
    finally:
        if own_policy:
            policy.unlink()


def install_claude_code() -> None:
    """Install the pinned Claude Code client by npm into the project's cache folder. Raises PrerequisiteError."""
    if shutil.which("npm") is None:
        raise PrerequisiteError("npm is not installed")
    shutil.rmtree(_CLIENT_FOLDER, ignore_errors=True)
    partial = _CLIENT_FOLDER.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(_CLIENT_PIN, partial)
    _run(["npm", "ci", "--prefix", str(partial), "--no-fund", "--no-audit", "--loglevel=error"], dict(os.environ))
    partial.rename(_CLIENT_FOLDER)


class PrerequisiteError(Exception):
    """A prerequisite could not be installed; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Prerequisite:
    """One thing that tests need, how to look for it and get it, and what is not tested without it."""

    name: str
    missing: Callable[[], str | None]
    install: Callable[[], None]
    leaves_out: str


PREREQUISITES: Final = (
    Prerequisite(
        name="MariaDB server",
        missing=mariadb_is_missing,
        install=install_mariadb,
        leaves_out="every test on MariaDB (ids with [mariadb]); the same tests still run on SQLite",
    ),
    Prerequisite(
        name="Claude Code client",
        missing=claude_code_is_missing,
        install=install_claude_code,
        leaves_out="the end-to-end tests with the real client (tests/e2e)",
    ),
)


def main() -> int:
    """Install what is missing and report. Returns the exit status."""
    failures = 0
    for prerequisite in PREREQUISITES:
        if prerequisite.missing() is None:
            continue
        print(f"tests need: {prerequisite.name}: installing", flush=True)
        try:
            prerequisite.install()
            reason = prerequisite.missing()
        except (PrerequisiteError, OSError) as error:
            reason = f"{prerequisite.missing()} ({error})"
        if reason is not None:
            failures += 1
            print(f"NOT AVAILABLE: {prerequisite.name}: {reason}\n  left out: {prerequisite.leaves_out}", flush=True)
    return 1 if failures and in_ci() else 0


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        last_lines = done.stdout.decode(errors="replace").strip().splitlines()[-5:]
        raise PrerequisiteError(f"{' '.join(command)} failed: " + " / ".join(last_lines))


if __name__ == "__main__":
    sys.exit(main())
