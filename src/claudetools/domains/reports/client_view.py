"""What the sections of a report on one client read with."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar, TypeVarTuple, cast

from sqlalchemy import ColumnElement, Enum, Select, case, func, inspect, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from claudetools.domains.clients import Client
from claudetools.kit.db.base import Record
from claudetools.kit.resource.declare import Resource
from claudetools.kit.resource.in_use import in_use
from claudetools.kit.resource.redaction import redactor_of
from claudetools.kit.resource.scope import Actor, scoped

M = TypeVar("M", bound=Record)
E = TypeVar("E", bound=StrEnum)
Columns = TypeVarTuple("Columns")

ELLIPSIS = " …"
REDACTED_CHARS = 1_000
"""Of a long text, so much is looked through for secrets; what is shown of it on a line is much shorter."""


@dataclass(frozen=True, slots=True)
class Some(Generic[*Columns]):
    """The first rows of a query, and how many there are in all."""

    rows: list[tuple[*Columns]]
    total: int


@dataclass(frozen=True, slots=True)
class ClientView:
    """A client, seen by an actor. `resources` are those that may expire."""

    session: AsyncSession
    actor: Actor
    client: Client
    resources: Sequence[Resource]

    def every(self, model: type[M]) -> Select[M]:
        """Return the query for all that the client has of a kind, as far as the actor may see it."""
        return scoped(self.actor, model).where(inspect(model).columns["client_id"] == self.client.id)

    def current(self, model: type[M]) -> Select[M]:
        """Return the query for what the client has of a kind that is neither switched off nor over."""
        return self.every(model).where(in_use(model))

    async def first(self, statement: Select[*Columns], limit: int) -> Some[*Columns]:
        """Return the first rows of a query in its order."""
        rows = [cast("tuple[*Columns]", tuple(row)) for row in await self.session.execute(statement.limit(limit))]
        if len(rows) < limit:
            return Some(rows, len(rows))
        every = statement.order_by(None).with_only_columns(literal(1).label("one"), maintain_column_froms=True)
        return Some(rows, await self.session.scalar(select(func.count()).select_from(every.subquery())) or 0)

    def line(self, text: str | None, limit: int) -> str:
        """Return a text without the secrets that are recognised in it, on one line, cut to `limit` characters."""
        if not text:
            return ""
        words = redactor_of(self.session).redact(text[:REDACTED_CHARS]).text.split()
        line = " ".join(words)
        return line if len(line) <= limit else line[: limit - len(ELLIPSIS)].rstrip() + ELLIPSIS


def rank(column: InstrumentedAttribute[E]) -> ColumnElement[int]:
    """Return the place of a column's value in its enumeration: sorted by it, the last is the highest."""
    kind = column.type
    assert isinstance(kind, Enum)
    return case({member: place for place, member in enumerate(kind.enum_class or ())}, value=column)
