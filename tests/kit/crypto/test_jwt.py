"""Access tokens: only ours, only as they were issued, only in their time."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from claudetools.kit.crypto.jwt import PURPOSE, AccessTokens
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.roots import RootText
from claudetools.kit.problems import Unauthenticated

KEYRING = Keyring(RootText("8d1c7f20a94be6533f0ad2c4871e59b6607fca92d5183be40c67a9f1e2b8543d"))
KEY = KEYRING.signing_key(PURPOSE)
TOKENS = AccessTokens(KEYRING)
HEADER = {"alg": "EdDSA", "typ": "at+jwt", "kid": KEYRING.current.id}
REMOVED = object()


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims(**changes: Any) -> dict[str, Any]:
    at = int(time.time())
    full = {
        "iss": "claudetools",
        "aud": "claudetools-api",
        "sub": str(uuid4()),
        "sid": str(uuid4()),
        "jti": str(uuid4()),
        "iat": at,
        "exp": at + 600,
        "scope": "msp:read",
        "ver": 0,
    }
    return {name: value for name, value in (full | changes).items() if value is not REMOVED}


def signed(header: Any, body: Any, key: Ed25519PrivateKey = KEY) -> str:
    """Return a token over any header and body; text is taken as it is."""
    parts = [part if isinstance(part, str) else json.dumps(part) for part in (header, body)]
    text = ".".join(b64(part.encode()) for part in parts)
    return f"{text}.{b64(key.sign(text.encode()))}"


def refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.read(token)


def test_a_token_says_what_was_put_in() -> None:
    user, session = uuid4(), uuid4()
    found = TOKENS.read(TOKENS.issue(user, session, frozenset({"b", "a"}), 3))
    assert (found.user_id, found.session_id, found.scopes, found.token_version) == (
        user,
        session,
        frozenset({"a", "b"}),
        3,
    )


def test_the_tokens_made_here_are_read() -> None:
    assert TOKENS.read(signed(HEADER, claims())).scopes == {"msp:read"}


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "", "HS256", "RS256", "ES256", "Ed25519", "eddsa"])
def test_t1_another_algorithm_is_refused(algorithm: str) -> None:
    refused(signed(HEADER | {"alg": algorithm}, claims()))
    text = f"{b64(json.dumps(HEADER | {'alg': algorithm}).encode())}.{b64(json.dumps(claims()).encode())}"
    refused(f"{text}.")


PUBLIC = KEY.public_key()


@pytest.mark.parametrize(
    "secret",
    [
        PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        PUBLIC.public_bytes(Encoding.Raw, PublicFormat.Raw),
        json.dumps({"kty": "OKP", "crv": "Ed25519", "x": b64(PUBLIC.public_bytes_raw())}).encode(),
        b"",
    ],
)
def test_t2_the_public_key_is_no_shared_secret(secret: bytes) -> None:
    for algorithm in ("HS256", "EdDSA"):
        text = f"{b64(json.dumps(HEADER | {'alg': algorithm}).encode())}.{b64(json.dumps(claims()).encode())}"
        refused(f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256))}")


@pytest.mark.parametrize(
    "more",
    [
        {"jku": "http://127.0.0.1:9/keys"},
        {"x5u": "http://127.0.0.1:9/cert"},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(PUBLIC.public_bytes_raw())}},
        {"kid": "../../../dev/null"},
        {"kid": "1' OR '1'='1"},
        {"kid": 1},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"typ": "JWT"},
        {"typ": "refresh"},
        {"cty": "JWT"},
        {"zip": "DEF"},
    ],
)
def test_t3_t4_any_other_header_field_is_refused(more: dict[str, Any]) -> None:
    refused(signed(HEADER | more, claims()))


@pytest.mark.parametrize("name", sorted(claims()))
def test_t5_every_claim_is_required_and_of_its_type(name: str) -> None:
    refused(signed(HEADER, claims(**{name: REMOVED})))
    values: tuple[Any, ...] = (None, [], {}, "", "x", True, 1e400, "claudetools-other")
    for value in values:
        if not (name == "scope" and isinstance(value, str)) and not (name == "jti" and isinstance(value, str)):
            refused(signed(HEADER, claims(**{name: value})))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["claudetools-api", "other"]},
        {"aud": "other"},
        {"iss": "other"},
        {"iat": 1_700_000_000, "exp": 1_700_000_600},
        {"exp": 4_000_000_000},
        {"iat": 4_000_000_000, "exp": 4_000_000_600},
        {"nbf": 4_000_000_000},
        {"admin": True},
        {"sub": "1"},
        {"sid": "'; --"},
        {"ver": "0x1"},
    ],
)
def test_t5_claims_beyond_the_rules_are_refused(changes: dict[str, Any]) -> None:
    refused(signed(HEADER, claims(**changes)))


def test_t5_a_name_given_twice_is_refused() -> None:
    body = json.dumps(claims())
    refused(signed(HEADER, f'{{"sub": "{uuid4()}", {body[1:]}'))
    head = json.dumps(HEADER)
    refused(signed(f'{{"alg": "none", {head[1:]}', claims()))


def test_t5_t6_it_has_one_spelling() -> None:
    token = signed(HEADER, claims())
    head, body, signature = token.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(signature[-1])
    spare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last ^ 1]
    assert base64.urlsafe_b64decode(signature + "==") == base64.urlsafe_b64decode(signature[:-1] + spare + "==")
    for other in (
        f"{head}.{body}.{signature[:-1]}{spare}",
        token + "=",
        token + "==",
        " " + token,
        token + "\n",
        token.replace(".", ". "),
        token + ".",
        f"{head}.{body}.{signature}!",
        f"{head}.{body}",
        token + ".x",
    ):
        refused(other)


def test_another_key_is_refused() -> None:
    refused(signed(HEADER, claims(), Ed25519PrivateKey.generate()))


def test_it_lives_ten_minutes() -> None:
    at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    with time_machine.travel(at, tick=False):
        token = TOKENS.issue(uuid4(), uuid4(), frozenset(), 0)
    for offset, works in ((0, True), (9 * 60, True), (10 * 60 + 31, False), (86_400, False), (-31, False)):
        with time_machine.travel(at + timedelta(seconds=offset), tick=False):
            if works:
                TOKENS.read(token)
            else:
                refused(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "\x00.\x00.\x00",
        "é.é.é",
        f"{b64(b'[' * 3000)}.e30.e30",
        f"{b64(b'{}')}.{b64(b'[' * 2900)}.e30",
        f"{b64(b'9' * 2900)}.e30.e30",
        f"{b64(bytes([0xFF, 0xFE]))}.e30.e30",
        f"{b64(b'[]')}.{b64(b'null')}.e30",
        "a" * 5000,
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    refused(token)


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    refused(text)
    refused(f"{b64(text.encode(errors='surrogatepass'))}.e30.e30")
