"""Contexts that are older than the table of tags are found by their tags too."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.accounts import ClientAccess, Role, User
from claudetools.domains.memory import ContextTag, ConversationContext
from claudetools.domains.memory.records.contexts import ContextType
from claudetools.kit.db.migrate import configuration, downgrade, upgrade
from claudetools.kit.db.session import Database
from tests.databases import Kind
from tests.mariadb import MariaServer

REVISION = "0007"


async def test_the_tags_of_older_contexts_are_entered(
    database_kind: Kind, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if database_kind == "mariadb":
        server: MariaServer = request.getfixturevalue("mariadb")
        url = server.create_database("older_contexts")
    else:
        url = f"sqlite+aiosqlite:///{tmp_path / 'older.db'}"
    await upgrade(url)
    database = Database(url)
    user = User(
        email="a@firm.test", display_name="A", role=Role.OWNER, password_hash="x", client_access=ClientAccess.ALL
    )
    lists = (["Core LAN", "core_lan", "ÄRGER"], [], ["wan", "--", "x" * 70])

    async def fill(session: AsyncSession) -> list[ConversationContext]:
        session.add(user)
        await session.flush()
        contexts = [
            ConversationContext(
                user_id=user.id, context_type=ContextType.GENERAL, title="T", dense_summary="S", tags=tags
            )
            for tags in lists
        ]
        session.add_all(contexts)
        await session.flush()
        return contexts

    contexts = await database.write(fill)
    before = ScriptDirectory.from_config(configuration(url)).get_revision(REVISION).down_revision
    await database.close()
    await downgrade(url, str(before))
    await upgrade(url)
    rows = await database.read(lambda session: session.scalars(select(ContextTag)))
    await database.close()
    assert {(row.record_id, row.record_table, row.tag) for row in rows} == {
        (contexts[number].id, "conversation_contexts", tag)
        for number, tag in ((0, "core-lan"), (0, "ärger"), (2, "wan"), (2, "x" * 64))
    }
