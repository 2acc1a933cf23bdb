"""CSV from the terminal: out, into a spreadsheet, and in again."""

import csv
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.running import Account, RunningServer, free_port


@pytest.fixture
def client(connected: Account, machine_folder: Path) -> str:
    """Name of a client of its own."""
    name = f"Customer {uuid4().hex[:8]}"
    connected.must("connect", "--client", name, "--create-client", cwd=machine_folder)
    return name


def site_rows(client: str, *names: str) -> str:
    return "client_id,name,notes\n" + "".join(f"{client},{name},=1+1\n" for name in names)


def test_rows_go_in_and_come_out_unchanged(connected: Account, client: str, tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    file.write_text(site_rows(client, "Depot", "Office"))
    tried = connected.must("import", "csv", "sites", str(file), "--dry-run")
    assert "2 would be created, 0 would be updated, 0 unchanged" in tried.output
    done = connected.must("import", "csv", "sites", str(file), "--json").data
    assert (done["created"], done["updated"], done["unchanged"]) == (2, 0, 0)
    out = tmp_path / "out.csv"
    connected.must("export", "sites", "--filter", f"q={'=1+1'}", "--filter", "sort=-name", "--output", str(out))
    with out.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["id"] in {each["id"] for each in done["rows"]}]
    assert [(row["name"], row["notes"]) for row in rows] == [("Office", "'=1+1"), ("Depot", "'=1+1")]
    assert list(tmp_path.glob("*.part")) == []
    back = connected.must("import", "csv", "sites", "-", given=out.read_text())
    assert "0 created, 0 updated" in back.output
    piped = connected.must("export", "sites", "--filter", f"name={rows[0]['name']}").output
    assert rows[0]["id"] in piped


def test_each_fault_is_told_by_its_row(connected: Account, client: str, tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    file.write_text("client_id,name,gateway_ip\n" + f"{client},Depot,nowhere\nNobody at all,Office,\n")
    done = connected.run("import", "csv", "sites", str(file))
    assert done.status == 1
    assert "row 2, gateway_ip: " in done.errors
    assert "row 3, client_id: There is no such client." in done.errors
    assert "Nothing was imported: 2 faults." in done.errors
    as_json = connected.run("import", "csv", "sites", str(file), "--json")
    assert as_json.status == 1
    assert [each["pointer"] for each in as_json.data["errors"]] == ["/rows/2/gateway_ip", "/rows/3/client_id"]
    file.write_bytes(b"client_id,name\nx,\xe4\n")
    assert "the file: " in connected.run("import", "csv", "sites", str(file)).errors


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["export", "nonsense"], 1, "There is no resource nonsense"),
        (["export", "../auth/me?"], 1, "There is no resource"),
        (["export", "sites", "--filter", "name"], 2, "NAME=VALUE"),
        (["export", "sites", "--filter", "nonsense=1"], 1, "nonsense"),
        (["export", "sites", "--output", "missing/sites.csv"], 1, "cannot be written"),
        (["import", "csv", "nonsense", "-"], 1, "Nothing can be imported to nonsense"),
        (["import", "csv", "sites", "missing.csv"], 1, "missing.csv cannot be read"),
        (["import", "csv", "sites", "-"], 1, "empty"),
    ],
)
def test_bad_input(arguments: list[str], status: int, said: str, connected: Account) -> None:
    done = connected.run(*arguments)
    assert done.status == status
    assert said in " ".join(done.errors.split())


@pytest.mark.parametrize("command", [["export", "sites"], ["import", "csv", "sites", "-"]])
def test_while_the_server_is_down(command: list[str], account: Account) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    done = account.run(*command, CLAUDETOOLS_ENDPOINT=address, CLAUDETOOLS_TOKEN="ct_machine_a_b_c")
    assert done.status == 1
    assert "cannot be reached" in done.errors


def test_a_token_that_may_not_is_told_so(owner: Account, server: RunningServer, tmp_path: Path) -> None:
    at = ("--endpoint", server.endpoint)
    token = owner.must("token", "create", "reader", "--scope", "msp:read", "--days", "3", *at).output.strip()
    reader = {"CLAUDETOOLS_ENDPOINT": server.endpoint, "CLAUDETOOLS_TOKEN": token}
    file = tmp_path / "sites.csv"
    file.write_text(site_rows("Nobody", "Depot"))
    assert owner.run("export", "sites", **reader).status == 0
    assert "msp:write" in owner.run("import", "csv", "sites", str(file), **reader).errors
