"""Slowing down those who guess, without locking anybody out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import time_machine
from sqlalchemy import text

from claudetools.kit.crypto import passwords
from tests.contract.problems import problem, told
from tests.fixtures.application import BASE, Application, running_application
from tests.fixtures.people import CHEAP_HASHER, PASSWORD, PASSWORD_HASH

HEADER = "X-Device-Token"


async def login(
    http: httpx2.AsyncClient, email: str, password: str = PASSWORD, *, headers: dict[str, str] | None = None
) -> httpx2.Response:
    return await http.post("/api/auth/login", json={"email": email, "password": password}, headers=headers)


@asynccontextmanager
async def at(api: Application, address: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client at an address, without cookies."""
    transport = httpx2.ASGITransport(app=api.app, client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as http:
        yield http


@pytest.fixture
async def guarded(
    tmp_path: Path, database_url: str, reset_database: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Application]:
    """An application that counts sign-ins by address, as it does by default."""
    monkeypatch.setattr(passwords, "_hasher", CHEAP_HASHER)
    monkeypatch.setattr(passwords, "_dummy", PASSWORD_HASH)
    reset_database(database_url)
    limits = {"sign_in_rate_limit_per_minute": 30, "trusted_proxies": "10.0.0.0/8, 192.0.2.1"}
    async with running_application(database_url, tmp_path, **limits) as running:
        yield running


async def test_a_good_sign_in_makes_the_device_known(api: Application) -> None:
    person = await api.people.add()
    reply = await login(api.http, person.email)
    cookie = reply.headers["set-cookie"]
    for attribute in ("HttpOnly", "SameSite=strict", "Max-Age=15552000", "Path=/"):
        assert attribute in cookie
    assert "Secure" not in cookie
    assert reply.headers[HEADER] in cookie
    secure = await api.http.post(
        "https://service.test/api/auth/login", json={"email": person.email, "password": PASSWORD}
    )
    assert "Secure" in secure.headers["set-cookie"]
    assert "set-cookie" not in (await login(api.http, person.email, "wrong")).headers


async def test_t14_a_thousand_bad_sign_ins_from_two_hundred_addresses(guarded: Application) -> None:
    person = await guarded.people.add()
    known = (await login(guarded.http, person.email)).headers[HEADER]
    guarded.http.cookies.clear()

    async def guess(number: int) -> list[int]:
        async with at(guarded, f"198.51.{number // 100}.{number % 100 + 1}") as http:
            return [(await login(http, person.email, f"guess {number}")).status_code for _ in range(5)]

    tried = [status for number in range(200) for status in await guess(number)]
    assert set(tried) == {401, 429}
    assert tried.count(401) < 20
    async with at(guarded, "203.0.113.1") as http:
        assert (await login(http, person.email, headers={HEADER: known})).status_code == 200
    async with at(guarded, "203.0.113.2") as http:
        # The known device has taken nothing back of what strangers did: after one more guess the next delay is long.
        await login(http, person.email, "one more guess")
        refusal = await login(http, person.email)
        problem(refusal, 429)
        wait = int(refusal.headers["retry-after"])
        assert 0 < wait <= 300
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=wait + 1)):
            assert (await login(http, person.email)).status_code == 200


async def test_the_delay_doubles_up_to_five_minutes_and_ends_with_a_success(api: Application) -> None:
    person = await api.people.add()
    waits = []
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for _ in range(11):
            problem(await login(api.http, person.email, "wrong"), 401)
            refusal = await login(api.http, person.email)
            problem(refusal, 429)
            waits.append(int(refusal.headers["retry-after"]))
            clock.shift(timedelta(seconds=waits[-1]))
        assert (await login(api.http, person.email)).status_code == 200
        api.http.cookies.clear()
        problem(await login(api.http, person.email, "wrong"), 401)
        assert (await login(api.http, person.email)).headers["retry-after"] == "1"
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


async def test_guesses_at_the_same_time_count_as_those_one_after_the_other(api: Application) -> None:
    person = await api.people.add()
    replies = await asyncio.gather(*(login(api.http, person.email, f"guess {n}") for n in range(12)))
    assert sorted(reply.status_code for reply in replies) == [401] + [429] * 11


