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
    return PasswordPool(bytes(range(32)))


async def test_a_hash_costs_what_it_should_and_is_salted(pool: PasswordPool) -> None:
    one, two = await pool.hash("correct horse battery"), await pool.hash("correct horse battery")
    assert one != two
    assert one.startswith("hmac-sha256:$argon2id$v=19$m=47104,t=1,p=1$")
    assert not pool.is_outdated(one)
    assert await pool.verify(one, "correct horse battery")
    assert not await pool.verify(one, "correct horse batterx")


async def test_no_account_and_no_hash_match_nothing(pool: PasswordPool) -> None:
    for stored in (None, "", "plain", "$argon2id$v=19$m=8,t=1,p=1$x$y"):
        assert not await pool.verify(stored, "a password that nobody has")


async def test_without_the_pepper_a_hash_does_not_verify(pool: PasswordPool) -> None:
    stored = await pool.hash("correct horse battery")
    assert not await PasswordPool(bytes(32)).verify(stored, "correct horse battery")
    assert not passwords._matches(stored.removeprefix("hmac-sha256:"), "correct horse battery")


async def test_hashes_from_before_the_pepper_verify_and_are_outdated(pool: PasswordPool) -> None:
    hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
    stored = hasher.hash("correct horse battery")
    assert await pool.verify(stored, "correct horse battery")
    assert not await pool.verify(stored, "correct horse batterx")
    assert pool.is_outdated(stored)


async def test_a_hash_of_another_cost_is_outdated(pool: PasswordPool, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        stored = await pool.hash("correct horse battery")
    assert pool.is_outdated(stored)


async def test_the_same_characters_are_the_same_password(pool: PasswordPool) -> None:
    stored = await pool.hash("contrase\u00f1a-gr\u00f6\u00dfer")
    assert await pool.verify(stored, "contrasen\u0303a-gro\u0308\u00dfer")
    for other in ("contrasena-gro\u00dfer", "contrase\u00f1a-gr\u00f6sser", "CONTRASE\u00d1A-GR\u00d6\u00dfER"):
        assert not await pool.verify(stored, other)
