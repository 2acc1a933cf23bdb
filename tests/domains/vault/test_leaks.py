"""Where secrets must not be found: in no file, log or process argument, and in no answer but to who reveals them."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from claudetools.domains.vault.secret_fields import SECRET_FIELDS
from claudetools.kit.db.base import Base
from claudetools.kit.db.migrate import upgrade
from tests.databases import Kind
from tests.domains.vault.conftest import Vault
from tests.fixtures.application import Application, running_application
from tests.mariadb import MariaServer

SEED = "JBSWY3DPEHPK3PXP{}A3DPEHPK3PXPZZ"


def canaries(mark: str) -> dict[str, str]:
    """Return secrets for all fields, each told from all others."""
    letter = "ABCDEFG"[len(mark) % 7]
    return {n: SEED.format(letter) if n == "totp_seed" else f"canary-{mark}-{n}-Zk93" for n in SECRET_FIELDS}


async def made(caller: Any, path: str, body: dict[str, Any], **headers: str) -> Any:
    reply = await caller.post(path, body, headers=headers)
    assert reply.is_success, reply.text
    return reply.json()


async def work_with_secrets(api: Application) -> set[str]:
    """Do everything that can be done with secrets, also what fails, and return those that went in."""
    owner = await api.people.add("owner")
    client_id = (await made(owner, "/clients", {"name": "A"}))["id"]
    other_id = (await made(owner, "/clients", {"name": "B"}))["id"]
    first, second = canaries("x"), canaries("yy")
    body = {"client_id": client_id, "kind": "password", "service_name": "S", **first}
    kept = await made(owner, "/credentials", body, **{"Idempotency-Key": "one"})
    path = f"/credentials/{kept['id']}"
    await owner.put(path, json={"kind": "password", "service_name": "S", **second})
    await owner.patch(path, json={"password": "canary-patched-Zk93", "token": None})
    await owner.patch(path, json={"password": {"canary-wrong-Zk93": 1}, "api_key": "canary-refused-Zk93"})
    await owner.post("/credentials/bulk", {"update": [{"id": kept["id"], "api_key": "canary-bulk-Zk93"}]})
    await made(owner, f"{path}/rotate", {"password": "canary-rotated-Zk93", "reason": "why"})
    await made(owner, f"{path}/versions/1/restore", {"reason": "why"})
    await made(owner, f"{path}/reveal", {"reason": "why"}, **{"Idempotency-Key": "two"})
    assert (await owner.get(f"{path}/totp")).status_code == 200
    link = await made(owner, f"{path}/share", {"reason": "why"}, **{"Idempotency-Key": "three"})
    await made(api.anonymous, "/shares/claim", {"secret": link["secret"]})
    await made(owner, f"{path}/move", {"client_id": other_id, "reason": "why"})
    integration = {"name": "I", "type": "basic", "service_name": "x", "secret": "canary-integration-Zk93"}
    kept_too = await made(owner, "/integration-credentials", integration)
    await made(owner, f"/integration-credentials/{kept_too['id']}/reveal", {"reason": "why"})
    await owner.get("/credentials/health")
    await owner.delete(path)
    others = {f"canary-{word}-Zk93" for word in ("patched", "wrong", "refused", "bulk", "rotated", "integration")}
    return {*first.values(), *second.values(), *others, link["secret"]}


def holders(secrets: set[str], files: Iterator[Path]) -> list[tuple[str, str]]:
    """Return which files hold which of the secrets."""
    found = []
    for file in files:
        data = file.read_bytes()
        found += [(file.name, secret) for secret in secrets if secret.encode() in data]
    return found


def process_arguments() -> str:
    """Return the arguments of all processes, as anybody on this machine sees them."""
    return subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, check=True, text=True).stdout


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def own_server() -> Iterator[MariaServer]:
    with MariaServer("--log-bin=binlog", "--binlog-format=MIXED", "--general-log=OFF") as server:
        yield server


async def test_k5_no_secret_is_in_any_file_log_or_process_argument(
    database_kind: Kind, tmp_path: Path, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    home, server = tmp_path / "home", None
    url = f"sqlite+aiosqlite:///{tmp_path / 'vault.db'}"
    if database_kind == "mariadb":
        server = request.getfixturevalue("own_server")
        url = server.create_database("vault")
    await upgrade(url)
    async with running_application(url, home) as api:
        secrets = await work_with_secrets(api)
        folder = tmp_path if server is None else server.data
        assert ("vault.db-wal" if server is None else "binlog.000001") in {file.name for file in files_below(folder)}
        assert holders(secrets, files_below(folder)) == []
        assert [secret for secret in secrets if secret in process_arguments()] == []
    if server is not None:
        server.stop()
    assert len(secrets) >= 20
    assert holders(secrets, files_below(tmp_path)) == []
    assert server is None or holders(secrets, files_below(server.data)) == []
    told = capfd.readouterr()
    logged = told.out + told.err
    assert "/api/credentials" in logged
    assert [secret for secret in secrets if secret in logged] == []
    # The search finds what is stored as it is.
    where = tmp_path if server is None else server.data
    assert holders({"claudetools" if server else "credential_audit_log"}, files_below(where)) != []


def reachable(document: dict[str, Any], part: Any, seen: set[str]) -> set[str]:
    """Return the names of the schemas that a part of an OpenAPI document refers to, directly or not."""
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            reachable(document, document["components"]["schemas"][name], seen)
        for inner in part.values():
            reachable(document, inner, seen)
    elif isinstance(part, list):
        for inner in part:
            reachable(document, inner, seen)
    return seen


async def test_k11_no_reply_is_described_with_a_secret_and_no_example_holds_one(api: Application) -> None:
    document = api.app.openapi()
    schemas = document["components"]["schemas"]
    replies = [op["responses"] for path in document["paths"].values() for op in path.values() if "responses" in op]
    names = reachable(document, replies, set())
    assert {"CredentialRead", "RevealedSecrets"} <= names
    for name in names:
        assert "writeOnly" not in json.dumps(schemas[name]), name
    sent = schemas["CredentialCreate"]["properties"]
    for name in SECRET_FIELDS:
        assert "writeOnly" in json.dumps(sent[name]), name
        assert "example" not in json.dumps(sent[name]), name


async def test_k11_nothing_that_can_be_read_holds_a_secret(vault: Vault) -> None:
    secrets = {name: value for name, value in canaries("x").items() if name != "totp_seed"}
    kept = await vault.credential("canaryless", is_restricted=False, notes="a note", **secrets)
    await vault.owner.patch(f"/credentials/{kept['id']}", {"password": "canary two"})
    permission = await vault.grant(kept, "reveal", to=vault.second)
    body = {"client_id": vault.client_id, "name": "I", "type": "basic", "service_name": "x", "secret": "canary"}
    integration = await vault.made("/integration-credentials", **body)
    await vault.reveal(vault.owner, kept)
    ids = [kept["id"], permission["id"], integration["id"], vault.client_id, str(vault.owner.id)]
    readable = [path for path, found in vault.api.app.openapi()["paths"].items() if "get" in found]
    assert len(readable) > 100
    found_anything = set()
    for path in readable:
        for id in ids if "{" in path else ids[:1]:
            filled = path.replace("{id}", id).replace("{parent_id}", id).replace("{number}", "1")
            filled = filled.replace("{children}", "credentials").replace("{parent}", "client")
            reply = await vault.owner.request("GET", "/" + filled, params={"q": "canary"} if "search" in path else {})
            text = reply.text.replace("canaryless", "")
            assert "canary" not in text, path
            if reply.status_code == 200 and kept["id"] in (id, *text.split('"')):
                found_anything.add(path)
    assert {"/api/credentials", "/api/credentials/{id}", "/api/credentials/export.csv"} <= found_anything
    assert {"/api/credentials/{id}/history", "/api/credential-audit-logs"} <= found_anything
    for params in ({"fields": "password"}, {"password": "canary"}, {"sort": "password"}, {"expand": "password"}):
        reply = await vault.owner.get("/credentials", params=params)
        assert reply.status_code == 422, params
    assert (await vault.owner.get("/credentials", params={"q": "canary two"})).json()["items"] == []


async def test_a_request_with_a_secret_is_remembered_by_a_keyed_digest(vault: Vault) -> None:
    body = {"client_id": vault.client_id, "kind": "password", "service_name": "S", "password": "canary"}
    reply = await vault.owner.post("/credentials", body, headers={"Idempotency-Key": "one"})
    again = await vault.owner.post("/credentials", body, headers={"Idempotency-Key": "one"})
    assert (again.json(), again.headers["idempotency-replayed"]) == (reply.json(), "true")
    (row,) = await vault.read(Base.metadata.tables["idempotency_keys"].select())
    sent = f"/api/credentials?\n{json.dumps(body)}".encode()
    assert row.request_hash != hashlib.sha256(sent).hexdigest()
    assert len(bytes.fromhex(row.request_hash)) == 32
    assert UUID(reply.json()["id"])