async def test_a_known_device_has_ten_tries_of_its_own(api: Application) -> None:
    person = await api.people.add()
    known = {HEADER: (await login(api.http, person.email)).headers[HEADER]}
    api.http.cookies.clear()
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for _ in range(10):
            problem(await login(api.http, person.email, "wrong", headers=known), 401)
        refusal = await login(api.http, person.email, headers=known)
        problem(refusal, 429)
        assert refusal.headers["retry-after"] == "900"
        assert (await login(api.http, person.email)).status_code == 200
        api.http.cookies.clear()
        clock.shift(timedelta(minutes=15))
        assert (await login(api.http, person.email, headers=known)).status_code == 200


async def test_a_device_is_known_to_one_person_only(api: Application) -> None:
    victim, attacker = await api.people.add(), await api.people.add()
    own = (await login(api.http, attacker.email)).headers[HEADER]
    api.http.cookies.clear()
    headers = {HEADER: own}
    problem(await login(api.http, victim.email, "guess", headers=headers), 401)
    problem(await login(api.http, victim.email, "guess", headers=headers), 429)


@pytest.mark.parametrize("change", ["flip", "cut", "more", "other", "old"])
async def test_a_forged_or_old_device_is_unknown(api: Application, change: str) -> None:
    person = await api.people.add()
    own = (await login(api.http, person.email)).headers[HEADER]
    api.http.cookies.clear()
    forged = {
        "flip": own[:-8] + ("A" if own[-8] != "A" else "B") + own[-7:],
        "cut": own[:-4],
        "more": own + "AAAA",
        "other": "é" * len(own),
        "old": own,
    }[change]
    later = timedelta(days=181 if change == "old" else 0)
    headers = [(HEADER.encode(), forged.encode())]
    with time_machine.travel(datetime.now(UTC) + later, tick=False):
        body = {"email": person.email, "password": "wrong"}
        problem(await api.http.post("/api/auth/login", json=body, headers=headers), 401)
        problem(await api.http.post("/api/auth/login", json=body, headers=headers), 429)


