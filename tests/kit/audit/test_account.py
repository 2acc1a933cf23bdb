"""The database account of the how-to: it adds events and cannot change them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from tests.databases import Kind
from tests.fixtures.application import running_application
from tests.mariadb import MariaServer

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "audit.md"
PASSWORD = "change this password"
FORBIDDEN = [
    "UPDATE audit_events SET user_name = 'x'",
    "DELETE FROM audit_events",
    "UPDATE audit_checkpoints SET total = 0",
    "DELETE FROM audit_checkpoints",
    "DELETE FROM audit_lanes",
    "INSERT INTO audit_lanes (lane, seq, head_hash) VALUES (50, 0, '')",
    "DROP TABLE audit_events",
    "TRUNCATE TABLE audit_events",
    "ALTER TABLE audit_events DROP COLUMN mac",
    "CREATE TRIGGER quiet BEFORE INSERT ON audit_events FOR EACH ROW SET NEW.user_name = 'x'",
]


async def test_a18_the_account_of_the_server_adds_events_and_cannot_change_them(
    mariadb: MariaServer, fresh_database: Callable[[Kind], str], tmp_path: Path
) -> None:
    url = make_url(fresh_database("mariadb"))
    block = GUIDE.read_text().split("```sql\n")[1].split("```")[0]
    for name in (f"`{url.database}`", f"'{url.database}'"):
        block = block.replace(name[0] + "claudetools" + name[-1], name)
    mariadb.execute(None, *(each.strip().removesuffix(";") for each in block.split("\n\n")))
    limited = url.set(username="claudetools_api", password=PASSWORD).render_as_string(hide_password=False)
    async with running_application(limited, tmp_path / "home") as running:
        owner = await running.people.add("owner")
        assert (await owner.post("/clients", {"name": "Acme"})).status_code == 201
        assert (await owner.get("/clients/export.csv")).status_code == 200
        for statement in FORBIDDEN:
            with pytest.raises(DBAPIError, match="denied"):
                async with running.services.database.writer.begin() as connection:
                    await connection.execute(text(statement))
        events = (await owner.get("/audit/events")).json()["items"]
        assert {"clients", "users"} <= {event["resource"] for event in events}
    mariadb.execute(None, "DROP USER 'claudetools_api'@'localhost'")
