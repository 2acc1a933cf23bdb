"""The words of a statement: what names something, what is a value, and what only glues them together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from claudetools.kit.search.text import terms

ValueKind = Literal["address", "network", "range", "date", "time", "version", "number", "name"]

_TOKEN = re.compile(r"[^\W_]+(?:[._\-:/\\@+#]+[^\W_]+)*%?")
_POSSESSIVE = re.compile(r"['\u2019]s\b")
_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"
_KINDS: tuple[tuple[ValueKind, re.Pattern[str]], ...] = (
    ("range", re.compile(rf"{_ADDRESS}-(?:{_ADDRESS}|\d{{1,3}})")),
    ("network", re.compile(rf"{_ADDRESS}/\d{{1,2}}")),
    ("address", re.compile(_ADDRESS)),
    ("date", re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{4}")),
    ("time", re.compile(r"\d{1,2}:\d\d(?::\d\d)?")),
    ("version", re.compile(r"v?\d+(?:\.\d+){1,4}(?:-[a-z0-9]+)?", re.IGNORECASE)),
    ("number", re.compile(r"\d+%?")),
    ("name", re.compile(r"(?=.*[a-z])(?=.*[\d.\-]).+", re.IGNORECASE)),
)
# Words that tell nothing apart: "the Hamburg site" is Hamburg, "the firmware of fw1" is what fw1 was upgraded from.
_GENERIC = frozenset(
    """
    a an as by mr ms mrs dr address ip office site branch location host machine system server client company customer
    version release firmware build software product service currently via per runs run use uses used using host hosts
    hosted has have is are be been being was were stored documented kept located set called named lives sits connected
    """.split()  # noqa: SIM905 - a list of many quoted words is harder to read
)
_UNITS = frozenset("second minute hour day week month year gb tb mb euro dollar eur usd percent".split())  # noqa: SIM905


def tokens(text: str) -> list[str]:
    """The words, names and values of a text as they stand in it."""
    return _TOKEN.findall(_POSSESSIVE.sub("", text))


def value_kind(token: str) -> ValueKind | None:
    """What kind of value a token is: an address, a version, a name with digits; None for a plain word."""
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(token)), None)


def stem(token: str) -> str | None:
    """A token as it is compared; None for words without content."""
    if value_kind(token):
        return token.casefold()
    found = terms(token)
    return found[0] if found else None


def content(words: Iterable[str]) -> frozenset[str]:
    """The words that tell what a text is about, as they are compared."""
    return frozenset(found for word in words if (found := stem(word)))


def telling(words: frozenset[str]) -> frozenset[str]:
    """Those of some compared words that tell one thing from another; all of them if none does."""
    return words - _GENERIC_STEMS or words


def is_specific(words: frozenset[str]) -> bool:
    """Whether these words say which thing is meant: more than one of them, or a name with digits."""
    return len(words - _GENERIC_STEMS) > 1 or any(value_kind(word) == "name" for word in words)


def are_units(words: frozenset[str]) -> bool:
    """Whether all of these are units of measure."""
    return words <= _UNIT_STEMS


def is_proper(token: str) -> bool:
    """Whether a token is a name: it begins with a capital, or has a digit, dot or hyphen inside."""
    return token[:1].isupper() or value_kind(token) == "name"


_GENERIC_STEMS = content(_GENERIC)
_UNIT_STEMS = content(_UNITS)
