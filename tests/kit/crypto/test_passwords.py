"""Passwords: hashed as the design says, and told apart to the last byte."""

import pytest
from argon2 import PasswordHasher

from claudetools.kit.crypto import passwords
from claudetools.kit.crypto.passwords import LANES, MEMORY_KIB, PASSES, PasswordPool


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> PasswordPool:
    # Other tests of this process may have put a cheaper one in its place.
    hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    return PasswordPool()


async def test_a_hash_costs_what_it_should_and_is_salted(pool: PasswordPool) -> None:
    one, two = await pool.hash("correct horse battery"), await pool.hash("correct horse battery")
    assert one != two
    assert one.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert await pool.verify(one, "correct horse battery")
    assert not await pool.verify(one, "correct horse batterx")


async def test_no_account_and_no_hash_match_nothing(pool: PasswordPool) -> None:
    for stored in (None, "", "plain", "$argon2id$v=19$m=8,t=1,p=1$x$y"):
        assert not await pool.verify(stored, "a password that nobody has")
