"""Joins neighbouring pieces of a conversation into passages, so that what was said together is read together.

A passage costs one heading instead of one a piece, and shows an answer beside what it answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from claudetools.domains.memory.recalling.packing import Memory, listed_chars, source_chars

DIALOGUE = "turn"
"""The kind of a piece of a dialogue between named speakers; pieces of other kinds join only within one turn."""


@dataclass(slots=True)
class _Passage:
    """Pieces in the order in which they were said, each by its id, and the place of the best in the ranking."""

    place: int
    ids: list[str] = field(default_factory=list)


def passages(memories: Sequence[Memory], limit: int, room: float) -> list[Memory]:
    """Return the memories (given best first) as at most `limit` passages of about `room` characters in all.

    A memory whose neighbour is chosen joins it and takes no place of its own. When all places are taken, one that
    is a single piece away from a passage brings that piece along, if it was found as well. What found no room comes
    last and alone, for the packer to cut. The text of a passage is in the order in which it was said, its turns and
    joined pieces are named best first.
    """
    choice = _Choice(memories, limit, room)
    for place, memory in enumerate(memories):
        choice.take(place, memory)
    joined = [choice.memory_of(passage) for passage in sorted(choice.passages(), key=lambda one: one.place)]
    rest = [memory for memory in memories if memory.id not in choice]
    return joined + rest[: max(limit - len(joined), 0)]


class _Choice:
    """The pieces taken so far, grouped into passages."""

    def __init__(self, memories: Sequence[Memory], limit: int, room: float) -> None:
        self._found: Mapping[str, Memory] = {memory.id: memory for memory in memories}
        self._after = {memory.before: memory.id for memory in memories if memory.before is not None}
        self._limit, self._room = limit, room
        self._held: dict[str, _Passage] = {}
        self._count = 0
        self._sources: set[str] = set()

    def __contains__(self, memory_id: object) -> bool:
        return memory_id in self._held

    def passages(self) -> list[_Passage]:
        """Return each passage once."""
        return list({id(passage): passage for passage in self._held.values()}.values())

    def take(self, place: int, memory: Memory) -> None:
        """Include a memory if there is room for it."""
        if memory.id in self._held:
            return
        bridge = self._bridge(memory)
        if bridge is None:
            self._begin(place, memory)
            return
        cost = sum(len(piece.text) + len(piece.author) + len("\n  : ") for piece in bridge)
        if cost <= self._room:
            self._room -= cost
            for piece in bridge:
                self._join(place, piece)

    def _begin(self, place: int, memory: Memory) -> None:
        source, heading = source_chars(memory)
        cost = listed_chars(memory) + (0 if source in self._sources else heading)
        if self._count < self._limit and cost <= self._room:
            self._room -= cost
            self._sources.add(source)
            self._held[memory.id] = _Passage(place, [memory.id])
            self._count += 1

    def _bridge(self, memory: Memory) -> list[Memory] | None:
        """The pieces to add, nearest to a passage first, so that the memory joins it; None if it joins none."""
        near = self._neighbours(memory)
        if any(piece.id in self._held for piece in near):
            return [memory]
        if self._count >= self._limit:
            for piece in near:
                if any(far.id in self._held for far in self._neighbours(piece)):
                    return [piece, memory]
        return None

    def _neighbours(self, memory: Memory) -> list[Memory]:
        near = (self._found.get(memory.before or ""), self._found.get(self._after.get(memory.id, "")))
        return [piece for piece in near if piece is not None and _belong_together(piece, memory)]

    def _join(self, place: int, memory: Memory) -> None:
        """Put a piece between the passages beside it, which become one."""
        before = self._held.get(memory.before or "")
        after = self._held.get(self._after.get(memory.id, ""))
        beside = [passage for passage in (before, after) if passage is not None and self._is_beside(passage, memory)]
        ids = [*(before.ids if before in beside else ()), memory.id, *(after.ids if after in beside else ())]
        joined = _Passage(min([place, *(passage.place for passage in beside)]), ids)
        self._held.update(dict.fromkeys(ids, joined))
        self._count -= len(beside) - 1

    def _is_beside(self, passage: _Passage, memory: Memory) -> bool:
        return any(piece.id in passage.ids for piece in self._neighbours(memory))

    def memory_of(self, passage: _Passage) -> Memory:
        """Return a passage as one memory: that of its best piece, with the text and the turns of all."""
        pieces = [self._found[id] for id in passage.ids]
        by_score = sorted(pieces, key=lambda piece: -piece.score)
        best = by_score[0]
        if len(pieces) == 1:
            return best
        authors = {piece.author for piece in pieces}
        return replace(
            best,
            text=_said(pieces, names=len(authors) > 1),
            author=best.author if len(authors) == 1 else "",
            turn_ids=tuple(dict.fromkeys(turn for piece in by_score for turn in piece.turn_ids)),
            joined=tuple(piece.id for piece in by_score[1:]),
        )


def _belong_together(one: Memory, other: Memory) -> bool:
    is_dialogue = one.kind == other.kind == DIALOGUE
    return is_dialogue or (one.kind == other.kind and bool(one.turn_ids) and one.turn_ids == other.turn_ids)


def _said(pieces: Sequence[Memory], *, names: bool) -> str:
    lines: list[str] = []
    speaker = None
    above: list[str] = []
    for piece in pieces:
        said = piece.text.strip().split("\n")
        # Pieces of one list or table each begin with what it stands under.
        known = next(
            (place for place, both in enumerate(zip(said[:-1], above, strict=False)) if both[0] != both[1]), None
        )
        known = min(len(said) - 1, len(above)) if known is None else known
        text, above = "\n".join(said[known:]), said
        lines.append(f"{piece.author}: {text}" if names and piece.author != speaker else text)
        speaker = piece.author
    return "\n".join(lines)
