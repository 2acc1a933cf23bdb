"""Creating or changing records that come from elsewhere: known by natural key, and naming others by theirs."""

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.http.problems import pointer
from claudetools.kit.problems import FieldError, Invalid, NotFound, PreconditionFailed
from claudetools.kit.resource.declare import Resource, Values, Verb
from claudetools.kit.resource.registry import Registry
from claudetools.kit.resource.schema import bare_type, change_of, takes_null, values_of
from claudetools.kit.resource.scope import Access, Actor, TenantColumn, find, scoped
from claudetools.kit.resource.write import change_row, create_row


class Outcome(StrEnum):
    """What became of a record."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Written:
    """A record, and what became of it."""

    outcome: Outcome
    id: UUID


class Upsert:
    """Writes records of any resource in one session, for one actor."""

    def __init__(self, session: AsyncSession, actor: Actor, registry: Registry) -> None:
        self._session = session
        self._actor = actor
        self._registry = registry
        self._known: defaultdict[str, dict[tuple[UUID | None, str], UUID]] = defaultdict(dict)

    async def write(self, resource: Resource, given: Values) -> Written:
        """Change the record that `given` means, or create it.

        The record is the one with the given `id`, else the only one with the given natural key, else a new one. Fields
        that are not given stay as they are, as do those that take no null and are given none. The id of another record
        may be given as that record's name: the last column of its natural key, looked up within the same client. Fields
        that callers do not set are passed over; a `version` is compared. What is written is written in a savepoint.

        Raises:
            Problem: the record cannot be written; all faults of its fields are told at once.
        """
        row = await self._by_id(resource, given.get("id"))
        resolved, faults = await self._with_ids(resource, row, given)
        values, missing = _without_blanks(resource, resolved)
        if row is None and not faults:
            row = await self._by_key(resource, values)
            if row is not None:
                # The database found them equal: another spelling of the name does not rename a record.
                values = {name: value for name, value in values.items() if name not in resource.key}
        self._known.pop(resource.name, None)  # The names of these records may change now.
        if row is None:
            return await self._create(resource, values, faults)
        return await self._change(resource, row, values, given.get("version"), faults + missing)

    async def _create(self, resource: Resource, values: Values, faults: list[FieldError]) -> Written:
        body, found = _validated(resource.create, values)
        at_fault = {fault.pointer for fault in faults}
        faults = faults + [fault for fault in found if fault.pointer not in at_fault]
        if body is None or faults:
            raise _refused(faults)
        async with self._session.begin_nested():
            row = await create_row(self._session, self._actor, resource, values_of(body))
        return Written(Outcome.CREATED, row.id)

    async def _change(
        self, resource: Resource, row: Any, values: Values, version: Any, faults: list[FieldError]
    ) -> Written:
        if version is not None and str(version) != str(row.version):
            message = "Read the record again, then repeat your change."
            raise PreconditionFailed(message, errors=[FieldError("/version", PreconditionFailed.code, message)])
        known = resource.read.model_validate(row).model_dump(mode="json")
        # What says the same as the record is no change, whether or not it could be entered today.
        differing = {name: value for name, value in values.items() if value != known.get(name)}
        body, found = _validated(_any_fields(resource), differing)
        faults = faults + found
        parsed = {} if body is None else values_of(body, only_given=True)
        changes = {n: value for n, value in parsed.items() if n in resource.secrets or value != getattr(row, n)}
        fixed = resource.fixed if Verb.CHANGE in resource.verbs else tuple(resource.create.model_fields)
        faults += [
            FieldError(f"/{name}", "fixed", "This does not change any more.") for name in fixed if name in changes
        ]
        if faults:
            raise _refused(faults)
        if not changes:
            return Written(Outcome.UNCHANGED, row.id)
        before = row.version
        async with self._session.begin_nested():
            row = await change_row(self._session, self._actor, resource, row.id, changes, None)
        return Written(Outcome.UPDATED if row.version != before else Outcome.UNCHANGED, row.id)

    async def _by_id(self, resource: Resource, id: Any) -> Any:
        if id is None:
            return None
        parsed = _uuid(id)
        if parsed is None:
            raise _refused([FieldError("/id", "uuid_parsing", "This is no id of a record.")])
        try:
            return await find(self._session, self._actor, resource.model, parsed, Access.WRITE)
        except NotFound as error:
            raise NotFound(error.detail, errors=[FieldError("/id", error.code, error.title)]) from None

    async def _by_key(self, resource: Resource, values: Values) -> Any:
        """Return the only row with the natural key in `values`; None when there is none, or no whole key is given."""
        fields = resource.create.model_fields
        if not resource.key or any(name not in values and fields[name].is_required() for name in resource.key):
            return None
        body, faults = _validated(
            _any_fields(resource), {name: values[name] for name in resource.key if name in values}
        )
        if body is None or faults:
            return None  # Validation of the whole record, which comes next, names the fields.
        wanted = values_of(body, only_given=True)
        matching = (getattr(resource.model, name) == value for name, value in wanted.items())
        rows = (await self._session.scalars(scoped(self._actor, resource.model).where(*matching).limit(2))).all()
        if len(rows) > 1:
            names = " and ".join(wanted)
            message = f"Several {resource.name} have this {names}. Say by its id which one is meant."
            raise Invalid(message, errors=[FieldError("", "ambiguous", message)])
        return rows[0] if rows else None

    async def _with_ids(self, resource: Resource, row: Any, given: Values) -> tuple[Values, list[FieldError]]:
        """Return `given` with ids in place of the names of other records, and a fault for each name that means none."""
        values, faults = dict(given), list[FieldError]()
        references = self._registry.references(resource)
        path = resource.tenant.column if isinstance(resource.tenant, TenantColumn) else None
        tenant = None if row is None or path is None else getattr(row, path)
        # The client comes first: the other names are looked up within it.
        for name in sorted(references, key=lambda name: name != path):
            if name != path and name not in resource.create.model_fields:
                continue
            value = values.get(name)
            if value is None:
                continue
            try:
                id = _uuid(value) or await self._named(references[name], tenant, str(value))
            except Invalid as error:
                faults += [FieldError(f"/{name}", fault.code, fault.message) for fault in error.errors]
                del values[name]
                continue
            values[name] = str(id)
            if name == path and tenant is None:
                tenant = id
        return values, faults

    async def _named(self, resource: Resource, tenant: UUID | None, name: str) -> UUID:
        """Return the id of the only record with this name.

        Raises:
            Invalid: there is none that the actor may see, or there are several, or such records have no names.
        """
        if (tenant, name) in self._known[resource.name]:
            return self._known[resource.name][tenant, name]
        if not _has_names(resource):
            raise _refused(
                [FieldError("", "uuid_parsing", f"This is no id, and {resource.name} have no unique names.")]
            )
        model, key = resource.model, inspect(resource.model).primary_key[0]
        query = scoped(self._actor, model).with_only_columns(key).where(getattr(model, resource.key[-1]) == name)
        if isinstance(resource.tenant, TenantColumn) and tenant is not None:
            query = query.where(getattr(model, resource.tenant.column) == tenant)
        ids = (await self._session.scalars(query.limit(2))).all()
        if not ids:
            raise _refused([FieldError("", "not_found", f"There is no such {_noun(resource)}.")])
        if len(ids) > 1:
            message = f"Several {resource.name} have this {resource.key[-1]}. Give the id of the one that is meant."
            raise _refused([FieldError("", "ambiguous", message)])
        found: UUID = ids[0]
        self._known[resource.name][tenant, name] = found
        return found


def _noun(resource: Resource) -> str:
    return resource.singular.replace("-", " ")


def _refused(faults: list[FieldError]) -> Invalid:
    return Invalid(errors=faults)


def _uuid(value: Any) -> UUID | None:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None


@cache
def _any_fields(resource: Resource) -> type[BaseModel]:
    return change_of(resource.create, f"{resource.schema_name}Fields")


def _has_names(resource: Resource) -> bool:
    return bool(resource.key) and bare_type(resource.read.model_fields[resource.key[-1]].annotation) is str


def _validated(schema: type[BaseModel], values: Values) -> tuple[BaseModel | None, list[FieldError]]:
    """Return the body that `values` make, or the faults in them. Fields that `schema` does not have are left out."""
    try:
        return schema.model_validate({name: values[name] for name in schema.model_fields if name in values}), []
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return None, [FieldError(pointer(("body", *e["loc"])), e["type"], e["msg"]) for e in found]


def _without_blanks(resource: Resource, values: Values) -> tuple[Values, list[FieldError]]:
    """Leave out nulls where the field takes none; those that may not be left out are faults."""
    fields, kept, faults = resource.create.model_fields, dict(values), list[FieldError]()
    for name, value in values.items():
        if value is None and name in fields and not takes_null(fields[name].annotation):
            del kept[name]
            if fields[name].is_required():
                faults.append(FieldError(f"/{name}", "missing", "This cannot be empty."))
    return kept, faults
