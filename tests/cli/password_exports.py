"""Exports of password managers with made-up secrets, written as the programs write them."""

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.padding import PKCS7

SECRET = "canary Harbor-48" + "21!"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "the password of the export"


def bitwarden(client: str) -> dict[str, Any]:
    """An export with one item of each kind."""

    def item(kind: int, name: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "name": name, "folderId": "f1", "notes": None, "fields": [], **more}

    uris = [{"match": None, "uri": "https://db.example/erp"}, {"match": 1, "uri": "https://db2.example"}]
    login = {
        "uris": uris, "username": "erp", "password": SECRET, "totp": SEED,
        "fido2Credentials": [{"credentialId": "x"}],
    }  # fmt: skip
    return {
        "encrypted": False,
        "folders": [{"id": "f1", "name": f"Customers/{client}"}, {"id": "f2", "name": "Private"}],
        "items": [
            item(
                1, "ERP database", login=login, notes="ask Ann", passwordHistory=[{"password": "canary old"}],
                fields=[{"name": "SID", "value": "canary field", "type": 1}],
            ),
            item(1, "ERP database", login=login | {"password": "canary other", "totp": "steam://canary"}),
            item(1, "App", login={"uris": [{"uri": "androidapp://com.app"}], "password": "canary app"}),
            item(2, "Alarm code", notes="canary note", secureNote={"type": 0}),
            item(3, "Visa", card={"number": "canary card", "code": "123"}),
            item(4, "Ann", identity={"firstName": "Ann", "passportNumber": "canary passport"}),
            item(5, "Deploy key", sshKey={"privateKey": "-----BEGIN canary-----", "publicKey": "ssh-ed25519 AAA"}),
            item(1, "Gone", login=login, deletedDate="2026-01-01T00:00:00Z"),
            item(9, "New kind"),
        ],
    }  # fmt: skip


BITWARDEN_CSV = """folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp
{client},,login,Router,"first
second",PIN: canary pin,0,"https://10.0.0.1,https://10.0.0.2",admin,canary router,
{client},,note,Safe,canary safe,,0,,,,
"""


def protected(export: dict[str, Any], kdf: int = 0) -> dict[str, Any]:
    """The same export, protected by a password."""
    salt = base64.b64encode(os.urandom(16)).decode()
    if kdf == 0:
        settings = {"kdfType": 0, "kdfIterations": 5000}
        master = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt.encode(), 5000, 32)
    else:
        from argon2.low_level import Type, hash_secret_raw

        settings = {"kdfType": 1, "kdfIterations": 2, "kdfMemory": 16, "kdfParallelism": 1}
        digest = hashlib.sha256(salt.encode()).digest()
        master = hash_secret_raw(PASSWORD.encode(), digest, 2, 16 * 1024, 1, 32, Type.ID)
    keys = [HKDFExpand(SHA256(), 32, purpose).derive(master) for purpose in (b"enc", b"mac")]
    return {
        "encrypted": True,
        "passwordProtected": True,
        "salt": salt,
        **settings,
        "encKeyValidation_DO_NOT_EDIT": _sealed(b"anything", *keys),
        "data": _sealed(json.dumps(export).encode(), *keys),
    }


def _sealed(data: bytes, key: bytes, mac_key: bytes) -> str:
    start, padder = os.urandom(16), PKCS7(128).padder()
    encryptor = Cipher(AES(key), CBC(start)).encryptor()
    sealed = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
    mac = hmac.digest(mac_key, start + sealed, "sha256")
    return "2." + "|".join(base64.b64encode(part).decode() for part in (start, sealed, mac))


def keepass_xml(client: str) -> str:
    """An XML export: a group of a client with a login, and a recycle bin."""

    def strings(**fields: str) -> str:
        return "".join(f"<String><Key>{key}</Key><Value>{value}</Value></String>" for key, value in fields.items())

    login = strings(
        Title="Switch", UserName="admin", Password=SECRET, URL="https://sw.example", Notes="rack 2", PIN="canary pin"
    )
    old, gone = strings(Title="Switch", Password="canary old"), strings(Title="Gone", Password="canary gone")
    return f"""<?xml version="1.0" encoding="utf-8" standalone="yes"?>
<KeePassFile><Meta><RecycleBinUUID>BIN=</RecycleBinUUID></Meta><Root><Group><UUID>ROOT</UUID><Name>Firm</Name>
<Group><UUID>A</UUID><Name>{client}</Name>
<Entry>{login}<Times><Expires>True</Expires><ExpiryTime>2030-01-02T03:04:05Z</ExpiryTime></Times>
<Binary><Key>a.txt</Key></Binary><History><Entry>{old}</Entry></History></Entry>
<Entry>{strings(Title="Mail", UserName="ann", Password="canary mail", otp="otpauth://totp/x?secret=" + SEED)}</Entry>
<Entry>{strings(Title="Link", Password="{REF:P@I:123}", UserName="x")}</Entry>
</Group><Group><UUID>BIN=</UUID><Name>Recycle Bin</Name><Entry>{gone}</Entry></Group>
</Group></Root></KeePassFile>
"""


def keepass_database(path: Path, client: str, key_file: Path | None = None) -> None:
    """Write a database (KDBX 4) with an entry of a client."""
    from datetime import UTC, datetime

    from pykeepass import create_database

    database = create_database(str(path), password=PASSWORD, keyfile=key_file and str(key_file))
    group = database.add_group(database.root_group, client)
    expiry = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    entry = database.add_entry(
        group, "Switch", "admin", SECRET, url="https://sw.example", notes="rack 2", expiry_time=expiry
    )
    entry.set_custom_property("PIN", "canary pin", protect=True)
    database.save()
