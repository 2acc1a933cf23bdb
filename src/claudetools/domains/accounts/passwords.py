"""Which passwords people may choose, and changing them (NIST SP 800-63B, 3.1.1).

At least 15 characters and no rule on which: instead those are refused that are soon guessed, such as common ones,
repeated or neighbouring characters, dates, and the person's or the product's own name. All of it is found offline.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from zxcvbn import zxcvbn

from claudetools.domains.accounts.sessions import end_all_sessions
from claudetools.domains.accounts.users import User
from claudetools.kit.audit.events import Action
from claudetools.kit.audit.trail import note
from claudetools.kit.problems import invalid
from claudetools.kit.resource.scope import Actor

LEAST_SCORE = 3
"""From 0 to 4: what takes more than 10^8 guesses."""
JUDGED_CHARACTERS = 72
OWN_WORDS = ("claudetools", "claude", "anthropic")


async def check_password(pointer: str, password: SecretStr, about: Sequence[str]) -> None:
    """Check that a new password is not one that is soon guessed. `about` are words known of its person.

    Raises:
        Invalid: it is; the problem says why and repeats nothing of it.
    """
    words = [
        part for text in (*about, *OWN_WORDS) for part in (text, *text.replace("@", " ").replace(".", " ").split())
    ]
    judged = await asyncio.to_thread(zxcvbn, password.get_secret_value()[:JUDGED_CHARACTERS], user_inputs=sorted(words))
    if judged["score"] < LEAST_SCORE:
        why = judged["feedback"]["warning"] or "It follows a pattern or is widely used."
        raise invalid(
            pointer, f"This password is soon guessed. {why} Choose several words that do not belong together."
        )


async def set_password(session: AsyncSession, actor: Actor, user: User, password_hash: str) -> None:
    """Give a person another password, and end all that they are signed in with."""
    user.password_hash = password_hash
    user.token_version += 1
    note(session, Action.CHANGE, "passwords", user.id)
    await end_all_sessions(session, actor, user.id, "password changed")


async def replace_hash(session: AsyncSession, user_id: UUID, outdated: str, current: str) -> None:
    """Store the same password in today's form, unless it was changed meanwhile. That is no change of the record."""
    kept = {"version": User.version, "updated_at": User.updated_at}
    await session.execute(
        update(User).where(User.id == user_id, User.password_hash == outdated).values(password_hash=current, **kept),
        execution_options={"synchronize_session": False},
    )
