"""Exports of Bitwarden that are protected by a password: AES-256-CBC with HMAC-SHA256 over it, keys from the password.

As the vendor's white paper has it: PBKDF2 (RFC 8018) or Argon2id (RFC 9106), then HKDF-Expand (RFC 5869).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.padding import PKCS7

from claudetools.cli.failure import Failure

KEY_BYTES = 32
MOST_ITERATIONS, MOST_MEMORY_MIB, MOST_LANES = 10_000_000, 2_048, 64
"""Bounds of what a file may make this machine work: the vendor's own are below."""


def decrypted(document: Mapping[str, Any], password: str) -> str:
    """Return the export inside a protected one.

    Raises:
        Failure: the password is wrong, or the file was damaged or is of another form.
    """
    try:
        master = _master_key(document, password)
        keys = (_expanded(master, b"enc"), _expanded(master, b"mac"))
        _opened(document["encKeyValidation_DO_NOT_EDIT"], *keys)
        return _opened(document["data"], *keys).decode()
    except (KeyError, ValueError, TypeError):
        raise Failure("The export cannot be opened: the password is wrong, or the file is damaged.") from None


def _master_key(document: Mapping[str, Any], password: str) -> bytes:
    salt, rounds = str(document["salt"]).encode(), int(document["kdfIterations"])
    if not 1 <= rounds <= MOST_ITERATIONS:
        raise ValueError
    match document["kdfType"]:
        case 0:
            return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds, KEY_BYTES)
        case 1:
            memory, lanes = int(document["kdfMemory"]), int(document["kdfParallelism"])
            if not (1 <= memory <= MOST_MEMORY_MIB and 1 <= lanes <= MOST_LANES):
                raise ValueError
            return hash_secret_raw(
                password.encode(), hashlib.sha256(salt).digest(), rounds, memory * 1024, lanes, KEY_BYTES, Type.ID
            )
        case _:
            raise ValueError


def _expanded(key: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(SHA256(), KEY_BYTES, purpose).derive(key)


def _opened(text: str, key: bytes, mac_key: bytes) -> bytes:
    scheme, _, rest = text.partition(".")
    start, data, mac = (base64.b64decode(part, validate=True) for part in rest.split("|"))
    if scheme != "2" or not hmac.compare_digest(hmac.digest(mac_key, start + data, "sha256"), mac):
        raise ValueError
    decryptor, unpadder = Cipher(AES(key), CBC(start)).decryptor(), PKCS7(128).unpadder()
    padded = decryptor.update(data) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()
