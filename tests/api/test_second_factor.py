"""Codes of an authenticator app on top of the password."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pyotp
import pytest
import time_machine
from sqlalchemy import text

from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import PASSWORD, Person

START = datetime(2026, 5, 1, 12, 0, 5, tzinfo=UTC)
STEP = timedelta(seconds=30)


@dataclass
class Enrolled:
    """Somebody with a second factor, switched on at `START` with the code of that step."""

    person: Person
    totp: pyotp.TOTP
    recovery_codes: list[str]


async def enrol(api: Application, role: str = "owner") -> Enrolled:
    with time_machine.travel(START, tick=False):
        person = await api.people.add(role)
        begun = await person.post("/auth/totp", {"password": PASSWORD})
        assert begun.status_code == 200, begun.text
        totp = pyotp.TOTP(begun.json()["secret"])
        done = await person.post("/auth/totp/confirm", {"totp": totp.at(START)})
        assert done.status_code == 200, done.text
        return Enrolled(person, totp, done.json()["recovery_codes"])


async def login(api: Application, person: Person, **more: str) -> httpx2.Response:
    api.http.cookies.clear()
    return await api.anonymous.post("/auth/login", {"email": person.email, "password": PASSWORD} | more)


async def stored(api: Application, *tables: str) -> str:
    async with api.services.database.reader.connect() as connection:
        return "".join([repr((await connection.execute(text(f"SELECT * FROM {table}"))).all()) for table in tables])


async def test_a_sign_in_needs_the_code_once_it_is_confirmed(api: Application) -> None:
    with time_machine.travel(START, tick=False):
        person = await api.people.add()
        begun = (await person.post("/auth/totp", {"password": PASSWORD})).json()
        assert begun["uri"].startswith("otpauth://totp/ClaudeTools:")
        assert (await login(api, person)).status_code == 200
        totp = pyotp.TOTP(begun["secret"])
        problem(await person.post("/auth/totp/confirm", {"totp": "000000"}), 422, "/totp")
        assert (await login(api, person)).status_code == 200
        assert (await person.post("/auth/totp/confirm", {"totp": totp.at(START)})).status_code == 200
    with time_machine.travel(START + STEP, tick=False):
        missing = await login(api, person)
        assert problem(missing, 401)["type"].endswith(":totp_required")
        assert "set-cookie" not in missing.headers
        assert (await login(api, person, totp=totp.at(START + STEP))).status_code == 200


async def test_without_the_password_nothing_tells_of_a_second_factor(api: Application) -> None:
    with time_machine.travel(START + STEP, tick=False):
        person = (await enrol(api)).person
        reply = await login(api, person, password="wrong")
        assert problem(reply, 401)["type"].endswith(":unauthenticated")


async def test_a_code_is_taken_once_and_none_of_an_earlier_step(api: Application) -> None:
    enrolled = await enrol(api)
    with time_machine.travel(START, tick=False):
        problem(await login(api, enrolled.person, totp=enrolled.totp.at(START)), 401)
    later = START + 2 * STEP
    with time_machine.travel(later, tick=False) as clock:
        assert (await login(api, enrolled.person, totp=enrolled.totp.at(later))).status_code == 200
        for used in (later, later - STEP):
            problem(await login(api, enrolled.person, totp=enrolled.totp.at(used)), 401)
            clock.shift(timedelta(seconds=3))
        assert (await login(api, enrolled.person, totp=enrolled.totp.at(later + STEP))).status_code == 200


@pytest.mark.parametrize(("steps", "is_good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_clocks_may_differ_by_one_step(api: Application, steps: int, is_good: bool) -> None:
    enrolled = await enrol(api)
    later = START + 10 * STEP
    with time_machine.travel(later, tick=False):
        reply = await login(api, enrolled.person, totp=enrolled.totp.at(later + steps * STEP))
        assert reply.status_code == (200 if is_good else 401)


async def test_a_recovery_code_lets_in_once(api: Application) -> None:
    enrolled = await enrol(api)
    assert len(set(enrolled.recovery_codes)) == 10
    with time_machine.travel(START + timedelta(hours=1), tick=False) as clock:
        for code in (enrolled.recovery_codes[0], enrolled.recovery_codes[1].lower().replace("-", " ")):
            assert (await login(api, enrolled.person, totp=code)).status_code == 200
            problem(await login(api, enrolled.person, totp=code), 401)
            clock.shift(timedelta(seconds=10))
        other = await enrol(api)
        problem(await login(api, other.person, totp=enrolled.recovery_codes[2]), 401)


async def test_guessing_codes_is_slowed_down_and_asking_without_one_takes_nothing_back(api: Application) -> None:
    enrolled = await enrol(api)
    with time_machine.travel(START + timedelta(hours=1), tick=False) as clock:
        waits = []
        for _ in range(5):
            problem(await login(api, enrolled.person, totp="000000"), 401)
            refusal = await login(api, enrolled.person)
            problem(refusal, 429)
            waits.append(int(refusal.headers["retry-after"]))
            clock.shift(timedelta(seconds=waits[-1]))
            assert problem(await login(api, enrolled.person), 401)["type"].endswith(":totp_required")
    assert waits == [1, 2, 4, 8, 16]


async def test_switching_it_off_needs_password_and_code(api: Application) -> None:
    enrolled = await enrol(api)
    person, later = enrolled.person, START + timedelta(minutes=4)
    with time_machine.travel(later, tick=False):
        for body, pointer in (
            ({"password": "wrong", "totp": enrolled.totp.at(later)}, "/password"),
            ({"password": PASSWORD, "totp": "000000"}, "/totp"),
            ({"password": PASSWORD}, "/totp"),
        ):
            problem(await person.post("/auth/totp/disable", body), 422, pointer)
        good = {"password": PASSWORD, "totp": enrolled.totp.at(later)}
        assert (await person.post("/auth/totp/disable", good)).status_code == 204
        assert (await login(api, person)).status_code == 200
    assert "recovery" not in await stored(api, "recovery_codes")
    assert await stored(api, "recovery_codes") == "[]"


async def test_the_password_is_not_guessed_in_a_session(api: Application) -> None:
    person = await api.people.add()
    for _ in range(5):
        problem(await person.post("/auth/totp", {"password": "wrong"}), 422, "/password")
    problem(await person.post("/auth/totp", {"password": PASSWORD}), 429)


async def test_there_is_one_second_factor(api: Application) -> None:
    enrolled = await enrol(api)
    with time_machine.travel(START, tick=False):
        reply = await enrolled.person.post("/auth/totp", {"password": PASSWORD})
        assert problem(reply, 401)["type"].endswith(":totp_required")
        problem(await enrolled.person.post("/auth/totp/confirm", {"totp": "000000"}), 409)


async def test_an_administrator_resets_it_for_those_whom_they_may_change(api: Application) -> None:
    enrolled, owners = await enrol(api, "technician"), await enrol(api)
    with time_machine.travel(START + timedelta(minutes=1), tick=False):
        owner, admin, other = [await api.people.add(role) for role in ("owner", "admin", "technician")]
        path = f"/users/{enrolled.person.id}/reset-totp"
        problem(await other.post(path), 403)
        problem(await admin.post(f"/users/{owners.person.id}/reset-totp"), 403)
        token = await api.people.token(owner, "msp:admin")
        problem(await token.post(path), 403)
        assert (await admin.post(path)).status_code == 204
        problem(await enrolled.person.get("/auth/me"), 401)
        assert (await login(api, enrolled.person)).status_code == 200
    async with api.services.database.reader.connect() as connection:
        query = text("SELECT user_name, after FROM audit_events WHERE resource = 'second-factors' ORDER BY id")
        found = (await connection.execute(query)).all()
    assert ["on" in str(row.after) for row in found] == [True, True, False]
    assert found[2].user_name == admin.email.partition("@")[0].title()


async def test_no_seed_or_code_is_stored_in_plain_text(api: Application) -> None:
    enrolled = await enrol(api)
    everything = await stored(api, "api_users", "recovery_codes", "audit_events")
    assert enrolled.person.email in everything
    secret = enrolled.totp.secret
    for each in (secret, *enrolled.recovery_codes, *(code.replace("-", "") for code in enrolled.recovery_codes)):
        assert each not in everything


async def test_a_seed_moved_to_another_person_opens_nothing(api: Application) -> None:
    one, two = await enrol(api), await enrol(api)
    async with api.services.database.writer.begin() as connection:
        await connection.execute(
            text("UPDATE api_users SET totp_secret = (SELECT s FROM (SELECT totp_secret AS s FROM api_users "
                 "WHERE email = :source) AS other) WHERE email = :target"),
            {"source": one.person.email, "target": two.person.email},
        )  # fmt: skip
    later = START + timedelta(minutes=5)
    with time_machine.travel(later, tick=False):
        problem(await login(api, two.person, totp=one.totp.at(later)), 409)


@pytest.mark.parametrize("code", ["", " ", "é" * 6, "\ud800", "1" * 41, 123456, None, ["1"]])
async def test_what_is_no_code_is_refused(api: Application, code: Any) -> None:
    enrolled = await enrol(api)
    with time_machine.travel(START + timedelta(minutes=2), tick=False):
        reply = await login(api, enrolled.person, totp=code)
        assert reply.status_code in (401, 422)


async def test_the_page_for_machines_asks_for_it_too(api: Application) -> None:
    enrolled = await enrol(api)
    machine = {"hostname": "pc", "fingerprint": "f" * 64}
    with time_machine.travel(START + timedelta(minutes=2), tick=False):
        code = (await api.anonymous.post("/auth/device", machine)).json()["user_code"]
        form = {"user_code": code, "email": enrolled.person.email, "password": PASSWORD}
        missing = await api.http.post("/device", data=form)
        assert (missing.status_code, "ticket" in missing.text) == (401, False)
        totp = enrolled.totp.at(START + timedelta(minutes=2))
        assert "ticket" in (await api.http.post("/device", data=form | {"totp": totp})).text
