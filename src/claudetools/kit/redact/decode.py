"""Decoded views of a text, each able to say where in the original a stretch of it came from.

Secrets hide behind JSON escapes, colour codes, zero-width and full-width characters and line wraps. Rules read the
decoded views; what they find is mapped back so that the original form is what gets replaced.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from urllib.parse import unquote

ATOM = "\ufffc"
"""Stands in every view for a stretch that is already replaced. No rule matches across it."""

Span = tuple[int, int]
Edit = tuple[int, int, str]

_MAX_UNESCAPE = 4
# Only introducers and parameters go; whatever text a control string carries stays visible to the rules.
_INVISIBLE = re.compile(
    r"(?:\x1b|\x9b|\\x1b|\\033|\\e(?=\[))(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]|[\]PX^_\\]|[()*+][0-9A-Za-z]|[=>78cDEHMNOZ])?"
    r"|[\x00\x07\x9b\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufffc\U000e0000-\U000e0fff]"
)
_ESCAPE = re.compile(
    r"\\(?:u(?P<hex>[0-9a-fA-F]{4})|(?P<short>[\"\\/bfnrt']))"
    r"|&(?:(?P<entity>quot|amp|lt|gt|apos)|#0{0,5}(?P<decimal>3[2-9]|[4-9]\d|1[01]\d|12[0-6])"
    r"|#[xX]0{0,5}(?P<digits>[2-7][0-9a-fA-F]));"
    r"|(?:%|\\x)(?P<percent>0[9aAdD]|[2-6][0-9a-fA-F]|7[0-9a-eA-E])|(?P<octets>(?:%[c-fC-F][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){1,3})+)"
)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ENTITY = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "apos": "'"}
_WRAP = re.compile(r"(?<=[A-Za-z0-9_+/=.~$:%-]{3})[ \t]*\\?\r?\n[ \t]*(?:[>|][ \t])?(?=[A-Za-z0-9_+/=.~$:%-]{3})")
_FIXED = {
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
    "\u0130": "I",  # the only character whose lower case is longer than itself
}


class View:
    """One decoded form of a text.

    `text` is the form itself; `original(start, end)` maps a non-empty stretch of it to offsets in the undecoded text.
    """

    def __init__(self, text: str, parent: "View | None", pieces: tuple[list[int], list[int], list[int]]) -> None:
        self.text = text
        self._parent = parent
        self._starts, self._sources, self._ends = pieces

    @cached_property
    def lower(self) -> str:
        """The text in lower case, of the same length."""
        lower = self.text.lower()
        if len(lower) == len(self.text):
            return lower
        return "".join(c if len(c.lower()) != 1 else c.lower() for c in self.text)

    def original(self, start: int, end: int) -> Span:
        """Return the offsets in the undecoded text that `[start, end)` of this view came from."""
        view: View | None = self
        while view is not None:
            start, end = view._source(start)[0], view._source(end - 1)[1]
            view = view._parent
        return start, end

    def changes_from(self, former: "View") -> list[Span] | None:
        """Return the stretches that are other than in `former`; None if this view was not made from it in one step."""
        if self._parent is not former:
            return None
        found = []
        for number, start in enumerate(self._starts):
            if self._ends[number] >= 0:
                found.append((start, self._starts[number + 1]))
            elif number or self._sources[0]:
                found.append((start, start))
        return found

    def source_start(self, offset: int) -> int:
        """Return the offset in the view this one was made from."""
        return self._source(offset)[0]

    @cached_property
    def seams(self) -> list[int]:
        """Offsets in this view where something was cut out."""
        return self._starts[1:]

    def _source(self, offset: int) -> Span:
        if not self._starts:
            return offset, offset + 1
        piece = bisect_right(self._starts, offset) - 1
        source, end = self._sources[piece], self._ends[piece]
        if end >= 0:
            return source, end
        source += offset - self._starts[piece]
        return source, source + 1


def plain_view(text: str) -> View:
    """Return `text` as a view of itself."""
    return View(text, None, ([], [], []))


def part_of(view: View, start: int, end: int) -> View:
    """Return the part `[start, end)` of a view as a view of its own."""
    return View(view.text[start:end], view, ([0], [start], [-1]))


def edited(view: View, edits: Iterable[Edit]) -> View:
    """Return a view of `view` with ascending, non-overlapping edits applied; `view` itself when there are none."""
    parts: list[str] = []
    starts: list[int] = []
    sources: list[int] = []
    ends: list[int] = []
    text, at, length = view.text, 0, 0
    changed = False
    for start, end, replacement in edits:
        changed = True
        if start > at:
            starts.append(length)
            sources.append(at)
            ends.append(-1)
            parts.append(text[at:start])
            length += start - at
        if replacement:
            starts.append(length)
            sources.append(start)
            ends.append(end)
            parts.append(replacement)
            length += len(replacement)
        at = end
    if not changed:
        return view
    starts.append(length)
    sources.append(at)
    ends.append(-1)
    parts.append(text[at:])
    return View("".join(parts), view, (starts, sources, ends))


def views(text: str, masked: list[Span]) -> Iterator[View]:
    """Yield the cleaned text and then every further level of unescaping that changes something.

    `masked` are ascending, disjoint stretches that are already replaced; each appears as one `ATOM`.
    """
    view = _clean(edited(plain_view(text), _mask_edits(text, masked)))
    yield view
    for _ in range(_MAX_UNESCAPE):
        decoded = edited(view, _escape_edits(view.text))
        if decoded is view:
            return
        view = _clean(decoded)
        yield view


def joined(view: View) -> View | None:
    """Return the view with line wraps inside long runs removed, or None when there is none."""
    if "\n" not in view.text:
        return None
    result = edited(view, ((m.start(), m.end(), "") for m in _WRAP.finditer(view.text)))
    return None if result is view else result


def cleaned(text: str) -> str:
    """Return `text` as the rules see it undecoded: without what does not show, compatibility characters folded."""
    return _clean(plain_view(text)).text


def unescaped(text: str) -> str:
    """Return `text` in its fully decoded form, the one that equal secrets share."""
    view = _clean(plain_view(text))
    for _ in range(_MAX_UNESCAPE):
        decoded = edited(view, _escape_edits(view.text))
        if decoded is view:
            break
        view = _clean(decoded)
    return view.text


def _mask_edits(text: str, masked: list[Span]) -> Iterator[Edit]:
    # A character equal to ATOM in the input must not pass for a replaced stretch.
    at = 0
    for start, end in [*masked, (len(text), len(text))]:
        found = text.find(ATOM, at, start)
        while found >= 0:
            yield found, found + 1, ""
            found = text.find(ATOM, found + 1, start)
        if end > start:
            yield start, end, ATOM
        at = end


def _escape_edits(text: str) -> Iterator[Edit]:
    if "\\" not in text and "&" not in text and "%" not in text:
        return
    for match in _ESCAPE.finditer(text):
        kind = match.lastgroup
        value = match[match.lastindex or 0]
        if kind == "hex":
            character = chr(int(value, 16))
            if character == ATOM:
                character = ""
        elif kind == "short":
            character = _SHORT.get(value, value)
        elif kind == "entity":
            character = _ENTITY[value]
        elif kind == "decimal":
            character = chr(int(value))
        elif kind == "octets":
            character = unquote(value)
        else:
            character = chr(int(value, 16))
        yield match.start(), match.end(), character


def _clean(view: View) -> View:
    """Remove what does not show and fold compatibility characters."""
    text = view.text
    if not text.isascii() or "\x1b" in text or "\x00" in text or "\x07" in text or "\\" in text:
        view = edited(view, ((m.start(), m.end(), "") for m in _INVISIBLE.finditer(text) if m[0] != ATOM))
    return _folded(view)


def _folded(view: View) -> View:
    if view.text.isascii():
        return view
    table = {c: folded for c in set(view.text) if (folded := _fold(c)) != c}
    if not table:
        return view
    pattern = re.compile("[" + "".join(map(re.escape, table)) + "]")
    lookup: Callable[[str], str] = table.__getitem__
    return edited(view, ((m.start(), m.end(), lookup(m[0])) for m in pattern.finditer(view.text)))


def _fold(character: str) -> str:
    if character.isascii() or character == ATOM:
        return character
    return _FIXED.get(character) or unicodedata.normalize("NFKC", character)
