"""What is in the database of an application: for comparing, and for looking for what must not be there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.memory import ConversationContext, MemoryItem
from claudetools.domains.memory.capturing.transcripts import Transcript, TranscriptTurn
from claudetools.kit.db.base import Base
from tests.fixtures.application import Application

# When something arrived, how often it was written and to which prompts it was given by then is all that may differ
# between two ways to the same content.
ARRIVAL = {"created_at", "updated_at", "received_at", "version", "change_sequence", "received_bytes", "compacted_at"}
ARRIVAL |= {"unused_count", "usage_count", "last_used_at"}
ARRIVAL.add("quarantined_at")


async def recorded(app: Application) -> dict[str, list[dict[str, Any]]]:
    """All that sessions left behind, by table, in the order of their ids, without when it arrived."""

    async def unit(session: AsyncSession) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        models: list[type[Base]] = [Transcript, TranscriptTurn, MemoryItem, ConversationContext]
        for model in models:
            columns = [column.key for column in inspect(model).columns if column.key not in ARRIVAL]
            rows = [{name: getattr(row, name) for name in columns} for row in await session.scalars(select(model))]
            found[model.__tablename__] = sorted(rows, key=lambda row: str(row["id"]))
        # What is withdrawn is as good as deleted.
        found["memory_items"] = [
            item for item in found["memory_items"] if item["retired_at"] is None or item["retired_at"] > item["said_at"]
        ]
        for item in found["memory_items"]:
            if item["source_table"] == "conversation_contexts":
                # The digest of a session is as old as its last change.
                del item["said_at"]
        return found

    return await app.services.database.read(unit)


def differences(one: dict[str, list[dict[str, Any]]], other: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What differs between two results of `recorded`, one line a row or value."""
    found = []
    for table in one:
        first, second = ({row["id"]: row for row in side[table]} for side in (one, other))
        found += [f"{table}: only in the first: {first[id]}" for id in first.keys() - second.keys()]
        found += [f"{table}: only in the second: {second[id]}" for id in second.keys() - first.keys()]
        for id in first.keys() & second.keys():
            found += [
                f"{table}.{name}: {value!r} != {second[id][name]!r} in {first[id]}"
                for name, value in first[id].items()
                if value != second[id][name]
            ]
    return found


async def rows_of(app: Application, model: type[Any]) -> list[Any]:
    """All rows of a model."""

    async def unit(session: AsyncSession) -> list[Any]:
        return list(await session.scalars(select(model)))

    return await app.services.database.read(unit)


async def everything(app: Application) -> list[str]:
    """Every value in the database as text, with the table and column that it stands in."""

    async def unit(session: AsyncSession) -> list[str]:
        found = []
        for table in Base.metadata.sorted_tables:
            for row in (await session.execute(select(table))).mappings():
                found += [f"{table.name}.{name}: {value!s} {_readable(value)}" for name, value in row.items()]
        return found

    return await app.services.database.read(unit)


def _readable(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else ""


def database_bytes(url: str) -> Iterator[bytes]:
    """The bytes of a SQLite database: its file and its write-ahead log."""
    path = Path(str(make_url(url).database))
    for part in (path, path.with_name(path.name + "-wal")):
        if part.exists():
            yield part.read_bytes()
