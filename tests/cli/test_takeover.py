"""Exports of other documentation systems from the terminal."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.running import Account, RunningServer
from tests.domains.exchange.exports import ITGLUE, SECRET, rows


def written(folder: Path, files: Mapping[str, bytes], client: str) -> Path:
    """Write an export, whose client has a name of its own, into a folder."""
    for label, data in files.items():
        path = folder / label
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.replace(b"Northwind", client.encode()).replace(b",NW,", b",,"))
    return folder


@pytest.fixture
def client() -> str:
    """Name of a client that nobody has made."""
    return f"Customer {uuid4().hex[:8]}"


def test_a_folder_and_a_zip_archive_are_the_same(
    connected: Account, client: str, tmp_path: Path, server: RunningServer
) -> None:
    folder = written(tmp_path / "export", ITGLUE, client)
    tried = connected.must("import", "itglue", str(folder), "--dry-run").output
    assert "would be created" in tried
    assert "Nothing was changed" in tried
    assert "documents whose text is not in the export" in tried
    done = connected.must("import", "itglue", str(folder), "--json").data
    assert done["resources"]["infrastructure"]["created"] == 2
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for path in folder.rglob("*"):
            made.write(path, path.relative_to(folder))
    again = connected.must("import", "itglue", str(archive), "--json").data
    assert (again["created"], again["updated"]) == (0, 0)
    assert again["unchanged"] == done["created"] + done["unchanged"]
    assert SECRET not in server.log


def test_one_file_belongs_to_the_client_that_is_named(connected: Account, client: str, tmp_path: Path) -> None:
    file = tmp_path / "Locations.csv"
    file.write_bytes(rows("Name,Address", "Depot,2 Dock St"))
    refused = connected.run("import", "itflow", str(file))
    assert refused.status == 1
    assert "Locations.csv: Rows in this file name no client." in refused.errors
    done = connected.must("import", "itflow", str(file), "--client", client)
    assert "1 created" in done.output


def test_each_fault_is_told_by_its_place(connected: Account, client: str, tmp_path: Path) -> None:
    code = uuid4().hex[:8]
    header = "Client Name,Abbreviation"
    file = tmp_path / "Clients.csv"
    file.write_bytes(rows(header, f"{client},{code}", f"{client} and sons,{code}"))
    refused = connected.run("import", "itflow", str(file))
    assert refused.status == 1
    assert "Clients.csv, row 3, short_code: " in refused.errors
    as_json = connected.run("import", "itflow", str(file), "--json")
    assert [each["pointer"] for each in as_json.data["errors"]] == ["/Clients.csv/3/short_code"]


@pytest.mark.parametrize("name", ["passwords.csv", "export.zip", "nothing", "empty"])
def test_what_is_of_no_use_is_not_sent(connected: Account, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "empty":
        path.mkdir()
        (path / "passwords.csv").write_text("password")
    elif name != "nothing":
        path.write_text("password\nx\n")
    done = connected.run("import", "itglue", str(path))
    assert done.status == 1
    assert any(text in done.errors for text in ("holds no CSV", "not a zip archive", "cannot be read"))
