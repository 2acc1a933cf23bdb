"""One-time codes by time (RFC 6238), from seeds as services hand them out: often shorter than the RFC asks for."""

from base64 import b32decode
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512
from cryptography.hazmat.primitives.twofactor.totp import TOTP

LEAST_SEED_BYTES = 10
LONGEST_PERIOD_SECONDS = 300
ALGORITHMS: dict[str, SHA1 | SHA256 | SHA512] = {"SHA1": SHA1(), "SHA256": SHA256(), "SHA512": SHA512()}  # noqa: S303 - RFC 6238
"""HMAC with SHA-1 is what nearly all services use."""


@dataclass(frozen=True, slots=True)
class OneTimeCodes:
    """The codes of one seed, each the present one for `period` seconds."""

    totp: TOTP
    period: int

    def at(self, seconds: int) -> str:
        """Return the code at an instant, in seconds since 1970."""
        return self.totp.generate(seconds).decode()


def one_time_codes(seed: str) -> OneTimeCodes:
    """Return the codes of a seed: Base32 text, or an `otpauth://totp/` URI (Google Authenticator, Key Uri Format).

    Raises:
        ValueError: it is neither. The message does not repeat it.
    """
    try:
        return _of_uri(seed) if seed.lower().startswith("otpauth:") else _of(seed)
    except (ValueError, KeyError, IndexError):
        message = f"a seed of at least {LEAST_SEED_BYTES * 8 // 5} Base32 characters, or a URI otpauth://totp/..."
        raise ValueError(message) from None


def _of_uri(uri: str) -> OneTimeCodes:
    parts = urlsplit(uri)
    if parts.netloc.lower() != "totp":
        raise ValueError("codes by counter are not supported")
    given = {name.lower(): values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
    algorithm = given.get("algorithm", "SHA1").upper().replace("-", "")
    return _of(given["secret"], algorithm, int(given.get("digits", "6")), int(given.get("period", "30")))


def _of(seed: str, algorithm: str = "SHA1", digits: int = 6, period: int = 30) -> OneTimeCodes:
    text = "".join(seed.split()).replace("-", "").rstrip("=").upper()
    key = b32decode(text + "=" * (-len(text) % 8))
    if len(key) < LEAST_SEED_BYTES or not 1 <= period <= LONGEST_PERIOD_SECONDS:
        raise ValueError("too short")
    # Shorter keys than RFC 4226 asks for are in wide use, and not for us to choose.
    return OneTimeCodes(TOTP(key, digits, ALGORITHMS[algorithm], period, enforce_key_length=False), period)
