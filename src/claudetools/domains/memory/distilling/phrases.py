"""Builds patterns out of phrases, one a line, so that they can be read and extended."""

from __future__ import annotations

import re


def phrases(*alternatives: str, opening: bool = False) -> re.Pattern[str]:
    """A pattern for any of the phrases, at word ends and in any case; `opening`: only at the beginning of a text.

    A phrase is a regular expression; one that begins with "^" holds only at the beginning.
    """
    start = r"^" if opening else ""
    parts = (rf"{start if opening else _boundary(phrase)}(?:{phrase})" for phrase in alternatives)
    return re.compile(rf"(?:{'|'.join(parts)})", re.IGNORECASE)


def _boundary(phrase: str) -> str:
    return "" if phrase.startswith("^") else r"\b"
