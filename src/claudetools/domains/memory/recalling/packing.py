"""Packs ranked memories into a token budget, as Markdown that can stand in a prompt.

Memories of one day, author and machine stand together under a line that names these (`2026-03-02 Anna@ws12:`), each
as one list item: `- [1a2b3c4d] text`. What found no room is pointed to under a last line of its own, `More, by id:`, as
`- [1a2b3c4d] title (2026-03-02, ~120 tokens)`. Further lines of a text are indented, so a line that starts with "- "
always starts a memory or a pointer and any other that is not indented names a source, whatever the text contains:

    page    = { source-line item+ } [ "More, by id:" pointer+ ]
    source  = date [ " " author ] [ "@" machine ] ":"
    item    = "- [" id "] " text-line { "  " text-line } [ " (of ~" tokens " tokens)" ]
    pointer = "- [" id "] " title " (" date ", ~" tokens " tokens)"

Control characters, invisible ones and the beginnings of tags are not in it (`neutral`).
"""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from claudetools.domains.memory.recalling.framing import neutral

CHARS_PER_TOKEN = 2.6
"""Measured for current Claude models; the usual 4 undercounts by a third or more."""

SHORT_ID_CHARS = 8
"""The end of an id is its random part; the beginning of a time-ordered id is shared by its neighbours."""
LABEL_CHARS = 40
MIN_FRAGMENT_CHARS = 80
FIRST_FRAGMENT_SHARE = 0.5
"""Of a budget that is too small for the best memory as a whole, so much may go to its beginning."""
DUPLICATE_SHARE = 0.6
"""A memory that adds no word to a better one is its duplicate when it has at least this share of its words."""
ELLIPSIS = " …"
MORE = "More, by id:"
MAX_POINTERS = 5
POINTER_TITLE_CHARS = 60
POINTER_CHARS = 180
"""Kept for pointers, where a prompt is given what does not all fit."""
POINTER_SHARE = 0.15

_WORD = re.compile(r"\w+(?:[.:\-/\\]\w+)*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]]*(?=\s)|(?=\n)")
_SPACE = re.compile(r"\s+")


def count_tokens(text: str) -> int:
    """The number of tokens a text will cost in a prompt, rounded up."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What packing needs to know of a memory. turn_ids are the turns its text stands for.

    before is the id of the piece before it in its conversation; joined are those of pieces whose text it includes.
    """

    id: str
    kind: str
    text: str
    at: datetime
    title: str = ""
    author: str = ""
    machine: str = ""
    score: float = 0.0
    importance: float = 0.5
    turn_ids: tuple[str, ...] = ()
    before: str | None = None
    joined: tuple[str, ...] = ()
    machine_id: str = ""
    origin: str = ""
    """Who brought it in; memories of one origin share a cap. Empty: no cap."""


@dataclass(frozen=True, slots=True)
class PackedItem:
    """A memory that was included: the part of its text that was, and what its lines cost."""

    memory: Memory
    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Packed:
    """Prompt-ready Markdown, its cost, the memories in it, and those it only points to; each best first."""

    text: str
    tokens: int
    items: list[PackedItem]
    pointers: list[Memory]


