"""`claudetools audit` on a server's data, also while no server runs."""

import json
import stat
from pathlib import Path

import pysqlite3.dbapi2 as sqlite3

from tests.cli.conftest import NewServer
from tests.cli.running import LOGIN


def test_the_trail_is_checked_read_sealed_and_exported(new_server: NewServer, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.jsonl"
    server = new_server(tmp_path)
    server.start(**LOGIN, CLAUDETOOLS_AUDIT_ANCHORS=f"file:{anchor}")
    operator = server.account
    operator.variables |= {"CLAUDETOOLS_HOME": str(server.data), "CLAUDETOOLS_AUDIT_ANCHORS": f"file:{anchor}"}
    key = server.data / "keys" / "checkpoint.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    server.stop()
    operator.must("audit", "seal")
    assert "Nothing is new" in operator.must("audit", "seal").output
    report = operator.must("audit", "verify", "--json").data
    assert report["is_intact"]
    assert report["are_macs_checked"]
    assert report["unsealed_events"] == 0
    assert report["warnings"] == []
    public = str(server.data / "keys" / "checkpoint.pub")
    assert not operator.must("audit", "verify", "--public-key", public, "--json").data["are_macs_checked"]
    assert "users" in operator.must("audit", "tail").output
    newest = operator.must("audit", "tail", "--count", "1", "--json").data
    file = tmp_path / "events.jsonl"
    operator.must("audit", "export", "--output", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert newest[0] in events
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["action"] == "export"
    assert "exists" in operator.run("audit", "export", "--output", str(file)).errors

    with sqlite3.connect(server.data / "claudetools.db") as database:
        database.execute("UPDATE audit_events SET user_name = 'Somebody else' WHERE seq = 1")
    broken = operator.run("audit", "verify", "--json")
    assert broken.status == 1
    assert (broken.data["first"]["kind"], broken.data["first"]["lane"], broken.data["first"]["seq"]) == (
        "altered",
        0,
        1,
    )
    shown = operator.run("audit", "verify")
    assert shown.status == 1
    assert "lane 0, seq 1" in shown.output


def test_a_host_without_the_key_does_not_seal(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server(tmp_path)
    server.start(**LOGIN)
    server.stop()
    (server.data / "keys" / "checkpoint.key").unlink()
    server.account.variables["CLAUDETOOLS_HOME"] = str(server.data)
    done = server.account.run("audit", "seal")
    assert (done.status, "no checkpoint key" in done.errors) == (1, True)
    server.start(**LOGIN)
    server.stop()
    assert not (server.data / "keys" / "checkpoint.key").exists()
    assert any("unanchored" in warning for warning in server.account.must("audit", "verify", "--json").data["warnings"])
