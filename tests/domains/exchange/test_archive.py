"""Archives that come from outside: limits, labels, and what is not even looked at."""

import io
import zipfile

import pytest

from claudetools.domains.exchange import archive
from claudetools.domains.exchange.archive import holds_secrets, is_read, pack, unpack
from claudetools.kit.problems import Invalid


def test_what_is_packed_is_unpacked() -> None:
    files = {"a/b.csv": b"x", "c.json": b"{}", "Documents/DOC-1-2 Ä/ä.html": "ä".encode()}
    assert unpack(pack(files)) == files


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("configurations.csv", True),
        ("export/Assets.CSV", True),
        ("devices.json", True),
        ("Documents/DOC-1-2 Password policy/Password policy.html", True),
        ("passwords.csv", False),
        ("x/Northwind-Credentials.csv", False),
        ("asset_passwords.json", False),
        ("otp.csv", False),
        ("attachments/logo.png", False),
        ("backup.xml", False),
        ("noextension", False),
    ],
)
def test_only_what_can_be_of_use_is_read(label: str, expected: bool) -> None:
    assert is_read(label) is expected
    assert (label in unpack(pack({label: b"x"}))) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Password", True), ("TOTP", True), ("otp_secret", True), ("API Key", True), ("Door PIN", True),
        ("wifi psk", True),        ("Pre-Shared Key", True),
        ("License/Product Key(s)", True), ("product_key", True), ("access token", True),
        ("Keyboard", False), ("Spinning disks", False), ("Optional", False), ("Topic", False), ("Passport", False),
    ],
)  # fmt: skip
def test_columns_that_hold_secrets_are_known_by_name(name: str, expected: bool) -> None:
    assert holds_secrets(name) is expected


def test_names_are_labels_and_lead_nowhere() -> None:
    files = {"../../etc/cron.d/evil.csv": b"a", "/root/evil.csv": b"b", "C:\\evil.csv": b"c", "x" * 600 + ".csv": b"d"}
    found = unpack(pack(files))
    assert sorted(found.values()) == [b"a", b"b", b"c"]
    assert all(len(label) <= archive.MAX_LABEL for label in found)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="more than it should"):
        unpack(pack({"zeros.csv": bytes(30_000_000)}))
    monkeypatch.setattr(archive, "MAX_BYTES", 1_000)
    with pytest.raises(Invalid, match="more than it should"):
        unpack(pack({f"{n}.csv": f"{n}".encode() * 600 for n in range(3)}))
    assert unpack(pack({"a.csv": b"x" * 1_000}))
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    with pytest.raises(Invalid, match="3 files"):
        unpack(pack({f"{n}.csv": b"" for n in range(3)}))


def lying(data: bytes) -> bytes:
    """Return an archive that says its first file is one byte long."""
    position = data.index(b"PK\x01\x02") + 24
    return data[:position] + (1).to_bytes(4, "little") + data[position + 4 :]


def encrypted(data: bytes) -> bytes:
    """Return an archive that says its first file is encrypted."""
    changed = bytearray(data)
    changed[6] |= 1
    changed[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def no_archive(data: bytes) -> bytes:
    return data[:20]


def with_unknown_method(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[8] = 99
    changed[data.index(b"PK\x01\x02") + 10] = 99
    return bytes(changed)


@pytest.mark.parametrize("damage", [lying, encrypted, truncated, with_unknown_method, no_archive])
def test_what_is_no_sound_archive_is_refused(damage: object) -> None:
    sound = pack({"a.csv": b"name\n" * 1_000})
    with pytest.raises(Invalid) as refused:
        unpack(damage(sound))  # type: ignore[operator]
    assert refused.value.errors[0].code == "zip"


def test_folders_in_an_archive_are_nothing() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.mkdir("folder.csv")
        made.writestr("folder.csv/a.csv", b"x")
    assert unpack(buffer.getvalue()) == {"folder.csv/a.csv": b"x"}
