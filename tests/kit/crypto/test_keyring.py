"""Root keys: made once, kept private, one derived key a purpose, and others added while they are in use."""

import secrets
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from claudetools.kit.crypto import keyring
from claudetools.kit.crypto.keyring import Keyring, create_keyring
from claudetools.kit.crypto.roots import ROOT_KEY_FILE, KeyProblem, RootFile, parse_roots, root_source
from claudetools.kit.settings import Settings

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_new_key_is_private_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = create_keyring(folder)
    assert stat.S_IMODE((folder / ROOT_KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == [ROOT_KEY_FILE]
    assert made.key("cursor") == Keyring(RootFile(folder)).key("cursor") == create_keyring(folder).key("cursor")


def test_two_starts_at_once_share_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(create_keyring, [tmp_path / "keys"] * 16))
    assert len({ring.key("cursor") for ring in rings}) == 1


def test_purposes_and_roots_have_different_keys(tmp_path: Path) -> None:
    one, two = create_keyring(tmp_path / "1"), create_keyring(tmp_path / "2")
    keys = [ring.key(purpose) for ring in (one, two) for purpose in ("cursor", "refresh-token", "redaction")]
    assert len(set(keys)) == 6
    assert {len(key) for key in keys} == {32}
    assert one.signing_key("a").public_key() != one.signing_key("b").public_key()
    assert one.key("a") != one.signing_key("a").public_key().public_bytes_raw()


def test_no_key_shows(tmp_path: Path) -> None:
    ring = create_keyring(tmp_path)
    text = (tmp_path / ROOT_KEY_FILE).read_text().strip()
    for shown in (repr(ring), repr(ring.roots), repr(vars(ring)), f"{ring.current}"):
        assert text not in shown
        assert text[:16] not in shown


def test_k9_a_missing_key_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match="Restore it"):
        Keyring(RootFile(tmp_path))
    assert not (tmp_path / ROOT_KEY_FILE).exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o644])
def test_k9_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_keyring(tmp_path)
    (tmp_path / ROOT_KEY_FILE).chmod(mode)
    with pytest.raises(KeyProblem, match="chmod 600"):
        Keyring(RootFile(tmp_path))


TWICE = secrets.token_hex(32)
EXAMPLES = {
    "nothing": b"",
    "blank": b"\n",
    "zeros": b"00" * 32,
    "half as long": b"ab" * 16,
    "one byte again and again": b"ab" * 32,
    "counting": bytes(range(32)).hex().encode(),
    "counting down": bytes(range(32, 0, -1)).hex().encode(),
    "a pattern": b"0123456789abcdef" * 4,
    "no digits": b"x" * 64,
    "not ascii": b"\xff" * 64,
    "too long": secrets.token_hex(33).encode(),
    "too short": secrets.token_hex(31).encode(),
    "an example": b"change-me",
    "twice": f"{TWICE}\n{TWICE} 2026-05-01T00:00:00Z\n".encode(),
    "a bad instant": f"{TWICE} soon".encode(),
    "no zone": f"{TWICE} 2026-05-01T00:00:00".encode(),
}


@pytest.mark.parametrize("content", EXAMPLES.values(), ids=EXAMPLES)
def test_k9_a_damaged_short_example_or_doubled_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ROOT_KEY_FILE
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyProblem) as refusal:
        Keyring(RootFile(tmp_path))
    assert not content.strip() or content.decode("latin-1")[:64] not in str(refusal.value)
    with pytest.raises(KeyProblem):
        create_keyring(tmp_path)
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / ROOT_KEY_FILE).mkdir()
    with pytest.raises(KeyProblem):
        Keyring(RootFile(tmp_path))


def test_a_key_that_is_added_is_used_from_its_instant_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "LOOK_EVERY_SECONDS", 0)
    with time_machine.travel(NOON, tick=False) as clock:
        ring = create_keyring(tmp_path)
        first = ring.current
        lasting = ring.lasting_key("cursor")
        RootFile(tmp_path).add(NOON + timedelta(minutes=1))
        assert ring.current == first
        assert len(ring.roots) == 2
        clock.shift(timedelta(seconds=61))
        second = ring.current
        assert second.id != first.id
        assert ring.key("cursor") != ring.key("cursor", first.id)
        assert ring.lasting_key("cursor") == lasting
        grace = timedelta(minutes=15)
        assert ring.is_in_use(first.id, grace)
        clock.shift(grace)
        assert not ring.is_in_use(first.id, grace)
        assert ring.is_in_use(second.id, grace)
    assert stat.S_IMODE((tmp_path / ROOT_KEY_FILE).stat().st_mode) == 0o600


def test_an_unknown_key_makes_the_source_be_read_again(tmp_path: Path) -> None:
    ring = create_keyring(tmp_path)
    RootFile(tmp_path).add(NOON)
    added = Keyring(RootFile(tmp_path)).current
    assert ring.root(added.id) == added
    with pytest.raises(KeyProblem, match="missing"):
        ring.root("0" * 16)


def test_keys_come_from_the_environment_or_a_program_as_well(tmp_path: Path) -> None:
    one, two = secrets.token_hex(32), secrets.token_hex(32)
    text = f"{one},{two} 2026-05-01T00:00:00Z"
    given = Settings.model_validate({"home": tmp_path, "root_keys": text})
    assert one not in repr(given)
    assert [root.key.hex() for root in Keyring(root_source(given)).roots] == [one, two]
    program = tmp_path / "ask kms"
    program.write_text(f"#!{sys.executable}\nprint('{one}')\n")
    program.chmod(0o700)
    asked = Settings.model_validate({"home": tmp_path, "root_key_command": f"'{program}' decrypt"})
    assert Keyring(root_source(asked)).lasting_key("x") == parse_roots(one)[0].derive("x")
    assert list(tmp_path.iterdir()) == [program]


@pytest.mark.parametrize("command", ["false", "/there/is/none", "'", f"{sys.executable} -c 'print(1)'"])
def test_k9_a_program_that_fails_is_told(tmp_path: Path, command: str) -> None:
    settings = Settings.model_validate({"home": tmp_path, "root_key_command": command})
    with pytest.raises(KeyProblem):
        Keyring(root_source(settings))
