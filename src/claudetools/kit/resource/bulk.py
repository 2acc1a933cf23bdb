"""Several writes to one resource at once: all of them or none, with every error by its place, or only tried out."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, create_model
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.session import Database
from claudetools.kit.problems import Conflict, FieldError, Problem
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, change_of, values_of
from claudetools.kit.resource.scope import Actor
from claudetools.kit.resource.write import change_row, create_row, delete_row

MAX_ITEMS = 500


class BulkFailed(Conflict):
    """Some of the writes cannot be done, so none was."""

    code = "bulk_failed"
    title = "Nothing was changed: some of the writes cannot be done"


class BulkDeletion(Input):
    """A record to delete, and the version it was read at."""

    id: UUID
    version: int | None = None


class _TriedOut(Exception):
    """Ends a dry run: what was done is taken back."""

    def __init__(self, outcome: dict[str, Any]) -> None:
        self.outcome = outcome


def bulk_schema(resource: Resource) -> type[BaseModel]:
    """Return the schema of a bulk request for `resource`."""
    change = change_of(resource.create, f"{resource.schema_name}BulkFields", resource.fixed)
    named: dict[str, Any] = {"id": (UUID, ...), "version": (int | None, None)}
    update = create_model(f"{resource.schema_name}BulkChange", __base__=change, **named)

    def several(item: Any) -> Any:
        return (Annotated[list[item], Field(max_length=MAX_ITEMS)], [])

    fields: dict[str, Any] = {
        "create": several(resource.create),
        "update": several(update),
        "delete": several(BulkDeletion),
        "dry_run": (Annotated[bool, Field(description="Only say what would happen.")], False),
    }
    return create_model(f"{resource.schema_name}Bulk", __base__=Input, **fields)


def bulk_reply_schema(resource: Resource) -> type[BaseModel]:
    """Return the schema of the reply to a bulk request."""
    read: Any = resource.read
    fields: dict[str, Any] = {
        "created": (list[read], ...),
        "updated": (list[read], ...),
        "deleted": (list[UUID], ...),
        "dry_run": (bool, ...),
    }
    return create_model(f"{resource.schema_name}BulkReply", **fields)


async def bulk_write(database: Database, actor: Actor, resource: Resource, request: Any) -> dict[str, Any]:
    """Do all writes of a bulk request in one transaction, in the order create, update, delete.

    Raises:
        Problem: some cannot be done: the problem that they share, or `BulkFailed`. Each is named by a pointer such
            as `/update/3/name`.
        Unavailable: the database is away.
    """

    async def unit(session: AsyncSession) -> dict[str, Any]:
        outcome = await _write(session, actor, resource, request)
        if request.dry_run:
            raise _TriedOut(outcome)
        return outcome

    try:
        return await database.write(unit)
    except _TriedOut as tried:
        return tried.outcome


async def _write(session: AsyncSession, actor: Actor, resource: Resource, request: Any) -> dict[str, Any]:
    failed: list[tuple[str, Problem]] = []
    outcome: dict[str, Any] = {"created": [], "updated": [], "deleted": [], "dry_run": request.dry_run}

    async def attempt(place: str, work: Callable[[], Awaitable[Any]]) -> Any:
        try:
            async with session.begin_nested():
                return await work()
        except Problem as problem:
            failed.append((place, problem))
            return None

    for index, body in enumerate(request.create):
        row = await attempt(f"/create/{index}", partial(create_row, session, actor, resource, values_of(body)))
        outcome["created"].append(row and resource.read.model_validate(row))
    for index, body in enumerate(request.update):
        values = values_of(body, only_given=True)
        id, version = values.pop("id"), values.pop("version", None)
        row = await attempt(f"/update/{index}", partial(change_row, session, actor, resource, id, values, version))
        outcome["updated"].append(row and resource.read.model_validate(row))
    for index, body in enumerate(request.delete):
        await attempt(f"/delete/{index}", partial(delete_row, session, actor, resource, body.id, body.version))
        outcome["deleted"].append(body.id)
    if failed:
        raise _together(failed)
    return outcome


def _together(failed: list[tuple[str, Problem]]) -> Problem:
    """Return one problem for all that failed: of their kind if they share one, so that one is told like a single."""
    kinds = {type(problem) for _, problem in failed}
    kind = kinds.pop() if len(kinds) == 1 else BulkFailed
    errors = [error for place, problem in failed for error in _placed(place, problem)]
    return kind("Nothing was changed: some of the writes cannot be done.", errors=errors)


def _placed(place: str, problem: Problem) -> list[FieldError]:
    """Return the errors of one write, with pointers into the bulk request."""
    if not problem.errors:
        return [FieldError(place, problem.code, problem.detail or problem.title)]
    return [FieldError(place + error.pointer, error.code, error.message) for error in problem.errors]
