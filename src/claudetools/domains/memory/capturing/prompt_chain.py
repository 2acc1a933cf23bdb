"""Finds out which prompt a transcript line belongs to: only the `user` lines name it, and those of old clients do not.

Where a person's prompt names none (older clients: seen with 2.1.39), the id of its line stands for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from claudetools.domains.memory.capturing.fields import flag_of, items_of, joined_text, mapping_of, name_of, text_of
from claudetools.domains.memory.capturing.machine_text import clean_prompt


def agent_of(line: Mapping[str, object]) -> str | None:
    """The subagent that a transcript line belongs to, None for the main conversation."""
    agent_id = name_of(line.get("agentId"))
    return agent_id or ("sidechain" if flag_of(line.get("isSidechain")) else None)


def prompts_of(lines: Sequence[Mapping[str, object]], prompt_id: str | None) -> list[str | None]:
    """The prompt id of each line: the one it names, else the last one named before it by the same agent.

    A run of lines may begin in the middle of a turn: a tool result that comes before any prompt names it for the
    lines before it, otherwise it is `prompt_id`. The order in the file decides, not the chain of parents, because
    a sync may leave out the bookkeeping lines that link one message to the next.
    """
    found: list[str | None] = [prompt_id] * len(lines)
    current: dict[str | None, str] = {}
    unnamed: defaultdict[str | None, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        agent_id, named = agent_of(line), named_by(line)
        if named:
            if _has_tool_result(line):
                for earlier in unnamed[agent_id]:
                    found[earlier] = named
            unnamed[agent_id].clear()
            current[agent_id] = found[index] = named
        elif agent_id in current:
            found[index] = current[agent_id]
        else:
            unnamed[agent_id].append(index)
    return found


def named_by(line: Mapping[str, object]) -> str | None:
    """The prompt that a line names, or that it is; None for a line that names none."""
    return name_of(line.get("promptId")) or (name_of(line.get("uuid")) if _is_prompt(line) else None)


def _is_prompt(line: Mapping[str, object]) -> bool:
    if text_of(line.get("type")) != "user" or flag_of(line.get("isMeta")) or flag_of(line.get("isCompactSummary")):
        return False
    content = mapping_of(line.get("message")).get("content")
    return not _has_tool_result(line) and bool(clean_prompt(joined_text(content)))


def _has_tool_result(line: Mapping[str, object]) -> bool:
    blocks = items_of(mapping_of(line.get("message")).get("content"))
    return any(isinstance(block, Mapping) and block.get("type") == "tool_result" for block in blocks)
