"""Databases of KeePass (KDBX 3.1 and 4) and its XML exports, which hold the same document."""

import base64
import binascii
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from claudetools.cli.failure import Failure
from claudetools.cli.password_entries import Entry, Export

SIGNATURE = bytes.fromhex("03d9a29a")
"""What every database of KeePass begins with."""
STANDARD = frozenset({"Title", "UserName", "Password", "URL", "Notes"})
SEEDS = ("otp", "TimeOtp-Secret-Base32", "TOTP Seed")
"""Fields with the seed of one-time codes: of KeePassXC, of KeePass since 2.47, of plugins."""
ABOUT_CODES = ("TimeOtp-", "TOTP Settings", "HmacOtp-")
REFERENCE = "{REF:"
YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)


def read_keepass(data: bytes, ask_password: Callable[[], str], key_file: Path | None) -> Export:
    """Return what a database or an XML export holds.

    Raises:
        Failure: it is none, or it cannot be opened. The message holds nothing of it.
    """
    root = _opened(data, ask_password(), key_file) if data.startswith(SIGNATURE) else _parsed(data)
    groups, export = root.findall("Root/Group"), Export()
    if root.tag != "KeePassFile" or not groups:
        raise Failure("The file is neither a database of KeePass nor its XML export.")
    trash = root.findtext("Meta/RecycleBinUUID") or ""
    for group in groups:
        # The outermost group is the database itself: its name says nothing of the entries.
        for folder, entry in _entries(group, (), trash, export):
            export.entries.append(_entry(entry, folder, export))
    return export


def _opened(data: bytes, password: str, key_file: Path | None) -> Any:
    try:
        from pykeepass import PyKeePass
    except ImportError:
        raise Failure(
            "Databases of KeePass are read by pykeepass (GPL-3.0), which is not installed here. "
            "Run: pip install pykeepass; or export the database as KeePass XML (2.x) and import that."
        ) from None

    try:
        database = PyKeePass(io.BytesIO(data), password=password or None, keyfile=key_file and str(key_file))
    except Exception as error:  # noqa: BLE001 - the parser raises many kinds; none may tell of the content
        if isinstance(error, OSError):
            raise Failure(f"The key file {key_file} cannot be read.") from None
        raise Failure(
            "The database cannot be opened: the password or the key file is wrong, or the file is damaged."
        ) from None
    return database.tree.getroot()


def _parsed(data: bytes) -> Any:
    # No document type and nothing from elsewhere: such a file is not what KeePass writes.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        raise Failure("The file is neither a database of KeePass nor its XML export.") from None


def _entries(group: Any, folder: tuple[str, ...], trash: str, export: Export) -> Iterator[tuple[tuple[str, ...], Any]]:
    for entry in group.findall("Entry"):
        yield folder, entry
    for inner in group.findall("Group"):
        if trash and inner.findtext("UUID") == trash:
            export.left_out["entry in the recycle bin"] += len(list(inner.iter("Entry")))
        else:
            yield from _entries(inner, (*folder, (inner.findtext("Name") or "").strip()), trash, export)


def _entry(node: Any, folder: tuple[str, ...], export: Export) -> Entry:
    fields = {each.findtext("Key") or "": each.findtext("Value") or "" for each in node.findall("String")}
    for name in [name for name, value in fields.items() if value.startswith(REFERENCE)]:
        del fields[name]
        export.left_out["field that refers to another entry"] += 1
    seed = next((fields[name] for name in SEEDS if fields.get(name)), "")
    secrets = {"password": fields.get("Password", ""), "totp_seed": seed}
    entry = Entry(
        folder=folder,
        title=fields.get("Title", ""),
        username=fields.get("UserName", ""),
        urls=[fields.get("URL", "")],
        secrets={name: value for name, value in secrets.items() if value},
        expires_at=_expiry(node),
    )
    if not entry.secrets:
        entry.kind = "note"
    for name, value in fields.items():
        if name not in STANDARD and name not in SEEDS and not name.startswith(ABOUT_CODES):
            entry.add(name, value)
    entry.add("", fields.get("Notes"))
    if node.find("Binary") is not None:
        export.left_out["attachments"] += 1
    if node.find("History/Entry") is not None:
        export.left_out["earlier versions of an entry"] += 1
    return entry


def _expiry(node: Any) -> str | None:
    if (node.findtext("Times/Expires") or "").lower() != "true":
        return None
    text = node.findtext("Times/ExpiryTime") or ""
    try:
        # KDBX 4 counts seconds from the year 1, in base64; everything before it writes an instant.
        seconds = int.from_bytes(base64.b64decode(text, validate=True), "little")
        return (YEAR_ONE + timedelta(seconds=seconds)).isoformat()
    except (ValueError, OverflowError, binascii.Error):
        return text or None
