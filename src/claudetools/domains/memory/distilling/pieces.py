"""Cuts a text into verbatim pieces that fit the index, at the ends that a reader would choose."""

from __future__ import annotations

import re

PIECE_LIMIT = 900
_SENTENCE_END = re.compile(r"[.!?:;][\"')\]]*\s")
# An end counts only in the last part of the room: a piece of a few words carries no meaning of its own.
_PARAGRAPH_FROM, _LINE_FROM, _SENTENCE_FROM = 0.35, 0.5, 0.5


def pieces(text: str, limit: int = PIECE_LIMIT) -> list[str]:
    """The text in pieces of at most `limit` characters, in order; nothing but white space between them is lost.

    A piece ends at a paragraph, else a line, else a sentence, else a word. Only a single word longer than the
    limit is cut. Raises ValueError if the limit is below 1.
    """
    if limit < 1:
        raise ValueError("the limit must be at least 1")
    found: list[str] = []
    position, end = 0, len(text)
    while position < end:
        if text[position].isspace():
            position += 1
            continue
        cut = end if end - position <= limit else position + _cut(text[position : position + limit + 1], limit)
        found.append(text[position:cut].rstrip())
        position = cut
    return found


def _cut(window: str, limit: int) -> int:
    """Where to cut a window of `limit` characters and the one after them."""
    paragraph = window.rfind("\n\n", int(limit * _PARAGRAPH_FROM))
    if paragraph > 0:
        return paragraph
    line = window.rfind("\n", int(limit * _LINE_FROM))
    if line > 0:
        return line
    sentence = 0
    for match in _SENTENCE_END.finditer(window, int(limit * _SENTENCE_FROM)):
        sentence = match.end() - 1
    if sentence > 0:
        return sentence
    for position in range(limit, 0, -1):
        if window[position].isspace():
            return position
    return limit
