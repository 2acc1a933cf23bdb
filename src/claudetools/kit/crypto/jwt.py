"""Access tokens: JWT signed with Ed25519 (RFC 7519, RFC 8037, RFC 9068), read under strict rules (RFC 8725)."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt

from claudetools.kit.clock import now
from claudetools.kit.crypto.keyring import Keyring
from claudetools.kit.crypto.roots import KeyProblem
from claudetools.kit.ids import new_id
from claudetools.kit.problems import Unauthenticated

ISSUER = "claudetools"
AUDIENCE = "claudetools-api"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type, not a secret
PURPOSE = "access-token"
LIFETIME = timedelta(minutes=10)
LONGEST_LIFETIME_SECONDS = 15 * 60
LEEWAY_SECONDS = 30
GRACE = timedelta(seconds=LONGEST_LIFETIME_SECONDS + LEEWAY_SECONDS)
REQUIRED = ("iss", "aud", "sub", "exp", "iat", "jti", "sid", "scope", "ver")
MAX_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What a valid access token says."""

    user_id: UUID
    session_id: UUID
    scopes: frozenset[str]
    token_version: int


class AccessTokens:
    """Issues and reads access tokens. Each names the root key that its signing key comes from (`kid`).

    A root key that another took the place of still verifies for as long as a token may live.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def issue(self, user_id: UUID, session_id: UUID, scopes: frozenset[str], token_version: int) -> str:
        """Return a signed token for one login session, valid for `LIFETIME`."""
        at = now()
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(session_id),
            "jti": str(new_id()),
            "iat": int(at.timestamp()),
            "exp": int((at + LIFETIME).timestamp()),
            "scope": " ".join(sorted(scopes)),
            "ver": token_version,
        }
        kid = self._keyring.current.id
        key = self._keyring.signing_key(PURPOSE, kid)
        return jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": TOKEN_TYPE, "kid": kid})

    def read(self, token: str) -> AccessClaims:
        """Return what `token` says.

        Raises:
            Unauthenticated: the token is not one of ours, has expired, or is not in the one canonical form.
        """
        try:
            kid = _key_id(token)
            key = self._keyring.signing_key(PURPOSE, kid)
            if not self._keyring.is_in_use(kid, GRACE):
                raise ValueError("key")
            claims: dict[str, Any] = jwt.decode(
                token,
                key.public_key(),
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": list(REQUIRED), "strict_aud": True},
            )
            if claims["exp"] - claims["iat"] > LONGEST_LIFETIME_SECONDS:
                raise ValueError("lifetime")
            return AccessClaims(
                user_id=UUID(claims["sub"]),
                session_id=UUID(claims["sid"]),
                scopes=frozenset(claims["scope"].split()),
                token_version=claims["ver"],
            )
        except (jwt.PyJWTError, KeyProblem, ValueError, TypeError, AttributeError, KeyError):
            raise Unauthenticated("The access token is not valid or has expired.") from None


def _key_id(token: str) -> str:
    """Return the key that a token names; refuse what the library lets pass: padding, other fields, duplicate keys."""
    if len(token) > MAX_LENGTH or token.count(".") != 2 or "=" in token:
        raise ValueError("form")
    head, body, signature = token.split(".")
    header, claims = _object(_bytes(head)), _object(_bytes(body))
    _bytes(signature)
    kid = header.get("kid")
    if header != {"alg": "EdDSA", "typ": TOKEN_TYPE, "kid": kid} or not isinstance(kid, str):
        raise ValueError("header")
    if set(claims) != set(REQUIRED) or any(type(claims[name]) is not int for name in ("exp", "iat", "ver")):
        raise ValueError("claims")
    return kid


def _bytes(part: str) -> bytes:
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("encoding") from None
    # The decoder overlooks spare bits at the end, so that several texts would stand for one token.
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != part:
        raise ValueError("encoding")
    return raw


def _object(raw: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) != len(pairs):
            raise ValueError("duplicate key")
        return dict(pairs)

    try:
        found = json.loads(raw, object_pairs_hook=unique)
    except RecursionError:
        raise ValueError("depth") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found
