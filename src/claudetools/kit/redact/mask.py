"""Masking known secrets in a stream of bytes, however it is cut into chunks and however they are printed in it."""

import re
from collections import defaultdict
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from claudetools.kit.redact.spellings import Form, forms_of

LONGEST_GAP = 64
"""Bytes that may stand between two pieces of a secret, such as a line break with an indentation."""
LOOK_AHEAD = 3
"""Pieces of a form that are compared in one go, to find quickly where one may begin."""
MARKS = b"*~^#@=!?" + bytes(range(0x21, 0x7F)) + bytes(range(256))
MARK_LENGTH = 5


class _Open(IntEnum):
    """Whether a form may go on past the data: not; a single piece of it, with what may stand after it; more of it."""

    NOT = 0
    HARDLY = 1
    FIRMLY = 2


class _Found(NamedTuple):
    """How far forms go that begin at one place: the end of the longest, and whether one may go on past the data."""

    end: int | None
    is_open: _Open


class Mask:
    """Masks secrets in one stream: hand it the chunks by `feed`, then call `flush`.

    What is certainly no part of a secret is passed on at once; what may be the beginning of one is held back until
    more is known, at most the length of the longest form. A marker stands in place of each secret, of a character that
    no form of any secret has, so that what is left can never join to a secret.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = [form for secret in dict.fromkeys(secrets) if secret for form in forms_of(secret)]
        self.marker = _marker(forms)
        self._by_first_byte: dict[int, list[Form]] = defaultdict(list)
        for form in forms:
            for byte in {spelling[0] for spelling in form.elements[0]}:
                self._by_first_byte[byte].append(form)
        self._beginning = _beginning(forms)
        self._held = b""
        self._covered = 0
        self._passed = 0

    def feed(self, chunk: bytes) -> bytes:
        """Return what may be passed on now that `chunk` has come."""
        return self._pass_on(chunk, is_last=False)

    def flush(self) -> bytes:
        """Return the rest at the end of the stream."""
        return self._pass_on(b"", is_last=True)

    def _pass_on(self, chunk: bytes, *, is_last: bool) -> bytes:
        data, covered, passed = self._held + chunk, self._covered, self._passed
        out: list[bytes] = []
        at, kept_from = self._next(data, 0), None
        while at is not None:
            found = self._at(data, at)
            if found.is_open is _Open.FIRMLY and not is_last:
                break
            if found.is_open is _Open.HARDLY and kept_from is None:
                kept_from = at
            if found.end is not None and found.end > covered:
                if at >= covered:
                    out += (data[max(passed, covered) : at], self.marker)
                covered = found.end
            at = self._next(data, at + 1)
        until = len(data) if at is None else at
        out.append(data[max(passed, covered) : until])
        kept = min(until if kept_from is None else kept_from, until)
        self._held, self._covered, self._passed = data[kept:], max(0, covered - kept), max(0, until - kept)
        return b"".join(out)

    def _next(self, data: bytes, start: int) -> int | None:
        """Return the first place from `start` on where a form may begin."""
        found = self._beginning.search(data, start)
        return None if found is None else found.start()

    def _at(self, data: bytes, start: int) -> _Found:
        found = [_compare(form, data, start) for form in self._by_first_byte.get(data[start], ())]
        ends = (each.end for each in found if each.end is not None)
        return _Found(max(ends, default=None), max((each.is_open for each in found), default=_Open.NOT))


def _compare(form: Form, data: bytes, start: int) -> _Found:
    places, is_open = {start}, _Open.NOT
    for number, element in enumerate(form.elements):
        reached = set()
        for place in _after_gap(form.between, data, places) if number else places:
            for spelling in element:
                if data.startswith(spelling, place):
                    reached.add(place + len(spelling))
                elif len(data) - place < len(spelling) and spelling.startswith(data[place:]):
                    # What a line ends with is often a piece: the line is not held back for that.
                    is_lone = number == 1 and place == len(data) and place not in places
                    is_open = max(is_open, _Open.HARDLY if is_lone else _Open.FIRMLY)
        if not reached:
            return _Found(None, is_open)
        places = reached
    return _Found(max(places), is_open)


def _after_gap(between: frozenset[int], data: bytes, places: set[int]) -> set[int]:
    """Return the places that can be reached from these by passing over what may stand between two pieces."""
    found = set(places)
    for place in places:
        end = place
        while end < min(len(data), place + LONGEST_GAP) and data[end] in between:
            end += 1
            found.add(end)
    return found


def _beginning(forms: list[Form]) -> re.Pattern[bytes]:
    """Return a pattern for where a form may begin, if only with the last byte. It finds nothing if there are no forms.

    By the first byte, because most places are no beginning: the one comparison that this takes decides.
    """
    by_byte: dict[bytes, set[bytes]] = defaultdict(set)
    for form in forms:
        rest = _going_on(form, 1)
        for spelling in form.elements[0]:
            by_byte[spelling[:1]].add(_cut_off(spelling[1:]) + rest)
    found = (re.escape(byte) + b"(?:%b)" % b"|".join(sorted(rests)) for byte, rests in sorted(by_byte.items()))
    return re.compile(b"|".join(found) or rb"(?!)")


def _going_on(form: Form, number: int) -> bytes:
    """Return the pattern for how a form goes on with a piece, up to where it is compared in one go, or the data end."""
    if number >= min(LOOK_AHEAD, len(form.elements)):
        return b""
    between = b"".join(re.escape(bytes([byte])) for byte in sorted(form.between))
    gap = b"[%b]{0,%d}" % (between, LONGEST_GAP) if between else b""
    piece = b"|".join(map(_cut_off, form.elements[number]))
    return gap + rb"(?:\Z|(?:%b)%b)" % (piece, _going_on(form, number + 1))


def _cut_off(spelling: bytes) -> bytes:
    """Return the pattern for a spelling that may end where the data end."""
    pattern = b""
    for at in range(len(spelling) - 1, -1, -1):
        pattern = rb"(?:\Z|%b%b)" % (re.escape(spelling[at : at + 1]), pattern)
    return pattern


def _marker(forms: list[Form]) -> bytes:
    used = frozenset[int]().union(*(form.alphabet for form in forms))
    mark = next((byte for byte in MARKS if byte not in used), None)
    if mark is None:
        raise ValueError("the secrets have every byte there is: nothing is left to mask them with")
    return bytes([mark]) * MARK_LENGTH
