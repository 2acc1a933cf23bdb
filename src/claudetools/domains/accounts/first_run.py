"""The owner account that the first start makes."""

import secrets
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts.users import ClientAccess, Role, User, UserCreate, add_user
from claudetools.kit.crypto.passwords import PasswordPool
from claudetools.kit.db.session import Database

OWNER_NAME = "Owner"


@dataclass(frozen=True, slots=True)
class NewOwner:
    """The account just made. `password` is set only when it was generated here."""

    email: str
    password: str | None


async def ensure_owner(
    database: Database, passwords: PasswordPool, email: str, password: str | None
) -> NewOwner | None:
    """Make the owner account unless there are people already; return it when it was made.

    Raises:
        pydantic.ValidationError: the e-mail address or the password does not meet the rules.
    """
    if await database.read(_count):
        return None
    chosen = password or secrets.token_urlsafe(18)
    body = UserCreate.model_validate(
        {
            "email": email,
            "display_name": OWNER_NAME,
            "password": chosen,
            "role": Role.OWNER,
            "client_access": ClientAccess.ALL,
        }
    )
    password_hash = await passwords.hash(chosen)

    async def unit(session: AsyncSession) -> bool:
        if await _count(session):
            return False
        await add_user(session, body, password_hash)
        return True

    made = await database.write(unit)
    return NewOwner(body.email, None if password else chosen) if made else None


async def _count(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(User)) or 0
