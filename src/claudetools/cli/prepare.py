"""What must be there before the server runs: data folder, root key, schema, owner account. Safe to repeat."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from claudetools import __version__
from claudetools.cli.before_upgrade import back_up_before_upgrade, log_after_upgrade
from claudetools.cli.configuration import DATABASE_FILE, shown_database, variable_faults
from claudetools.cli.failure import Failure

if TYPE_CHECKING:
    from claudetools.domains.accounts import NewOwner
    from claudetools.kit.crypto.keyring import Keyring
    from claudetools.kit.db.session import Database
    from claudetools.kit.settings import Settings


def prepare(settings: "Settings", *, with_backup: bool = True) -> "NewOwner | None":
    """Bring everything into the state that the server needs; return the owner account when it was made now.

    A database with data in it is backed up before its schema is changed, but for `with_backup`.

    Raises:
        Failure: the data folder, the key or the database cannot be used. Nothing is replaced or lost.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from claudetools.kit.crypto.roots import KeyProblem
    from claudetools.kit.problems import Problem

    try:
        prepare_folder(settings.home)
        return asyncio.run(_prepare(settings, with_backup=with_backup))
    except KeyProblem as problem:
        raise Failure(str(problem)) from None
    except Problem as problem:
        raise Failure(problem.detail or problem.title) from None
    except SQLAlchemyError as error:
        raise database_failure(settings, error) from None
    except OSError as error:
        raise Failure(f"The data folder {settings.home} cannot be used: {error.strerror or error}.") from None


def prepare_folder(home: Path) -> None:
    """Make the data folder, for its owner only. One that others use for something else is left as it is."""
    if not home.exists():
        home.mkdir(parents=True, mode=0o700)
        return
    if not home.is_dir():
        raise Failure(f"{home} is not a folder. Set CLAUDETOOLS_HOME to another place.")
    is_own = (home / DATABASE_FILE).exists() or (home / "keys").exists() or not any(home.iterdir())
    if home.stat().st_mode & 0o077:
        if not is_own:
            raise Failure(
                f"{home} holds other files and is open to others. Set CLAUDETOOLS_HOME to a folder of its own."
            )
        home.chmod(0o700)


async def _prepare(settings: "Settings", *, with_backup: bool) -> "NewOwner | None":
    from claudetools.kit.audit import trail
    from claudetools.kit.audit.chain import ChainKeys
    from claudetools.kit.audit.checkpoint_key import create_checkpoint_key
    from claudetools.kit.audit.trail import AuditTrail
    from claudetools.kit.crypto.data_keys import DataKeys
    from claudetools.kit.crypto.keyring import Keyring
    from claudetools.kit.crypto.roots import RootFile, root_source
    from claudetools.kit.db.migrate import current_revision, head_revision, upgrade
    from claudetools.kit.db.session import Database
    from claudetools.services import audited

    revision = await current_revision(settings.database_url)
    require_known(revision)
    database = Database(settings.database_url)
    try:
        source = root_source(settings)
        if isinstance(source, RootFile) and not source.path.exists():
            if revision is not None and await _has_people(database):
                raise Failure(
                    f"The root key {source.path} is missing, and the database has data that belongs to it. Restore the "
                    "key from your backup: a new key would lock you out of that data."
                )
            source.create()
        keyring = Keyring(source)
        create_checkpoint_key(settings.keys_folder)
        if revision != head_revision():
            is_in_use = revision is not None and await _has_people(database)
            made = await back_up_before_upgrade(settings, keyring) if is_in_use and with_backup else None
            await upgrade(settings.database_url)
            if made is not None:
                await log_after_upgrade(settings, made)
        database.services[trail.SERVICE] = AuditTrail(audited(), ChainKeys(keyring), told=lambda _, __: None)
        await database.write(DataKeys(keyring).prove)
        return None if await _has_people(database) else await _make_owner(settings, database, keyring)
    finally:
        await database.close()


async def _make_owner(settings: "Settings", database: "Database", keyring: "Keyring") -> "NewOwner | None":
    from pydantic import ValidationError

    from claudetools.domains.accounts import ensure_owner
    from claudetools.kit.crypto.passwords import PEPPER, PasswordPool

    given = settings.owner_password
    try:
        password = None if given is None else given.get_secret_value()
        passwords = PasswordPool(keyring.lasting_key(PEPPER))
        return await ensure_owner(database, passwords, settings.owner_email, password)
    except ValidationError as error:
        raise Failure(variable_faults(error, "CLAUDETOOLS_OWNER_")) from None


def require_known(revision: str | None) -> None:
    """Refuse a database that a newer version of the program has changed."""
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    from claudetools.kit.db.migrate import configuration, head_revision

    if revision is None:
        return
    try:
        ScriptDirectory.from_config(configuration("")).get_revision(revision)
    except CommandError:
        raise Failure(
            f"The database was changed by a newer version of ClaudeTools (its schema is {revision}; version "
            f"{__version__} knows those up to {head_revision()}). Install that version, or restore an older backup."
        ) from None


def database_failure(settings: "Settings", error: Exception) -> Failure:
    """Return what to tell when the database does not work."""
    from sqlalchemy.exc import ArgumentError, DBAPIError

    if isinstance(error, ArgumentError):
        return Failure("CLAUDETOOLS_DATABASE_URL is not a database address. Example: mariadb+asyncmy://user:pw@host/db")
    reason = str(error.orig) if isinstance(error, DBAPIError) else type(error).__name__
    return Failure(f"The database {shown_database(settings)} cannot be used: {reason.splitlines()[0][:300]}.")


async def _has_people(database: "Database") -> bool:
    """Return whether there are accounts, in a database that may have an older schema."""
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import AsyncSession

    async def look(session: AsyncSession) -> bool:
        return await session.scalar(text("SELECT 1 FROM api_users LIMIT 1")) is not None

    return await database.read(look)
