"""Splits prose with light Markdown into sentences, each with the label of the list or section that it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SENTENCES_READ = 250
_BULLET = re.compile(r"^\s*(?:[-*•+]|\d{1,2}[.)])\s+(\[[ xX]\]\s+)?")
_HEADING = re.compile(r"^\s*#{1,6}\s+(.*)$|^\s*\*\*([^*]{2,60})\*\*:?\s*$|^\s*__([^_]{2,60})__:?\s*$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])")
_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=\S)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|no|nr|dr|mr|mrs|ms|st|inc|ltd|co|ca|resp|incl|excl|fig|min|max|ver)|\b[A-Z]|\b\d{1,2}\.\d{1,2})\.$",
    re.IGNORECASE,
)
_LABEL_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence. `label` is the heading or lead-in above it, lower case; `previous` the sentence before it."""

    text: str
    label: str = ""
    previous: str = ""
    is_open_box: bool = False


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text in order, without code blocks, quotations, tables and finished check boxes."""
    found: list[Sentence] = []
    for block in _blocks(text):
        previous = ""
        for part in _split(_plain(" ".join(block.lines))):
            found.append(Sentence(part, block.label, previous, block.is_open_box))
            previous = part
        if len(found) >= _SENTENCES_READ:
            break
    return found


@dataclass(slots=True)
class _Block:
    """A paragraph or a list item, with the label above it."""

    label: str
    lines: list[str]
    is_open_box: bool = False


def _blocks(text: str) -> Iterator[_Block]:
    label, is_heading, in_code, is_done = "", False, False, False
    block: _Block | None = None
    for line in text.splitlines():
        stripped = line.strip()
        heading, bullet = _HEADING.match(line), _BULLET.match(line)
        fence = bool(_FENCE.match(line))
        lead_in = stripped.endswith(":") and len(stripped) <= _LABEL_LIMIT and not bullet
        starts_new = bool(fence or heading or bullet or lead_in or not stripped or stripped.startswith((">", "|")))
        if block and starts_new:
            yield block
            block = None
        in_code ^= fence
        is_done = is_done and not starts_new
        if fence or in_code or not stripped or stripped.startswith((">", "|")) or is_done:
            continue
        if heading or lead_in:
            given = next((part for part in heading.groups() if part), "") if heading else stripped
            label, is_heading = _plain(given).strip(" :").lower(), heading is not None
        elif bullet:
            box = (bullet[1] or "").strip().lower()
            is_done = box == "[x]"
            if not is_done:
                block = _Block(label, [line[bullet.end() :].strip()], box == "[ ]")
        elif block:
            block.lines.append(stripped)
        else:
            # Prose after a list is no longer part of what the lead-in announced; a heading holds on.
            label = label if is_heading else ""
            block = _Block(label, [stripped])
    if block:
        yield block


def _plain(text: str) -> str:
    """The text without Markdown emphasis and with single spaces."""
    return " ".join(_EMPHASIS.sub("", text).split())


def _split(text: str) -> list[str]:
    parts: list[str] = []
    start = 0
    for end in _END.finditer(text):
        part = text[start : end.start()]
        if not _ABBREVIATION.search(part[-8:]):
            parts.append(text[start : end.end()].strip())
            start = end.end()
    parts.append(text[start:].strip())
    return [part for part in parts if part]
