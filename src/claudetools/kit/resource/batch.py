"""Several writes at once: all of them or none, with every problem told by its place, or only tried out."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.session import Database
from claudetools.kit.problems import Conflict, FieldError, Problem

T = TypeVar("T")


class BulkFailed(Conflict):
    """Some of the writes cannot be done, so none was."""

    code = "bulk_failed"
    title = "Nothing was changed: some of the writes cannot be done"


class _TriedOut(Exception):
    """Ends a dry run: what was done is taken back."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome


class Batch:
    """The writes of one transaction. One that fails does not keep the others from being tried."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self._failed: list[tuple[str, Problem]] = []

    async def attempt(self, place: str, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do one of the writes and return what it returns; None when it fails, which is kept with its place.

        Whatever `work` has written when it fails, it must have written in a savepoint of its own.
        """
        try:
            return await work()
        except Problem as problem:
            self._failed.append((place, problem))
            return None

    async def attempt_whole(self, place: str, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do one of the writes like `attempt`, in a savepoint."""

        async def whole() -> T:
            async with self.session.begin_nested():
                return await work()

        return await self.attempt(place, whole)

    def settle(self) -> None:
        """Raise one problem for all writes that failed, if any did.

        Raises:
            Problem: of their kind if they share one, so that one is told like a single; else `BulkFailed`.
        """
        if not self._failed:
            return
        kinds = {type(problem) for _, problem in self._failed}
        kind = kinds.pop() if len(kinds) == 1 else BulkFailed
        errors = [error for place, problem in self._failed for error in _placed(place, problem)]
        raise kind("Nothing was changed: some of the writes cannot be done.", errors=errors)


async def all_or_none(database: Database, work: Callable[[Batch], Awaitable[T]], *, is_dry_run: bool) -> T:
    """Do the writes of `work` in one transaction and return what it returns. A dry run takes them back at the end.

    Raises:
        Problem: some writes cannot be done, see `Batch.settle`; none was.
        Unavailable: the database is away.
    """

    async def unit(session: AsyncSession) -> T:
        batch = Batch(session)
        outcome = await work(batch)
        batch.settle()
        if is_dry_run:
            raise _TriedOut(outcome)
        return outcome

    try:
        return await database.write(unit)
    except _TriedOut as tried:
        outcome: T = tried.outcome
        return outcome


def _placed(place: str, problem: Problem) -> list[FieldError]:
    """Return the errors of one write, with pointers that begin with its place."""
    if not problem.errors:
        return [FieldError(place, problem.code, problem.detail or problem.title)]
    return [FieldError(place + error.pointer, error.code, error.message) for error in problem.errors]
