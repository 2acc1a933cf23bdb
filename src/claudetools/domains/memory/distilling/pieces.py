"""Cuts a text into verbatim pieces that fit the index, at the ends that a reader would choose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from claudetools.domains.memory.distilling.errors import trimmed
from claudetools.domains.memory.distilling.markdown_blocks import Block, blocks, is_marked
from claudetools.domains.memory.distilling.record import TITLE_LIMIT

PIECE_LIMIT = 900
"""Of running prose."""
MARKED_LIMIT = 400
"""Of lists and tables, which say something new in each line."""
_ABOVE_SHARE = 0.5
_SENTENCE_END = re.compile(r"[.!?:;][\"')\]]*\s")
# An end counts only in the last part of the room: a piece of a few words carries no meaning of its own.
_PARAGRAPH_FROM, _LINE_FROM, _SENTENCE_FROM = 0.35, 0.5, 0.5
_HEADED_FROM = 0.4


def pieces(text: str, limit: int = PIECE_LIMIT) -> list[str]:
    """The text in pieces of at most `limit` characters, in order; nothing but white space between them is lost.

    A piece of a text with headings, lists or tables ends with an item or a row and begins with what that stands
    under, said again if need be. Any other ends at a paragraph, else a line, else a sentence, else a word. Only a
    single word longer than the limit is cut. Raises ValueError if the limit is below 1.
    """
    if limit < 1:
        raise ValueError("the limit must be at least 1")
    return list(_pieces(text, limit))


@lru_cache(maxsize=256)
def _pieces(text: str, limit: int) -> tuple[str, ...]:
    # A prompt's turns are distilled again with each new one.
    if len(text) > MARKED_LIMIT and is_marked(text):
        return tuple(_of_blocks(text, blocks(text), min(limit, MARKED_LIMIT)))
    return tuple(_plain(text, 0, len(text), limit))


def opening(text: str) -> str:
    """The first words of a text, as they stand in it."""
    return trimmed(text.split("\n", 1)[0].strip(), TITLE_LIMIT).removesuffix("...")


def _of_blocks(text: str, found: list[Block], limit: int) -> Iterator[str]:
    begin = end = opened = 0
    above: tuple[str, ...] = ()
    for place, block in enumerate(found):
        stop = found[place + 1].start if place + 1 < len(found) else len(text)
        room = limit - len(_prefix(above, limit))
        # What only opens something goes with what it opens.
        cut = opened or end
        is_new_section = block.is_opening and not opened and end - begin > limit * _HEADED_FROM
        if cut > begin and (stop - begin > room or is_new_section):
            yield from _with(above, text, begin, cut, limit)
            begin = cut
            first = next(each for each in found if each.start >= begin or each.end > begin)
            above = first.above
        if not block.is_opening:
            opened = 0
        elif not opened:
            opened = block.start
        end = stop
    yield from _with(above, text, begin, len(text), limit)


def _with(above: tuple[str, ...], text: str, begin: int, end: int, limit: int) -> Iterator[str]:
    prefix = _prefix(above, limit)
    for piece in _plain(text, begin, end, limit - len(prefix)):
        yield f"{prefix}{piece}"


def _prefix(above: tuple[str, ...], limit: int) -> str:
    lines = list(above)
    while lines and sum(len(line) + 1 for line in lines) > limit * _ABOVE_SHARE:
        lines = lines[1:]
    return "".join(f"{line}\n" for line in lines)


def _plain(text: str, position: int, end: int, limit: int) -> Iterator[str]:
    while position < end:
        if text[position].isspace():
            position += 1
            continue
        cut = end if end - position <= limit else position + _cut(text[position : position + limit + 1], limit)
        piece = text[position:cut].rstrip()
        if piece:
            yield piece
        position = cut


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