def pack(
    memories: Sequence[Memory],
    budget_tokens: int | None,
    *,
    max_chars: int | None = None,
    pointer_chars: int = 0,
    origin_share: float = 1,
    pointed: Collection[str] = (),
) -> Packed:
    """The best of these memories (given best first) that fit; nothing in the result exceeds the budget.

    Duplicates are merged. Whole memories go first, smaller ones taking the room a large one leaves; what room is then
    left is filled with beginnings of memories, cut at sentence ends. Only the very best may be cut before others get
    room. What found no room at all is pointed to, in the room that is left or in up to `pointer_chars` that are kept
    for it, unless its id is in `pointed`. The memories of one origin get at most `origin_share` of the room as long as
    any other is left without. Without a budget and max_chars everything is included.
    """
    kept = merge_duplicates(memories)
    page = _Page(room_of(budget_tokens, max_chars))
    reserved = 0 if page.holds(kept) else min(pointer_chars, page.room * POINTER_SHARE)
    page.room -= reserved
    for place, memory in _in_turn(kept, page.room * origin_share):
        if not page.add(place, memory, memory.text.strip()) and place == 0:
            page.add_beginning(place, memory, FIRST_FRAGMENT_SHARE)
    for place, memory in enumerate(kept):
        page.add_beginning(place, memory, 1)
    page.room += reserved
    items = [
        PackedItem(kept[place], text, count_tokens(_lines(kept[place], text)))
        for place, text in sorted(page.texts.items())
    ]
    left = [memory for place, memory in enumerate(kept) if place not in page.texts and memory.id not in pointed]
    pointers = page.pointed_to(left) if items else []
    groups: dict[str, list[str]] = {}
    for item in items:
        groups.setdefault(_source(item.memory), []).append(_lines(item.memory, item.text))
    if pointers:
        groups[MORE] = [_pointer(memory) for memory in pointers]
    text = neutral("\n".join(line for source, lines in groups.items() for line in (source, *lines)))
    return Packed(text, count_tokens(text), items, pointers)


def _in_turn(memories: Sequence[Memory], chars: float) -> list[tuple[int, Memory]]:
    """The memories with their places, those last that would give their origin more than so many characters."""
    used: dict[str, int] = {}
    first: list[tuple[int, Memory]] = []
    last: list[tuple[int, Memory]] = []
    for place, memory in enumerate(memories):
        taken, cost = used.get(memory.origin, 0), len(_lines(memory, memory.text.strip())) + 1
        is_over = bool(memory.origin) and taken > 0 and taken + cost > chars
        (last if is_over else first).append((place, memory))
        used[memory.origin] = taken + (0 if is_over else cost)
    return first + last


class _Page:
    """The memories chosen so far, by their place in the ranking, and the characters left for more."""

    def __init__(self, room: float) -> None:
        self.room = room
        self.texts: dict[int, str] = {}
        self._sources: set[str] = set()

    def holds(self, memories: Sequence[Memory]) -> bool:
        """Whether there is room for all of these as they are."""
        sources = {_source(memory) for memory in memories}
        return sum(len(_lines(memory, memory.text.strip())) + 1 for memory in memories) <= self.room - sum(
            len(source) + 1 for source in sources
        )

    def pointed_to(self, memories: Sequence[Memory]) -> list[Memory]:
        """Those of the memories, at most `MAX_POINTERS`, for whose pointers there is room."""
        room = self.room - len(MORE) - 1
        found: list[Memory] = []
        for memory in memories:
            cost = len(_pointer(memory)) + 1
            if cost <= room and len(found) < MAX_POINTERS:
                room -= cost
                found.append(memory)
        return found

    def add(self, place: int, memory: Memory, text: str) -> bool:
        """Includes a text if there is room for its lines and, when it is new, for the line that names its source."""
        source = _source(memory)
        cost = len(_lines(memory, text)) + 1 + (0 if source in self._sources else len(source) + 1)
        if cost > self.room:
            return False
        self.texts[place] = text
        self._sources.add(source)
        self.room -= cost
        return True

    def add_beginning(self, place: int, memory: Memory, share: float) -> None:
        """Includes the longest beginning of a memory that fits that share of the room, unless it is there already."""
        if place in self.texts or self.room < MIN_FRAGMENT_CHARS:
            return
        for text in _beginnings(memory.text.strip(), int(self.room * share)):
            if len(text) < MIN_FRAGMENT_CHARS or self.add(place, memory, text):
                return


def short_id(memory_id: str) -> str:
    """The end of an id, as shown in a prompt; enough to open the memory again within one client."""
    return memory_id[-SHORT_ID_CHARS:]


