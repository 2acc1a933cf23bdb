"""A brief as Markdown for a prompt: within a budget of tokens, the most important first, framed as data."""

import secrets
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from claudetools.domains.memory import count_tokens, render_block
from claudetools.domains.reports.brief import SECTIONS, BriefSection, ClientBrief
from claudetools.domains.reports.brief_item import BriefItem
from claudetools.kit.resource.schema import Input

T = TypeVar("T")

DEFAULT_BUDGET = 600
LEAST_BUDGET = 200
"""Room for the frame, the client's name and the number of what is left out."""
FIRST = {maker.name: maker.first for maker in SECTIONS}


class BriefQuery(Input):
    """In which form, and how long the text may be."""

    format: Literal["json", "text"] = "json"
    budget_tokens: Annotated[
        int, Field(ge=LEAST_BUDGET, le=20_000, description="What the text may cost in a prompt.")
    ] = DEFAULT_BUDGET


def brief_text(brief: ClientBrief, budget_tokens: int = DEFAULT_BUDGET) -> str:
    """Return a brief as text that costs at most `budget_tokens`, framed and neutralised like injected memory.

    Some items of every section come before the rest of any; smaller ones take the room that a large one leaves. What
    is left out is counted.
    """
    boundary = secrets.token_hex(16)
    page = _Page(brief, budget_tokens - count_tokens(render_block("", boundary)))
    for section in brief.sections:
        page.add(section, section.items[: FIRST[section.name]])
    for section in brief.sections:
        page.add(section, section.items[FIRST[section.name] :])
    return render_block(page.text(), boundary)


class _Page:
    """The items chosen so far, by section, in the order of the brief. It never exceeds its room, counted in tokens."""

    def __init__(self, brief: ClientBrief, room: int) -> None:
        self._brief = brief
        self._room = room
        self._about: list[str] = []
        self._chosen: dict[str, list[BriefItem]] = {section.name: [] for section in brief.sections}
        for fact in brief.about:
            self._take(self._about, fact)

    def add(self, section: BriefSection, items: list[BriefItem]) -> None:
        """Include what there is room for."""
        for item in items:
            self._take(self._chosen[section.name], item)

    def _take(self, lines: list[T], line: T) -> None:
        lines.append(line)
        if count_tokens(self.text()) > self._room:
            lines.pop()

    def text(self) -> str:
        lines = [f"# {self._brief.client_name}, as of {self._brief.generated_at.date()}"]
        if self._about:
            lines.append("; ".join(self._about))
        left_out, missing = 0, 0
        for section in self._brief.sections:
            chosen = self._chosen[section.name]
            rest = section.total - len(chosen)
            if chosen:
                lines += [f"## {section.heading}", *map(_line, chosen)]
                lines += [f"- and {rest} more"] if rest else []
            elif rest:
                left_out, missing = left_out + 1, missing + rest
        if left_out:
            lines.append(f"Not shown: {missing} more records of {left_out} other kinds.")
        return "\n".join(lines)


def _line(item: BriefItem) -> str:
    facts = "; ".join(item.facts)
    return f"- {item.title}: {facts}" if facts else f"- {item.title}"
