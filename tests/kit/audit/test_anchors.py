"""Checkpoints reach every anchor, one after the other, also those that were away."""

import asyncio
import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from claudetools.kit.audit import sealing
from claudetools.kit.audit.anchors import Anchors, FileAnchor, GitAnchor, SyslogAnchor, open_anchors
from claudetools.kit.audit.sealing import AuditSealer
from claudetools.kit.settings import Settings
from tests.kit.audit.conftest import Audit


async def sealed(audit: Audit, count: int = 1) -> None:
    for _ in range(count):
        await audit.change()
        assert await audit.sealer.seal() is not None


def git(*arguments: str | Path) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


async def test_a_commit_is_made_for_each_checkpoint_and_pushed(audit: Audit, tmp_path: Path) -> None:
    remote, folder = tmp_path / "remote.git", tmp_path / "audit"
    git("init", "--bare", "--initial-branch=main", remote)
    git("clone", remote, folder)
    git("-C", folder, "config", "push.default", "current")
    audit.anchors.append(GitAnchor("git", folder))
    await sealed(audit, 2)
    listing = git("-C", remote, "log", "--format=%s")
    assert listing.splitlines() == ["Checkpoint 2", "Checkpoint 1"]
    assert (await audit.verify()).warnings == []
    await audit.sql("DELETE FROM audit_checkpoints WHERE number = 2")
    assert [(f.kind.value, f.checkpoint) for f in (await audit.verify()).faults] == [("anchor_disagrees", 2)]


async def test_a_repository_is_made_where_there_is_none(audit: Audit, tmp_path: Path) -> None:
    audit.anchors.append(GitAnchor("git", tmp_path / "new"))
    await sealed(audit)
    assert [each.number for each in audit.anchors[0].kept()] == [1]


async def test_the_system_log_gets_each_once(audit: Audit, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        audit.anchors.append(SyslogAnchor("syslog", server.getsockname(), tmp_path / "noted"))
        await sealed(audit, 2)
        await audit.sealer.seal()
        found = [await asyncio.get_running_loop().sock_recv(server, 4096) for _ in range(2)]
        with pytest.raises(BlockingIOError):
            server.recv(4096)
    assert [b"audit checkpoint 1 " in found[0], b"audit checkpoint 2 " in found[1]] == [True, True]
    assert found[0].startswith(b"<85>claudetools: ")
    assert any("by hand" in warning for warning in (await audit.verify()).warnings)


async def test_an_anchor_that_was_away_catches_up_and_stops_no_other(audit: Audit, tmp_path: Path) -> None:
    away, other = tmp_path / "away" / "anchor.jsonl", tmp_path / "other.jsonl"
    audit.anchors.extend([FileAnchor("away", away), FileAnchor("other", other)])
    sealer = audit.sealer
    for _ in range(2):
        await audit.change()
        await sealer.seal()
    assert list(sealer.anchors.problems) == ["away"]
    report = await audit.verify()
    assert report.is_intact
    assert [warning for warning in report.warnings if "away" in warning]
    away.parent.mkdir()
    await sealer.seal()
    assert sealer.anchors.problems == {}
    assert away.read_bytes() == other.read_bytes()
    assert [json.loads(line)["number"] for line in other.read_text().splitlines()] == [1, 2]
    assert (await audit.verify()).warnings == []


async def test_a_line_that_was_cut_off_is_written_again(anchored: Audit, tmp_path: Path) -> None:
    await sealed(anchored, 2)
    file = tmp_path / "anchor.jsonl"
    file.write_bytes(file.read_bytes()[:-30])
    await sealed(anchored)
    assert [each.number for each in anchored.anchors[0].kept()] == [1, 2, 3]
    assert (await anchored.verify()).warnings == []


async def test_an_anchor_that_knows_another_checkpoint_disagrees(anchored: Audit, tmp_path: Path) -> None:
    await sealed(anchored, 2)
    file = tmp_path / "anchor.jsonl"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["total"] += 1
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [(f.kind.value, f.checkpoint) for f in (await anchored.verify()).faults] == [("anchor_disagrees", 1)]


async def test_the_sealer_works_by_time_by_number_and_at_once(audit: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    sealer = AuditSealer(audit.database, audit.key, Anchors([]))
    done = asyncio.Event()

    async def seal() -> None:
        done.set()

    monkeypatch.setattr(sealer, "seal", seal)
    monkeypatch.setattr(sealing, "SEAL_SECONDS", 3600)
    running = asyncio.create_task(sealer.run())

    async def is_sealed(*told: Any) -> bool:
        done.clear()
        sealer.told(*told)
        for _ in range(20):
            await asyncio.sleep(0)
        return done.is_set()

    assert not await is_sealed(1, False)
    assert await is_sealed(1, True)
    assert not await is_sealed(999, False)
    assert await is_sealed(1, False)
    running.cancel()
    monkeypatch.setattr(sealing, "SEAL_SECONDS", 0.001)
    done.clear()
    running = asyncio.create_task(sealer.run())
    await asyncio.wait_for(done.wait(), 10)
    running.cancel()


def test_anchors_are_set_by_their_kinds(tmp_path: Path) -> None:
    setting = f"file:{tmp_path}/a,git:{tmp_path}/b,syslog:,syslog:log.test:515"
    given = Settings(home=tmp_path, audit_anchors=setting).audit_anchors
    assert [type(each) for each in open_anchors(given, tmp_path).each] == [
        FileAnchor, GitAnchor, SyslogAnchor, SyslogAnchor,
    ]  # fmt: skip
    for wrong in ("file:relative", "mail:someone", "syslog:host:port"):
        with pytest.raises(ValidationError):
            Settings(home=tmp_path, audit_anchors=wrong)
