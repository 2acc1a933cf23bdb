"""`claudetools db`: the schema of the server's database."""

import asyncio
import io
from typing import TYPE_CHECKING, Annotated

import typer

from claudetools.cli.before_upgrade import back_up_before_upgrade, log_after_upgrade
from claudetools.cli.configuration import read_settings, shown_database
from claudetools.cli.failure import Failure
from claudetools.cli.output import print_json, say
from claudetools.cli.prepare import database_failure, require_known

if TYPE_CHECKING:
    from claudetools.kit.settings import Settings

app = typer.Typer(help="Look after the schema of the database in the settings.", no_args_is_help=True)


@app.command(epilog="Example: claudetools db upgrade")
def upgrade(
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Upgrade without a backup.")] = False,
) -> None:
    """Bring the database to the schema of this version, after backing it up. `up` does it by itself."""
    settings = read_settings()
    before, head = _revisions(settings)
    if before == head:
        say(f"The database is at {head} already.")
        return
    from sqlalchemy.exc import SQLAlchemyError

    from claudetools.kit.crypto.roots import KeyProblem

    try:
        asyncio.run(_upgrade(settings, with_backup=before is not None and not no_backup))
    except SQLAlchemyError as error:
        raise database_failure(settings, error) from None
    except KeyProblem as problem:
        raise Failure(f"{problem} Or add --no-backup to upgrade without a backup.") from None
    say(f"The database is now at {head}; before, it was {f'at {before}' if before else 'empty'}.")


@app.command(epilog="Example: claudetools db check --json")
def check(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say whether the database has the schema of this version; the exit status is 1 if not. Changes nothing."""
    from alembic import command
    from alembic.util import CommandError

    from claudetools.kit.db import migrate

    settings = read_settings()
    revision, head = _revisions(settings)
    problem = ""
    if revision != head:
        problem = "it is not at the newest schema: run `claudetools db upgrade`"
    else:
        configuration = migrate.configuration(settings.database_url)
        # It reports on standard output, where the result of this command goes.
        configuration.stdout = io.StringIO()
        try:
            command.check(configuration)
        except CommandError:
            problem = "its tables are not what the program expects: restore a backup, or report this"
    if as_json:
        report = {
            "database": shown_database(settings),
            "revision": revision,
            "newest": head,
            "problem": problem or None,
        }
        print_json(report)
    else:
        say(f"{shown_database(settings)}: {problem or f'as it should be, at {revision}'}")
    if problem:
        raise typer.Exit(1)


async def _upgrade(settings: "Settings", *, with_backup: bool) -> None:
    from claudetools.cli.backup import keyring_of
    from claudetools.kit.db import migrate

    made = await back_up_before_upgrade(settings, keyring_of(settings)) if with_backup else None
    await migrate.upgrade(settings.database_url)
    if made is not None:
        await log_after_upgrade(settings, made)


def _revisions(settings: "Settings") -> tuple[str | None, str | None]:
    """Return the database's revision and the newest one that this version knows."""
    from pathlib import Path

    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from claudetools.kit.db.migrate import current_revision, head_revision

    try:
        url = make_url(settings.database_url)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise Failure(f"There is no database at {url.database}. `claudetools up` makes one.")
        revision = asyncio.run(current_revision(settings.database_url))
    except SQLAlchemyError as error:
        raise database_failure(settings, error) from None
    require_known(revision)
    return revision, head_revision()
