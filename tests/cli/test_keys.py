"""`claudetools keys`, beside a running server."""

from pathlib import Path
from uuid import uuid4

from tests.cli.conftest import NewServer
from tests.cli.running import Account, Done, RunningServer


def test_keys_are_listed_rotated_and_checked(local: Account) -> None:
    before = local.must("keys", "status", "--json").data
    assert [root["is_current"] for root in before["root_keys"]] == [True]
    firm = [key for key in before["data_keys"] if key["client_id"] is None]
    assert firm
    assert "Done." in local.must("keys", "rotate").output
    after = local.must("keys", "status", "--json").data["data_keys"]
    numbers = {key["number"]: key["state"] for key in after if key["client_id"] is None}
    assert numbers[max(numbers)] == "active"
    assert set(numbers.values()) == {"active", "decrypt_only"}
    assert len(numbers) == len(firm) + 1
    assert "(the firm)" in local.must("keys", "status").output
    assert local.must("keys", "check", "--json").data == {"faults": []}
    assert "can be read" in local.must("keys", "check").output
    assert "Done." in local.must("keys", "rewrap").output


def test_a_client_that_is_not_there_has_no_keys(local: Account) -> None:
    name = uuid4().hex
    for command in (["rotate"], ["destroy", "--yes"]):
        done = local.run("keys", *command, "--client", name)
        assert done.status == 1
        assert f"no client named {name}" in done.errors


def test_destroying_needs_the_name_again(local: Account) -> None:
    done = local.run("keys", "destroy", "--client", "Dataworks")
    assert done.status == 1
    assert "Destroyed" not in done.output


def test_keys_of_no_server_are_not_made(account: Account, tmp_path: Path) -> None:
    account.variables["CLAUDETOOLS_HOME"] = str(tmp_path / "nothing")
    for command in ("status", "rotate", "rewrap", "check"):
        done = account.run("keys", command)
        assert done.status == 1
        assert "no root key" in done.errors
    assert not (tmp_path / "nothing").exists()


def test_k9_a_server_does_not_start_with_another_root_key(new_server: NewServer, tmp_path: Path) -> None:
    server = new_server(tmp_path)
    server.start()
    server.stop()
    key = server.data / "keys" / "root.key"
    kept = key.read_text()
    for content, told in (("", "no root key"), ("ab" * 32, "example"), (f"{kept}{kept}", "twice"), ("12" * 8, "bytes")):
        key.write_text(content)
        done = _up(server)
        assert done.status == 1
        assert told in done.errors
        assert key.read_text() == content
    key.unlink()
    done = _up(server)
    assert "Restore the key" in done.errors
    assert not key.exists()
    key.write_text("5f1d0c8e93a7b2461e7fd0385bc9a46271e80f3d9c52ab6417e8d05f3ba9c264")
    key.chmod(0o600)
    assert "root key" in _up(server).errors
    key.write_text(kept)
    server.start()


def _up(server: RunningServer) -> Done:
    server.account.variables |= {"CLAUDETOOLS_HOME": str(server.data), "CLAUDETOOLS_PORT": str(server.port)}
    return server.account.run("up")
