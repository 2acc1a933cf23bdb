"""Versions of secrets: each change makes one, and a former one can be brought back."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from claudetools.domains.vault import CredentialVersion
from tests.contract.problems import problem
from tests.domains.vault.conftest import Vault


async def versions(vault: Vault, credential: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await vault.owner.get(f"/credentials/{credential['id']}/versions")).json()["items"]
    return items


async def test_each_change_of_a_secret_makes_a_version_and_no_other_change_does(vault: Vault) -> None:
    kept = await vault.credential(password="canary one")
    path = f"/credentials/{kept['id']}"
    await vault.first.patch(path, {"notes": "x"})
    assert [version["number"] for version in await versions(vault, kept)] == [1]
    await vault.first.patch(path, {"password": "canary two"})
    await vault.owner.patch(path, {"password": "canary two"})
    await vault.owner.patch(path, {"api_key": None})
    found = await versions(vault, kept)
    assert [(version["number"], version["user_id"]) for version in found] == [
        (3, str(vault.owner.id)),
        (2, str(vault.first.id)),
        (1, str(vault.owner.id)),
    ]
    blobs = [bytes(blob) for (blob,) in await vault.read(select(CredentialVersion.secrets_encrypted))]
    assert len(set(blobs)) == 3
    assert all(b"canary" not in blob for blob in blobs)


async def test_a_rotation_says_why_and_starts_the_time_in_use_anew(vault: Vault) -> None:
    kept = await vault.credential(password="canary one", api_key="canary key", rotate_every_days=1)
    path = f"/credentials/{kept['id']}"
    body = {"password": "canary two", "reason": "It leaked: token=Abc123xyz789"}
    reply = await vault.first.post(f"{path}/rotate", body)
    rotated = reply.json()
    assert reply.headers["etag"] == (await vault.owner.get(path)).headers["etag"]
    assert rotated["secret_version"] == 2
    assert rotated["last_rotated_at"] > kept["created_at"]
    assert "canary" not in reply.text
    assert await vault.revealed(vault.owner, kept) == {"password": "canary two", "api_key": "canary key"}
    newest = (await versions(vault, kept))[0]
    assert newest["reason"].startswith("It leaked")
    assert "Abc123xyz789" not in newest["reason"]
    (event,) = await vault.acts(kept, "rotate")
    assert (event.user_id, event.after["secret_version"]) == (vault.first.id, 2)
    (entry,) = await vault.log(action="rotate")
    assert (entry["version_number"], entry["user_id"]) == (2, str(vault.first.id))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": "why"}, ""),
        ({"reason": "why", "password": None}, ""),
        ({"password": "canary"}, "/reason"),
        ({"reason": "why", "password": ""}, "/password"),
        ({"reason": "why", "notes": "x", "password": "canary"}, "/notes"),
    ],
)
async def test_a_rotation_needs_a_reason_and_a_secret(vault: Vault, body: dict[str, Any], pointer: str) -> None:
    kept = await vault.credential(password="canary one")
    reply = await vault.owner.post(f"/credentials/{kept['id']}/rotate", body)
    problem(reply, 422, pointer)
    assert "canary" not in reply.text
    assert (await vault.owner.get(f"/credentials/{kept['id']}")).json() == kept


async def test_a_former_version_comes_back_as_a_new_one(vault: Vault) -> None:
    kept = await vault.credential(password="canary one", secret_note="canary note")
    path = f"/credentials/{kept['id']}"
    await vault.owner.patch(path, {"password": "canary two", "secret_note": None, "token": "canary token"})
    reply = await vault.first.post(f"{path}/versions/1/restore", {"reason": "The change was undone"})
    assert reply.json()["secret_version"] == 3
    assert reply.json()["secret_fields"] == ["password", "secret_note"]
    assert await vault.revealed(vault.owner, kept) == {"password": "canary one", "secret_note": "canary note"}
    (event,) = await vault.acts(kept, "restore")
    assert (event.after["restored"], event.after["secret_version"]) == (1, 3)
    problem(await vault.first.post(f"{path}/versions/9/restore", {"reason": "why"}), 404)
    problem(await vault.first.post(f"{path}/versions/0/restore", {"reason": "why"}), 422)
    problem(await vault.first.post(f"{path}/versions/1/restore", {}), 422, "/reason")


async def test_restoring_and_rotating_take_the_right_to_write(vault: Vault) -> None:
    kept = await vault.credential(password="canary one", is_restricted=True)
    reader = await vault.api.people.add("technician", {UUID(vault.client_id): "read"})
    await vault.grant(kept, "reveal", to=reader)
    await vault.grant(kept, "reveal", to=vault.first)
    for person in (reader, vault.first):
        for end, body in (("versions/1/restore", {}), ("rotate", {"password": "canary"})):
            reply = await person.post(f"/credentials/{kept['id']}/{end}", {"reason": "why", **body})
            problem(reply, 403)
    problem(await vault.second.post(f"/credentials/{kept['id']}/rotate", {"reason": "why", "password": "x"}), 404)
    assert [version["number"] for version in await versions(vault, kept)] == [1]


async def test_k1_a_version_put_in_the_place_of_another_does_not_open(vault: Vault) -> None:
    kept = await vault.credential(password="canary one")
    path = f"/credentials/{kept['id']}"
    await vault.owner.patch(path, {"password": "canary two"})
    rows = await vault.read(select(CredentialVersion.number, CredentialVersion.secrets_encrypted))
    blobs = {number: bytes(blob) for number, blob in rows}
    at_first = update(CredentialVersion).where(CredentialVersion.number == 1)
    await vault.tamper(at_first.values(secrets_encrypted=blobs[2]))
    reply = await vault.owner.post(f"{path}/versions/1/restore", {"reason": "why"})
    problem(reply, 409)
    assert await vault.revealed(vault.owner, kept) == {"password": "canary two"}


async def test_a_credential_from_before_has_a_version_without_secrets(vault: Vault) -> None:
    kept = await vault.credential()
    assert (kept["secret_fields"], kept["secret_version"]) == ([], 1)
    assert await vault.revealed(vault.owner, kept) == {}
    path = f"/credentials/{kept['id']}"
    await vault.owner.patch(path, {"password": "canary"})
    back = await vault.owner.post(f"{path}/versions/1/restore", {"reason": "why"})
    assert (back.json()["secret_fields"], back.json()["secret_version"]) == ([], 3)
