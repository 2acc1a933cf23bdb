"""Signing in, staying signed in, and signing out."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from sqlalchemy import text

from claudetools.domains.accounts import authentication
from claudetools.kit.crypto import passwords
from claudetools.kit.crypto.roots import RootFile
from tests.contract.problems import problem, told
from tests.fixtures.application import Application, running_application
from tests.fixtures.people import PASSWORD, Caller, Person


async def login(api: Application, email: str, password: str) -> Any:
    return await api.anonymous.post("/auth/login", {"email": email, "password": password})


async def refresh(api: Application, token: str) -> Any:
    return await api.anonymous.post("/auth/refresh", {"refresh_token": token})


def caller(api: Application, token: str) -> Caller:
    return Caller(http=api.http, token=token)


async def test_a_sign_in_opens_what_the_role_allows(api: Application) -> None:
    person = await api.people.add("technician", {})
    reply = await login(api, f"  {person.email.upper()} ", PASSWORD)
    assert reply.status_code == 200, reply.text
    grant = reply.json()
    assert set(grant) == {"access_token", "token_type", "expires_in", "refresh_token", "scopes"}
    assert (grant["token_type"], grant["expires_in"]) == ("bearer", 600)
    me = (await caller(api, grant["access_token"]).get("/auth/me")).json()
    assert me["email"] == person.email
    assert me["scopes"] == grant["scopes"]
    assert "msp:admin" not in me["scopes"]


async def test_the_three_ways_to_fail_look_alike(api: Application) -> None:
    owner, left = await api.people.add(), await api.people.add("technician")
    assert (await owner.patch(f"/users/{left.id}", {"is_active": False})).status_code == 200
    replies = [
        await login(api, owner.email, PASSWORD + "!"),
        await login(api, left.email, PASSWORD),
        await login(api, "nobody@firm.test", PASSWORD),
    ]
    documents = [told(problem(reply, 401)) for reply in replies]
    assert documents[0] == documents[1] == documents[2]
    assert len({str(sorted(set(reply.headers))) for reply in replies}) == 1


async def test_text_that_nobody_can_type_is_a_wrong_password(api: Application) -> None:
    person = await api.people.add()
    problem(await login(api, person.email, "\ud800\udfff\x00"), 401)


LONG = "Von drei Türmen blies der Wind, und siebzehn Krähen saßen im Gebälk " * 2


@pytest.mark.parametrize(
    "password",
    [
        LONG + "1",
        LONG + "2",
        "pass\x00word with NUL 1",
        "pass\x00word with NUL 2",
        "contraseña-größer-1",
        "🔑 zum 🚪 am 🌊, 🌙 und ⭐",
        LONG[:80] + "é" * 400,
    ],
)
async def test_t18_passwords_are_told_apart_to_the_last_character(api: Application, password: str) -> None:
    owner = await api.people.add()
    body = {"email": "x@firm.test", "display_name": "X", "password": password, "client_access": "all"}
    assert (await owner.post("/users", body)).status_code == 201
    assert (await login(api, "x@firm.test", password)).status_code == 200
    for other in (password[:-1] + "3", password + "3", password[:-1], password[:72], password.partition("\x00")[0]):
        if other != password:
            problem(await login(api, "x@firm.test", other), 401)


NO_SIGN_IN: list[Any] = [
    {},
    [],
    None,
    {"email": "a@b.test"},
    {"email": None, "password": "x"},
    {"email": "a@b.test", "password": "x" * 1_000_000},
    {"email": "a" * 300, "password": "x"},
    {"email": "a@b.test", "password": 5},
    {"email": "a@b.test", "password": "x", "role": "owner"},
    {"email": "\ud800", "password": "\ud800"},
    {"email": {"$ne": 1}, "password": {"$ne": 1}},
]


@pytest.mark.parametrize("body", NO_SIGN_IN)
async def test_t18_what_is_no_sign_in_is_refused_before_any_hashing(
    api: Application, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: Any) -> bool:
        raise AssertionError("hashed")

    monkeypatch.setattr(type(api.services.passwords), "verify", never)
    document = problem(await api.anonymous.post("/auth/login", body), 422)
    assert "xxxx" not in json.dumps(document)


async def test_too_many_sign_ins_at_once_are_put_off(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow(*_: str) -> bool:
        return not release.wait(30)

    monkeypatch.setattr(passwords, "_matches", slow)
    names = [f"nobody{number}@firm.test" for number in range(passwords.MAX_WAITING + 4)]
    sent = {asyncio.create_task(login(api, name, PASSWORD)) for name in names}
    put_off: set[Any] = set()
    while len(put_off) < 4:
        done, sent = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        put_off |= done
    release.set()
    for task in put_off:
        problem(task.result(), 429)
        assert int(task.result().headers["retry-after"]) > 0
    for reply in await asyncio.gather(*sent):
        problem(reply, 401)


NO_TOKEN = [
    "",
    "Bearer",
    "Bearer ",
    "Basic abc",
    "bearer x",
    "Bearer ct_",
    "Bearer ct_personal_a_b_c",
    "Bearer a.b.c",
    "Bearer é",
    "Bearer " + "." * 5000,
    "Bearer " + "a" * 9000,
    "Bearer eyJhbGciOiJub25lIn0.e30.",
]


@pytest.mark.parametrize("header", NO_TOKEN)
async def test_what_is_no_token_is_refused(api: Application, header: str) -> None:
    reply = await api.http.get("/api/auth/me", headers=[(b"Authorization", header.encode())])
    problem(reply, 401)
    assert reply.headers["www-authenticate"] == "Bearer"


async def test_an_access_token_ends_after_ten_minutes(api: Application) -> None:
    person = await api.people.add()
    assert (await person.get("/auth/me")).status_code == 200
    for later, status in ((timedelta(minutes=9), 200), (timedelta(minutes=11), 401), (-timedelta(minutes=2), 401)):
        api.services.authenticator.forget()
        with time_machine.travel(datetime.now(UTC) + later):
            assert (await person.get("/auth/me")).status_code == status, later


async def test_a_refresh_goes_on_with_new_tokens(api: Application) -> None:
    person = await api.people.add("readonly")
    reply = await refresh(api, person.refresh_token)
    assert reply.status_code == 200, reply.text
    grant = reply.json()
    assert grant["refresh_token"] != person.refresh_token
    assert grant["scopes"] == ["memory:read", "msp:read"]
    assert (await caller(api, grant["access_token"]).get("/auth/me")).status_code == 200


async def test_t8_a_refresh_token_used_again_later_ends_the_session_and_raises_an_alert(api: Application) -> None:
    person = await api.people.add()
    grant = (await refresh(api, person.refresh_token)).json()
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=30)):
        problem(await refresh(api, person.refresh_token), 401)
        problem(await refresh(api, grant["refresh_token"]), 401)
        problem(await caller(api, grant["access_token"]).get("/auth/me"), 401)
        problem(await person.get("/auth/me"), 401)
    async with api.services.database.reader.connect() as connection:
        query = text("SELECT resource, after FROM audit_events WHERE action = 'alert'")
        (alert,) = (await connection.execute(query)).all()
    assert (alert.resource, str(person.id) in str(alert.after)) == ("login-sessions", True)


async def test_a_lost_reply_is_repeated_for_a_moment(api: Application) -> None:
    person = await api.people.add()
    first = (await refresh(api, person.refresh_token)).json()
    again = await refresh(api, person.refresh_token)
    assert again.json()["refresh_token"] == first["refresh_token"]
    assert (await refresh(api, first["refresh_token"])).status_code == 200


async def test_t10_a_grandparent_is_refused_at_once(api: Application) -> None:
    person = await api.people.add()
    second = (await refresh(api, person.refresh_token)).json()["refresh_token"]
    third = (await refresh(api, second)).json()["refresh_token"]
    problem(await refresh(api, person.refresh_token), 401)
    problem(await refresh(api, third), 401)


async def test_t9_twenty_refreshes_at_once_have_one_successor(api: Application) -> None:
    person = await api.people.add()
    replies = await asyncio.gather(*(refresh(api, person.refresh_token) for _ in range(20)))
    assert [reply.status_code for reply in replies] == [200] * 20
    successors = {reply.json()["refresh_token"] for reply in replies}
    assert len(successors) == 1
    assert (await refresh(api, successors.pop())).status_code == 200


async def test_an_idle_session_ends_after_a_week_and_any_after_thirty_days(api: Application) -> None:
    idle, busy = await api.people.add(), await api.people.add()
    began = datetime.now(UTC)
    token = busy.refresh_token
    for day in range(6, 30, 6):
        with time_machine.travel(began + timedelta(days=day)):
            token = (await refresh(api, token)).json()["refresh_token"]
    with time_machine.travel(began + timedelta(days=8)):
        problem(await refresh(api, idle.refresh_token), 401)
    with time_machine.travel(began + timedelta(days=29)):
        token = (await refresh(api, token)).json()["refresh_token"]
    with time_machine.travel(began + timedelta(days=31)):
        problem(await refresh(api, token), 401)


@pytest.mark.parametrize("token", ["", "x", "\x00", "é" * 60, "a" * 201, 5, None, ["x"]])
async def test_what_is_no_refresh_token_is_refused(api: Application, token: Any) -> None:
    reply = await api.anonymous.post("/auth/refresh", {"refresh_token": token})
    assert reply.status_code in (401, 422)
    problem(reply, reply.status_code)


async def test_t6_t7_signing_out_ends_this_session_and_no_other(api: Application) -> None:
    here = await api.people.add()
    there = await api.people.sign_in(here)
    assert (await here.get("/auth/me")).status_code == 200
    reply = await here.post("/auth/logout")
    assert (reply.status_code, reply.content) == (204, b"")
    problem(await here.get("/auth/me"), 401)
    problem(await refresh(api, here.refresh_token), 401)
    assert (await there.get("/auth/me")).status_code == 200
    padded = caller(api, f"{here.token}=")
    problem(await padded.get("/auth/me"), 401)
    problem(await caller(api, f"{here.token} ").get("/auth/me"), 401)


NARROWED: list[dict[str, Any]] = [
    {"is_active": False},
    {"role": "readonly"},
    {"client_access": "listed"},
    {"client_access": "listed", "clients": []},
]


@pytest.mark.parametrize("change", NARROWED)
async def test_t7_narrowed_rights_end_access_tokens_at_once(api: Application, change: dict[str, Any]) -> None:
    owner, person = await api.people.add(), await api.people.add("technician")
    assert (await person.get("/auth/me")).status_code == 200
    assert (await owner.patch(f"/users/{person.id}", change)).status_code == 200
    problem(await person.get("/auth/me"), 401)
    renewed = await refresh(api, person.refresh_token)
    if "is_active" in change:
        problem(renewed, 401)
    else:
        me = (await caller(api, renewed.json()["access_token"]).get("/auth/me")).json()
        assert me["role"] == change.get("role", "technician")
        assert me["all_clients"] is (change.get("client_access") != "listed")


ENDED: list[str] = [
    "signed out", "session ended", "disabled", "role removed", "client removed", "token revoked",
]  # fmt: skip


@pytest.mark.parametrize("how", ENDED)
async def test_t7_another_worker_follows_within_five_seconds(
    api: Application, elsewhere: Application, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(authentication, "time", SimpleNamespace(monotonic=lambda: clock.seconds))
    owner = await api.people.add()
    client = (await owner.post("/clients", {"name": "A"})).json()["id"]
    person = await api.people.add("technician", {client: "write"})
    other = await api.people.sign_in(person)
    token = (await person.post("/api-tokens", {"name": "T", "kind": "personal", "scopes": ["msp:write"]})).json()
    sent = token["token"] if how == "token revoked" else person.token
    path = f"/clients/{client}"
    assert (await Caller(http=elsewhere.http, token=sent).patch(path, {"notes": "1"})).status_code == 200
    if how == "signed out":
        assert (await person.post("/auth/logout")).status_code == 204
    elif how == "session ended":
        assert (await other.delete("/auth/sessions")).status_code == 204
    elif how == "token revoked":
        assert (await person.delete(f"/api-tokens/{token['id']}")).status_code == 204
    else:
        change: dict[str, dict[str, Any]] = {
            "disabled": {"is_active": False},
            "role removed": {"role": "readonly"},
            "client removed": {"clients": []},
        }
        assert (await owner.patch(f"/users/{person.id}", change[how])).status_code == 200
    clock.seconds += 4.999
    assert (await Caller(http=elsewhere.http, token=sent).patch(path, {"notes": "2"})).status_code == 200
    clock.seconds += 0.001
    for where in (api, elsewhere):
        problem(await Caller(http=where.http, token=sent).patch(path, {"notes": "3"}), 401)
    if how in ("signed out", "session ended", "disabled"):
        for where in (api, elsewhere):
            problem(await refresh(where, person.refresh_token), 401)


@pytest.fixture
async def elsewhere(api: Application, database_url: str) -> AsyncIterator[Application]:
    """Another worker on the same database and keys."""
    async with running_application(database_url, api.services.settings.home) as running:
        yield running


async def test_t11_a_signing_key_is_replaced_under_load(
    tmp_path: Path, database_url: str, reset_database: Callable[[str], None]
) -> None:
    """Two workers take tokens of the old key and of the new one, until the old one's time is over."""
    reset_database(database_url)
    async with running_application(database_url, tmp_path) as one, running_application(database_url, tmp_path) as two:
        workers = [one, two] * 2
        people = [await one.people.add("technician") for _ in workers]
        old = str((await one.people.sign_in(people[0])).token)
        before = one.services.keyring.current.id
        answers: asyncio.Queue[int] = asyncio.Queue()
        seen: set[int] = set()
        is_over = False

        async def work(person: Person, where: Application) -> None:
            mine, refreshing = str(person.token), person.refresh_token
            while not is_over:
                where.services.authenticator.forget()
                await answers.put((await caller(where, mine).get("/auth/me")).status_code)
                renewed = await refresh(where, refreshing)
                await answers.put(renewed.status_code)
                mine, refreshing = renewed.json()["access_token"], renewed.json()["refresh_token"]

        async def see(count: int) -> None:
            seen.update([await answers.get() for _ in range(count)])

        load = [asyncio.create_task(work(*pair)) for pair in zip(people, workers, strict=True)]
        await see(20)
        RootFile(tmp_path / "keys").add(datetime.now(UTC))
        # One worker notices before the other: it signs with a key that the other has not heard of.
        one.services.keyring._look()
        assert one.services.keyring.current.id != before == two.services.keyring.current.id
        new = str((await one.people.sign_in(people[1])).token)
        await see(20)
        two.services.keyring._look()
        await see(20)
        is_over = True
        await asyncio.gather(*load)
        await see(answers.qsize())
        assert seen == {200}
        for later, status in ((0, 200), (16 * 60, 401)):
            with time_machine.travel(datetime.now(UTC) + timedelta(seconds=later)):
                for where in (one, two):
                    where.services.authenticator.forget()
                    assert (await caller(where, old).get("/auth/me")).status_code == status
        for where in (one, two):
            assert (await caller(where, new).get("/auth/me")).status_code == 200


