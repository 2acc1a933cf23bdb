"""What a kind of secret of the work of an MSP is; `{s}` marks the secret in its phrasings."""

import random
import string

from tests.kit.redact.secret_kinds import (
    ALNUM,
    HEX,
    Make,
    chars,
)

MspKind = tuple[str, str, Make, tuple[str, ...]]
UPPER = string.ascii_uppercase
BASE64 = ALNUM + "+/"


def kind(name: str, group: str, make: Make, *phrasings: str) -> MspKind:
    """Return a kind."""
    return name, group, make, phrasings


def of(alphabet: str, *lengths: int, before: str = "") -> Make:
    """Return a maker of one of these lengths."""
    return lambda rng: before + chars(rng, alphabet, rng.choice(lengths))


def guid(rng: random.Random) -> str:
    """Return a GUID."""
    return "-".join(chars(rng, HEX, length) for length in (8, 4, 4, 4, 12))
