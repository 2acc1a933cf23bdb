"""Getting secrets out: who may, why, how often, and that what happened is on record before anything leaves."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import delete, text, update

from claudetools.domains.accounts import User
from claudetools.domains.vault import CredentialPermission, disclosure
from claudetools.kit.db.base import Base
from tests.contract.problems import problem, told
from tests.domains.vault.conftest import Vault
from tests.fixtures.people import Caller

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def test_a_reveal_answers_once_and_is_on_record_with_who_why_and_whence(vault: Vault) -> None:
    kept = await vault.credential(password="canary one", api_key="canary two")
    person = await vault.revealer()
    headers = {"User-Agent": "Reveal/1"}
    body = {"reason": "Ticket 7, password: Tr0ub4dor&3zz", "fields": ["password"]}
    reply = await person.post(f"/credentials/{kept['id']}/reveal", body, headers=headers)
    assert reply.json() == {"credential_id": kept["id"], "version": 1, "fields": {"password": "canary one"}}
    assert reply.headers["cache-control"] == "no-store"
    (event,) = await vault.acts(kept, "reveal")
    assert (event.user_id, event.client_id) == (person.id, UUID(vault.client_id))
    assert event.after["fields"] == ["password"]
    assert event.request_id == reply.headers["x-request-id"]
    (entry,) = await vault.log(action="reveal")
    assert (entry["user_id"], entry["version_number"], entry["user_agent"]) == (str(person.id), 1, "Reveal/1")
    assert entry["ip_address"]
    assert "Ticket 7" in entry["reason"]
    assert "Tr0ub4dor" not in entry["reason"] + str(event.after)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason"),
        ({"reason": "  x "}, "/reason"),
        ({"reason": "a\0bc"}, "/reason"),
        ({"reason": "x" * 501}, "/reason"),
        ({"reason": "Ticket", "fields": []}, "/fields"),
        ({"reason": "Ticket", "fields": ["password", "token"]}, "/fields/1"),
        ({"reason": "Ticket", "fields": ["id"]}, "/fields/0"),
        ({"reason": "Ticket", "field": "password"}, "/field"),
    ],
)
async def test_a_bad_request_reveals_nothing(vault: Vault, body: dict[str, Any], pointer: str) -> None:
    kept = await vault.credential(password="canary")
    reply = await vault.owner.post(f"/credentials/{kept['id']}/reveal", body)
    problem(reply, 422, pointer)
    assert "canary" not in reply.text
    assert await vault.acts(kept, "reveal") == []


async def everything_that_discloses(caller: Caller, id: str) -> list[Any]:
    path = f"/credentials/{id}"
    return [
        await caller.post(f"{path}/reveal", {"reason": "Ticket 1"}),
        await caller.get(f"{path}/totp"),
        await caller.post(f"{path}/share", {"reason": "Ticket 1"}),
    ]


async def test_without_the_right_nothing_is_disclosed_and_the_try_is_on_record(vault: Vault) -> None:
    kept = await vault.credential(password="canary", totp_seed=SEED)
    machine = await vault.machine_token(vault.owner)
    without_scope = await vault.api.people.token(vault.owner, "msp:read", "msp:write", "msp:admin")
    readonly = await vault.api.people.add("readonly")
    other_id = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    of_another = await vault.api.people.add("technician", {UUID(vault.client_id): "write", UUID(other_id): "reveal"})
    callers = [vault.first, machine, without_scope, readonly, of_another]
    for caller in callers:
        for reply in await everything_that_discloses(caller, kept["id"]):
            problem(reply, 403)
            assert "canary" not in reply.text
    entries = await vault.log(action="denied")
    assert len(entries) == 3 * len(callers)
    assert {entry["reason"] for entry in entries} == {"forbidden"}
    assert await vault.acts(kept, "reveal", "use", "share") == []


async def test_machines_are_refused_whatever_their_scopes_say(vault: Vault) -> None:
    kept = await vault.credential(password="canary")
    actor = await vault.api.services.authenticator.actor(f"Bearer {vault.owner.token}")
    forged = replace(actor, machine_id=uuid4())
    from claudetools.domains.vault import Origin, RevealRequest, reveal
    from claudetools.kit.problems import Forbidden

    request = RevealRequest(reason="Ticket 1")
    with pytest.raises(Forbidden):
        await reveal(vault.api.services.database, forged, UUID(kept["id"]), request, Origin())
    assert (await reveal(vault.api.services.database, actor, UUID(kept["id"]), request, Origin())).version == 1


async def test_a_foreign_credential_is_as_good_as_none_and_the_try_is_on_record(vault: Vault) -> None:
    other_id = (await vault.owner.post("/clients", {"name": "B"})).json()["id"]
    foreign = await vault.credential(password="canary", totp_seed=SEED, client_id=other_id)
    person = await vault.revealer()
    theirs = await everything_that_discloses(person, foreign["id"])
    unknown = await everything_that_discloses(person, str(uuid4()))
    for one, other in zip(theirs, unknown, strict=True):
        assert told(problem(one, 404)) == told(problem(other, 404))
    assert len(await vault.log(action="denied", credential_id=foreign["id"], user_id=str(person.id))) == 3


@pytest.mark.parametrize(("level", "status"), [("view", 403), ("reveal", 200), ("edit", 200), ("manage", 200)])
async def test_a_restricted_credential_takes_a_permission_to_reveal(vault: Vault, level: str, status: int) -> None:
    kept = await vault.credential(is_restricted=True, password="canary")
    person = await vault.revealer()
    problem(await vault.reveal(person, kept), 404)
    permission = await vault.grant(kept, level, to=person)
    assert (await vault.reveal(person, kept)).status_code == status
    # A permission does not go beyond what the client allows.
    await vault.grant(kept, level, to=vault.second)
    problem(await vault.reveal(vault.second, kept), 403)
    writes = await person.patch(f"/credentials/{kept['id']}", {"password": "canary new"})
    assert writes.status_code == (200 if level in ("edit", "manage") else 403)
    await vault.owner.delete(f"/credential-permissions/{permission['id']}")
    problem(await vault.reveal(person, kept), 404)


async def test_z7_no_reveal_is_authorised_after_the_permission_is_gone(vault: Vault) -> None:
    kept = await vault.credential(is_restricted=True, password="canary")
    person = await vault.revealer()
    permission = await vault.grant(kept, "reveal", to=person)
    gone = asyncio.Event()
    late: list[int] = []

    async def try_it() -> None:
        was_gone = gone.is_set()
        reply = await vault.reveal(person, kept)
        if was_gone:
            late.append(reply.status_code)

    async def remove() -> None:
        reply = await vault.owner.delete(f"/credential-permissions/{permission['id']}")
        assert reply.status_code == 204
        gone.set()

    first = [asyncio.create_task(try_it()) for _ in range(25)]
    removal = asyncio.create_task(remove())
    second = [asyncio.create_task(try_it()) for _ in range(25)]
    await asyncio.gather(*first, removal, *second)
    await asyncio.gather(*(try_it() for _ in range(5)))
    assert late[-5:] == [404] * 5
    assert set(late) == {404}
    events = Base.metadata.tables["audit_events"]
    removed = (await vault.read(events.select().where(events.c.record_id == UUID(permission["id"]))))[-1]
    # Those that were authorised before may be stored a moment after it.
    assert all(event.at <= removed.at + timedelta(seconds=5) for event in await vault.acts(kept, "reveal"))


async def test_z7_rights_are_those_in_the_database_not_those_remembered(vault: Vault) -> None:
    kept = await vault.credential(password="canary")
    person = await vault.revealer()
    assert (await vault.reveal(person, kept)).status_code == 200
    # Past the service, as another worker would: this one still remembers the sign-in.
    access = Base.metadata.tables["user_client_access"]
    await vault.tamper(update(access).where(access.c.user_id == person.id).values(level="write"))
    problem(await vault.reveal(person, kept), 403)
    await vault.tamper(update(access).where(access.c.user_id == person.id).values(level="reveal"))
    assert (await vault.reveal(person, kept)).status_code == 200
    await vault.tamper(update(User).where(User.id == person.id).values(is_active=False))
    problem(await vault.reveal(person, kept), 401)


@pytest.mark.parametrize("table", ["audit_events", "credential_audit_log"])
async def test_without_a_record_of_it_nothing_is_revealed(vault: Vault, table: str) -> None:
    kept = await vault.credential(password="canary")
    path = f"/credentials/{kept['id']}"
    link = (await vault.owner.post(f"{path}/share", {"reason": "Ticket 1"})).json()["secret"]
    rename = "ALTER TABLE {} RENAME TO {}"
    await vault.tamper(text(rename.format(table, "elsewhere")))
    try:
        for reply in (
            await vault.reveal(vault.owner, kept),
            await vault.owner.post(f"{path}/share", {"reason": "Ticket 1"}),
            await vault.api.anonymous.post("/shares/claim", {"secret": link}),
        ):
            problem(reply, 503)
            assert "canary" not in reply.text
    finally:
        await vault.tamper(text(rename.format("elsewhere", table)))
    claimed = await vault.api.anonymous.post("/shares/claim", {"secret": link})
    assert claimed.json()["fields"] == {"password": "canary"}


async def test_z10_a_person_reveals_so_many_in_five_minutes_by_all_their_sign_ins(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vault.api.services.database.services, disclosure.SERVICE, 30)
    kept = await vault.credential(password="canary", totp_seed=SEED)
    person = await vault.revealer()
    again = await vault.api.people.sign_in(person)
    token = await vault.api.people.token(person, "msp:read", "credentials:reveal")
    callers: list[Caller] = [person, again, token]
    replies = [await vault.reveal(token, kept) for _ in range(6)]
    replies += await asyncio.gather(*(vault.reveal(callers[n % 3], kept) for n in range(94)))
    assert sorted({reply.status_code for reply in replies}) == [200, 429]
    assert sum(reply.status_code == 200 for reply in replies) == 30
    for caller in callers:
        for reply in await everything_that_discloses(caller, kept["id"]):
            problem(reply, 429)
            assert 1 <= int(reply.headers["retry-after"]) <= 300
    (alert,) = await vault.acts(kept, "alert")
    assert alert.user_id == person.id
    assert (await vault.reveal(vault.owner, kept)).status_code == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5, seconds=1), tick=True):
        later = await vault.api.people.sign_in(person)
        assert (await vault.reveal(later, kept)).status_code == 200


async def test_an_idempotency_key_keeps_no_secret(vault: Vault) -> None:
    kept = await vault.credential(password="canary")
    headers = {"Idempotency-Key": "k1"}
    for _ in range(2):
        reply = await vault.owner.post(f"/credentials/{kept['id']}/reveal", {"reason": "Ticket 1"}, headers=headers)
        assert reply.json()["fields"] == {"password": "canary"}
        assert "idempotency-replayed" not in reply.headers
    assert await vault.read(Base.metadata.tables["idempotency_keys"].select()) == []
    assert len(await vault.acts(kept, "reveal")) == 2


@pytest.mark.parametrize(
    ("seed", "digits", "period"),
    [
        (SEED, 6, 30),
        ("jbsw y3dp ehpk 3pxp", 6, 30),
        (f"otpauth://totp/Firm:me?secret={SEED}&issuer=Firm&algorithm=SHA256&digits=8&period=60", 8, 60),
    ],
)
async def test_one_time_codes_are_those_of_the_seed(vault: Vault, seed: str, digits: int, period: int) -> None:
    kept = await vault.credential(kind="totp", totp_seed=seed)
    with time_machine.travel(datetime(2026, 5, 1, 12, 0, 7, tzinfo=UTC), tick=False):
        person = await vault.revealer()
        reply = await person.get(f"/credentials/{kept['id']}/totp")
    assert reply.json()["seconds_left"] == period - 7
    assert len(reply.json()["code"]) == digits
    assert reply.headers["cache-control"] == "no-store"
    (event,) = await vault.acts(kept, "use")
    assert event.user_id == person.id
    assert reply.json()["code"] not in str(event.after)


@pytest.mark.parametrize(
    "seed",
    [
        "canary!",
        "JBSWY3DP",
        "otpauth://hotp/X?secret=" + SEED,
        f"otpauth://totp/X?secret={SEED}&period=0",
        "otpauth://totp/canary",
    ],
)
async def test_what_is_no_seed_is_refused(vault: Vault, seed: str) -> None:
    kept = await vault.credential()
    reply = await vault.owner.patch(f"/credentials/{kept['id']}", {"totp_seed": seed})
    problem(reply, 422, "/totp_seed")
    assert seed not in reply.text
    problem(await vault.owner.get(f"/credentials/{kept['id']}/totp"), 404)


async def test_rfc_6238_test_vectors(vault: Vault) -> None:
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    kept = await vault.credential(totp_seed=f"otpauth://totp/RFC?secret={seed}&digits=8")
    for at, code in ((1111111109, "07081804"), (1234567890, "89005924"), (2000000000, "69279037")):
        with time_machine.travel(at, tick=False):
            person = await vault.api.people.sign_in(vault.owner)
            assert (await person.get(f"/credentials/{kept['id']}/totp")).json()["code"] == code


async def test_only_administrators_reveal_the_secrets_of_integrations(vault: Vault) -> None:
    made = await vault.made("/integration-credentials", name="S", type="api_key", service_name="m365", secret="canary")
    assert (made["has_secret"], made["secret_version"], "secret" in made) == (True, 1, False)
    path = f"/integration-credentials/{made['id']}"
    body = {"reason": "Ticket 1"}
    person = await vault.api.people.add("technician")
    admin = await vault.api.people.add("admin")
    problem(await person.post(f"{path}/reveal", body), 403)
    problem(await (await vault.machine_token(vault.owner)).post(f"{path}/reveal", body), 403)
    assert (await admin.post(f"{path}/reveal", body)).json() == {"version": 1, "secret": "canary"}
    changed = (await admin.patch(path, {"secret": "canary new"})).json()
    assert (changed["secret_version"], changed["version"]) == (2, 2)
    assert (await admin.post(f"{path}/reveal", body)).json() == {"version": 2, "secret": "canary new"}
    assert (await admin.patch(path, {"secret": None})).json()["has_secret"] is False
    problem(await admin.post(f"{path}/reveal", body), 404)
    assert [entry["action"] for entry in await vault.log(credential_id=made["id"])].count("reveal") == 2


async def test_permissions_deleted_past_the_service_count_too(vault: Vault) -> None:
    kept = await vault.credential(is_restricted=True, password="canary")
    person = await vault.revealer()
    await vault.grant(kept, "reveal", to=person)
    assert (await vault.reveal(person, kept)).status_code == 200
    await vault.tamper(delete(CredentialPermission))
    problem(await vault.reveal(person, kept), 404)
