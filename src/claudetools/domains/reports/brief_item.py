"""A record in a few words, and what a section of a brief finds."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from claudetools.domains.reports.client_view import ClientView

MAX_ITEMS = 12
"""Of each section."""
LINE_CHARS = 160


class BriefItem(BaseModel):
    """A record in a few words. `facts` are single lines, the most telling first."""

    url: str
    title: str
    facts: list[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What a section found: its most important records, at most `MAX_ITEMS`, and how many there are in all."""

    items: list[BriefItem]
    total: int


def item(view: ClientView, path: str, id: UUID, title: str, *facts: str | None) -> BriefItem:
    """Return a record in a few words; facts that are empty are left out."""
    lines = (view.line(fact, LINE_CHARS) for fact in facts)
    return BriefItem(
        url=f"/api/{path}/{id}", title=view.line(title, LINE_CHARS), facts=[line for line in lines if line]
    )
