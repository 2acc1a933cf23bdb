"""Machines that sign in by a code that a person approves (RFC 8628)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import time_machine
from sqlalchemy import text

from claudetools.domains.accounts.device_grants import ALPHABET, MAX_PENDING
from claudetools.domains.accounts.device_tokens import personal_fingerprint
from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import PASSWORD, Caller, Person

MACHINE: dict[str, Any] = {"hostname": "pc-7", "fingerprint": "f" * 64, "platform": "linux", "username": "anna"}
DEVICE = ["memory:read", "memory:write", "msp:read", "msp:write"]


async def ask(api: Application, **more: Any) -> dict[str, Any]:
    reply = await api.anonymous.post("/auth/device", MACHINE | more)
    assert reply.status_code == 200, reply.text
    codes: dict[str, Any] = reply.json()
    return codes


async def fetch(api: Application, codes: Mapping[str, Any], *, after: int = 0) -> httpx2.Response:
    """Ask for the token, at a later time if need be."""
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=after)):
        return await api.anonymous.post("/auth/device/token", {"device_code": codes["device_code"]})


def refused(reply: httpx2.Response, code: str) -> None:
    """Check that a machine is told `code` as the RFC says it, within a problem document."""
    assert reply.status_code == 400, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    document = reply.json()
    assert (document["error"], document["type"]) == (code, f"urn:claudetools:problem:{code}")


async def decide(who: Caller, codes: Mapping[str, Any], *, approve: bool = True) -> httpx2.Response:
    return await who.post("/auth/device/approve", {"user_code": codes["user_code"], "approve": approve})


async def test_an_approved_machine_gets_a_token_and_a_record(api: Application) -> None:
    person = await api.people.add("technician")
    codes = await ask(api)
    assert set(codes) == {
        "device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval",
    }  # fmt: skip
    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", codes["user_code"])
    assert codes["verification_uri"] == "http://service.test/device"
    assert codes["verification_uri_complete"].endswith(f"/device?user_code={codes['user_code']}")
    refused(await fetch(api, codes), "authorization_pending")
    facts = await decide(person, codes)
    assert facts.status_code == 200, facts.text
    assert (facts.json()["hostname"], facts.json()["scopes"], facts.json()["clients"]) == ("pc-7", DEVICE, None)
    reply = await fetch(api, codes, after=6)
    assert reply.status_code == 200, reply.text
    token = reply.json()
    machine = Caller(http=api.http, token=token["access_token"])
    me = (await machine.get("/auth/me")).json()
    assert (me["email"], me["machine_id"], me["scopes"]) == (person.email, token["machine_id"], DEVICE)
    record = (await person.get(f"/machines/{token['machine_id']}")).json()
    assert (record["hostname"], record["username"], record["user_id"]) == ("pc-7", "anna", str(person.id))
    assert record["fingerprint"] == personal_fingerprint("f" * 64, person.id)


async def test_a_machine_that_asks_again_stays_the_same(api: Application) -> None:
    person, other = await api.people.add("technician"), await api.people.add("technician")
    ids = []
    for who, hostname in ((person, "old"), (person, "new"), (other, "new")):
        codes = await ask(api, hostname=hostname)
        await decide(who, codes)
        ids.append((await fetch(api, codes)).json()["machine_id"])
    assert ids[0] == ids[1] != ids[2]
    assert (await person.get(f"/machines/{ids[0]}")).json()["hostname"] == "new"


async def test_t13_a_token_is_given_once(api: Application) -> None:
    person = await api.people.add()
    codes = await ask(api)
    await decide(person, codes)
    assert (await fetch(api, codes)).status_code == 200
    refused(await fetch(api, codes, after=6), "expired_token")
    problem(await decide(person, codes), 404)


async def test_t13_a_denied_machine_gets_nothing(api: Application) -> None:
    person = await api.people.add()
    codes = await ask(api)
    assert (await decide(person, codes, approve=False)).status_code == 200
    refused(await fetch(api, codes), "access_denied")
    problem(await decide(person, codes), 404)
    assert (await person.get("/machines")).json()["items"] == []


async def test_t13_polling_too_fast_is_slowed_down_more_and_more(api: Application) -> None:
    codes = await ask(api)
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        seen = []
        for seconds in (0, 4, 9, 16, 15):
            clock.shift(timedelta(seconds=seconds))
            seen.append((await fetch_now(api, codes)).json()["error"])
    assert seen == ["authorization_pending", "slow_down", "slow_down", "authorization_pending", "authorization_pending"]


async def fetch_now(api: Application, codes: Mapping[str, Any]) -> httpx2.Response:
    return await api.anonymous.post("/auth/device/token", {"device_code": codes["device_code"]})


async def test_t13_codes_end_after_ten_minutes(api: Application) -> None:
    codes, late = await ask(api), await ask(api)
    await decide(await api.people.add(), codes)
    refused(await fetch(api, codes, after=601), "expired_token")
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=601)):
        problem(await decide(await api.people.add(), late), 404)
    refused(await api.anonymous.post("/auth/device/token", {"device_code": "unknown"}), "expired_token")


@pytest.mark.parametrize("scope", ["credentials:reveal", "msp:admin", "audit:read", "root"])
async def test_t13_no_machine_asks_for_more_than_machines_may_hold(api: Application, scope: str) -> None:
    refused(await api.anonymous.post("/auth/device", MACHINE | {"scopes": ["msp:read", scope]}), "invalid_scope")


async def test_a_machine_gets_no_more_than_it_asked_for_and_its_person_holds(api: Application) -> None:
    for role, asked, given in (
        ("technician", ["msp:read"], ["msp:read"]),
        ("readonly", DEVICE, ["memory:read", "msp:read"]),
    ):
        person = await api.people.add(role, {})
        codes = await ask(api, scopes=asked)
        facts = (await decide(person, codes)).json()
        assert (facts["scopes"], facts["clients"]) == (given, [])
        assert (await fetch(api, codes)).json()["scopes"] == given


async def test_t13_rights_are_those_of_the_moment_when_the_token_is_fetched(api: Application) -> None:
    owner, person = await api.people.add(), await api.people.add("technician")
    codes = await ask(api)
    await decide(person, codes)
    assert (await owner.patch(f"/users/{person.id}", {"is_active": False})).status_code == 200
    refused(await fetch(api, codes), "access_denied")


async def test_t13_approving_needs_a_sign_in_of_the_last_five_minutes(api: Application) -> None:
    person = await api.people.add()
    codes = await ask(api)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        for path, body in (("approve", {"approve": True}), ("pending", {})):
            reply = await person.post(f"/auth/device/{path}", {"user_code": codes["user_code"], **body})
            assert problem(reply, 403)["type"].endswith(":login_too_old")
    refused(await fetch(api, codes), "authorization_pending")


async def test_a_token_approves_no_machine(api: Application) -> None:
    owner = await api.people.add()
    token = await api.people.token(owner, "msp:read", "msp:write", "msp:admin")
    codes = await ask(api)
    problem(await decide(token, codes), 403)
    refused(await fetch(api, codes), "authorization_pending")


async def test_t13_after_five_wrong_codes_the_right_one_is_refused_too(api: Application) -> None:
    guesser, other = await api.people.add(), await api.people.add()
    codes = await ask(api)
    for number in range(5):
        wrong = codes | {"user_code": f"{ALPHABET[number] * 4}-{'Z' * 4}"}
        problem(await decide(guesser, wrong), 404)
    again = await api.people.sign_in(guesser)
    for who in (guesser, again, other):
        refusal = await decide(who, codes)
        problem(refusal, 429)
        assert 0 < int(refusal.headers["retry-after"]) <= 900
    elsewhere = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=api.app, client=("203.0.113.9", 1)), base_url="http://service.test"
    )
    async with elsewhere as http:
        problem(await decide(Caller(http=http, token=guesser.token), codes), 429)
        assert (await decide(Caller(http=http, token=other.token), codes)).status_code == 200


async def test_a_look_decides_nothing_and_a_code_is_read_however_it_is_typed(api: Application) -> None:
    person = await api.people.add()
    codes = await ask(api)
    for typed in (codes["user_code"], codes["user_code"].lower(), codes["user_code"].replace("-", " ")):
        reply = await person.post("/auth/device/pending", {"user_code": typed})
        assert reply.json()["hostname"] == "pc-7", reply.text
    refused(await fetch(api, codes), "authorization_pending")


async def test_only_so_many_machines_of_one_address_wait(api: Application) -> None:
    for _ in range(MAX_PENDING):
        await ask(api)
    problem(await api.anonymous.post("/auth/device", MACHINE), 429)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11)):
        await ask(api)


async def test_t12_codes_are_kept_as_keyed_digests_only(api: Application) -> None:
    person = await api.people.add()
    codes = await ask(api)
    await decide(person, codes)
    token = (await fetch(api, codes)).json()["access_token"]
    secrets = [codes["device_code"], codes["user_code"], codes["user_code"].replace("-", ""), token.split("_")[3]]
    async with api.services.database.reader.connect() as connection:
        stored = ""
        for table in ("device_grants", "api_tokens", "audit_events", "throttles"):
            stored += repr((await connection.execute(text(f"SELECT * FROM {table}"))).all())
    assert "pc-7" in stored
    assert [secret for secret in secrets if secret in stored] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        MACHINE | {"user_id": str(uuid4())},
        MACHINE | {"hostname": ""},
        MACHINE | {"fingerprint": "x" * 65},
        MACHINE | {"scopes": []},
        MACHINE | {"scopes": "msp:read"},
        MACHINE | {"hostname": "\x00"},
        MACHINE | {"hostname": "\ud800"},
        MACHINE | {"has_git": "perhaps"},
    ],
)
async def test_what_is_no_machine_is_refused(api: Application, body: Any) -> None:
    problem(await api.anonymous.post("/auth/device", body), 422)


# The page


async def page(api: Application, form: Mapping[str, str] | None = None, **more: Any) -> httpx2.Response:
    """Open the page, or send a form of it."""
    method = "GET" if form is None else "POST"
    return await api.http.request(method, "/device", data=form, **more)


def sign_in(person: Person, codes: Mapping[str, Any], **more: str) -> dict[str, str]:
    return {"user_code": codes["user_code"], "email": person.email, "password": PASSWORD} | more


def ticket(reply: httpx2.Response) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', reply.text)
    assert found, reply.text
    return unescape(found[1])


async def test_a_machine_is_approved_on_the_page(api: Application) -> None:
    person = await api.people.add("technician")
    codes = await ask(api)
    empty = await api.http.get("/device", params={"user_code": codes["user_code"]})
    assert f'value="{codes["user_code"]}"' in empty.text
    shown = await page(api, sign_in(person, codes))
    assert shown.status_code == 200, shown.text
    for told in ("pc-7", "127.0.0.1", "anna", "memory:read", "all"):
        assert told in shown.text
    refused(await fetch(api, codes), "authorization_pending")
    done = await page(api, {"ticket": ticket(shown), "decision": "approve"})
    assert "approved" in done.text
    assert (await fetch(api, codes, after=6)).status_code == 200
    again = await page(api, {"ticket": ticket(shown), "decision": "approve"})
    assert again.status_code == 409


async def test_a_machine_is_denied_on_the_page(api: Application) -> None:
    person = await api.people.add("technician")
    codes = await ask(api)
    shown = await page(api, sign_in(person, codes))
    assert "denied" in (await page(api, {"ticket": ticket(shown), "decision": "deny"})).text
    refused(await fetch(api, codes), "access_denied")


async def test_the_page_runs_nothing_and_shows_what_machines_say_as_text(api: Application) -> None:
    person = await api.people.add()
    codes = await ask(api, hostname="<script>alert(1)</script>", username='"><img src=x>')
    for reply in (await page(api), await page(api, sign_in(person, codes)), await page(api, {"x": "y"})):
        policy = reply.headers["content-security-policy"]
        for rule in ("default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
            assert rule in policy
        assert "unsafe" not in policy
        assert (reply.headers["cache-control"], reply.headers["x-frame-options"]) == ("no-store", "DENY")
        assert "<script" not in reply.text
        assert "<img" not in reply.text


async def test_a_wrong_password_shows_no_machine(api: Application) -> None:
    person = await api.people.add()
    codes = await ask(api)
    reply = await page(api, sign_in(person, codes, password="wrong"))
    assert reply.status_code == 401
    assert "pc-7" not in reply.text
    assert "ticket" not in reply.text


async def test_nothing_is_approved_without_a_ticket_of_this_page(api: Application) -> None:
    person = await api.people.add()
    codes = await ask(api)
    good = ticket(await page(api, sign_in(person, codes)))
    forged = ("", "x", good[:-4], good[:-2] + "AA", "A" * 300, "é")
    for text_of_ticket in forged:
        reply = await page(api, {"ticket": text_of_ticket, "decision": "approve"})
        assert reply.status_code == 401, text_of_ticket
    for decision in ("", "yes"):
        assert (await page(api, {"ticket": good, "decision": decision})).status_code == 400
    signed_in = {"Authorization": f"Bearer {person.token}"}
    no_ticket = await page(api, {"user_code": codes["user_code"], "decision": "approve"}, headers=signed_in)
    assert no_ticket.status_code == 401
    refused(await fetch(api, codes), "authorization_pending")


async def test_t13_a_ticket_lasts_five_minutes_and_no_longer_than_the_persons_rights(api: Application) -> None:
    owner, person = await api.people.add(), await api.people.add("technician")
    codes = await ask(api)
    shown = await page(api, sign_in(person, codes))
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        assert (await page(api, {"ticket": ticket(shown), "decision": "approve"})).status_code == 401
    await owner.patch(f"/users/{person.id}", {"role": "readonly"})
    assert (await page(api, {"ticket": ticket(shown), "decision": "approve"})).status_code == 401
    refused(await fetch(api, codes), "authorization_pending")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"user_code=a&user_code=b", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 9000, "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % number for number in range(50)), "application/x-www-form-urlencoded"),
        (b"\xff\xfe=%ff", "application/x-www-form-urlencoded"),
        (b"email=%ff", "application/x-www-form-urlencoded"),
        (b"other=1", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"", ""),
    ],
)
async def test_what_is_no_form_of_the_page_is_refused(api: Application, content: bytes, kind: str) -> None:
    reply = await api.http.post("/device", content=content, headers={"Content-Type": kind})
    assert reply.status_code == 400
    assert (await api.http.put("/device")).status_code == 405


async def events(api: Application, action: str) -> list[Any]:
    async with api.services.database.reader.connect() as connection:
        query = text("SELECT user_id, resource, after FROM audit_events WHERE action = :action ORDER BY id")
        return list((await connection.execute(query, {"action": action})).all())


async def test_decisions_are_on_record_with_who_made_them(api: Application) -> None:
    person = await api.people.add()
    for approve, action in ((True, "approve"), (False, "denied")):
        await decide(person, await ask(api), approve=approve)
        found = await events(api, action)
        assert len(found) == 1
        assert UUID(str(found[0].user_id)) == person.id
        assert (found[0].resource, "pc-7" in str(found[0].after)) == ("device-grants", True)
    codes = await ask(api)
    shown = await page(api, sign_in(person, codes))
    await page(api, {"ticket": ticket(shown), "decision": "approve"})
    found = await events(api, "approve")
    assert [UUID(str(event.user_id)) for event in found] == [person.id, person.id]