async def test_an_answer_read_while_rights_change_is_not_reused(api: Application) -> None:
    person = await api.people.add()
    authenticator = api.services.authenticator
    tokens = authenticator._tokens
    read = tokens.read

    def change_meanwhile(token: str) -> Any:
        authenticator.forget()
        return read(token)

    authenticator._tokens = SimpleNamespace(read=change_meanwhile)  # type: ignore[assignment]
    try:
        await authenticator.actor(f"Bearer {person.token}")
    finally:
        authenticator._tokens = tokens
    assert not authenticator._cache


async def test_t12_nothing_in_the_database_opens_a_door(api: Application) -> None:
    person = await api.people.add()
    token = await api.people.token(person, "msp:read")
    secrets = [str(person.token), str(token.token), person.refresh_token, PASSWORD, str(token.token).split("_")[3]]
    async with api.services.database.reader.connect() as connection:
        stored = ""
        for table in ("api_users", "api_tokens", "login_sessions", "refresh_tokens"):
            stored += repr((await connection.execute(text(f"SELECT * FROM {table}"))).all())
    assert person.email in stored
    for secret in secrets:
        assert secret not in stored


async def test_no_secret_is_logged(api: Application) -> None:
    lines: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.dumps(vars(record), default=str) + record.getMessage())

    collect = Collect(level=logging.DEBUG)
    logging.getLogger().addHandler(collect)
    try:
        person = await api.people.add()
        grant = (await login(api, person.email, PASSWORD)).json()
        await login(api, person.email, PASSWORD + "wrong")
        renewed = (await refresh(api, grant["refresh_token"])).json()
        token = await api.people.token(person, "msp:read")
        await token.get("/clients", params={"q": "a secret question"})
        await caller(api, str(token.token) + "x").get("/clients")
        body = {
            "email": "n@firm.test",
            "display_name": "N",
            "password": "another long password",
            "client_access": "all",
        }
        assert (await person.post("/users", body)).status_code == 201
        problem(await person.post("/users", body), 409)
        problem(await person.post("/users", body | {"password": "shortpassword"}), 422)
    finally:
        logging.getLogger().removeHandler(collect)
    everything = "\n".join(lines)
    assert everything.count("/api/auth/login") >= 2
    secrets = [PASSWORD, "another long password", "shortpassword", "a secret question", str(token.token).split("_")[3]]
    for each in (grant, renewed):
        secrets += [each["access_token"], each["refresh_token"]]
    assert [secret for secret in secrets if secret in everything] == []


async def test_a_person_has_as_many_sessions_as_they_like(api: Application) -> None:
    person: Person = await api.people.add()
    others = [await api.people.sign_in(person) for _ in range(3)]
    assert len({other.refresh_token for other in others}) == 3
    assert [(await other.get("/auth/me")).status_code for other in others] == [200] * 3