async def test_t17_unknown_disabled_and_wrong_are_throttled_and_answered_alike(
    api: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, left = await api.people.add(), await api.people.add("technician")
    await owner.patch(f"/users/{left.id}", {"is_active": False})
    hashed: list[str] = []
    real = passwords._matches

    def counted(stored: str, password: bytes) -> bool:
        hashed.append(stored.rpartition("$argon2id$")[2].rsplit("$", 2)[0])
        return real(stored, password)

    monkeypatch.setattr(passwords, "_matches", counted)
    told_of = []
    with time_machine.travel(datetime.now(UTC), tick=False):
        for email, password in ((owner.email, "wrong"), (left.email, PASSWORD), ("nobody@firm.test", "wrong")):
            hashed.clear()
            first, second = await login(api.http, email, password), await login(api.http, email, password)
            assert len(hashed) == 1
            told_of.append(
                (
                    told(problem(first, 401)),
                    told(problem(second, 429)),
                    second.headers["retry-after"],
                    sorted(set(first.headers)),
                    hashed[0],
                )
            )
    assert told_of[0] == told_of[1] == told_of[2]


async def test_sign_ins_from_one_address_are_bounded_over_all_accounts(guarded: Application) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        async with at(guarded, "2001:db8::1") as http:
            statuses = [(await login(http, f"nobody{number}@firm.test")).status_code for number in range(31)]
        assert statuses == [401] * 30 + [429]
        async with at(guarded, "2001:db8::ffff:2") as http:
            refusal = await login(http, "somebody@firm.test")
            problem(refusal, 429)
            assert refusal.headers["retry-after"] == "60"
        async with at(guarded, "2001:db8:0:1::1") as http:
            problem(await login(http, "anybody@firm.test"), 401)
        clock.shift(timedelta(seconds=60))
        async with at(guarded, "2001:db8::1") as http:
            problem(await login(http, "somebody@firm.test"), 401)


FORWARDED = [
    ("203.0.113.5", "198.51.100.{n}", False),
    ("203.0.113.5", "10.0.0.{n}", False),
    ("10.0.0.1", "198.51.100.{n}", True),
    ("192.0.2.1", "198.51.100.{n}", True),
    ("192.0.2.2", "198.51.100.{n}", False),
    ("10.0.0.1", "198.51.100.{n}, 203.0.113.5", False),
    ("10.0.0.1", "198.51.100.{n}, 10.0.0.2", True),
    ("10.0.0.1", "198.51.100.{n}, nonsense", False),
    ("10.0.0.1", "", False),
    ("::ffff:10.0.0.1", "198.51.100.{n}", True),
]
"""Peers and what they send as X-Forwarded-For; whether each request then counts for an address of its own."""


async def test_t15_only_a_trusted_proxy_says_where_a_request_comes_from(guarded: Application) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        for case, (peer, forwarded, is_own) in enumerate(FORWARDED):
            last = 0
            async with at(guarded, peer) as http:
                for number in range(31):
                    headers = {"X-Forwarded-For": forwarded.format(n=number + 1)}
                    last = (await login(http, f"nobody{case}-{number}@firm.test", headers=headers)).status_code
            assert last == (401 if is_own else 429), (peer, forwarded)
            clock.shift(timedelta(minutes=2))


async def test_t15_the_same_address_stands_in_sessions_and_logs(guarded: Application) -> None:
    person = await guarded.people.add()
    for peer, address in (("203.0.113.5", "203.0.113.5"), ("10.0.0.1", "198.51.100.7")):
        async with at(guarded, peer) as http:
            headers = {"X-Forwarded-For": "1.1.1.1, 198.51.100.7", "X-Forwarded-Proto": "https"}
            reply = await login(http, person.email, headers=headers)
            assert ("Secure" in reply.headers["set-cookie"]) == (address != peer)
        (newest, *_) = (await person.get("/auth/sessions")).json()["items"]
        assert newest["ip"] == address
        assert [row["ip_address"] for row in guarded.services.api_audit_log._waiting][-2] == address


async def test_another_worker_counts_on(guarded: Application, database_url: str) -> None:
    person = await guarded.people.add()
    async with running_application(database_url, guarded.services.settings.home) as elsewhere:
        with time_machine.travel(datetime.now(UTC), tick=False):
            problem(await login(guarded.http, person.email, "wrong"), 401)
            problem(await login(elsewhere.http, person.email), 429)


async def test_t16_no_more_hashes_at_once_than_cores(api: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes `passwords.MEMORY_KIB`, so that bounds the memory; what does not fit the queue is put off."""
    import os
    import threading

    lock, free = threading.Lock(), threading.Event()
    running: list[int] = [0]
    most: list[int] = [0]

    def counted(*_: str) -> bool:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        free.wait(60)
        with lock:
            running[0] -= 1
        return False

    monkeypatch.setattr(passwords, "_matches", counted)
    owner = await api.people.add()
    sent = [asyncio.create_task(login(api.http, f"nobody{number}@firm.test")) for number in range(200)]
    waiting, done = set(sent), set[Any]()
    while len(done) < 200 - passwords.MAX_WAITING:
        some, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        done |= some
    assert (await owner.get("/clients")).status_code == 200
    assert (await api.anonymous.get("/health/live")).status_code == 200
    free.set()
    replies = await asyncio.gather(*sent)
    put_off = [reply for reply in replies if reply.status_code == 429]
    assert len(put_off) == 200 - passwords.MAX_WAITING
    assert {reply.headers["retry-after"] for reply in put_off} == {"5"}
    assert 1 <= most[0] <= (os.cpu_count() or 1)


async def test_what_was_typed_is_not_kept(api: Application) -> None:
    person = await api.people.add()
    secret = "my password in the wrong box"
    await login(api.http, secret, "x")
    await login(api.http, person.email, secret)
    async with api.services.database.reader.connect() as connection:
        stored = ""
        for table in ("throttles", "audit_events"):
            stored += repr((await connection.execute(text(f"SELECT * FROM {table}"))).all())
        failed = (
            await connection.execute(text("SELECT after FROM audit_events WHERE action = 'login_failed' ORDER BY id"))
        ).all()
    assert secret not in stored
    assert [person.email in str(row.after) for row in failed] == [False, True]


async def test_a_clock_that_was_put_back_keeps_nobody_out(api: Application) -> None:
    person = await api.people.add()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)):
        problem(await login(api.http, person.email, "wrong"), 401)
    assert (await login(api.http, person.email)).status_code == 200


async def test_counts_are_forgotten(api: Application) -> None:
    for number in range(3):
        await login(api.http, f"nobody{number}@firm.test")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        await login(api.http, "another@firm.test")
    async with api.services.database.reader.connect() as connection:
        count = (await connection.execute(text("SELECT COUNT(*) FROM throttles"))).scalar()
    assert count == 1
