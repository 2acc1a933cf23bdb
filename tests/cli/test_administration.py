import json
import shutil
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pysqlite3.dbapi2 as sqlite3
import pytest

from claudetools.domains import RESOURCES
from tests.cli.running import Account, RunningServer

COMMANDS = [
    ["up"], ["connect"], ["disconnect"], ["status"], ["doctor"], ["recall"], ["remember"], ["import", "claude"],
    ["import", "csv"], ["import", "netbox"], ["import", "itflow"], ["import", "hudu"], ["import", "itglue"], ["export"],
    ["token", "create"], ["token", "list"], ["token", "revoke"], ["users", "add"], ["users", "list"],
    ["users", "disable"], ["users", "password"], ["db", "upgrade"], ["db", "check"], ["openapi"], ["resources"],
    ["keys", "status"], ["keys", "rotate"], ["keys", "rewrap"], ["keys", "destroy"], ["keys", "check"],
    ["quarantine", "list"], ["quarantine", "release"], ["quarantine", "delete"], ["quarantine", "machine"],
    ["audit", "verify"], ["audit", "export"], ["audit", "tail"], ["audit", "seal"],
]  # fmt: skip
PASSWORD_VARIABLE = "CLAUDETOOLS_OWNER_PASSWORD"
NEW_PASSWORD = "a password of some length"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(command: list[str], account: Account) -> None:
    said = account.must(*command, "--help").output
    assert "Example: claudetools " + " ".join(command) in " ".join(said.split())


def test_the_list_of_commands_is_complete(account: Account) -> None:
    said = account.must("--help").output
    for command in COMMANDS:
        assert f"  {command[0]} " in said


def test_a_token_is_made_shown_once_used_and_ended(owner: Account, server: RunningServer) -> None:
    name = f"reports {uuid4().hex}"
    at = ("--endpoint", server.endpoint)
    token = owner.must("token", "create", name, "--scope", "msp:read", "--days", "3", *at).output.strip()
    assert token.startswith("ct_personal_")
    assert server.call("/api/clients", token)[0] == HTTPStatus.OK
    assert server.call("/api/clients", token, "POST", {"name": "No"})[0] == HTTPStatus.FORBIDDEN
    listed = owner.must("token", "list", *at)
    assert name in listed.output
    assert token not in listed.output
    [entry] = [each for each in owner.must("token", "list", "--json", *at).data if each["name"] == name]
    assert entry["scopes"] == ["msp:read"]
    assert "Ended" in owner.must("token", "revoke", entry["public_id"], *at).output
    assert server.call("/api/clients", token)[0] == HTTPStatus.UNAUTHORIZED
    assert owner.run("token", "revoke", "nothing", *at).status == 1
    assert token not in server.log


def test_a_token_beyond_what_one_may(owner: Account, server: RunningServer) -> None:
    done = owner.run("token", "create", "all", "--scope", "everything", "--endpoint", server.endpoint)
    assert done.status == 1
    assert "everything" in done.errors


def test_people_are_added_listed_and_disabled(owner: Account, server: RunningServer) -> None:
    email = f"{uuid4().hex}@firm.example"
    at = ("--endpoint", server.endpoint)
    added = owner.must("users", "add", email, "--name", "Anna", "--json", *at, CLAUDETOOLS_USER_PASSWORD=NEW_PASSWORD)
    assert added.data["role"] == "technician"
    assert added.data["client_access"] == "all"
    assert NEW_PASSWORD not in added.everything
    credentials = {"email": email, "password": NEW_PASSWORD}
    assert server.call("/api/auth/login", "none", "POST", credentials)[0] == HTTPStatus.OK
    assert email in owner.must("users", "list", *at).output
    again = owner.run("users", "add", email.upper(), *at, CLAUDETOOLS_USER_PASSWORD=NEW_PASSWORD)
    assert again.status == 1
    owner.must("users", "disable", email.upper(), *at)
    assert server.call("/api/auth/login", "none", "POST", credentials)[0] == HTTPStatus.UNAUTHORIZED
    [entry] = [each for each in owner.must("users", "list", "--json", *at).data if each["email"] == email]
    assert entry["is_active"] is False
    assert owner.run("users", "disable", "nobody@firm.example", *at).status == 1


def test_a_person_for_some_clients_only(owner: Account, server: RunningServer) -> None:
    name, at = f"Only {uuid4().hex}", ("--endpoint", server.endpoint)
    token = owner.must("token", "create", name, "--scope", "msp:write", *at).output.strip()
    _, client = server.call("/api/clients", token, "POST", {"name": name})
    email = f"{uuid4().hex}@firm.example"
    owner.must("users", "add", email, "--client", name, *at, CLAUDETOOLS_USER_PASSWORD=NEW_PASSWORD)
    _, grant = server.call("/api/auth/login", "none", "POST", {"email": email, "password": NEW_PASSWORD})
    assert server.read("/api/auth/me", grant["access_token"])["client_ids"] == [client["id"]]


