"""What somebody who leaves knows and has, and what is to be rotated because of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import time_machine

from tests.contract.problems import problem
from tests.domains.vault.conftest import Vault
from tests.fixtures.people import Person

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def report(vault: Vault, person: Person, **params: Any) -> dict[str, Any]:
    reply = await vault.owner.get(f"/users/{person.id}/leaver-report", params=params)
    assert reply.status_code == 200, reply.text
    assert "canary" not in reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_every_secret_that_somebody_knows_is_listed_until_it_is_rotated(vault: Vault) -> None:
    person = await vault.revealer()
    names = ("Revealed", "Used", "Shared", "Rotated", "Unknown")
    kept = {name: await vault.credential(name, password="canary", totp_seed=SEED) for name in names}
    own = await person.post(
        "/credentials", {"client_id": vault.client_id, "kind": "note", "service_name": "Own", "token": "canary"}
    )
    await vault.reveal(person, kept["Revealed"])
    await vault.reveal(person, kept["Revealed"])
    await person.get(f"/credentials/{kept['Used']['id']}/totp")
    await person.post(f"/credentials/{kept['Shared']['id']}/share", {"reason": "why"})
    await vault.reveal(person, kept["Rotated"])
    await person.patch(f"/credentials/{kept['Unknown']['id']}", {"notes": "x"})
    await vault.owner.post(f"/credentials/{kept['Rotated']['id']}/rotate", {"password": "canary new", "reason": "why"})
    found = {known["service_name"]: known for known in (await report(vault, person))["credentials"]}
    assert {name: known["is_to_be_rotated"] for name, known in found.items()} == {
        "Own": True,
        "Revealed": True,
        "Shared": True,
        "Used": True,
        "Rotated": False,
    }
    assert list(found)[-1] == "Rotated"
    assert found["Revealed"]["acts"] == {"reveal": 2}
    assert (found["Rotated"]["versions"], found["Rotated"]["present_version"]) == ([1], 2)
    assert found["Own"]["credential_id"] == own.json()["id"]
    for known in found.values():
        await vault.owner.post(f"/credentials/{known['credential_id']}/rotate", {"token": "canary 3", "reason": "why"})
    after = (await report(vault, person))["credentials"]
    assert [known["service_name"] for known in after if known["is_to_be_rotated"]] == []
    await vault.owner.delete(f"/credentials/{kept['Revealed']['id']}")
    gone = {known["service_name"]: known for known in (await report(vault, person))["credentials"]}["Revealed"]
    assert (gone["present_version"], gone["is_to_be_rotated"]) == (None, False)


async def test_what_somebody_still_has_is_listed(vault: Vault) -> None:
    person = await vault.revealer()
    kept = await vault.credential(password="canary", is_restricted=True)
    permission = await vault.grant(kept, "reveal", to=person)
    link = (await person.post(f"/credentials/{kept['id']}/share", {"reason": "why"})).json()
    await vault.api.people.token(person, "msp:read")
    found = await report(vault, person)
    assert [token["name"] for token in found["tokens"]] == ["Test"]
    assert [row["id"] for row in found["permissions"]] == [permission["id"]]
    assert [row["id"] for row in found["share_links"]] == [link["id"]]
    assert found["user"]["email"] == person.email
    await vault.owner.delete(f"/api-tokens/{found['tokens'][0]['id']}")
    await vault.owner.delete(f"/credential-permissions/{permission['id']}")
    await vault.api.anonymous.post("/shares/claim", {"secret": link["secret"]})
    after = await report(vault, person)
    assert (after["tokens"], after["permissions"], after["share_links"]) == ([], [], [])


async def test_a_report_begins_where_it_is_asked_to(vault: Vault) -> None:
    person = await vault.revealer()
    await vault.reveal(person, await vault.credential("Early", password="canary"))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=True):
        again = await vault.api.people.sign_in(person)
        owner = await vault.api.people.sign_in(vault.owner)
        since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        body = {"client_id": vault.client_id, "kind": "password", "service_name": "Late", "password": "canary"}
        made = (await owner.post("/credentials", body)).json()
        await vault.reveal(again, made)
        reply = await owner.get(f"/users/{person.id}/leaver-report", params={"since": since})
    assert [known["service_name"] for known in reply.json()["credentials"]] == ["Late"]


async def test_only_administrators_get_a_report(vault: Vault) -> None:
    person = await vault.revealer()
    problem(await person.get(f"/users/{person.id}/leaver-report"), 403)
    problem(await vault.owner.get(f"/users/{uuid4()}/leaver-report"), 404)
    problem(await vault.owner.get(f"/users/{person.id}/leaver-report", params={"since": "x"}), 422, "?since")
