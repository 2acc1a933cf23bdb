"""Signing in as the owner without a password, for whoever can read the server's root key: that key makes any token."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from claudetools.cli.configuration import likely_homes

if TYPE_CHECKING:
    from claudetools.kit.settings import Settings


@dataclass(frozen=True, slots=True)
class LocalOwner:
    """An access token of the owner, from a data folder of this machine."""

    home: Path
    access_token: str


def local_owners(agent: str) -> Iterator[LocalOwner]:
    """Sign in as the owner in one data folder of this machine after the other, as far as this user can read them."""
    from sqlalchemy.exc import SQLAlchemyError

    from claudetools.kit.crypto.roots import KeyProblem
    from claudetools.kit.problems import Problem

    for home in likely_homes():
        try:
            settings = _settings(home)
            token = None if settings is None else asyncio.run(_open(settings, agent))
        except (KeyProblem, Problem, SQLAlchemyError, OSError, ValueError):
            continue
        if token is not None:
            yield LocalOwner(home, token)


def _settings(home: Path) -> "Settings | None":
    """Return the settings for a data folder, if it has a root key and a database that this user may use."""
    from sqlalchemy.engine import make_url

    from claudetools.kit.crypto.roots import RootFile
    from claudetools.kit.settings import Settings

    settings = Settings(home=home, embedder="none")
    key = RootFile(settings.keys_folder).path
    # A folder that somebody else has put here would sign with a key of theirs.
    if not os.access(key, os.R_OK) or (hasattr(os, "getuid") and key.stat().st_uid not in (os.getuid(), 0)):
        return None
    url = make_url(settings.database_url)
    is_there = url.get_backend_name() != "sqlite" or Path(url.database or "").is_file()
    return settings if is_there else None


async def _open(settings: "Settings", agent: str) -> str | None:
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession

    from claudetools.domains.accounts import Role, User
    from claudetools.services import open_services

    services = open_services(settings)

    async def unit(session: AsyncSession) -> str | None:
        owners = select(User).where(User.role == Role.OWNER, User.is_active.is_(True)).order_by(User.created_at)
        owner = await session.scalar(owners.limit(1))
        if owner is None:
            return None
        return (await services.logins.open(session, owner, ip=None, agent=agent)).access_token

    try:
        return await services.database.write(unit)
    finally:
        await services.database.close()
