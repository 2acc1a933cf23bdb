"""The declaration of an entity."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.kit.db.base import Record
from claudetools.kit.resource.schema import change_of, replacement_of, secrets_of
from claudetools.kit.resource.scope import Actor, TenantPath

Values = dict[str, Any]
PrepareHook = Callable[[AsyncSession, Actor, Values], Awaitable[None]]
WriteHook = Callable[[AsyncSession, Actor, Any], Awaitable[None]]
ChangeHook = Callable[[AsyncSession, Actor, Any, Values], Awaitable[None]]


class Verb(StrEnum):
    """An operation on a resource."""

    LIST = "list"
    EXPORT = "export"
    CREATE = "create"
    READ = "read"
    REPLACE = "replace"
    CHANGE = "change"
    DELETE = "delete"
    BULK = "bulk"
    HISTORY = "history"
    IMPORT = "import"


WRITES = frozenset({Verb.CREATE, Verb.REPLACE, Verb.CHANGE, Verb.DELETE, Verb.BULK, Verb.IMPORT})
PLURAL = frozenset({Verb.LIST, Verb.EXPORT, Verb.BULK, Verb.IMPORT})
READ_ONLY = frozenset({Verb.LIST, Verb.EXPORT, Verb.READ})


@dataclass(frozen=True, kw_only=True)
class Resource:
    """Everything the engine needs to know of an entity.

    Attributes:
        name: plural, in kebab case: the path segment and the stem of operation ids.
        singular: one of them, in kebab case.
        model: the table; its `__tenant__` is the path to the tenant.
        read, create: what callers get and send. `fixed` names the fields of `create` that never change afterwards.
        area: prefix of the scopes needed: `<area>:read` and `<area>:write`.
        read_scope, write_scope: the scopes where they are not those of the area.
        filters: columns that lists can be filtered by.
        sorts: columns that lists can be sorted by; `default_sort` is one of them, with `-` for descending.
        searches: text columns that `q` looks into, the one that names a record first.
        redacts: fields, text or nested, that secrets are taken out of before they are stored.
        private: fields that only who may read the record itself may know; the audit log leaves them out.
        key: columns by which a record is known outside of this database, for imports.
        expires: column with the day or instant at which somebody has to act.
        verbs: the operations offered.
        before_create, before_change: check or complete the column values; a change is told the row as it is.
        before_delete: put right what the row counts in, while what hangs on it is still there.
        seal: store the secrets given, encrypted, in a row about to be written: fields of `create` that are no columns.
        after_write, after_delete: react to a row written or deleted, in the same transaction.
    """

    name: str
    singular: str
    model: type[Record]
    read: type[BaseModel]
    create: type[BaseModel]
    fixed: tuple[str, ...] = ()
    area: str = "msp"
    read_scope: str | None = None
    write_scope: str | None = None
    filters: tuple[str, ...] = ()
    sorts: tuple[str, ...] = ("created_at", "updated_at")
    default_sort: str = "-created_at"
    searches: tuple[str, ...] = ()
    redacts: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    expires: str | None = None
    verbs: frozenset[Verb] = frozenset(Verb)
    before_create: PrepareHook | None = None
    before_change: ChangeHook | None = None
    before_delete: WriteHook | None = None
    seal: ChangeHook | None = None
    after_write: WriteHook | None = None
    after_delete: WriteHook | None = None

    @cached_property
    def schema_name(self) -> str:
        """The stem of schema names, e.g. `WorkItem`."""
        return self.singular.title().replace("-", "")

    @cached_property
    def replace(self) -> type[BaseModel]:
        """The schema for replacing a record."""
        return replacement_of(self.create, f"{self.schema_name}Replace", self.fixed)

    @cached_property
    def change(self) -> type[BaseModel]:
        """The schema for changing some fields of a record."""
        return change_of(self.create, f"{self.schema_name}Change", self.fixed)

    @property
    def secrets(self) -> frozenset[str]:
        """The fields that callers send and never get."""
        return secrets_of(self.create)

    @property
    def tenant(self) -> TenantPath:
        """How a row reaches its tenant."""
        path: TenantPath = self.model.__tenant__  # type: ignore[attr-defined]
        return path

    def scope(self, verb: Verb) -> str:
        """Return the scope that `verb` needs."""
        if verb in WRITES:
            return self.write_scope or f"{self.area}:write"
        return self.read_scope or f"{self.area}:read"

    def operation_id(self, verb: Verb) -> str:
        """Return the stable OpenAPI operation id of `verb`."""
        noun = self.name if verb in PLURAL else self.singular
        return f"{verb.value}_{noun.replace('-', '_')}"
