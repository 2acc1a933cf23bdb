"""Names that announce a secret: in text, after flags and as keys of structured values."""

import re
from typing import Literal

from claudetools.kit.redact.words import KEY_ENDINGS

Strength = Literal["password", "secret", "pin"]

_STRONG_NAMES = (
    r"passwords?|passwd|passwort|kennwort|passphrase|passcode|passkey|contrase(?:ñ|n)a|wachtwoord"
    r"|mot de passe|senha|has[łl]o|пароль|mdp|lösenord|heslo|jelsz[óo]|parola|salasana|adgangskode|passord|clave"
    r"|(?:backup|encryption|seed|shared|secret) phrase"
    r"|pwd|passwrd|pass|psw|pw"
)
_OTHER_NAMES = (
    r"secret|token|(?:api|access|secret|private|auth|account|encryption|shared|signing|master|storage"
    r"|license|subscription|app|application|client|wg"
    r"|wireguard|wpa|wifi|wi-fi|wlan|network|recovery|bitlocker|service|functions?|host|cf|guest|tunnel"
    r"|session|deploy|consumer|webhook|x-functions|portal|authenticator|setup|itglue|it glue|hudu|integration)"
    r"[ _-]?(?:key|schlüssel)|wpa2?-psk|pre-?shared|psk|community|sharedaccesssignature|keymaterial"
    r"|integration code|key ?content|authorization|x-api-key|x-auth-key"
    r"|credentials?|creds|(?:mfa|2fa|totp|otp)(?:[ _-](?:seed|secret|key))?|recovery[ _-]codes?|backup[ _-]codes?"
)
_PIN_NAMES = r"pin(?:[ -]?code)?"
STEM = re.compile(rf"(?P<password>{_STRONG_NAMES})|(?P<secret>{_OTHER_NAMES})|(?P<pin>{_PIN_NAMES})")
"""Finds a secret-looking name in lower-case text; the group says which strength of value it needs."""

# Too short to be found inside other words.
_SHORT = frozenset(
    (
        "pass",
        "pwd",
        "pw",
        "psw",
        "psk",
        "pin",
        "otp",
        "mfa",
        "2fa",
        "creds",
        "mdp",
        "heslo",
        "parola",
        "clave",
        "hasło",
        "haslo",
        "senha",
        "secret",
        "token",
        "community",
    )
)
_FUSED = re.compile(
    r"(?:user|bind|db|root|store|key|require|admin|mysql|smtp|mail|ftp|ldap|sql|my|login|auth|svc|proxy"
    r"|vpn|wifi|client|app|master|access|refresh|id|bot"
    r"|auth|csrf|session|bearer|shared|ro|rw|set|psk|api|server|service|sas|web|vnc|rdp|ssh|ipmi|bmc"
    r"|router|switch|sudo|su|pg|redis|mongo)$"
)
_SUFFIX_WORD = re.compile(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]*|\d+")
_SUFFIX = re.compile(r"(?:[A-Za-z0-9_]|[-.](?=[A-Za-z0-9])){0,40}")
_KEY_NAME = re.compile(r"[\w .$:/\\-]{1,80}$")


def bounded(text: str, start: int, end: int) -> bool:
    """Return whether the stem at `[start, end)` is a word of its own, part of a compound key, or a known fusion."""
    stem = text[start:end].lower()
    before = text[start - 1] if start else " "
    if not before.isalnum():
        return True
    if text[start].isupper() and before.islower():
        return True
    if stem not in _SHORT and not stem.endswith("key"):
        return not stem.startswith(
            ("account", "access", "app", "host", "cf", "wg", "credential", "sess", "2fa", "mfa", "totp")
        )
    return bool(_FUSED.search(text[max(0, start - 10) : start].lower()))


def suffix_end(text: str, end: int) -> int | None:
    """Return where the key ends that goes on after a stem, or None when the rest makes it a harmless name."""
    match = _SUFFIX.match(text, end)
    if match is None or not match[0]:
        return end
    rest = match[0]
    if rest[0].islower() and rest.lower() not in ("s", "en", "key", "value", "text", "string", "word", "phrase"):
        return None
    if rest in ("s", "en"):
        return None
    words = [w.lower() for w in _SUFFIX_WORD.findall(rest)]
    return None if any(w in KEY_ENDINGS for w in words) else match.end()


def secret_key(name: str) -> Strength | None:
    """Return how secret the value under a key of a structured value is, None when the key says nothing."""
    if not _KEY_NAME.match(name):
        return None
    low = name.lower()
    if len(low) != len(name):
        return None
    if low in ("cookie", "set-cookie", "cookies"):
        return "secret"
    for match in STEM.finditer(low):
        if not bounded(name, *match.span()):
            continue
        if suffix_end(name, match.end()) == len(name):
            strength: Strength = match.lastgroup  # type: ignore[assignment]  # the group names are the strengths
            return strength
    return None
