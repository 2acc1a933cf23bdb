"""What the database holds of secrets: nothing that can be read, and nothing that can be put elsewhere."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import Executable, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from claudetools.domains.integrations import IntegrationCredential
from claudetools.domains.vault import Credential, CredentialVersion
from claudetools.domains.vault.secret_fields import SECRET_FIELDS, SecretInput, envelope_of
from claudetools.kit.db.base import Base
from tests.contract.problems import problem, told
from tests.domains.vault.conftest import Vault

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SECRETS = {name: SEED if name == "totp_seed" else f"canary {name} Pq7" for name in SECRET_FIELDS}
EVENTS = Base.metadata.tables["audit_events"]


async def stored(vault: Vault, credential: dict[str, Any], name: str = "password") -> bytes:
    column = getattr(Credential, f"{name}_encrypted")
    ((blob,),) = await vault.read(select(column).where(Credential.id == UUID(credential["id"])))
    return bytes(blob)


def put(credential: dict[str, Any], **values: Any) -> Executable:
    return update(Credential).where(Credential.id == UUID(credential["id"])).values(values)


async def refused(vault: Vault, credential: dict[str, Any]) -> dict[str, Any]:
    """Reveal a credential whose secrets were tampered with, and return what is told."""
    alerts = len(await vault.acts(credential, "alert"))
    shown = len(await vault.acts(credential, "reveal"))
    reply = await vault.reveal(vault.owner, credential)
    document = problem(reply, 409)
    assert document["type"].endswith(":secret_unreadable")
    assert "canary" not in reply.text
    assert len(await vault.acts(credential, "alert")) == alerts + 1
    assert len(await vault.acts(credential, "reveal")) == shown
    return told(document)


async def test_every_secret_comes_back_as_it_was_sent(vault: Vault) -> None:
    kept = await vault.credential(**SECRETS)
    assert kept["secret_fields"] == list(SECRET_FIELDS)
    assert kept["secret_version"] == 1
    assert await vault.revealed(vault.owner, kept) == SECRETS
    for name, secret in SECRETS.items():
        blob = await stored(vault, kept, name)
        assert secret.encode() not in blob
        assert blob[:2] == bytes((1, 1))
        assert len(blob) == 2 + 16 + 12 + len(secret) + 16


@pytest.mark.parametrize("method", ["PUT", "PATCH", "bulk"])
async def test_secrets_are_changed_kept_and_removed_the_same_way_by_every_write(vault: Vault, method: str) -> None:
    kept = await vault.credential(password="canary one", api_key="canary two", secret_note="canary three")
    given = {"kind": "password", "service_name": "Firewall", "api_key": "canary new", "secret_note": None}
    if method == "bulk":
        reply = await vault.owner.post("/credentials/bulk", {"update": [{"id": kept["id"], **given}]})
        (changed,) = reply.json()["updated"]
    else:
        reply = await vault.owner.request(method, f"/credentials/{kept['id']}", json=given)
        changed = reply.json()
    assert reply.status_code == 200, reply.text
    assert "canary" not in reply.text
    assert changed["secret_fields"] == ["password", "api_key"]
    assert (changed["secret_version"], changed["version"]) == (2, 2)
    assert await vault.revealed(vault.owner, kept) == {"password": "canary one", "api_key": "canary new"}
    unchanged = await vault.owner.put(f"/credentials/{kept['id']}", {"kind": "password", "service_name": "Firewall"})
    assert unchanged.json()["secret_version"] == 2


async def test_bulk_and_import_create_credentials_with_and_without_secrets(vault: Vault) -> None:
    body = {"client_id": vault.client_id, "kind": "password", "service_name": "Bulk", "password": "canary bulk"}
    reply = await vault.owner.post("/credentials/bulk", {"create": [body, {**body, "service_name": "Other"}]})
    for made in reply.json()["created"]:
        assert await vault.revealed(vault.owner, made) == {"password": "canary bulk"}
    file = f"client_id,kind,service_name\n{vault.client_id},password,Imported\n"
    headers = {"Content-Type": "text/csv"}
    imported = await vault.owner.request("POST", "/credentials/import", content=file.encode(), headers=headers)
    assert imported.json()["created"] == 1, imported.text
    secret = f"client_id,kind,service_name,password\n{vault.client_id},password,Imported,canary csv\n"
    refusal = await vault.owner.request("POST", "/credentials/import", content=secret.encode(), headers=headers)
    problem(refusal, 422, "/rows/1/password")
    assert "canary" not in refusal.text


@pytest.mark.parametrize("field", list(SecretInput.model_fields))
@pytest.mark.parametrize("value", ["", {"canary": "canary"}, ["canary"], "canary\0", "canary" * 4000])
async def test_k11_what_is_refused_is_not_repeated(vault: Vault, field: str, value: Any) -> None:
    kept = await vault.credential()
    for method, path in (("POST", "/credentials"), ("PATCH", f"/credentials/{kept['id']}")):
        body = {"client_id": vault.client_id, "kind": "password", "service_name": "X"} if method == "POST" else {}
        reply = await vault.owner.request(method, path, json={**body, field: value})
        problem(reply, 422, f"/{field}")
        assert "canary" not in reply.text
    assert (await vault.owner.get(f"/credentials/{kept['id']}")).json() == kept


async def test_k1_a_ciphertext_moved_to_another_row_does_not_open(vault: Vault) -> None:
    first = await vault.credential("First", password="canary one")
    second = await vault.credential("Second", password="canary two")
    one, two = await stored(vault, first), await stored(vault, second)
    await vault.tamper(put(first, password_encrypted=two), put(second, password_encrypted=one))
    assert await refused(vault, first) == await refused(vault, second)
    await vault.tamper(put(first, password_encrypted=one), put(second, password_encrypted=two))
    assert await vault.revealed(vault.owner, first) == {"password": "canary one"}


async def test_k1_a_ciphertext_moved_to_another_column_does_not_open(vault: Vault) -> None:
    kept = await vault.credential(password="canary one", api_key="canary two")
    one, two = await stored(vault, kept), await stored(vault, kept, "api_key")
    await vault.tamper(put(kept, password_encrypted=two, api_key_encrypted=one))
    await refused(vault, kept)


async def test_k1_a_ciphertext_moved_to_another_client_does_not_open(vault: Vault) -> None:
    other_id = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    first = await vault.credential("First", password="canary one")
    second = await vault.credential("Second", password="canary two", client_id=other_id)
    one, two = await stored(vault, first), await stored(vault, second)
    await vault.tamper(put(first, password_encrypted=two), put(second, password_encrypted=one))
    await refused(vault, first)
    await refused(vault, second)
    await vault.tamper(put(first, password_encrypted=one, client_id=UUID(other_id)))
    await refused(vault, first)


async def test_k1_a_ciphertext_moved_to_another_table_does_not_open(vault: Vault) -> None:
    kept = await vault.credential(password="canary one")
    integration = await vault.made(
        "/integration-credentials",
        client_id=vault.client_id,
        name="Sync",
        type="api_key",
        service_name="m365",
        secret="canary two",
    )
    ((blob,),) = await vault.read(select(IntegrationCredential.secret_encrypted))
    own = await stored(vault, kept)
    await vault.tamper(put(kept, password_encrypted=bytes(blob)))
    await refused(vault, kept)
    await vault.tamper(update(IntegrationCredential).values(secret_encrypted=own))
    reply = await vault.owner.post(f"/integration-credentials/{integration['id']}/reveal", {"reason": "Ticket 1"})
    problem(reply, 409)
    assert "canary" not in reply.text


async def test_k2_no_byte_of_a_stored_secret_can_be_flipped(vault: Vault) -> None:
    kept = await vault.credential(password="canary")
    blob = await stored(vault, kept)
    told_of: list[dict[str, Any]] = []
    for position in range(len(blob)):
        flipped = bytearray(blob)
        flipped[position] ^= 1
        await vault.tamper(put(kept, password_encrypted=bytes(flipped)))
        told_of.append(await refused(vault, kept))
    assert told_of == [told_of[0]] * len(blob)
    for cut in (b"", blob[:10], blob[:-1], blob + b"\0"):
        await vault.tamper(put(kept, password_encrypted=cut))
        assert await refused(vault, kept) == told_of[0]
    await vault.tamper(put(kept, password_encrypted=blob))
    assert await vault.revealed(vault.owner, kept) == {"password": "canary"}


def later_versions(credential: dict[str, Any]) -> list[Executable]:
    of = CredentialVersion.credential_id == UUID(credential["id"])
    return [delete(CredentialVersion).where(of, CredentialVersion.number > 1)]


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param((), id="secret"),
        pytest.param(("version",), id="secret and version"),
        pytest.param(("version", "versions"), id="secret, version and versions"),
    ],
)
async def test_k3_an_older_secret_of_the_same_row_is_not_taken_for_the_present_one(
    vault: Vault, forged: Sequence[str]
) -> None:
    kept = await vault.credential(password="canary old")
    old = await stored(vault, kept)
    await vault.owner.patch(f"/credentials/{kept['id']}", {"password": "canary new"})
    await vault.tamper(put(kept, password_encrypted=old))
    if "version" in forged:
        await vault.tamper(put(kept, secret_version=1))
    if "versions" in forged:
        await vault.tamper(*later_versions(kept))
    await refused(vault, kept)
    # Entering all secrets anew puts it right.
    again = await vault.owner.post(
        f"/credentials/{kept['id']}/rotate", {"password": "canary three", "reason": "forged"}
    )
    assert again.json()["secret_version"] == 3
    assert await vault.revealed(vault.owner, kept) == {"password": "canary three"}


async def test_k6_the_same_secret_is_never_stored_the_same_way_twice(vault: Vault) -> None:
    bodies = [
        {"client_id": vault.client_id, "kind": "password", "service_name": f"S{n}", "password": "canary"}
        for n in range(50)
    ]
    assert (await vault.owner.post("/credentials/bulk", {"create": bodies})).status_code == 200
    blobs = [bytes(blob) for (blob,) in await vault.read(select(Credential.password_encrypted))]
    # What the service does for each of them, to one row, as often as takes a while over requests.
    row = Credential(id=uuid4(), client_id=UUID(vault.client_id), secret_version=1)

    async def unit(session: AsyncSession) -> None:
        for _ in range(10_000):
            await envelope_of(session).put(session, row, "password_encrypted", SecretStr("canary"))
            assert row.password_encrypted is not None
            blobs.append(row.password_encrypted)

    await vault.api.services.database.write(unit)
    assert len(set(blobs)) == len({blob[18:30] for blob in blobs}) == 10_050
