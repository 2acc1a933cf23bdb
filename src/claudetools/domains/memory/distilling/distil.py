"""Turns what was said and done around one prompt into memories. Pure, deterministic, without a model.

Input texts are already redacted. Running again on a longer group updates memories and adds some; a key once given
never disappears and never means something else.
"""

from __future__ import annotations

from collections.abc import Sequence

from claudetools.domains.memory.capturing.machine_text import clean
from claudetools.domains.memory.capturing.tool_use import without_colours
from claudetools.domains.memory.capturing.turn import Turn
from claudetools.domains.memory.distilling.group import PromptGroup
from claudetools.domains.memory.distilling.pieces import PIECE_LIMIT, pieces
from claudetools.domains.memory.distilling.record import Memory
from claudetools.domains.memory.distilling.session_digest import distil_session

__all__ = ["PIECE_LIMIT", "Memory", "distil", "distil_session", "from_dialogue", "pieces"]


def distil(turns: Sequence[Turn]) -> list[Memory]:
    """The memories of one prompt group: a prompt, the tools used for it and the answers to it, in order.

    Prompts of subagents are machine text and give none. A group of nothing but small talk gives none.
    """
    found: dict[str, Memory] = {}
    for memory in PromptGroup(turns).memories():
        found.setdefault(memory.key, memory)
    return list(found.values())


def from_dialogue(role: str, text: str) -> list[str]:
    """The verbatim pieces of one turn of any conversation, without text that memory itself injected.

    `role` is user, assistant, tool or a speaker's name; a tool's output loses the colours of the terminal.
    """
    return pieces(clean(without_colours(text) if role == "tool" else text))
