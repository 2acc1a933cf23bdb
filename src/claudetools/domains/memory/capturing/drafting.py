"""What turns become before they are stored: redacted, completed by what is known of them, distilled to items."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from claudetools.domains.memory.capturing.capture import ToolUse, TurnDraft, merge
from claudetools.domains.memory.capturing.transcripts import encodable
from claudetools.domains.memory.capturing.turn import digest16
from claudetools.domains.memory.distilling.distil import Memory, distil
from claudetools.domains.memory.writing import ItemDraft
from claudetools.kit.clock import now
from claudetools.kit.ids import derived_id
from claudetools.kit.redact import Redactor

TICKS_PER_MS = 100
"""Places in the order of items that there are for one moment."""


def group_of(turn: TurnDraft) -> str:
    """Return the prompt group of a turn; a turn without a prompt is a group of its own."""
    return turn.prompt_id or turn.key


def redacted(redactor: Redactor, draft: TurnDraft) -> TurnDraft:
    """Return a turn without secrets."""
    tool = draft.tool
    if tool is not None:
        given = {name: encodable(part) if isinstance(part, str) else part for name, part in asdict(tool).items()}
        tool = ToolUse(**cast(dict[str, Any], redactor.redact_value(given)))
        tool = replace(tool, summary=" ".join(tool.summary.split()))
    text = redactor.redact(encodable(draft.text)).text
    # A key made of the text must not be a digest of what was taken out of it.
    key = draft.key.replace(digest16(draft.text.strip()), digest16(text.strip()))
    return replace(draft, key=key, text=text, tool=tool)


def merged(drafts: Sequence[TurnDraft], known: Mapping[str, TurnDraft]) -> dict[str, TurnDraft]:
    """Return the turns of all groups concerned, by key, in the order in which they were said."""
    turns = dict(known)
    for draft in drafts:
        older = turns.get(draft.key)
        if older is not None:
            turns[draft.key] = merge(older, draft)
        elif draft.tool is None or draft.tool.name:
            turns[draft.key] = draft
    arrived = now()
    ordered = sorted(turns.values(), key=lambda turn: turn.at or arrived)
    return {turn.key: turn if turn.at else replace(turn, at=arrived) for turn in ordered}


def distilled(id: UUID, turns: Mapping[str, TurnDraft]) -> list[ItemDraft]:
    """Return the items of the groups of a transcript, without vectors."""
    groups: dict[str, list[TurnDraft]] = {}
    for turn in turns.values():
        groups.setdefault(group_of(turn), []).append(turn)
    items: list[ItemDraft] = []
    for group, members in groups.items():
        # Time orders them: only what was said at one time needs a place.
        places = Counter[datetime]()
        for memory in distil(members):
            said_at = next((turns[key].at for key in memory.turn_keys if key in turns), None) or now()
            items.append(_item(id, group, memory, said_at, places[said_at]))
            places[said_at] += 1
    return items


def _item(id: UUID, group: str, memory: Memory, said_at: datetime, place: int) -> ItemDraft:
    return ItemDraft(
        id=derived_id(id, f"item:{memory.key}"),
        kind=memory.kind,
        title=memory.title,
        text=memory.text,
        said_at=said_at,
        importance=memory.importance,
        trust=memory.trust,
        tags=memory.tags,
        tool_text=memory.tool_text,
        turn_ids=memory.turn_keys,
        position=int(said_at.timestamp() * 1000) * TICKS_PER_MS + min(place, TICKS_PER_MS - 1),
        group_key=group,
    )