def merge_duplicates(memories: Sequence[Memory]) -> list[Memory]:
    """Drops each memory that adds no word to a better one of about its size.

    Numbers, names and negations are words: two notes that differ in one address or in a "not" are both kept. The
    better one takes over the turns of the dropped one only when its text contains that text.
    """
    kept: list[Memory] = []
    bags: list[frozenset[str]] = []
    holders: dict[str, list[int]] = {}
    for memory in memories:
        bag = frozenset(_WORD.findall(memory.text.casefold()))
        rarest = min((holders.get(word, []) for word in bag), key=len, default=list(range(len(kept))))
        same = next((at for at in rarest if bag <= bags[at] and len(bag) >= DUPLICATE_SHARE * len(bags[at])), None)
        if same is None:
            for word in bag:
                holders.setdefault(word, []).append(len(kept))
            kept.append(memory)
            bags.append(bag)
        elif _plain(memory.text) in _plain(kept[same].text):
            better = kept[same]
            turns = tuple(dict.fromkeys(better.turn_ids + memory.turn_ids))
            kept[same] = replace(better, turn_ids=turns)
    return kept


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text.casefold()).strip()


def room_of(budget_tokens: int | None, max_chars: int | None = None) -> float:
    """Characters that may be used, the line break after the last memory included."""
    room = math.inf
    if budget_tokens is not None:
        room = math.floor(max(budget_tokens, 0) * CHARS_PER_TOKEN) + 1
    return room if max_chars is None else min(room, max(max_chars, 0) + 1)


def listed_chars(memory: Memory) -> int:
    """Characters that a memory takes in a page, its line break included, without the line that names its source."""
    return len(_lines(memory, memory.text.strip())) + 1


def source_chars(memory: Memory) -> tuple[str, int]:
    """The line that names a memory's source, and the characters that it takes where it is new."""
    source = _source(memory)
    return source, len(source) + 1


def _label(text: str) -> str:
    return _SPACE.sub(" ", text).strip()[:LABEL_CHARS]


def _source(memory: Memory) -> str:
    """The line above memories of one day, author and machine."""
    who, where = _label(memory.author), _label(memory.machine)
    return " ".join(part for part in (memory.at.strftime("%Y-%m-%d"), f"{who}@{where}" if where else who) if part) + ":"


def _lines(memory: Memory, text: str) -> str:
    """The list item of a memory. The beginning of one ends with the cost of the whole."""
    whole = memory.text.strip()
    title = _heading(memory.title, text)
    cost = "" if text == whole else f" (of ~{count_tokens(whole)} tokens)"
    return f"- [{short_id(memory.id)}] {title}" + "\n  ".join(text.splitlines()) + cost


def _pointer(memory: Memory) -> str:
    """The line that names a memory without telling it."""
    title = _SPACE.sub(" ", memory.title or memory.text).strip()
    if len(title) > POINTER_TITLE_CHARS:
        title = title[: POINTER_TITLE_CHARS - 1] + "…"
    return f"- [{short_id(memory.id)}] {title} ({memory.at:%Y-%m-%d}, ~{count_tokens(memory.text)} tokens)"


def _heading(title: str, text: str) -> str:
    """The title, or its label alone ("Decision: "), or nothing: whatever the text does not say itself."""
    if _plain(text).startswith(_plain(title)):
        return ""
    said = set(_WORD.findall(text.casefold()))
    label, _, rest = title.partition(": ")
    if not said.issuperset(_WORD.findall(rest.casefold())):
        return f"{_label(title)}: "
    return "" if said.issuperset(_WORD.findall(label.casefold())) else f"{_label(label)}: "


def _beginnings(text: str, room: int) -> Iterator[str]:
    """Beginnings of a text that end with a sentence and fit the room with an ellipsis, longest first."""
    ends = [
        match.end() for match in _SENTENCE_END.finditer(text, 0, max(room, 0)) if match.end() + len(ELLIPSIS) <= room
    ]
    for end in reversed(ends):
        yield text[:end].rstrip() + ELLIPSIS
