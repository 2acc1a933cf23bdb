"""How SQLite finds items: without statistics it takes any index for a better one than the ids asked for."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pysqlite3.dbapi2 as sqlite3
import pytest
from sqlalchemy import select
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from claudetools.domains.memory import MemoryItem
from claudetools.kit.resource.scope import ALL_TENANTS, Actor, visible

EVERYBODY = Actor(
    user_id=uuid4(),
    email="owner@test.example",
    display_name="Owner",
    role="owner",
    scopes=frozenset({"memory:read"}),
    readable=ALL_TENANTS,
    writable=ALL_TENANTS,
)


@pytest.mark.parametrize("ids", [[], [uuid4()], [uuid4() for _ in range(60)]], ids=len)
def test_items_asked_for_by_id_are_not_looked_for_among_all_that_are_shown(ids: Sequence[UUID]) -> None:
    table, dialect = MemoryItem.__table__, sqlite.dialect()
    database = sqlite3.connect(":memory:")
    database.execute(str(CreateTable(table).compile(dialect=dialect)))  # type: ignore[arg-type]
    for index in table.indexes:  # type: ignore[attr-defined]
        database.execute(str(CreateIndex(index).compile(dialect=dialect)))
    asked = select(MemoryItem.text).where(visible(EVERYBODY, MemoryItem), MemoryItem.id.in_(ids))
    compiled = asked.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    plan = database.execute(f"EXPLAIN QUERY PLAN {compiled}", [b""] * len(compiled.params)).fetchall()
    assert "sqlite_autoindex_memory_items_1 (id=?)" in plan[0][-1]
    database.close()
