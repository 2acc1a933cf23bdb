"""Records as CSV and back: what is exported can be changed in a spreadsheet and imported again."""

from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from claudetools.kit.db.session import Database
from claudetools.kit.problems import FieldError, Invalid, invalid
from claudetools.kit.resource.batch import Batch, all_or_none
from claudetools.kit.resource.csv_format import cell_of, read_rows, unmark, value_of, write_rows
from claudetools.kit.resource.declare import Resource, Values
from claudetools.kit.resource.query import every_row
from claudetools.kit.resource.registry import Registry
from claudetools.kit.resource.schema import bare_type
from claudetools.kit.resource.scope import Actor
from claudetools.kit.resource.upsert import Outcome, Upsert

MAX_ROWS = 5_000


class ImportedRow(BaseModel):
    """What became of one row."""

    row: int = Field(description="Its number as spreadsheets count: the header is row 1.")
    outcome: Outcome
    id: UUID | None = Field(description="The record; null where a dry run would create it.")


class ImportReply(BaseModel):
    """What an import did, or in a dry run would do."""

    created: int
    updated: int
    unchanged: int
    dry_run: bool
    rows: list[ImportedRow]


async def export_csv(database: Database, actor: Actor, resource: Resource, query: Any) -> AsyncIterator[bytes]:
    """Yield, as CSV, the header and then in batches all records of a selection.

    Raises:
        Invalid: the sort is unknown.
        Unavailable: the database is away.
    """
    kinds = _kinds(resource)
    yield write_rows([kinds])
    async for rows in every_row(database, actor, resource, query):
        records = (resource.read.model_validate(row).model_dump(mode="json") for row in rows)
        yield write_rows((cell_of(kind, record[name]) for name, kind in kinds.items()) for record in records)


async def import_csv(
    database: Database, actor: Actor, registry: Registry, resource: Resource, data: bytes, *, is_dry_run: bool
) -> ImportReply:
    """Create and change records as the rows of a CSV file say: all of them or none.

    Raises:
        Invalid: the file cannot be read, has unknown columns or too many rows.
        Problem: some rows cannot be written. Each fault is named by a pointer such as `/rows/3/name`.
        Unavailable: the database is away.
    """
    rows = _rows(registry, resource, data)
    return await all_or_none(
        database, partial(_write, actor, registry, resource, rows, is_dry_run), is_dry_run=is_dry_run
    )


async def _write(
    actor: Actor, registry: Registry, resource: Resource, rows: list[tuple[int, Values]], is_dry_run: bool, batch: Batch
) -> ImportReply:
    upsert, done = Upsert(batch.session, actor, registry), list[ImportedRow]()
    for number, given in rows:
        written = await batch.attempt(f"/rows/{number}", partial(upsert.write, resource, given))
        if written is not None:
            is_kept = not is_dry_run or written.outcome is not Outcome.CREATED
            done.append(ImportedRow(row=number, outcome=written.outcome, id=written.id if is_kept else None))
    counts = Counter(row.outcome for row in done)
    return ImportReply(**{outcome.value: counts[outcome] for outcome in Outcome}, dry_run=is_dry_run, rows=done)


def _rows(registry: Registry, resource: Resource, data: bytes) -> list[tuple[int, Values]]:
    """Return the rows below the header, with their numbers, as values by column."""
    rows = read_rows(data)
    number, header = next(rows, (1, []))
    names = _columns(resource, number, header)
    kinds, references = _kinds(resource), registry.references(resource)
    found: list[tuple[int, Values]] = []
    for number, cells in rows:
        if len(found) == MAX_ROWS:
            message = f"An import takes at most {MAX_ROWS} rows. Send the file in several parts."
            raise invalid(f"/rows/{number}", message, "too_long")
        if any(cells[len(names) :]):
            message = f"The row has {len(cells)} cells, the header {len(names)}. Is a quotation mark missing?"
            raise invalid(f"/rows/{number}", message, "csv")
        # Spreadsheets leave out empty cells at the end of a row.
        padded = cells + [""] * (len(names) - len(cells))
        values = {name: value_of(kinds[name], cell) for name, cell in zip(names, padded, strict=False)}
        # A name may stand in place of an id.
        named = {name: unmark(values[name]) for name in references if values.get(name)}
        found.append((number, values | named))
    return found


def _columns(resource: Resource, number: int, header: list[str]) -> list[str]:
    """Return the column names of a header.

    Raises:
        Invalid: it is empty, or names a column that there is not or that stands there twice.
    """
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise invalid("", "The file is empty. Its first row names the columns.", "missing")
    known = _kinds(resource)
    faults = [
        FieldError(
            f"/rows/{number}/{name}", "extra_forbidden", f"There is no column {name!r}. Known: {', '.join(known)}."
        )
        for name in dict.fromkeys(names)
        if name not in known
    ]
    faults += [
        FieldError(f"/rows/{number}/{name}", "duplicate", f"The column {name!r} stands there more than once.")
        for name, count in Counter(names).items()
        if count > 1
    ]
    if faults:
        raise Invalid(f"{faults[0].message}", errors=faults)
    return names


def _kinds(resource: Resource) -> dict[str, Any]:
    """Return the columns of a resource and the type of each."""
    return {name: bare_type(info.annotation) for name, info in resource.read.model_fields.items()}
