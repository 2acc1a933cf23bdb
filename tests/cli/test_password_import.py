"""`claudetools import bitwarden` and `import keepass`: what becomes of the entries, and that no secret is told."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.cli.password_exports import (
    BITWARDEN_CSV,
    PASSWORD,
    SECRET,
    SEED,
    bitwarden,
    keepass_database,
    keepass_xml,
    protected,
)
from tests.cli.running import LOGIN, Account, Done, RunningServer


@dataclass(frozen=True)
class Firm:
    """The shared server, and what somebody sees and does there."""

    server: RunningServer
    token: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        status, reply = self.server.call(path, self.token, method, body)
        assert status < 300, reply
        return reply

    def rows(self, client: str) -> list[dict[str, Any]]:
        (row,) = self.call("GET", f"/api/clients?name={quote(client)}")["items"]
        rows: list[dict[str, Any]] = self.call("GET", f"/api/credentials?client_id={row['id']}")["items"]
        return rows

    def secrets(self, client: str) -> dict[tuple[str, str], dict[str, str]]:
        """Reveal the credentials of a client; by name and user name."""
        return {
            (row["service_name"], row["username"] or ""): self.call(
                "POST", f"/api/credentials/{row['id']}/reveal", {"reason": "Look at it"}
            )["fields"]
            for row in self.rows(client)
        }


@pytest.fixture
def firm(server: RunningServer) -> Firm:
    """What an administrator of this test alone does: how many secrets a person may see in a while is limited."""
    owner = signed_in(server, LOGIN["CLAUDETOOLS_OWNER_EMAIL"], LOGIN["CLAUDETOOLS_OWNER_PASSWORD"])
    email, password = f"{uuid4().hex}@firm.example", "a password of this test"
    person = {"email": email, "display_name": "Ann", "password": password, "role": "admin", "client_access": "all"}
    owner.call("POST", "/api/users", person)
    return signed_in(server, email, password)


def signed_in(server: RunningServer, email: str, password: str) -> Firm:
    status, grant = server.call("/api/auth/login", "none", "POST", {"email": email, "password": password})
    assert status == 200, grant
    return Firm(server, grant["access_token"])


@pytest.fixture
def client(firm: Firm) -> str:
    """Name of a client that there is."""
    name = f"Customer {uuid4().hex[:8]}"
    firm.call("POST", "/api/clients", {"name": name})
    return name


def imported(account: Account, kind: str, file: Path, *more: str, typed: str = "") -> Done:
    done = account.run("import", kind, str(file), *more, given=typed)
    assert "canary" not in done.everything
    assert PASSWORD not in done.everything
    return done


def written(path: Path, data: object) -> Path:
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def test_an_export_of_bitwarden_comes_over_whole(
    connected: Account, client: str, firm: Firm, tmp_path: Path, server: RunningServer
) -> None:
    file = written(tmp_path / "export.json", bitwarden(client))
    tried = imported(connected, "bitwarden", file, "--dry-run", "--json").data
    assert (tried["created"], tried["updated"], tried["present"]) == (7, 0, 0)
    assert not firm.rows(client)
    done = imported(connected, "bitwarden", file)
    assert done.status == 0, done.errors
    assert "7 created" in done.output
    for reason in (
        "passkeys",
        "password history",
        "item in the trash",
        "kind that is not known",
        "totp_seed that is not",
    ):
        assert reason in done.output
    kept = firm.secrets(client)
    assert kept == {
        ("ERP database", "erp"): {
            "password": SECRET,
            "totp_seed": SEED,
            "secret_note": "SID: canary field\nask Ann\naddress: https://db2.example",
        },
        ("ERP database (2)", "erp"): {
            "password": "canary other",
            "secret_note": "totp_seed: steam://canary\naddress: https://db2.example",
        },
        ("App", ""): {"password": "canary app", "secret_note": "address: androidapp://com.app"},
        ("Alarm code", ""): {"secret_note": "canary note"},
        ("Visa", ""): {"secret_note": "number: canary card\ncode: 123"},
        ("Ann", ""): {"secret_note": "firstName: Ann\npassportNumber: canary passport"},
        ("Deploy key", ""): {"private_key": "-----BEGIN canary-----", "secret_note": "public key: ssh-ed25519 AAA"},
    }
    rows = {row["service_name"]: row for row in firm.rows(client)}
    assert rows["ERP database"]["url"] == "https://db.example/erp"
    assert [rows[name]["kind"] for name in ("Visa", "Deploy key")] == ["note", "ssh_key"]
    assert "canary" not in server.log


def test_it_is_safe_to_repeat(connected: Account, client: str, firm: Firm, tmp_path: Path) -> None:
    file = written(tmp_path / "export.json", bitwarden(client))
    imported(connected, "bitwarden", file)
    (changed,) = (row for row in firm.rows(client) if row["service_name"] == "App")
    firm.call("PATCH", f"/api/credentials/{changed['id']}", {"password": "canary newer"})
    again = imported(connected, "bitwarden", file, "--json").data
    assert (again["created"], again["updated"], again["present"]) == (0, 0, 7)
    assert firm.secrets(client)["App", ""]["password"] == "canary newer"
    updated = imported(connected, "bitwarden", file, "--json", "--update").data
    assert (updated["created"], updated["updated"], updated["present"]) == (0, 7, 0)
    assert firm.secrets(client)["App", ""]["password"] == "canary app"


def test_credentials_without_secrets_are_completed(connected: Account, client: str, firm: Firm, tmp_path: Path) -> None:
    (row,) = firm.call("GET", f"/api/clients?name={quote(client)}")["items"]
    body = {"client_id": row["id"], "kind": "password", "service_name": "erp DATABASE", "username": "ERP"}
    firm.call("POST", "/api/credentials", body)
    done = imported(connected, "bitwarden", written(tmp_path / "e.json", bitwarden(client)), "--json").data
    assert (done["created"], done["updated"], done["present"]) == (6, 1, 0)
    assert firm.secrets(client)["erp DATABASE", "ERP"]["password"] == SECRET


@pytest.mark.parametrize("kdf", [0, 1])
def test_an_export_with_a_password(connected: Account, client: str, tmp_path: Path, kdf: int) -> None:
    file = written(tmp_path / "export.json", protected(bitwarden(client), kdf))
    assert imported(connected, "bitwarden", file, "--dry-run", "--json", typed=f"{PASSWORD}\n").data["created"] == 7
    wrong = imported(connected, "bitwarden", file, typed="wrong\n")
    assert (wrong.status, wrong.output) == (1, "")
    assert "the password is wrong" in wrong.errors


def test_a_csv_export(connected: Account, client: str, firm: Firm, tmp_path: Path) -> None:
    file = written(tmp_path / "export.csv", BITWARDEN_CSV.format(client=client))
    assert imported(connected, "bitwarden", file, "--json").data["created"] == 2
    assert [row["url"] for row in firm.rows(client)] == ["https://10.0.0.1", None]
    assert firm.secrets(client)["Router", "admin"] == {
        "password": "canary router",
        "secret_note": "PIN: canary pin\nfirst\nsecond\naddress: https://10.0.0.2",
    }


def test_an_xml_export_of_keepass(connected: Account, client: str, firm: Firm, tmp_path: Path) -> None:
    file = written(tmp_path / "export.xml", keepass_xml(client))
    done = imported(connected, "keepass", file, "--json").data
    assert done["created"] == 3
    assert {each["reason"]: each["count"] for each in done["left_out"]} == {
        "attachments": 1,
        "earlier versions of an entry": 1,
        "entry in the recycle bin": 1,
        "field that refers to another entry": 1,
    }
    (switch,) = (row for row in firm.rows(client) if row["service_name"] == "Switch")
    assert switch["expires_at"] == "2030-01-02T03:04:05Z"
    assert firm.secrets(client)["Switch", "admin"] == {"password": SECRET, "secret_note": "PIN: canary pin\nrack 2"}
    assert SEED in firm.secrets(client)["Mail", "ann"]["totp_seed"]


def test_a_database_of_keepass(connected: Account, client: str, firm: Firm, tmp_path: Path) -> None:
    file, key_file = tmp_path / "firm.kdbx", tmp_path / "firm.key"
    key_file.write_bytes(b"a key file of our own")
    keepass_database(file, client, key_file)
    for typed, more in (("wrong\n", ("--key-file", str(key_file))), (f"{PASSWORD}\n", ())):
        refused = imported(connected, "keepass", file, *more, typed=typed)
        assert "the password or the key file is wrong" in refused.errors
    done = imported(connected, "keepass", file, "--key-file", str(key_file), "--json", typed=f"{PASSWORD}\n")
    assert done.data["created"] == 1, done.errors
    (switch,) = (row for row in firm.rows(client) if row["service_name"] == "Switch")
    assert switch["expires_at"] == "2030-01-02T03:04:05Z"
    assert firm.secrets(client)["Switch", "admin"] == {"password": SECRET, "secret_note": "PIN: canary pin\nrack 2"}


def test_entries_of_nobody_are_not_imported_by_guess(connected: Account, client: str, tmp_path: Path) -> None:
    file = written(tmp_path / "export.json", bitwarden("Nobody we know"))
    refused = imported(connected, "bitwarden", file)
    assert (refused.status, refused.output) == (1, "")
    assert "Customers / Nobody we know (7)" in refused.errors
    assert imported(connected, "bitwarden", file, "--dry-run", "--json").data["without_client"][0]["count"] == 7
    assert imported(connected, "bitwarden", file, "--client", client, "--json").data["created"] == 7
    unknown = imported(connected, "bitwarden", file, "--client", "Nobody either")
    assert "There is no client called Nobody either" in unknown.errors


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", '{"items": 1}', '{"items": [1]}', '{"encrypted": true}', "a,b\n1,2\n", "<KeePassFile/>", "<x",
        "\0",
        '{"encrypted": true, "passwordProtected": true, "salt": "x", "kdfType": 0, "kdfIterations": 1e99}',
        '<!DOCTYPE x [<!ENTITY a "b">]><KeePassFile><Root><Group>&a;</Group></Root></KeePassFile>',
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["bitwarden", "keepass"])
def test_what_is_no_export_is_told_in_one_line(connected: Account, tmp_path: Path, kind: str, content: str) -> None:
    done = imported(connected, kind, written(tmp_path / "file", content), "--dry-run", typed="x\n")
    if done.status:
        assert len(done.errors.strip().splitlines()) == 1
        assert "fault of the program" not in done.errors
    else:
        assert "0 would be created" in done.output
