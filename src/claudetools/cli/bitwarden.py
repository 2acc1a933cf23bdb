"""Exports of Bitwarden (and Vaultwarden): JSON, with or without a password, and CSV.

Their form is that of the vendor's documentation of conditioned and encrypted imports and exports.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from claudetools.cli.failure import Failure
from claudetools.cli.password_entries import Entry, Export

CARD = ("cardholderName", "brand", "number", "expMonth", "expYear", "code")
IDENTITY = (
    "title", "firstName", "middleName", "lastName", "username", "company", "ssn", "passportNumber", "licenseNumber",
    "email", "phone", "address1", "address2", "address3", "city", "state", "postalCode", "country",
)  # fmt: skip
LEFT_OUT = {
    "passwordHistory": "password history",
    "attachments": "attachments",
}


class Kind(IntEnum):
    """What an item is."""

    LOGIN = 1
    NOTE = 2
    CARD = 3
    IDENTITY = 4
    SSH_KEY = 5


def read_bitwarden(data: bytes, ask_password: Callable[[], str]) -> Export:
    """Return what an export holds.

    Raises:
        Failure: it is none, or it cannot be opened. The message holds nothing of it.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Failure("The file is not text in UTF-8: give a JSON or CSV export of Bitwarden.") from None
    if not text.lstrip().startswith("{"):
        return _csv(text)
    document = _document(text)
    if document.get("encrypted"):
        if not document.get("passwordProtected"):
            raise Failure(
                "The export can be opened by the account alone that made it. Export again, “password protected”."
            )
        from claudetools.cli.bitwarden_encryption import decrypted

        document = _document(decrypted(document, ask_password()))
    return _json(document)


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Failure("The file is not JSON: give a JSON or CSV export of Bitwarden.") from None
    if not isinstance(document, dict):
        raise Failure("The file is no export of Bitwarden.")
    return document


def _json(document: Mapping[str, Any]) -> Export:
    items = document.get("items")
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise Failure("The file is no export of Bitwarden: it has no list of items.")
    folders = {
        each.get("id"): _path(each.get("name"))
        for name in ("folders", "collections")
        for each in document.get(name) or []
        if isinstance(each, dict)
    }
    export = Export()
    for item in items:
        if item.get("deletedDate"):
            export.left_out["item in the trash"] += 1
            continue
        places = [item.get("folderId"), *(item.get("collectionIds") or [])]
        folder = next((folders[place] for place in places if place in folders), ())
        entry = _entry(item, folder, export)
        if entry is not None:
            export.entries.append(entry)
    return export


def _path(name: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(name or "").split("/") if part.strip())


def _entry(item: Mapping[str, Any], folder: tuple[str, ...], export: Export) -> Entry | None:
    entry = Entry(folder=folder, title=str(item.get("name") or ""))
    match item.get("type"):
        case Kind.LOGIN:
            _fill_login(entry, _part(item, "login"), export)
        case Kind.NOTE:
            entry.kind = "note"
        case Kind.CARD | Kind.IDENTITY as kind:
            name, names = ("card", CARD) if kind == Kind.CARD else ("identity", IDENTITY)
            entry.kind = "note"
            for each in names:
                entry.add(each, _part(item, name).get(each))
            export.left_out[f"{name}: kept as a note, without fields of its own"] += 1
        case Kind.SSH_KEY:
            key = _part(item, "sshKey")
            entry.kind = "ssh_key"
            entry.secrets = _given(private_key=key.get("privateKey"))
            entry.add("public key", key.get("publicKey"))
        case _:
            export.left_out["item of a kind that is not known"] += 1
            return None
    for each in item.get("fields") or []:
        if isinstance(each, dict) and each.get("value") is not None:
            entry.add(str(each.get("name") or "field"), each["value"])
    entry.add("", item.get("notes"))
    for name, reason in LEFT_OUT.items():
        if item.get(name):
            export.left_out[reason] += 1
    return entry


def _part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = item.get(name)
    return part if isinstance(part, dict) else {}


def _given(**secrets: object) -> dict[str, str]:
    return {name: str(value) for name, value in secrets.items() if value}


def _fill_login(entry: Entry, login: Mapping[str, Any], export: Export) -> None:
    entry.username = str(login.get("username") or "")
    entry.secrets = _given(password=login.get("password"), totp_seed=login.get("totp"))
    entry.urls = [str(each["uri"]) for each in login.get("uris") or [] if isinstance(each, dict) and each.get("uri")]
    if login.get("fido2Credentials"):
        export.left_out["passkeys"] += 1


def _csv(text: str) -> Export:
    reader = csv.DictReader(io.StringIO(text))
    if not {"name", "login_password"}.issubset(reader.fieldnames or ()):
        raise Failure("The file is no export of Bitwarden: its columns are others.")
    export = Export()
    for row in reader:
        entry = Entry(
            folder=_path(row.get("folder") or (row.get("collections") or "").partition(",")[0]),
            title=row["name"] or "",
            kind="password" if row.get("type") == "login" else "note",
            username=row.get("login_username") or "",
            urls=[each.strip() for each in (row.get("login_uri") or "").split(",") if each.strip()],
            secrets=_given(password=row.get("login_password"), totp_seed=row.get("login_totp")),
        )
        entry.add("", row.get("fields"))
        entry.add("", row.get("notes"))
        export.entries.append(entry)
    return export
