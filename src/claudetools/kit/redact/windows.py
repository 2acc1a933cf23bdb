"""Which stretches of a view have to be looked at again after something in it was replaced or decoded.

A long text has many places where nothing changed: looking only at the others makes its cost that of few looks, however
deep single places are escaped and however often what was replaced shows something more.
"""

from collections.abc import Iterable
from typing import NamedTuple

from claudetools.kit.redact.decode import ATOM, Span, View, part_of

LINES_BEFORE, LINES_AFTER = 3, 6
"""Lines around a change within which something else may be found because of it."""
REACH = 1024
"""Characters of those lines, at most; and of as many more around them that are read with it."""


class Window(NamedTuple):
    """A part of a view. Offsets are those of the undecoded text.

    What is found between the offsets `core` is found as in the whole. What reaches the `edges` of the part is cut off.
    """

    view: View
    core: Span
    edges: Span


def windows(view: View, changes: Iterable[Span]) -> list[Window] | None:
    """Return the parts of `view` around ascending changes; None if that is not much less than the whole."""
    text, length = view.text, len(view.text)
    parts: list[tuple[Span, Span]] = []
    total = reached = 0
    for start, end in changes:
        if end <= reached and parts and start >= parts[-1][1][0]:
            continue
        core = _before(text, start), _after(text, end)
        edges = _before(text, core[0]), _after(text, core[1])
        if parts and edges[0] <= parts[-1][0][1]:
            former = parts.pop()
            total -= former[0][1] - former[0][0]
            core, edges = (former[1][0], core[1]), (former[0][0], edges[1])
        parts.append((edges, core))
        total += edges[1] - edges[0]
        # The change next to this one needs no look as far as the same lines are around it.
        reached = text.find("\n", end, core[1])
        if total > length // 2:
            return None
    return [_window(view, core, edges) for edges, core in parts]


def replaced_places(view: View, is_new: list[bool]) -> list[Span]:
    """Return where those replaced stretches stand in a view that are new, given for all of them in their order."""
    places, at = list[Span](), -1
    for new in is_new:
        at = view.text.find(ATOM, at + 1)
        if new:
            places.append((at, at + 1))
    return places


def _before(text: str, at: int) -> int:
    first = max(0, at - REACH)
    start = at
    for _ in range(LINES_BEFORE + 1):
        start = text.rfind("\n", first, start)
        if start < 0:
            return first
    return start + 1


def _after(text: str, at: int) -> int:
    last = min(len(text), at + REACH)
    end = at - 1
    for _ in range(LINES_AFTER + 1):
        end = text.find("\n", end + 1, last)
        if end < 0:
            return last
    return end


def _window(view: View, core: Span, edges: Span) -> Window:
    at_start, at_end = edges[0] == 0, edges[1] == len(view.text)
    outer = view.original(*edges)
    inner = view.original(*core)
    return Window(
        part_of(view, *edges),
        (-1 if core[0] == 0 else inner[0], outer[1] + 1 if core[1] == len(view.text) else inner[1]),
        (-1 if at_start else outer[0], outer[1] + 1 if at_end else outer[1]),
    )
