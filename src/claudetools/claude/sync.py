"""Uploads what the server has missed of this machine's transcripts. The transcripts are the log: nothing else is kept.

Run as `claudetools-sync` by the plugin's hooks, or through `sweep` by the command line.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from claudetools.claude.connection import Connection, ConnectionInvalidError, find_connection
from claudetools.claude.lock import single_flight
from claudetools.claude.server import NotAuthorisedError, ServerUnavailableError
from claudetools.claude.state import keep_state, read_state, state_folder
from claudetools.claude.sweep import CurrentSession, Progress, sweep

__all__ = ["CurrentSession", "Progress", "main", "sweep"]

LIMIT_SECONDS = 60.0
_GRACE_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The program `claudetools-sync`. Returns its exit status: always 0 when detached, which is for hooks."""
    options = _parser().parse_args(arguments)
    if options.detach:
        _detach(options)
        return 0
    if options.background:
        _run_in_background(options)
        return 0
    problem = _run(options, print_progress=options.progress)
    if problem:
        print(f"claudetools-sync: {problem}", file=sys.stderr)
    return 1 if problem else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "claudetools-sync", description="Upload what the server has missed of this machine's transcripts."
    )
    parser.add_argument("--endpoint", help="address of the server")
    parser.add_argument("--token-file", type=Path, help="file with the token of this machine")
    parser.add_argument("--all", action="store_true", help="also what was written before this machine was connected")
    parser.add_argument(
        "--once-limit", type=float, default=LIMIT_SECONDS, metavar="SECONDS", help="stop after this time"
    )
    parser.add_argument("--progress", action="store_true", help="show how far it is")
    parser.add_argument("--detach", action="store_true", help="go on in the background, without any output")
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    return parser


def _detach(options: argparse.Namespace) -> None:
    # -P: the folder that the client works in must not be searched for Python modules.
    command = [sys.executable, "-P", "-m", "claudetools.claude.sync", "--background"]
    command += ["--once-limit", str(options.once_limit)]
    command += ["--all"] if options.all else []
    command += ["--endpoint", options.endpoint] if options.endpoint else []
    command += ["--token-file", str(options.token_file.absolute())] if options.token_file else []
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    try:
        subprocess.Popen(  # noqa: S603 - this very program
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=flags,
        )
    except OSError:
        # Out of processes or memory: the next session tries again.
        return


def _run_in_background(options: argparse.Namespace) -> None:
    # A server that answers a byte at a time, or a disk that hangs, must not keep this process.
    deadline = threading.Timer(options.once_limit + _GRACE_SECONDS, os._exit, (0,))
    deadline.daemon = True
    deadline.start()
    if read_state(state_folder(os.environ)).may_start(time.time()):
        _run(options, print_progress=False)
    deadline.cancel()


def _run(options: argparse.Namespace, *, print_progress: bool) -> str:
    """One sweep, unless another one is under way. Returns what went wrong, "" if nothing did."""
    folder = state_folder(os.environ)
    try:
        connection = find_connection(os.environ, endpoint=options.endpoint, token_file=options.token_file)
        if connection is None:
            return "not connected: run `claudetools connect`"
        with single_flight(folder / "sync.lock") as is_alone:
            if not is_alone:
                return ""
            return _sweep_and_keep(connection, options, folder, print_progress=print_progress)
    except ConnectionInvalidError as error:
        return str(error)
    except OSError as error:
        return f"cannot write to {folder}: {error.strerror}"


def _sweep_and_keep(connection: Connection, options: argparse.Namespace, folder: Path, *, print_progress: bool) -> str:
    latest = Progress(0, 0, 0, 0)

    def on_progress(progress: Progress) -> None:
        nonlocal latest
        latest = progress
        if print_progress:
            _print(progress)

    problem = ""
    try:
        sweep(
            connection,
            on_progress=on_progress,
            everything=options.all,
            limit_seconds=options.once_limit,
            session=_current_session(os.environ),
        )
    except (ServerUnavailableError, NotAuthorisedError) as error:
        problem = str(error)
    if not problem and latest.refused:
        problem = f"the server refused {latest.refused} of {latest.transcripts} transcripts"
    keep_state(folder, read_state(folder).after(time.time(), latest.lines_sent, problem))
    if print_progress:
        print()
    return problem


def _current_session(environment: Mapping[str, str]) -> CurrentSession | None:
    session_id, cwd = environment.get("CLAUDE_CODE_SESSION_ID"), environment.get("CLAUDE_PROJECT_DIR")
    return CurrentSession(session_id, cwd) if session_id and cwd else None


def _print(progress: Progress) -> None:
    share = progress.bytes_done / progress.bytes_total if progress.bytes_total else 1.0
    done = f"{progress.transcripts_done} of {progress.transcripts} transcripts"
    print(f"\r{share:4.0%}  {done}, {progress.lines_sent} lines", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
