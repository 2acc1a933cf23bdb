"""Which passwords people may choose, and changing them."""

from typing import Any

import pytest
from sqlalchemy import text

from claudetools.kit.crypto.passwords import PEPPERED
from tests.contract.problems import problem
from tests.fixtures.application import Application
from tests.fixtures.people import PASSWORD, PASSWORD_HASH, Caller, Person

NEW = "siebzehn Krähen im Gebälk"


async def login(api: Application, email: str, password: str) -> int:
    api.http.cookies.clear()
    return (await api.anonymous.post("/auth/login", {"email": email, "password": password})).status_code


async def change(person: Person, new: str = NEW, current: str = PASSWORD) -> Any:
    return await person.post("/auth/password", {"current_password": current, "new_password": new})


async def stored_hash(api: Application, person: Person) -> tuple[str, int]:
    async with api.services.database.reader.connect() as connection:
        query = text("SELECT password_hash, version FROM api_users WHERE email = :email")
        row = (await connection.execute(query, {"email": person.email})).one()
        return str(row.password_hash), int(row.version)


WEAK = [
    "passwordpassword",
    "PasswordPassword1",
    "123456789012345",
    "aaaaaaaaaaaaaaaaaaaaaaaa",
    "abcabcabcabcabcabc",
    "qwertyuiopasdfghjkl",
    "Summer2025Summer2025",
    "iloveyouiloveyou",
    "claudetoolsclaudetools",
    "new.person@firm.test",
    "new.personnew.person",
    "x" * 500,
]


@pytest.mark.parametrize("password", WEAK)
async def test_what_is_soon_guessed_is_refused_without_repeating_it(api: Application, password: str) -> None:
    owner, other = await api.people.add(email="new.person@firm.test"), await api.people.add("technician")
    body = {"email": "new.person@firm.test", "display_name": "N", "password": password, "client_access": "all"}
    replies = [(await owner.post("/users", body), "/password"), (await change(owner, password), "/new_password")]
    if "new.person" not in password:
        replies.append((await owner.post(f"/users/{other.id}/password", {"password": password}), "/password"))
    for reply, pointer in replies:
        assert password not in str(problem(reply, 422, pointer))
    assert await login(api, owner.email, PASSWORD) == 200


@pytest.mark.parametrize("password", ["x" * 14, "x" * 513, "", None, 5, "\ud800" * 20])
async def test_length_and_form_are_checked_before_any_hashing(
    api: Application, password: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await api.people.add()

    async def never(*_: Any) -> str:
        raise AssertionError("hashed")

    monkeypatch.setattr(type(api.services.passwords), "hash", never)
    monkeypatch.setattr(type(api.services.passwords), "verify", never)
    problem(await change(owner, password), 422)


async def test_words_that_do_not_belong_together_are_fine(api: Application) -> None:
    owner = await api.people.add()
    for number, password in enumerate((NEW, "all lower case and no digit", "密码短语由几个不相关的词语组成的句子")):
        body = {"email": f"{number}@firm.test", "display_name": "N", "password": password, "client_access": "all"}
        assert (await owner.post("/users", body)).status_code == 201
        assert await login(api, f"{number}@firm.test", password) == 200


async def test_t7_a_changed_password_ends_all_that_was_signed_in(api: Application) -> None:
    here = await api.people.add()
    there = await api.people.sign_in(here)
    assert (await there.get("/auth/me")).status_code == 200
    reply = await change(here)
    assert reply.status_code == 200, reply.text
    for old in (here, there):
        problem(await old.get("/auth/me"), 401)
        problem(await api.anonymous.post("/auth/refresh", {"refresh_token": old.refresh_token}), 401)
    anew = Caller(http=api.http, token=reply.json()["access_token"])
    assert (await anew.get("/auth/me")).status_code == 200
    assert await login(api, here.email, NEW) == 200
    assert await login(api, here.email, PASSWORD) == 401


async def test_a_change_needs_the_current_password(api: Application) -> None:
    person = await api.people.add()
    for _ in range(5):
        problem(await change(person, current="wrong"), 422, "/current_password")
    problem(await change(person), 429)
    assert await login(api, person.email, PASSWORD) == 200


async def test_a_token_changes_no_password(api: Application) -> None:
    owner = await api.people.add()
    other = await api.people.add("technician")
    token = await api.people.token(owner, "msp:admin")
    body = {"current_password": PASSWORD, "new_password": NEW}
    problem(await token.post("/auth/password", body), 403)
    problem(await token.post(f"/users/{other.id}/password", {"password": NEW}), 403)
    assert await login(api, other.email, PASSWORD) == 200


async def test_administrators_reset_passwords_of_those_whom_they_may_change(api: Application) -> None:
    owner, admin, person = [await api.people.add(role) for role in ("owner", "admin", "technician")]
    reset = {"password": NEW}
    for who, whom in ((person, admin), (admin, owner), (owner, owner)):
        problem(await who.post(f"/users/{whom.id}/password", reset), 403)
    assert (await admin.post(f"/users/{person.id}/password", reset)).status_code == 204
    problem(await person.get("/auth/me"), 401)
    problem(await api.anonymous.post("/auth/refresh", {"refresh_token": person.refresh_token}), 401)
    assert await login(api, person.email, NEW) == 200
    assert (await owner.post(f"/users/{admin.id}/password", reset)).status_code == 204


async def test_a_sign_in_renews_an_outdated_hash_and_changes_nothing_else(api: Application) -> None:
    person = await api.people.add()
    before = await stored_hash(api, person)
    assert before[0] == PASSWORD_HASH
    assert await login(api, person.email, "wrong password here") == 401
    assert await stored_hash(api, person) == before
    api.services.authenticator.forget()
    async with api.services.database.writer.begin() as connection:
        await connection.execute(text("DELETE FROM throttles"))
    assert await login(api, person.email, PASSWORD) == 200
    after = await stored_hash(api, person)
    assert after[0].startswith(PEPPERED + "$argon2id$")
    assert after[1] == before[1]
    assert await login(api, person.email, PASSWORD) == 200
    assert await stored_hash(api, person) == after
    assert (await person.get("/auth/me")).status_code == 200


async def test_a_change_is_on_record_without_the_password(api: Application) -> None:
    person = await api.people.add()
    await change(person)
    async with api.services.database.reader.connect() as connection:
        rows = (await connection.execute(text("SELECT * FROM audit_events"))).all()
    assert [row.action for row in rows if row.resource == "passwords"] == ["change"]
    assert NEW not in repr(rows)
    assert PASSWORD not in repr(rows)
