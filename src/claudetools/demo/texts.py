"""Texts with places to be filled in, such as `Firmware of «host»`, and chance that is the same for the same seed."""

import re
from collections.abc import Mapping
from random import Random

PLACE = re.compile(r"«([a-z0-9_]+)»")
SPAN = re.compile(r"(\d+)\.\.(\d+)")


def chance(seed: int, *subject: str) -> Random:
    """Return a source of chance for one subject, so that more of one thing changes nothing of another."""
    return Random("/".join((str(seed), *subject)))


def fill(text: str, facts: Mapping[str, str], *, capitals: frozenset[str] = frozenset()) -> str:
    """Return `text` with its places filled in. A fact of `capitals` at the very start gets a capital.

    Raises:
        KeyError: a place names no fact.
    """
    filled = PLACE.sub(lambda place: facts[place[1]], text)
    first = PLACE.match(text)
    return filled[:1].upper() + filled[1:] if first and first[1] in capitals else filled


def fill_all(texts: Mapping[str, str | None], facts: Mapping[str, str], *, capitals: frozenset[str]) -> dict[str, str]:
    """Return those of `texts` that are there, filled in."""
    return {name: fill(text, facts, capitals=capitals) for name, text in texts.items() if text is not None}


def pick(choice: str | list[str], by: Random) -> str:
    """Return one of the choices, or for a span such as `3..20` a number in it, both ends included."""
    if isinstance(choice, list):
        return by.choice(choice)
    span = SPAN.fullmatch(choice)
    return str(by.randint(int(span[1]), int(span[2]))) if span else choice


def serial(pattern: str, by: Random) -> str:
    """Return a number in a maker's style: # a digit, @ a letter, % a hexadecimal digit, * a letter or digit."""
    letters, digits = "ABCDEFGHJKLMNPQRSTVWXYZ", "0123456789"
    kinds = {"#": digits, "@": letters, "%": "0123456789ABCDEF", "*": letters + digits}
    return "".join(by.choice(kinds[mark]) if mark in kinds else mark for mark in pattern)
