"""Weak and reused secrets are found without being told, and only by those who may see them."""

import hmac
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select

from claudetools.domains.vault import SecretFingerprint, destroy_secrets
from tests.contract.problems import problem
from tests.domains.vault.conftest import Vault
from tests.fixtures.people import Caller

STRONG = "kumquat-Drizzle-77-lantern"


async def health(caller: Caller, **params: Any) -> dict[str, dict[str, Any]]:
    reply = await caller.get("/credentials/health", params=params)
    assert reply.status_code == 200, reply.text
    assert "anary" not in reply.text
    return {item["service_name"]: item for item in reply.json()["items"]}


@pytest.mark.parametrize(
    ("password", "weakness"),
    [("Tiny-7!", "short"), ("Password2024!", "guessable"), ("passwordpassword", "guessable"), (STRONG, None)],
)
async def test_weak_passwords_are_found(vault: Vault, password: str, weakness: str | None) -> None:
    await vault.credential("Weak", password=password, api_key="short")
    found = await health(vault.owner)
    assert [weak["weakness"] for item in found.values() for weak in item["weak"]] == ([weakness] if weakness else [])


async def test_names_around_a_password_make_it_weak(vault: Vault) -> None:
    await vault.credential("Zebrafish", username="walrusking", password="zebrafishwalrusking")
    await vault.credential("Other", username="other", password=STRONG)
    assert list(await health(vault.owner)) == ["Zebrafish"]


async def test_reused_secrets_are_found_across_clients_and_fields_until_they_are_changed(vault: Vault) -> None:
    other_id = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    one = await vault.credential("One", password=STRONG)
    two = await vault.credential("Two", client_id=other_id, api_key=STRONG)
    await vault.credential("Three", password=STRONG + "x")
    found = await health(vault.owner)
    assert set(found) == {"One", "Two"}
    assert found["One"]["reused"] == [{"field": "password", "credential_ids": [two["id"]]}]
    assert found["Two"]["reused"] == [{"field": "api_key", "credential_ids": [one["id"]]}]
    assert list(await health(vault.owner, client_id=other_id)) == ["Two"]
    await vault.owner.patch(f"/credentials/{two['id']}", {"api_key": "another"})
    assert await health(vault.owner) == {}


async def test_who_may_not_see_a_secret_learns_nothing_of_it(vault: Vault) -> None:
    hidden = await vault.credential("Hidden", password=STRONG, is_restricted=True)
    await vault.credential("Guess", password=STRONG)
    person = await vault.revealer()
    assert await health(person) == {}
    await vault.grant(hidden, "reveal", to=person)
    assert set(await health(person)) == {"Hidden", "Guess"}
    await vault.credential("Open", password=STRONG)
    assert set(await health(person)) == {"Hidden", "Guess", "Open"}
    assert await health(vault.first) == {}
    problem(await (await vault.machine_token(vault.owner)).get("/credentials/health"), 403)
    problem(await (await vault.api.people.token(vault.owner, "msp:read")).get("/credentials/health"), 403)


async def test_what_is_to_be_rotated_is_told(vault: Vault) -> None:
    await vault.credential("Due", password=STRONG, rotate_every_days=30, expires_at="2020-01-01T00:00:00Z")
    assert await health(vault.owner) == {}
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31), tick=True):
        owner = await vault.api.people.sign_in(vault.owner)
        assert (await health(owner))["Due"]["is_rotation_due"] is True


async def test_fingerprints_are_keyed_and_go_with_their_secret(vault: Vault) -> None:
    kept = await vault.credential(password=STRONG, api_key="canary")
    key = vault.api.services.keyring.lasting_key("fingerprint")
    rows = await vault.read(select(SecretFingerprint.field, SecretFingerprint.digest))
    assert {field: bytes(digest) for field, digest in rows} == {
        "password": hmac.digest(key, STRONG.encode(), "sha256"),
        "api_key": hmac.digest(key, b"canary", "sha256"),
    }
    await vault.owner.patch(f"/credentials/{kept['id']}", {"password": None})
    assert [field for (field,) in await vault.read(select(SecretFingerprint.field))] == ["api_key"]
    await vault.owner.delete(f"/credentials/{kept['id']}")
    assert await vault.read(select(SecretFingerprint.field)) == []


async def test_k10_destroyed_secrets_leave_no_fingerprint(vault: Vault) -> None:
    other_id = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    kept = await vault.credential(password=STRONG)
    other = await vault.credential("Other", client_id=other_id, password=STRONG)
    database = vault.api.services.database
    assert await database.write(lambda session: destroy_secrets(session, UUID(vault.client_id))) == 1
    assert await vault.read(select(SecretFingerprint.client_id)) == [(UUID(other_id),)]
    problem(await vault.reveal(vault.owner, kept), 409)
    assert await vault.revealed(vault.owner, other) == {"password": STRONG}
    problem(await vault.owner.post(f"/credentials/{kept['id']}/versions/1/restore", {"reason": "why"}), 409)
    anew = await vault.owner.patch(f"/credentials/{kept['id']}", {"password": "entered anew"})
    assert anew.json()["secret_version"] == 2
    assert await vault.revealed(vault.owner, kept) == {"password": "entered anew"}
