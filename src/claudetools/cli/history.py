"""Transcripts of this machine that the server has not received, and sending them."""

import os

from claudetools.claude.connection import Connection
from claudetools.claude.server import NotAuthorisedError, Server, ServerUnavailableError
from claudetools.claude.sweep import Progress, config_folder, sweep
from claudetools.claude.transcripts import find_transcripts
from claudetools.cli.failure import Failure
from claudetools.cli.output import step


def pending_history(connection: Connection, *, everything: bool = False) -> int:
    """Return how many transcripts the server has not received in full.

    Those from before the machine was connected count only with `everything`: they are sent only if asked for.

    Raises:
        Failure: the server does not say.
    """
    try:
        cursors = Server(connection).cursors()
    except (ServerUnavailableError, NotAuthorisedError) as error:
        raise Failure(f"The server does not say what it has received: {error}.") from None
    first = 0.0 if everything or cursors.since is None else cursors.since.timestamp()
    return sum(
        each.size > cursors.offsets.get(each.key, 0) and (each.key in cursors.offsets or each.modified_at >= first)
        for each in find_transcripts(config_folder(os.environ))
    )


def import_history(connection: Connection, *, everything: bool = True, quiet: bool = False) -> Progress:
    """Send what the server has not received, with a progress bar.

    Raises:
        Failure: the server is away or refuses.
    """
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("Transcripts", total=None)

        def show(progress: Progress) -> None:
            bar.update(
                task,
                total=progress.bytes_total,
                completed=progress.bytes_done,
                description=f"{progress.transcripts_done} of {progress.transcripts} transcripts",
            )

        try:
            done = sweep(connection, on_progress=show, everything=everything)
        except (ServerUnavailableError, NotAuthorisedError) as error:
            raise Failure(f"Not everything was sent: {error}. Run it again: it goes on where it stopped.") from None
    if not quiet:
        report(done)
    return done


def report(done: Progress) -> None:
    """Say what came of it."""
    if done.transcripts == 0:
        step("Transcripts", "the server has them all")
        return
    text = f"{done.transcripts} sent, {done.recorded} turns were new"
    step("Transcripts", text if not done.refused else f"{text}; {done.refused} refused", ok=not done.refused)
