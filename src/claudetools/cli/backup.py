"""`claudetools backup`: copies of the server's data that are proved to restore, and putting one back."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from claudetools.cli.configuration import read_settings
from claudetools.cli.connection import chosen_endpoint
from claudetools.cli.failure import Failure
from claudetools.cli.output import print_json, say, step, table
from claudetools.cli.sign_in import signed_in

if TYPE_CHECKING:
    from claudetools.domains.ops.backups import Backup
    from claudetools.kit.crypto.keyring import Keyring
    from claudetools.kit.settings import Settings

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A backup, as `claudetools backup list` names it.")]

app = typer.Typer(
    help="Back up the database in the settings, prove backups, and put one back. The keys folder is not in them: keep "
    "a copy of it apart.",
    no_args_is_help=True,
)


@app.command(epilog="Example: claudetools backup create")
def create(as_json: JsonOption = False) -> None:
    """Back up while the server runs or not, restore the backup elsewhere for proof, and log it."""
    settings = read_settings()
    with told_plainly():
        made = asyncio.run(_create(settings))
    if as_json:
        print_json(_shown(made))
    else:
        step("Backup", f"{made.path} ({made.size_bytes / 1_000_000:.1f} MB)", ok=not made.faults)
        for fault in made.faults:
            say(f"    {fault}")
    if made.faults:
        raise typer.Exit(1)


@app.command("list", epilog="Example: claudetools backup list --json")
def list_backups(as_json: JsonOption = False) -> None:
    """Show the backups in the backup folder, the newest first. Those called failed did not pass their proof."""
    settings = read_settings()
    found = list(_files(settings))
    if as_json:
        print_json(found)
        return
    if not found:
        say(f"There are no backups in {settings.backup_folder}. Make one: claudetools backup create")
        return
    columns = ("taken", "type", "from", "schema", "rows", "MB", "state", "file")
    rows = (
        (
            each["taken_at"], each["type"], each["database"], each["revision"], each["rows"],
            f"{each['size_bytes'] / 1_000_000:.1f}", each["state"], each["path"],
        )
        for each in found
    )  # fmt: skip
    table(columns, rows)


@app.command(epilog="Example: claudetools backup verify backups/claudetools-20260301T013000Z-daily-1a2b3c.ctb")
def verify(file: FileArgument, as_json: JsonOption = False) -> None:
    """Restore a backup into a scratch file and test it; the exit status is 1 if it is not good. Changes nothing."""
    settings = read_settings()
    with told_plainly():
        proof = asyncio.run(_verify(settings, file))
    if as_json:
        print_json({"path": str(file), "ok": not proof.faults, "faults": list(proof.faults)})
    else:
        rows = sum(proof.manifest.rows.values()) if proof.manifest else 0
        step("Backup", "as it should be: " + f"{rows} rows" if not proof.faults else "not good", ok=not proof.faults)
        for fault in proof.faults:
            say(f"    {fault}")
    if proof.faults:
        raise typer.Exit(1)


@app.command(epilog="Example: claudetools backup restore backups/claudetools-20260301T013000Z-daily-1a2b3c.ctb --yes")
def restore(
    file: FileArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in place of the database, after proving it. Stop the server first.

    What it replaces is kept: on SQLite the file, renamed; on MariaDB a backup of it. What was deleted since the backup
    is deleted again, clients whose keys were destroyed stay unreadable, and everybody signs in anew. It needs the keys
    folder that the backup was made with.
    """
    settings = read_settings()
    from claudetools.cli.up import require_free

    require_free(settings)
    if not yes:
        typer.confirm(f"Replace the database of {settings.home} by {file.name}?", abort=True, err=True)
    with told_plainly():
        done = asyncio.run(_restore(settings, file))
    if as_json:
        again = done.reapplied
        print_json(
            {
                "path": str(file),
                "taken_at": done.manifest.taken_at.isoformat(),
                "replaced": str(done.replaced) if done.replaced else None,
                "deletions": again.count if again else None,
                "not_deleted": list(again.kept) if again else [],
            }
        )
        return
    step("Restored", f"{file.name}, taken {done.manifest.taken_at:%Y-%m-%d %H:%M} UTC")
    if done.replaced is not None:
        way_back = f"claudetools backup restore {done.replaced}" if done.replaced.suffix == ".ctb" else "rename it back"
        step("Kept", f"what was there before is in {done.replaced}; to go back: {way_back}")
    if done.reapplied is None:
        step("Deletions", "there was no database to learn from what was deleted since", ok=None)
    else:
        step("Deletions", f"{done.reapplied.count} of what was deleted since were deleted again")
        for each in done.reapplied.kept:
            step("Deletions", f"{each} is back: other records refer to it", ok=False)


