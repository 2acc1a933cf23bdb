"""A credential moves to another client with the rights on both, and its secrets are bound to the new one."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from claudetools.domains.vault import Credential, CredentialVersion
from tests.contract.problems import problem, told
from tests.domains.vault.conftest import Vault
from tests.fixtures.people import Person


@pytest.fixture
async def other_id(vault: Vault) -> str:
    id: str = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    return id


def path(credential: dict[str, Any]) -> str:
    return f"/credentials/{credential['id']}/move"


async def stored(vault: Vault) -> bytes:
    ((blob,),) = await vault.read(select(Credential.password_encrypted))
    return bytes(blob)


async def test_z6_a_moved_credential_is_bound_to_its_new_client(vault: Vault, other_id: str) -> None:
    kept = await vault.credential(password="canary one", rotate_every_days=9)
    await vault.owner.patch(f"/credentials/{kept['id']}", {"password": "canary two"})
    share = (await vault.owner.post(f"/credentials/{kept['id']}/share", {"reason": "why"})).json()
    before = await stored(vault)
    person = await vault.revealer(vault.client_id, other_id)
    reply = await person.post(path(kept), {"client_id": other_id, "reason": "Sold to B"})
    assert reply.json()["client_id"] == other_id
    assert "canary" not in reply.text
    problem(await vault.first.get(f"/credentials/{kept['id']}"), 404)
    assert await vault.revealed(await vault.revealer(other_id), kept) == {"password": "canary two"}
    after = await stored(vault)
    assert after[2:18] != before[2:18]  # Under a key of the other client.
    versions = await vault.read(select(CredentialVersion.client_id, CredentialVersion.secrets_encrypted))
    assert {(id, bytes(blob)[2:18]) for id, blob in versions} == {(UUID(other_id), after[2:18])}
    restored = await person.post(f"/credentials/{kept['id']}/versions/1/restore", {"reason": "why"})
    assert restored.json()["secret_version"] == 3
    assert await vault.revealed(vault.owner, kept) == {"password": "canary one"}
    problem(await vault.api.anonymous.post("/shares/claim", {"secret": share["secret"]}), 404)
    (left,) = await vault.acts(kept, "export")
    assert (left.client_id, left.after["moved_to"]) == (UUID(vault.client_id), other_id)
    changed = [event for event in await vault.acts(kept, "change") if "client_id" in event.after]
    assert [event.client_id for event in changed] == [UUID(other_id)]
    entries = await vault.log(user_id=str(person.id))
    assert {(entry["action"], entry["client_id"]) for entry in entries} >= {
        ("export", vault.client_id),
        ("update", other_id),
    }
    # What was stored for the former client does not open for the new one.
    await vault.tamper(update(Credential).values(password_encrypted=before))
    problem(await vault.reveal(vault.owner, kept), 409)


async def test_z6_moving_takes_rights_on_both_clients(vault: Vault, other_id: str) -> None:
    kept = await vault.credential(password="canary")
    both: list[tuple[Person, int]] = [
        (await vault.revealer(), 404),
        (await vault.revealer(other_id), 404),
        (await vault.api.people.add("technician", {UUID(vault.client_id): "write", UUID(other_id): "reveal"}), 403),
        (await vault.api.people.add("technician", {UUID(vault.client_id): "reveal", UUID(other_id): "read"}), 403),
    ]
    for person, status in both:
        reply = await person.post(path(kept), {"client_id": other_id, "reason": "why"})
        problem(reply, status)
    machine = await vault.machine_token(vault.owner)
    problem(await machine.post(path(kept), {"client_id": other_id, "reason": "why"}), 403)
    person = await vault.revealer()
    foreign = await person.post(path(kept), {"client_id": other_id, "reason": "why"})
    unknown = await person.post(path(kept), {"client_id": str(uuid4()), "reason": "why"})
    assert told(problem(foreign, 404, "/client_id")) == told(problem(unknown, 404, "/client_id"))
    problem(await vault.owner.patch(f"/credentials/{kept['id']}", {"client_id": other_id}), 422, "/client_id")
    assert (await vault.owner.get(f"/credentials/{kept['id']}")).json() == kept


async def test_a_restricted_credential_is_moved_by_those_who_manage_it_and_keeps_its_permissions(
    vault: Vault, other_id: str
) -> None:
    kept = await vault.credential(password="canary", is_restricted=True)
    person = await vault.revealer(vault.client_id, other_id)
    permission = await vault.grant(kept, "edit", to=person)
    problem(await person.post(path(kept), {"client_id": other_id, "reason": "why"}), 403)
    await vault.owner.patch(f"/credential-permissions/{permission['id']}", {"level": "manage"})
    assert (await person.post(path(kept), {"client_id": other_id, "reason": "why"})).status_code == 200
    moved = (await vault.owner.get(f"/credential-permissions/{permission['id']}")).json()
    assert moved["client_id"] == other_id
    assert await vault.revealed(person, kept) == {"password": "canary"}


async def test_what_opens_equipment_of_its_client_stays(vault: Vault, other_id: str) -> None:
    host = await vault.made("/infrastructure", client_id=vault.client_id, hostname="fw", asset_type="firewall")
    kept = await vault.credential(password="canary", infrastructure_id=host["id"])
    problem(await vault.owner.post(path(kept), {"client_id": other_id, "reason": "why"}), 409)
    assert (await vault.owner.get(f"/credentials/{kept['id']}")).json() == kept
