"""Giving secrets out: who may, how often, and that nothing leaves before the audit trail holds that it did."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import AfterValidator, StringConstraints
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import ROLE_SCOPES, User, tenants_of
from claudetools.domains.vault.access import REVEAL_SCOPE, is_revealable
from claudetools.domains.vault.audit_log import Origin, disclosures_since
from claudetools.domains.vault.credentials import CREDENTIALS, Credential
from claudetools.domains.vault.refusals import WINDOW, note_refusal
from claudetools.kit.clock import now
from claudetools.kit.crypto.envelope import SecretUnreadable
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Forbidden, NotFound, TooManyRequests, Unauthenticated, Unavailable
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.redaction import redactor_of
from claudetools.kit.resource.scope import Actor, find, scoped

SERVICE = "most disclosures"
LONGEST_REASON = 500

T = TypeVar("T")
Act = Callable[[AsyncSession, Actor, Any], Awaitable[T]]
"""Gives out something of a row to an actor who may have it, and notes that it did."""


@dataclass(frozen=True, slots=True)
class Vaulted:
    """A resource whose rows hold secrets, and the check that raises `Forbidden` for who may not see those of a row."""

    resource: Resource
    check_rights: Callable[[AsyncSession, Actor, Any], Awaitable[None]]


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("text without NUL characters")
    return value


Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=LONGEST_REASON), AfterValidator(_text)
]
"""Why somebody does something with a secret. Secrets in it are replaced before it is stored."""


async def disclose(database: Database, actor: Actor, kept: Vaulted, id: UUID, act: Act[T], origin: Origin) -> T:
    """Do `act` for somebody who may see the secrets of a row, and return its outcome once that is stored.

    Raises:
        NotFound, Forbidden, TooManyRequests: they may not, or not now. It is entered in the credential audit log.
        SecretUnreadable: the secrets are not what was stored. It is entered in the log, and an alert raised.
        Unavailable: what was done could not be stored, so nothing was given out.
    """

    async def unit(session: AsyncSession) -> T:
        present = await as_of_now(session, actor)
        row = await find(session, present, kept.resource.model, id)
        await kept.check_rights(session, present, row)
        await _check_rate(session, present)
        return await act(session, present, row)

    try:
        return await audited(database, unit)
    except (NotFound, Forbidden, TooManyRequests, SecretUnreadable) as problem:
        await note_refusal(database, actor, kept.resource, id, problem, origin)
        raise


async def audited(database: Database, unit: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run a unit that gives out a secret and notes it, and return the secret once the note is stored.

    Raises:
        Unavailable: it could not be stored, so nothing was given out.
    """
    try:
        return await database.write(unit)
    except SQLAlchemyError as error:
        raise Unavailable("What is done with a secret cannot be recorded now, so none is given out.") from error


async def as_of_now(session: AsyncSession, actor: Actor) -> Actor:
    """Return `actor` with no more rights than the database gives them in this transaction.

    Their account is locked, so that what they do with secrets at the same time is counted one by one.

    Raises:
        Unauthenticated: the account is closed.
    """
    query = select(User).where(User.id == actor.user_id).with_for_update().execution_options(populate_existing=True)
    user = await session.scalar(query)
    if user is None or not user.is_active:
        raise Unauthenticated("The account is closed.")
    rights = await tenants_of(session, user)
    return replace(
        actor,
        role=user.role.value,
        scopes=actor.scopes & ROLE_SCOPES[user.role],
        readable=actor.readable.intersection(rights.readable),
        writable=actor.writable.intersection(rights.writable),
        revealable=actor.revealable.intersection(rights.revealable),
    )


async def check_rights(session: AsyncSession, actor: Actor, row: Credential) -> None:
    """Raise `Forbidden` unless the actor may see the secrets of a credential that they have found."""
    check_person(actor)
    query = scoped(actor, Credential).where(Credential.id == row.id, is_revealable(Credential, actor))
    if await session.scalar(query) is None:
        raise Forbidden("You may see this credential, but not its secrets.")


CREDENTIAL = Vaulted(CREDENTIALS, check_rights)


def check_person(actor: Actor) -> None:
    """Raise `Forbidden` unless the actor is a person who may see secrets at all."""
    if actor.machine_id is not None:
        raise Forbidden("A machine's token never sees a secret. Programs use one by a handle.")
    actor.require(REVEAL_SCOPE)


async def _check_rate(session: AsyncSession, actor: Actor) -> None:
    most: int = session.info[SERVICE]
    at = now()
    done = await disclosures_since(session, actor, at - WINDOW)
    if most and len(done) >= most:
        seconds = max(1, round((done[-most] + WINDOW - at) / timedelta(seconds=1)))
        minutes = WINDOW // timedelta(minutes=1)
        raise TooManyRequests(
            f"At most {most} secrets in {minutes} minutes, by all your sign-ins and tokens. Wait {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )


def redacted(session: AsyncSession, reason: str) -> str:
    """Return a reason without the secrets that are recognised in it."""
    return redactor_of(session).redact(reason).text[:LONGEST_REASON]
