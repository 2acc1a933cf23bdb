import http.server
import json
import os
import pty
import re
import stat
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.running import LOGIN, OWNER, PASSWORD, PROGRAM, Account, RunningServer, free_port


def machines(server: RunningServer, token: str) -> int:
    return int(server.read("/api/machines?total=true", token)["total"])


@pytest.fixture
def stranger() -> Iterator[str]:
    """Address of a web server that knows nothing of us."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>Welcome</html>")

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_who_can_read_the_root_key_needs_no_password(local: Account, server: RunningServer) -> None:
    done = local.must("connect", server.endpoint)
    assert f"{OWNER}, with the root key in {server.data}" in done.output
    assert stat.S_IMODE(local.connection_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(local.connection_file.parent.stat().st_mode) == 0o700
    assert local.connection["endpoint"] == server.endpoint
    token = local.connection["token"]
    me = server.read("/api/auth/me", token)
    assert me["email"] == OWNER
    assert me["scopes"] == ["memory:read", "memory:write", "msp:read", "msp:write"]
    machine = server.read(f"/api/machines/{me['machine_id']}", token)
    assert re.fullmatch(r"[0-9a-f]{64}", machine["fingerprint"])
    assert machine["home_directory"] == str(local.home)
    assert token not in done.everything


def test_the_sign_in_ends_with_the_command(owner: Account, server: RunningServer) -> None:
    before = server.log.count("/api/auth/logout")
    owner.must("connect", server.endpoint)
    assert server.log.count("/api/auth/logout") == before + 1


def test_connecting_again_changes_nothing(connected: Account, server: RunningServer) -> None:
    token = connected.connection["token"]
    before = connected.connection_file.stat()
    count = machines(server, token)
    tokens = len(server.read("/api/api-tokens?limit=500", token)["items"])
    done = connected.must("connect")
    assert "which still works" in done.output
    after = connected.connection_file.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert machines(server, token) == count
    assert len(server.read("/api/api-tokens?limit=500", token)["items"]) == tokens


def test_a_token_that_ended_is_replaced_on_the_same_machine(owner: Account, server: RunningServer) -> None:
    owner.must("connect", server.endpoint)
    old = owner.connection["token"]
    machine = server.read("/api/auth/me", old)["machine_id"]
    known = server.read("/api/api-tokens?limit=500", old)["items"]
    id = next(each["id"] for each in known if each["public_id"] == old.split("_")[2])
    assert server.call(f"/api/api-tokens/{id}", old, "DELETE")[0] == HTTPStatus.NO_CONTENT
    owner.must("connect")
    new = owner.connection["token"]
    assert new != old
    assert server.read("/api/auth/me", new)["machine_id"] == machine


def test_a_replaced_token_is_ended(owner: Account, connected: Account, server: RunningServer) -> None:
    given = connected.connection["token"]
    connected.connection_file.unlink()
    owner.must("connect", server.endpoint)
    old = owner.connection["token"]
    done = owner.must("connect", CLAUDETOOLS_TOKEN=given)
    assert "revoked" in done.output
    assert owner.connection["token"] == given
    assert server.call("/api/clients", old)[0] == HTTPStatus.UNAUTHORIZED


def test_with_the_password_in_the_environment(account: Account, server: RunningServer) -> None:
    account.variables["CLAUDETOOLS_HOME"] = str(account.root / "nowhere")
    done = account.must("connect", server.endpoint, **LOGIN)
    assert "with the password in the environment" in done.output
    assert PASSWORD not in done.everything
    assert PASSWORD not in account.connection_file.read_text()
    assert not (account.root / "nowhere").exists()


def test_a_wrong_password(account: Account, server: RunningServer) -> None:
    done = account.run(
        # Not the owner's address: after a wrong password everybody waits who signs in to that account.
        "connect", server.endpoint, CLAUDETOOLS_OWNER_EMAIL="nobody@firm.example",
        CLAUDETOOLS_OWNER_PASSWORD="not the right one at all",
    )  # fmt: skip
    assert done.status == 1
    assert done.errors.strip() == "claudetools: The e-mail address or the password is wrong."
    assert "not the right one" not in done.everything
    assert not account.connection_file.exists()


def test_without_anything_to_sign_in_with(account: Account, server: RunningServer) -> None:
    done = account.run("connect", server.endpoint)
    assert done.status == 1
    assert "CLAUDETOOLS_OWNER_PASSWORD" in done.errors


@pytest.mark.parametrize(
    ("email", "password", "status"), [(OWNER, PASSWORD, 0), ("nobody@firm.example", "not the right one at all", 1)]
)
def test_asking_for_the_password(
    email: str, password: str, status: int, account: Account, server: RunningServer
) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(account.work)
        os.execve(PROGRAM, [str(PROGRAM), "connect", server.endpoint], account.environment)
    said = b""
    answers = {b"E-mail address": email.encode(), b"Password:": password.encode()}
    try:
        while data := os.read(terminal, 4096):
            said += data
            for question in [each for each in answers if each in said]:
                os.write(terminal, answers.pop(question) + b"\n")
    except OSError:
        pass  # the end of a terminal
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == status, said
    os.close(terminal)
    assert not answers
    assert password.encode() not in said
    assert account.connection_file.exists() == (status == 0)


def test_the_key_of_another_server_does_not_help(account: Account, server: RunningServer, tmp_path: Path) -> None:
    keys = tmp_path / "other" / "keys"
    keys.mkdir(parents=True)
    (keys / "root.key").write_text("0123456789abcdef" * 4)
    (keys / "root.key").chmod(0o600)
    (tmp_path / "other" / "claudetools.db").write_bytes((server.data / "claudetools.db").read_bytes())
    done = account.run("connect", server.endpoint, CLAUDETOOLS_HOME=str(tmp_path / "other"))
    assert done.status == 1
    assert "no terminal" in done.errors


def test_a_server_that_is_down(account: Account) -> None:
    done = account.run("connect", f"http://127.0.0.1:{free_port()}", **LOGIN)
    assert done.status == 1
    assert "cannot be reached" in done.errors
    assert "claudetools up" in done.errors


def test_a_server_of_another_kind(account: Account, stranger: str) -> None:
    done = account.run("connect", stranger, **LOGIN)
    assert done.status == 1
    assert "is not a ClaudeTools server" in done.errors


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "http://", "http://u:pw@127.0.0.1", "http://a b", "nonsense"])
def test_an_address_that_is_none(address: str, account: Account) -> None:
    done = account.run("connect", address)
    assert done.status == 1
    assert "server address" in done.errors


def test_with_a_ready_token(connected: Account, account: Account, server: RunningServer) -> None:
    other = Account(account.root / "other")
    done = other.must("connect", server.endpoint, CLAUDETOOLS_TOKEN=connected.connection["token"])
    assert "with the token in CLAUDETOOLS_TOKEN" in done.output
    assert other.connection == connected.connection
    assert connected.connection["token"] not in done.everything


@pytest.mark.parametrize("token", ["ct_machine_aaaa_bbbb_00000000", "bad\r\nX-Evil: 1", "é"])
def test_with_a_bad_token(token: str, account: Account, server: RunningServer) -> None:
    done = account.run("connect", server.endpoint, CLAUDETOOLS_TOKEN=token)
    assert done.status == 1
    assert token not in done.everything
    assert not account.connection_file.exists()


HOSTILE = {
    "nonsense": b"\x00\xff\xfe nonsense",
    "deep": b"[" * 100_000,
    "list": b"[1, 2]",
    "numbers": b'{"endpoint": 1, "token": 2}',
    "header": json.dumps({"endpoint": "http://127.0.0.1:9", "token": "x\r\nX-Evil: 1"}).encode(),
    "address": json.dumps({"endpoint": "http://evil\r\n.example", "token": "ct_x"}).encode(),
    "file": json.dumps({"endpoint": "file:///etc/passwd", "token": "ct_x"}).encode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_connection_file(name: str, owner: Account, server: RunningServer) -> None:
    owner.connection_file.parent.mkdir(parents=True)
    owner.connection_file.write_bytes(HOSTILE[name])
    done = owner.run("status")
    assert done.status == 1
    assert len(done.errors.splitlines()) == 1
    assert "claudetools connect" in done.errors
    owner.must("connect", server.endpoint)
    assert server.call("/api/clients", owner.connection["token"])[0] == HTTPStatus.OK
    assert stat.S_IMODE(owner.connection_file.stat().st_mode) == 0o600


def test_a_connection_file_that_cannot_be_written(owner: Account, server: RunningServer) -> None:
    owner.connection_file.mkdir(parents=True)
    done = owner.run("connect", server.endpoint)
    assert done.status == 1
    assert "connection.json" in done.errors


def test_a_folder_is_bound_to_a_client(connected: Account, server: RunningServer, machine_folder: Path) -> None:
    name = f"Contoso {uuid4().hex[:8]}"
    unknown = connected.run("connect", "--client", name, cwd=machine_folder)
    assert unknown.status == 1
    assert "--create-client" in unknown.errors
    made = connected.must("connect", "--client", name, "--create-client", cwd=machine_folder)
    assert f"the folder {machine_folder}, on this machine: {name}" in made.output
    near = connected.run("connect", "--client", name[:-2], cwd=machine_folder)
    assert near.status == 1
    assert name in near.errors
    again = connected.must("connect", "--client", name.upper(), "--create-client", cwd=machine_folder)
    assert f": {name}" in again.output
    status = connected.must("status", "--json", cwd=machine_folder).data
    assert status["folder"]["client"] == name
    below = machine_folder / "deep" / "down"
    below.mkdir(parents=True)
    assert connected.must("status", "--json", cwd=below).data["folder"]["client"] == name
    assert connected.must("status", "--json").data["folder"]["client"] is None


def test_a_repository_is_bound_with_its_project(
    connected: Account, server: RunningServer, machine_folder: Path
) -> None:
    token = connected.connection["token"]
    name = f"Fabrikam {uuid4().hex[:8]}"
    _, client = server.call("/api/clients", token, "POST", {"name": name})
    project = {"client_id": client["id"], "name": "Mail", "slug": "mail"}
    server.call("/api/projects", token, "POST", project)
    (machine_folder / ".git").mkdir()
    remote = f"https://user:hush@git.firm.example:8443/{client['id']}/Tools.git"
    (machine_folder / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {remote}\n')
    wrong = connected.run("connect", "--client", name, "--project", "male", cwd=machine_folder)
    assert wrong.status == 1
    assert "mail" in wrong.errors
    done = connected.must("connect", "--client", name, "--project", "mail", cwd=machine_folder)
    assert f"{name} / Mail" in done.output
    assert "hush" not in done.everything
    bindings = server.read("/api/claude/bindings", token)["items"]
    bound = next(each for each in bindings if each["client_id"] == client["id"])
    assert bound["git_remote"] == f"git.firm.example/{client['id']}/tools"
    assert bound["machine_id"] is None
    folder = connected.must("status", "--json", cwd=machine_folder).data["folder"]
    assert (folder["client"], folder["project"]) == (name, "Mail")


def test_a_project_needs_its_client(account: Account) -> None:
    assert account.run("connect", "--project", "mail").status == 2


def test_a_folder_that_is_not_there(account: Account, server: RunningServer) -> None:
    done = account.run("connect", server.endpoint, "--folder", "/nowhere")
    assert done.status == 1
    assert "/nowhere" in done.errors


def test_a_colleague_on_the_same_machine_gets_a_machine_of_their_own(owner: Account, server: RunningServer) -> None:
    email = f"{uuid4().hex}@firm.example"
    password = "a password of some length"
    owner.must("users", "add", email, "--endpoint", server.endpoint, CLAUDETOOLS_USER_PASSWORD=password)
    owner.must("connect", server.endpoint)
    colleague = Account(owner.root / "colleague")
    colleague.must("connect", server.endpoint, CLAUDETOOLS_OWNER_EMAIL=email, CLAUDETOOLS_OWNER_PASSWORD=password)
    mine = server.read("/api/auth/me", owner.connection["token"])
    theirs = server.read("/api/auth/me", colleague.connection["token"])
    assert theirs["email"] == email
    assert theirs["machine_id"] != mine["machine_id"]
