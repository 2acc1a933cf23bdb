"""Several writes to one resource in one request."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from claudetools.kit.db.session import Database
from claudetools.kit.resource.batch import Batch, all_or_none
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.schema import Input, change_of, values_of
from claudetools.kit.resource.scope import Actor
from claudetools.kit.resource.write import change_row, create_row, delete_row

MAX_ITEMS = 500


class BulkDeletion(Input):
    """A record to delete, and the version it was read at."""

    id: UUID
    version: int | None = None


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
        Problem: some cannot be done. Each is named by a pointer such as `/update/3/name`.
        Unavailable: the database is away.
    """
    return await all_or_none(
        database, lambda batch: _write(batch, actor, resource, request), is_dry_run=request.dry_run
    )


async def _write(batch: Batch, actor: Actor, resource: Resource, request: Any) -> dict[str, Any]:
    session, attempt = batch.session, batch.attempt_whole
    outcome: dict[str, Any] = {"created": [], "updated": [], "deleted": [], "dry_run": request.dry_run}
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
    return outcome
