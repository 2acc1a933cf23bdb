"""Creating, changing and deleting rows: references through the scope door, versions, clear conflicts."""

import re
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.base import Base, Record
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Conflict, FieldError, Forbidden, NotFound, PreconditionFailed
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.redaction import redact_values
from claudetools.kit.resource.scope import Access, Actor, TenantPath, find

SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)$")
FOREIGN_KEY = re.compile(r"foreign key constraint", re.IGNORECASE)
MARIADB_UNIQUE = re.compile(r"for key '(?:\w+\.)?(\w+)'")
_SEEN = "references seen"


@cache
def references_of(model: type[Record]) -> tuple[tuple[str, type[Record]], ...]:
    """Return the columns in which a row of `model` names a row that belongs to somebody, each with that row's model."""
    owned = {
        mapper.local_table.name: mapper.class_
        for mapper in Base.registry.mappers
        if isinstance(mapper.local_table, Table) and hasattr(mapper.class_, "__tenant__")
    }
    tables = {column.key: key.column.table.name for column in inspect(model).columns for key in column.foreign_keys}
    return tuple((name, owned[table]) for name, table in tables.items() if table in owned)


async def check_references(
    session: AsyncSession, actor: Actor, resource: Resource, values: Values, tenant: UUID | None
) -> None:
    """Check that every record named in `values` is one the actor may read, and of the same tenant.

    Raises:
        NotFound: a reference does not exist or is not the actor's to see.
        Conflict: a reference belongs to another tenant than the record itself.
    """
    for name, target in references_of(resource.model):
        target_id = values.get(name)
        if target_id is None:
            continue
        try:
            theirs = await _tenant_of(session, actor, target, target_id)
        except NotFound:
            raise NotFound(
                f"There is no such record for {name}.",
                errors=[FieldError(f"/{name}", "not_found", "There is no such record.")],
            ) from None
        if theirs is not None and theirs != tenant:
            message = f"The record named in {name} does not belong to the same client."
            raise Conflict(message, errors=[FieldError(f"/{name}", "other_tenant", message)])


async def _tenant_of(session: AsyncSession, actor: Actor, target: type[Record], id: UUID) -> UUID | None:
    """Return whose a record is that is referred to. It is looked up once in a unit of work, however often it is named.

    One that goes in the same unit is not missed: the foreign key refuses the row that names it.
    """
    seen: dict[tuple[Actor, type[Record], UUID], UUID | None] = session.info.setdefault(_SEEN, {})
    key = actor, target, id
    if key not in seen:
        row = await find(session, actor, target, id)
        path: TenantPath = target.__tenant__  # type: ignore[attr-defined]
        seen[key] = path.owner({"id": id, **_column_values(row)})
    return seen[key]


def _taken_secrets(resource: Resource, values: Values) -> Values:
    """Take the secrets out of `values`, so that no hook, check or column gets them."""
    return {name: values.pop(name) for name in resource.secrets if name in values}


def _column_values(row: Record) -> Values:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).columns}


async def create_row(session: AsyncSession, actor: Actor, resource: Resource, values: Values) -> Any:
    """Insert a row and return it.

    Raises:
        NotFound, Forbidden: the tenant or a reference is not the actor's to use.
        Conflict: a unique value is taken.
    """
    secrets = _taken_secrets(resource, values)
    if resource.before_create:
        await resource.before_create(session, actor, values)
    redact_values(session, values, resource.create, *resource.redacts)
    tenant = resource.tenant.owner(values)
    await check_references(session, actor, resource, values, tenant)
    if not resource.tenant.may_create(actor, values):
        raise Forbidden(f"You may not create {resource.name} here.")
    row = resource.model(**values)
    if resource.seal:
        row.id = new_id()  # What a secret is sealed to.
        await resource.seal(session, actor, row, secrets)
    session.add(row)
    await flush(session, resource)
    if resource.after_write:
        await resource.after_write(session, actor, row)
    return row


async def change_row(
    session: AsyncSession, actor: Actor, resource: Resource, id: UUID, values: Values, version: int | None
) -> Any:
    """Set the given columns of one row and return it. `version` is the one the caller read, if it said so.

    Raises:
        NotFound, Forbidden: the row or a reference is not the actor's to use.
        PreconditionFailed: the row is not at `version` any more.
        Conflict: a unique value is taken.
    """
    row = await find(session, actor, resource.model, id, Access.WRITE)
    check_version(row, version)
    secrets = _taken_secrets(resource, values)
    if resource.before_change:
        await resource.before_change(session, actor, row, values)
    redact_values(session, values, resource.create, *resource.redacts)
    await check_references(session, actor, resource, values, resource.tenant.owner(_column_values(row)))
    for key, value in values.items():
        setattr(row, key, value)
    if secrets and resource.seal:
        await resource.seal(session, actor, row, secrets)
    await flush(session, resource)
    if resource.after_write:
        await resource.after_write(session, actor, row)
    return row


async def delete_row(session: AsyncSession, actor: Actor, resource: Resource, id: UUID, version: int | None) -> None:
    """Delete one row.

    Raises:
        NotFound, Forbidden: the row is not the actor's to delete.
        PreconditionFailed: the row is not at `version` any more.
        Conflict: other records refer to it; the message names them.
    """
    row = await find(session, actor, resource.model, id, Access.WRITE)
    check_version(row, version)
    holders = await referring(session, resource.model, id)
    if holders:
        listing = ", ".join(f"{count} in {table}" for table, count in holders.items())
        raise Conflict(f"Other records refer to it: {listing}. Delete or move them first, or deactivate it instead.")
    if resource.before_delete:
        await resource.before_delete(session, actor, row)
    await session.delete(row)
    await flush(session, resource)
    if resource.after_delete:
        await resource.after_delete(session, actor, row)


async def referring(session: AsyncSession, model: type[Record], id: UUID) -> dict[str, int]:
    """Return, by table, how many rows would stop this row from being deleted."""
    found: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table.name == model.__tablename__ and key.ondelete in (None, "RESTRICT", "NO ACTION"):
                count = await session.scalar(select(func.count()).select_from(table).where(key.parent == id))
                if count:
                    found[table.name] = found.get(table.name, 0) + count
    return found


def check_version(row: Record, version: int | None) -> None:
    """Raise `PreconditionFailed` when the row is not at `version` any more; None asks for nothing."""
    if version is not None and row.version != version:
        raise PreconditionFailed("Read the record again, then repeat your change.")


async def flush(session: AsyncSession, resource: Resource) -> None:
    """Send pending changes to the database.

    Raises:
        Conflict: a unique value is taken; the fields are named.
    """
    try:
        await session.flush()
    except IntegrityError as error:
        if FOREIGN_KEY.search(str(error.orig)):
            raise Conflict("Somebody else deleted or used a record that this one goes with. Read it again.") from None
        taken = _taken_columns(str(error.orig), resource.model)
        if taken is None:
            raise
        message = f"Another of the {resource.name} already has this {' and '.join(taken)}."
        raise Conflict(message, errors=[FieldError(f"/{name}", "taken", message) for name in taken]) from None


def _taken_columns(message: str, model: type[Record]) -> list[str] | None:
    if match := SQLITE_UNIQUE.search(message):
        return [part.split(".")[-1] for part in match[1].split(", ")]
    if match := MARIADB_UNIQUE.search(message):
        table = model.__table__
        for constraint in (*getattr(table, "constraints", ()), *getattr(table, "indexes", ())):
            if constraint.name == match[1]:
                return [column.name for column in constraint.columns]
        return [match[1]]
    return None