@app.command(epilog='Example: claudetools backup schedule --cron "30 1 * * *" --keep 14')
def schedule(
    cron: Annotated[str, typer.Option(help="Minute, hour, day of month, month, day of week, in UTC.")] = "30 1 * * *",
    keep: Annotated[int, typer.Option(min=1, max=1000, help="How many backups are kept.")] = 14,
    kind: Annotated[str, typer.Option("--type", help="daily, weekly or monthly.")] = "daily",
    name: Annotated[str | None, typer.Option(help="What to call it.  [default: by its type]")] = None,
    destination: Annotated[str, typer.Option(help="Folder below the backup folder.")] = ".",
    endpoint: Annotated[str | None, typer.Option(help="Address of the server.  [default: the connected one]")] = None,
    as_json: JsonOption = False,
) -> None:
    """Let the server back itself up. Asks you to sign in."""
    with signed_in(chosen_endpoint(endpoint)) as person:
        body = {
            "name": name or f"Backup, {kind}",
            "cron": cron,
            "type": kind,
            "retention_count": keep,
            "destination": destination,
        }
        made = person.api.post("/api/backup-schedules", body)
    if as_json:
        print_json(made)
    else:
        step("Schedule", f"{made['name']}: next at {made['next_run_at']}, {made['retention_count']} are kept")


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what may go wrong with a backup into one line for a person."""
    from sqlalchemy.exc import SQLAlchemyError

    from claudetools.domains.ops.backups import BackupFailed
    from claudetools.domains.ops.restoring import RestoreRefused
    from claudetools.kit.crypto.roots import KeyProblem
    from claudetools.kit.problems import Problem

    try:
        yield
    except (BackupFailed, RestoreRefused, KeyProblem) as error:
        raise Failure(str(error)) from None
    except Problem as problem:
        raise Failure(problem.detail or problem.title) from None
    except SQLAlchemyError as error:
        from claudetools.cli.prepare import database_failure

        raise database_failure(read_settings(), error) from None


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Yield what shows how many of how many rows are done, on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn(title), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def keyring_of(settings: "Settings") -> "Keyring":
    """Return the keyring of the settings.

    Raises:
        KeyProblem: it is missing or unsafe.
    """
    from claudetools.kit.crypto.keyring import Keyring
    from claudetools.kit.crypto.roots import root_source

    return Keyring(root_source(settings))


async def _create(settings: "Settings") -> "Backup":
    from claudetools.domains.ops.backup_logs import BackupType
    from claudetools.domains.ops.backups import log_backup, make_backup
    from claudetools.services import open_services

    services = open_services(settings.model_copy(update={"embedder": "none"}))
    try:
        with progress_bar("Backup") as progress:
            folder = settings.backup_folder
            made = await make_backup(settings, services.keyring, BackupType.MANUAL, folder, progress)
        await log_backup(services.database, made)
    finally:
        await services.database.close()
    return made


def _files(settings: "Settings") -> Iterator[dict[str, Any]]:
    from claudetools.domains.ops.backups import FAILED_SUFFIX, SUFFIX
    from claudetools.kit.backup.archive import BackupUnreadable, read_manifest
    from claudetools.kit.crypto.roots import KeyProblem

    endings = (SUFFIX, FAILED_SUFFIX)
    files = [each for each in settings.backup_folder.rglob("claudetools-*") if each.name.endswith(endings)]
    if not files:
        return
    try:
        keyring = keyring_of(settings)
    except KeyProblem as problem:
        raise Failure(str(problem)) from None
    for file in sorted(files, key=lambda each: each.name, reverse=True):
        facts: dict[str, Any] = dict.fromkeys(("taken_at", "type", "database", "revision", "rows"))
        state = "failed" if file.name.endswith(FAILED_SUFFIX) else "good"
        try:
            manifest = read_manifest(file, keyring)
            facts = manifest.model_dump(mode="json", include={"taken_at", "type", "database", "revision"})
            facts["rows"] = sum(manifest.rows.values())
        except BackupUnreadable:
            state = "unreadable"
        yield {"path": str(file), "state": state, "size_bytes": file.stat().st_size, **facts}


async def _verify(settings: "Settings", file: Path) -> Any:
    import tempfile

    from claudetools.domains.ops.backup_proof import prove

    with tempfile.TemporaryDirectory(prefix="claudetools-") as scratch:
        return await prove(file, settings, keyring_of(settings), Path(scratch) / "restored.db")


async def _restore(settings: "Settings", file: Path) -> Any:
    from claudetools.domains import RESOURCES
    from claudetools.domains.ops import restoring
    from claudetools.kit.db.session import Database
    from claudetools.services import open_services

    def open_database(url: str) -> Database:
        return open_services(settings.model_copy(update={"database_url": url, "embedder": "none"})).database

    models = {resource.name: resource.model for resource in RESOURCES}
    return await restoring.restore(settings, keyring_of(settings), file, models, open_database)


def _shown(made: "Backup") -> dict[str, Any]:
    return {
        "path": str(made.path),
        "type": made.type,
        "size_bytes": made.size_bytes,
        "sha256": made.sha256,
        "taken_at": made.manifest.taken_at.isoformat(),
        "rows": sum(made.manifest.rows.values()),
        "ok": not made.faults,
        "faults": list(made.faults),
    }
