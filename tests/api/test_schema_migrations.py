"""Which schema the database has is told to administrators."""

from claudetools.kit.db.migrate import head_revision
from tests.contract.problems import problem
from tests.fixtures.application import Application


async def test_administrators_read_the_revisions_the_newest_first(api: Application) -> None:
    for role in ("owner", "admin"):
        caller = await api.people.add(role)
        rows = (await caller.get("/schema-migrations")).json()["items"]
        assert rows[0]["revision"] == head_revision()
        assert [row["revision"] for row in rows] == sorted((row["revision"] for row in rows), reverse=True)
        assert rows[-1]["description"] == "first schema"
        assert rows[-1]["applied_at"].endswith("Z")
        assert rows[-1]["applied_by"].startswith("claudetools ")


async def test_nobody_else_does(api: Application) -> None:
    technician = await api.people.add("technician")
    problem(await technician.get("/schema-migrations"), 403)
    holder = await api.people.token(await api.people.add(), "msp:read", "msp:write", "audit:read")
    problem(await holder.get("/schema-migrations"), 403)
