"""Rate limits: by person or token, and by address for strangers."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from tests.contract.problems import problem
from tests.fixtures.application import BASE, Application, running_application


@pytest.fixture
async def limited(
    tmp_path: Path, database_url: str, reset_database: Callable[[str], None]
) -> AsyncIterator[Application]:
    reset_database(database_url)
    limits = {"rate_limit_per_minute": 5, "anonymous_rate_limit_per_minute": 3}
    async with running_application(database_url, tmp_path, **limits) as running:
        yield running


async def test_who_sends_too_much_is_told_how_long_to_wait(limited: Application) -> None:
    owner = await limited.people.add("owner")
    for left in (4, 3, 2, 1, 0):
        reply = await owner.get("/tags")
        assert reply.status_code == 200
        assert (reply.headers["ratelimit-limit"], reply.headers["ratelimit-remaining"]) == ("5", str(left))
        assert 1 <= int(reply.headers["ratelimit-reset"]) <= 60
    refused = await owner.post("/tags", {"name": "one"})
    problem(refused, 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["ratelimit-remaining"] == "0"


async def test_each_counts_alone(limited: Application) -> None:
    one, other = await limited.people.add("owner"), await limited.people.add("owner")
    for _ in range(5):
        assert (await one.get("/tags")).status_code == 200
    problem(await one.get("/tags"), 429)
    problem(await one.get("//mcp"), 429)
    assert (await other.get("/tags")).status_code == 200
    again = await limited.people.sign_in(one)
    problem(await again.get("/tags"), 429)
    token = await limited.people.token(other, "msp:read")
    for _ in range(5):
        assert (await token.get("/tags")).status_code == 200
    problem(await token.get("/tags"), 429)


async def test_strangers_are_counted_by_address_whatever_they_send(limited: Application) -> None:
    owner = await limited.people.add("owner")
    for number in range(3):
        reply = await limited.anonymous.get("/tags", headers={"Authorization": f"Bearer forged{number}"})
        problem(reply, 401)
    problem(await limited.anonymous.post("/auth/login", {"email": "a@b.test", "password": "x"}), 429)
    forwarded = {"X-Forwarded-For": "203.0.113.7"}
    problem(await limited.anonymous.get("/tags", headers=forwarded), 429)
    assert (await owner.get("/tags")).status_code == 200
    assert (await limited.anonymous.get("/health/live")).status_code == 200


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
async def test_addresses_of_one_subscriber_are_one_stranger(
    limited: Application, first: str, second: str, is_same: bool
) -> None:
    for host, times in ((first, 3), (second, 1)):
        transport = httpx2.ASGITransport(app=limited.app, client=(host, 1))
        async with httpx2.AsyncClient(transport=transport, base_url=BASE) as http:
            replies = [await http.get("/api/tags") for _ in range(times)]
    assert (replies[-1].status_code == 429) == is_same