def test_a_password_is_never_an_argument_and_never_repeated(owner: Account, server: RunningServer) -> None:
    done = owner.run("users", "add", "x@firm.example", "--endpoint", server.endpoint)
    assert done.status == 1
    assert "CLAUDETOOLS_USER_PASSWORD" in done.errors
    short = owner.run(
        "users", "add", "x@firm.example", "--endpoint", server.endpoint, CLAUDETOOLS_USER_PASSWORD="only-this"
    )
    assert short.status == 1
    assert "password" in short.errors
    assert "only-this" not in short.everything


def test_the_last_owner_stays(owner: Account, server: RunningServer) -> None:
    email = next(
        each["email"]
        for each in owner.must("users", "list", "--json", "--endpoint", server.endpoint).data
        if each["role"] == "owner"
    )
    done = owner.run("users", "disable", email, "--endpoint", server.endpoint)
    assert done.status == 1
    assert "owner" in done.errors


def test_the_schema_is_checked_and_upgraded(account: Account, tmp_path: Path) -> None:
    empty = {"CLAUDETOOLS_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"}
    missing = account.run("db", "check", **empty)
    assert missing.status == 1
    assert "There is no database" in missing.errors
    assert not (tmp_path / "empty.db").exists()
    (tmp_path / "empty.db").touch()
    behind = account.run("db", "check", "--json", **empty)
    assert behind.status == 1
    assert "db upgrade" in behind.data["problem"]
    assert "it was empty" in account.must("db", "upgrade", **empty).output
    fine = account.must("db", "check", "--json", **empty).data
    assert fine["revision"] == fine["newest"]
    assert fine["problem"] is None
    changed = tmp_path / "changed.db"
    shutil.copy(tmp_path / "empty.db", changed)
    database = sqlite3.connect(changed)
    database.execute("DROP TABLE session_tags")
    database.commit()
    database.close()
    done = account.run("db", "check", CLAUDETOOLS_DATABASE_URL=f"sqlite+aiosqlite:///{changed}")
    assert done.status == 1
    assert "not what the program expects" in done.output


def test_the_document_is_that_of_the_server_and_needs_none(
    account: Account, server: RunningServer, connected: Account
) -> None:
    document = account.must("openapi").data
    assert document == server.read("/api/openapi.json", connected.connection["token"])
    assert document["openapi"].startswith("3.1")
    assert not (account.home / ".local").exists()


def test_every_resource_is_described(account: Account) -> None:
    described = account.must("resources", "--json").data
    assert [each["name"] for each in described] == [resource.name for resource in RESOURCES]
    clients = next(each for each in described if each["name"] == "clients")
    assert clients["operations"] == [
        "list", "export", "create", "read", "replace", "change", "delete", "bulk", "history", "import",
    ]  # fmt: skip
    assert "name" in clients["filters"]
    users = next(each for each in described if each["name"] == "users")
    assert users["writable"] == []
    assert "/api/clients" in account.must("resources").output


def test_what_fails_is_one_line_on_standard_error(account: Account) -> None:
    done = account.run("status", "--json")
    assert done.output == ""
    assert json.dumps(done.errors)
    assert len(done.errors.splitlines()) == 1


def test_passwords_are_changed_and_reset(owner: Account, server: RunningServer) -> None:
    at, email = ("--endpoint", server.endpoint), f"{uuid4().hex}@firm.example"
    owner.must("users", "add", email, *at, CLAUDETOOLS_USER_PASSWORD=NEW_PASSWORD)
    other = "siebzehn Krähen im Gebälk"
    assert email in owner.must("users", "password", email, *at, CLAUDETOOLS_USER_PASSWORD=other).output
    person = {"CLAUDETOOLS_OWNER_EMAIL": email, PASSWORD_VARIABLE: other}
    done = owner.must("users", "password", *at, **person, CLAUDETOOLS_USER_PASSWORD=NEW_PASSWORD)
    assert other not in done.everything
    now = person | {PASSWORD_VARIABLE: NEW_PASSWORD}
    weak = owner.run("users", "password", *at, **now, CLAUDETOOLS_USER_PASSWORD="passwordpassword")
    assert (weak.status, "soon guessed" in weak.errors) == (1, True)
    # Last, because what follows a wrong password has to wait.
    assert owner.run("users", "password", *at, **person, CLAUDETOOLS_USER_PASSWORD=other).status == 1
    assert owner.run("users", "password", "nobody@firm.example", *at).status == 1
