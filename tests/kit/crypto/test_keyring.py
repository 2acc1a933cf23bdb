"""The root key: made once, kept private, one key a purpose."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from claudetools.kit.crypto.keyring import ROOT_KEY_FILE, KeyProblem, Keyring, create_keyring, open_keyring


def test_a_new_key_is_private_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    made = create_keyring(folder)
    assert stat.S_IMODE((folder / ROOT_KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.iterdir()] == [ROOT_KEY_FILE]
    assert made.key("cursor") == open_keyring(folder).key("cursor") == create_keyring(folder).key("cursor")


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
    assert text not in repr(ring)
    assert text not in str(vars(ring).keys())


def test_a_missing_key_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match="Restore it"):
        open_keyring(tmp_path)
    assert not (tmp_path / ROOT_KEY_FILE).exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_keyring(tmp_path)
    (tmp_path / ROOT_KEY_FILE).chmod(mode)
    with pytest.raises(KeyProblem, match="chmod 600"):
        open_keyring(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"00" * 32, b"ab" * 16, b"ab" * 32, b"x" * 64, b"\xff" * 64, b"12" * 33, b"change-me"]
)
def test_a_damaged_or_weak_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / ROOT_KEY_FILE
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyProblem) as refusal:
        open_keyring(tmp_path)
    assert not content.strip() or content.decode("latin-1") not in str(refusal.value)
    with pytest.raises(KeyProblem):
        create_keyring(tmp_path)
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / ROOT_KEY_FILE).mkdir()
    with pytest.raises(KeyProblem):
        open_keyring(tmp_path)


@pytest.mark.parametrize("root", [b"", b"x" * 31, b"x" * 33, b"x" * 32, bytes(32)])
def test_a_root_is_thirty_two_random_bytes(root: bytes) -> None:
    with pytest.raises(KeyProblem):
        Keyring(root)
