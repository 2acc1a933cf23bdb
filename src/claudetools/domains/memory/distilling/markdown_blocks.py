"""Takes Markdown apart into its smallest blocks, each with what it stands under: headings, lead-in, a table's head."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

_parser = MarkdownIt("commonmark").enable("table")
# Only where blocks begin and end is asked for.
_parser.core.ruler.enableOnly(["normalize", "block"])
_MARKED = re.compile(r"^\s{0,3}(?:#{1,6}\s|[-*+]\s|\d{1,3}[.)]\s|\||\*\*[^*\n]+\*\*:?\s*$)", re.MULTILINE)
_LINE_END = re.compile(r"\r\n?|\n")
_BOLD_LINE = re.compile(r"\*\*([^*\n]{2,80})\*\*:?")
_HEADING_LIMIT, _LEAD_LIMIT = 60, 160
_HEADINGS = 2
_BELOW_ALL = 7


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a text, `start` to `end` in characters. `above` is what they stand under, one line each.

    `is_opening` is true for a heading and a lead-in: they belong to what follows.
    """

    start: int
    end: int
    above: tuple[str, ...]
    is_opening: bool = False


def is_marked(text: str) -> bool:
    """Whether a text has headings, lists or tables."""
    return bool(_MARKED.search(text))


def blocks(text: str) -> list[Block]:
    """Return the blocks of a text in order: each paragraph, item of a list, row of a table and piece of code."""
    return list(_Reader(text).read())


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text)), len(text)]
        self._headings: list[tuple[int, str]] = []
        self._lead = ""

    def read(self) -> Iterator[Block]:
        tokens = _parser.parse(self._text)
        for index, token in enumerate(tokens):
            if token.level or token.map is None:
                continue
            if token.type in ("bullet_list_open", "ordered_list_open"):
                yield from self._of_children(tokens[index + 1 :], token, "list_item_open", "")
                self._lead = ""
            elif token.type == "table_open":
                first = self._line(token.map[0])
                yield self._block(token.map[0], token.map[0] + 2, is_opening=True)
                yield from self._of_children(tokens[index + 1 :], token, "tr_open", first)
                self._lead = ""
            elif token.type == "heading_open":
                yield self._heading(token, int(token.tag[1:]), self._line(token.map[0]).lstrip("# "))
            elif token.type == "paragraph_open":
                yield self._paragraph(token)
            else:
                yield self._block(*token.map)
                self._lead = ""

    def _paragraph(self, token: Token) -> Block:
        assert token.map is not None
        said = "\n".join(self._line(number) for number in range(*token.map)).strip()
        bold = _BOLD_LINE.fullmatch(said)
        if bold:
            return self._heading(token, _BELOW_ALL, bold[1])
        self._lead = ""
        block = self._block(*token.map, is_opening=said.endswith(":"))
        if said.endswith(":"):
            self._lead = said.rsplit("\n", 1)[-1][-_LEAD_LIMIT:].strip()
        return block

    def _heading(self, token: Token, level: int, title: str) -> Block:
        assert token.map is not None
        self._headings = [each for each in self._headings if each[0] < level]
        self._lead = ""
        block = self._block(*token.map, is_opening=True)
        self._headings.append((level, title.replace("**", "").strip(" :*")[:_HEADING_LIMIT]))
        return block

    def _of_children(self, tokens: Sequence[Token], whole: Token, kind: str, head: str) -> Iterator[Block]:
        """The items of a list, or the rows of a table without its head, up to the end of the whole."""
        assert whole.map is not None
        within = [each for each in _inside(tokens, whole) if each.type == kind and each.map]
        begins = [(each.map[0], each.level) for each in within if each.map]
        begins = [begin for begin in begins if not head or begin[0] > whole.map[0] + 1]
        parents: list[tuple[int, str]] = []
        # Lines that no item begins with belong to the item before them.
        for (line, level), (following, _) in zip(begins, [*begins[1:], (whole.map[1], 0)], strict=True):
            parents = [parent for parent in parents if parent[0] < level]
            yield self._block(line, following, head=head or (parents[-1][1] if parents else ""))
            parents.append((level, self._line(line)[:_LEAD_LIMIT]))

    def _block(self, first: int, after: int, *, is_opening: bool = False, head: str = "") -> Block:
        above = [title for _, title in self._headings[-_HEADINGS:]]
        path = [" > ".join(above) + ":"] if above else []
        lines = [*path, *([self._lead] if self._lead else []), *([head] if head else [])]
        return Block(self._starts[first], self._starts[after], tuple(lines), is_opening)

    def _line(self, number: int) -> str:
        return self._text[self._starts[number] : self._starts[number + 1]].strip()


def _inside(tokens: Sequence[Token], whole: Token) -> Iterator[Token]:
    for token in tokens:
        if token.level <= whole.level and token.nesting < 0:
            return
        # Items of an inner list, too: a long list of lists has no other ends.
        yield token
