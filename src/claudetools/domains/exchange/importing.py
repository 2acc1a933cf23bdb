"""Taking over what another system has exported: all of it that has a place here, or nothing."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from uuid import UUID

from pydantic import BaseModel, Field

from claudetools.domains.exchange.archive import unpack
from claudetools.domains.exchange.drafts import Draft, Drafts
from claudetools.domains.exchange.hudu import read_hudu
from claudetools.domains.exchange.itflow import read_itflow
from claudetools.domains.exchange.itglue import read_itglue
from claudetools.domains.exchange.netbox import read_netbox
from claudetools.domains.exchange.rows import place
from claudetools.kit.db.session import Database
from claudetools.kit.problems import Invalid, invalid
from claudetools.kit.resource.batch import Batch, all_or_none
from claudetools.kit.resource.redaction import redact_values
from claudetools.kit.resource.registry import Registry
from claudetools.kit.resource.scope import Actor
from claudetools.kit.resource.upsert import Outcome, Upsert, Written

MAX_RECORDS = 10_000
FREE_TEXTS = ("notes", "body", "role_description")
"""Where people write what does not belong there: secrets are taken out."""


class ExportFormat(StrEnum):
    """The system that an export is from."""

    NETBOX = "netbox"
    ITFLOW = "itflow"
    HUDU = "hudu"
    ITGLUE = "itglue"


READERS: Mapping[ExportFormat, Callable[[Mapping[str, bytes], Drafts], None]] = {
    ExportFormat.NETBOX: read_netbox,
    ExportFormat.ITFLOW: read_itflow,
    ExportFormat.HUDU: read_hudu,
    ExportFormat.ITGLUE: read_itglue,
}


class TakenOver(BaseModel):
    """What became of one thing in an export."""

    file: str
    row: int = Field(description="In CSV as spreadsheets count, the header being row 1; in JSON from 1 in its list.")
    resource: str
    outcome: Outcome
    id: UUID | None = Field(description="The record; null where a dry run would create it.")


class LeftOut(BaseModel):
    """What an export holds that was not imported, and why."""

    file: str
    reason: str
    count: int


class TakeoverReply(BaseModel):
    """What an import did, or in a dry run would do."""

    created: int
    updated: int
    unchanged: int
    dry_run: bool
    resources: dict[str, dict[Outcome, int]] = Field(description="The same, by resource.")
    rows: list[TakenOver]
    left_out: list[LeftOut]


async def take_over(
    database: Database,
    actor: Actor,
    registry: Registry,
    system: ExportFormat,
    data: bytes,
    client: str | None,
    *,
    is_dry_run: bool,
) -> TakeoverReply:
    """Create and change records as an export, a zip archive of its files, says: all of them or none.

    What names no client belongs to `client`. What an export does not say stays as it is.

    Raises:
        Invalid: the archive or one of its files cannot be read, or names no client.
        Problem: some records cannot be written. Each fault is named by a pointer such as `/netbox_sites.csv/3/name`.
        Unavailable: the database is away.
    """
    # It takes a while, and nobody else shall wait for it.
    records, drafts = await asyncio.to_thread(_read, system, data, client)
    if drafts.faults:
        faults = tuple(drafts.faults.values())
        raise Invalid(faults[0].message, errors=faults)
    if len(records) > MAX_RECORDS:
        message = f"The export holds {len(records)} records; at most {MAX_RECORDS} are imported at once."
        raise invalid("", message, "too_long")
    reply = await all_or_none(database, partial(_write, actor, registry, records, is_dry_run), is_dry_run=is_dry_run)
    reply.left_out = [
        LeftOut(file=file, reason=reason, count=count) for (file, reason), count in sorted(drafts.left_out.items())
    ]
    return reply


def _read(system: ExportFormat, data: bytes, client: str | None) -> tuple[list[Draft], Drafts]:
    drafts = Drafts(client)
    READERS[system](unpack(data), drafts)
    return drafts.complete(), drafts


async def _write(
    actor: Actor, registry: Registry, records: list[Draft], is_dry_run: bool, batch: Batch
) -> TakeoverReply:
    upsert, done = Upsert(batch.session, actor, registry), list[TakenOver]()

    async def write(draft: Draft) -> Written:
        values = dict(draft.values)
        redact_values(batch.session, values, draft.resource.create, *FREE_TEXTS)
        return await upsert.write(draft.resource, values)

    for draft in records:
        row = draft.row
        written = await batch.attempt(place(row.file, row.number), partial(write, draft))
        if written is not None:
            is_kept = not is_dry_run or written.outcome is not Outcome.CREATED
            id = written.id if is_kept else None
            done.append(
                TakenOver(file=row.file, row=row.number, resource=draft.resource.name, outcome=written.outcome, id=id)
            )
    counts = Counter((taken.resource, taken.outcome) for taken in done)
    names = dict.fromkeys(draft.resource.name for draft in records)
    return TakeoverReply(
        **{outcome.value: sum(counts[name, outcome] for name in names) for outcome in Outcome},
        dry_run=is_dry_run,
        resources={name: {outcome: counts[name, outcome] for outcome in Outcome} for name in names},
        rows=done,
        left_out=[],
    )
