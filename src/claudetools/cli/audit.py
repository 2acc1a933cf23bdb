"""`claudetools audit`: the trail of what was done, in the database of the settings."""

import json
import sys
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from claudetools.cli.failure import Failure
from claudetools.cli.output import print_json, say, step, table
from claudetools.cli.own_services import with_services

if TYPE_CHECKING:
    from claudetools.services import Services

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(help="Check, read and seal the audit trail, on the server's host.", no_args_is_help=True)


@app.command(epilog="Example: claudetools audit verify --json")
def verify(
    public_key: Annotated[
        Path | None, typer.Option(help="Check with the public keys in this file alone: structure and signatures.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check every event, link and checkpoint, and what the anchors keep; the exit status is 1 if one is not right."""
    from claudetools.kit.audit.checkpoint_key import PUBLIC_FILE, public_keys
    from claudetools.kit.audit.verify import Report
    from claudetools.kit.audit.verify import verify as check

    async def work(services: "Services") -> Report:
        known = public_keys(public_key or services.settings.keys_folder / PUBLIC_FILE)
        keys = services.audit_keys if public_key is None else None
        return await check(services.database, known, keys, services.audit_sealer.anchors)

    report = with_services(work)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        for fault in report.faults:
            place = fault.model_dump(include={"lane", "seq", "checkpoint", "anchor"}, exclude_none=True)
            step(
                fault.kind, f"{', '.join(f'{name} {value}' for name, value in place.items())}: {fault.detail}", ok=False
            )
        for warning in report.warnings:
            step("warning", warning, ok=None)
        if report.unsealed_events:
            step("unsealed", f"{report.unsealed_events} events, for {report.unsealed_seconds or 0:.0f} s", ok=None)
        step(
            "audit trail", f"{report.events} events and {report.checkpoints} checkpoints are right", ok=report.is_intact
        )
    if not report.is_intact:
        raise typer.Exit(1)


@app.command(epilog="Example: claudetools audit export --since 2026-01-01 --output events.jsonl")
def export(
    since: Annotated[datetime | None, typer.Option(help="Events from this instant on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Events before this instant, in UTC.")] = None,
    output: Annotated[Path | None, typer.Option(help="File to write to, for its owner only.  [default: print]")] = None,
) -> None:
    """Write events as JSON, one to a line, lane by lane in the order of the chain. That is an event too."""
    from datetime import UTC

    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.kit.audit.events import Action, EventFilter, every_event
    from claudetools.kit.audit.trail import note

    first, last = (None if at is None else at.replace(tzinfo=UTC) for at in (since, until))

    async def work(services: "Services") -> None:
        async def unit(session: AsyncSession) -> None:
            note(session, Action.EXPORT, "audit-events", None, details={"since": first, "until": last})

        await services.database.write(unit)
        with nullcontext(sys.stdout) if output is None else _private(output) as file:
            async for event in every_event(services.database, EventFilter(since=first, until=last)):
                file.write(json.dumps(event.as_json(), separators=(",", ":")) + "\n")

    with_services(work)


@app.command(epilog="Example: claudetools audit tail --count 50")
def tail(
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=1000, help="How many events.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show the newest events, the oldest of them first."""
    from claudetools.kit.audit.events import newest_events

    async def work(services: "Services") -> list[dict[str, Any]]:
        found = await services.database.read(lambda session: newest_events(session, count))
        return [event.as_json() for event in reversed(found)]

    events = with_services(work)
    if as_json:
        print_json(events)
        return
    table(
        ("at", "who", "action", "what", "record", "changed", "message"),
        [
            (
                each["at"][:19], each["user_name"], each["action"], each["resource"], each["record_id"],
                " ".join(each["after"] or each["before"])[:60], each["message"],
            )
            for each in events
        ],
    )  # fmt: skip


@app.command(epilog="Example: claudetools audit seal")
def seal(as_json: JsonOption = False) -> None:
    """Sign a checkpoint for what is new and tell the anchors. The server does it by itself where it has the key.

    For a host of its own that alone has keys/checkpoint.key: run it there by a timer.
    """
    from claudetools.kit.audit.checkpoints import Checkpoint
    from claudetools.kit.audit.sealing import SealRefused

    async def work(services: "Services") -> tuple[Checkpoint | None, dict[str, str]]:
        try:
            return await services.audit_sealer.seal(), services.audit_sealer.anchors.problems
        except (SealRefused, ValueError) as refused:
            raise Failure(str(refused)) from None

    made, problems = with_services(work)
    if as_json:
        print_json({"checkpoint": None if made is None else made.as_json(), "anchor_problems": problems})
    else:
        say("Nothing is new." if made is None else f"Checkpoint {made.number}: {made.total} events, {made.hash.hex()}")
        for name, problem in problems.items():
            step(name, problem, ok=False)
    if problems:
        raise typer.Exit(1)


def _private(path: Path) -> Any:
    """Open a new file that only its owner may read.

    Raises:
        Failure: it is there already, or cannot be made.
    """
    import os

    try:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from None
