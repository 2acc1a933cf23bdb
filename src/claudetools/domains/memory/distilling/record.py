"""What distilling produces."""

from __future__ import annotations

from dataclasses import dataclass

USER_TRUST, ASSISTANT_TRUST, TOOL_TRUST = 3, 2, 1
TITLE_LIMIT = 90
ASKED, OUTCOME, OPEN = "Asked: ", "Outcome: ", "Open: "
CONTEXT = " (asked: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Something worth recalling, whose text can be understood alone.

    `key` is unique within the session. `importance` is 0 to 1. `trust` is 3 for what a person said, 2 for the
    model, 1 for tools and the web; a memory made from several sources has the lowest of them. `tool_text` is what it
    repeats of tools' own words.
    """

    key: str
    kind: str
    title: str
    text: str
    importance: float
    trust: int
    tags: tuple[str, ...] = ()
    turn_keys: tuple[str, ...] = ()
    tool_text: str = ""
