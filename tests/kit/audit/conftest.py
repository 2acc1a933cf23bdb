"""An application with some history, and what an attacker and an auditor do with its database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from claudetools.kit.audit.anchors import Anchor, Anchors, FileAnchor
from claudetools.kit.audit.checkpoint_key import CheckpointKey, create_checkpoint_key, open_checkpoint_key
from claudetools.kit.audit.sealing import AuditSealer
from claudetools.kit.audit.verify import Report, verify
from claudetools.kit.db.session import Database
from tests.domains.office import Office, office
from tests.fixtures.application import Application


@dataclass(frozen=True, kw_only=True, repr=False)
class Audit:
    """A firm whose changes are audited. `anchors` are those that its sealer tells and its auditor asks."""

    api: Application
    office: Office
    anchors: list[Anchor] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.api.services.database

    @property
    def keys_folder(self) -> Path:
        return self.api.services.settings.keys_folder

    @property
    def key(self) -> CheckpointKey:
        # The application was started without one, so that it does not seal by itself.
        create_checkpoint_key(self.keys_folder)
        key = open_checkpoint_key(self.keys_folder)
        assert key is not None
        return key

    @property
    def sealer(self) -> AuditSealer:
        return AuditSealer(self.database, self.key, Anchors(self.anchors))

    async def verify(self, *, without_keyring: bool = False) -> Report:
        keys = None if without_keyring else self.api.services.audit_keys
        public = {self.key.id: self.key.private.public_key()}
        return await verify(self.database, public, keys, Anchors(self.anchors))

    async def sql(self, statement: str, **values: Any) -> list[Sequence[Any]]:
        """Run a statement as somebody who can write to the database, past the service."""
        async with self.database.writer.begin() as connection:
            done = await connection.execute(text(statement.replace("`", self.quote)), values)
            return [tuple(row) for row in done] if done.returns_rows else []

    @property
    def quote(self) -> str:
        return '"' if self.database.writer.dialect.name == "sqlite" else "`"

    async def change(self, count: int = 1) -> None:
        """Make so many events."""
        for number in range(count):
            await self.office.machine(f"host-{number}")

    async def one_lane(self) -> None:
        """Let all events go to lane 0."""
        await self.sql("DELETE FROM audit_lanes WHERE lane > 0")

    async def faults(self) -> list[tuple[str, int | None, int | None]]:
        return [(fault.kind.value, fault.lane, fault.seq) for fault in (await self.verify()).faults]


@pytest.fixture
async def audit(api: Application) -> Audit:
    """A client and eleven events, all in lane 0."""
    await Audit(api=api, office=None).one_lane()  # type: ignore[arg-type]
    owner = await api.people.add("owner")
    found = Audit(api=api, office=await office(owner))
    await found.change(10)
    (row,) = await found.sql("SELECT count(*), max(seq), min(seq) FROM audit_events WHERE lane = 0")
    assert row[0] == row[1] >= 11
    assert row[2] == 1
    return found


@pytest.fixture
def anchored(audit: Audit, tmp_path: Path) -> Audit:
    """The same with an anchor in a file."""
    audit.anchors.append(FileAnchor("file", tmp_path / "anchor.jsonl"))
    return audit
