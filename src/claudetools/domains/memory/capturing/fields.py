"""Reads values of the wrong type, shape or size without ever failing: what the client sends is outside our control."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

_JSON_LIMIT = 2_000_000
_UNFILLED = "${"


def text_of(value: object) -> str:
    """A string as it is; anything else is "". A placeholder that the client left unfilled ("${agent_id}") is "" too."""
    if not isinstance(value, str):
        return ""
    return "" if value.startswith(_UNFILLED) and value.endswith("}") and len(value) < 80 else value


def name_of(value: object) -> str | None:
    """An identifier: a non-empty single line of at most 64 characters, or None."""
    name = text_of(value).strip()
    return name if name and len(name) <= 64 and name.isprintable() else None


def number_of(value: object) -> int | None:
    """A count that is not negative, also when written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < 2**53 else None


def flag_of(value: object) -> bool:
    """A boolean, also when written as text."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def instant_of(value: object) -> datetime | None:
    """An RFC 3339 instant in UTC; None if it is not one."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def decoded(value: object) -> object:
    """What a JSON text stands for (hooks of type mcp_tool pass objects as text), or the value itself."""
    if not isinstance(value, str) or len(value) > _JSON_LIMIT or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        parsed: object = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return parsed


def mapping_of(value: object) -> Mapping[str, object]:
    """An object, also when written as JSON text; anything else is an empty one."""
    parsed = decoded(value)
    return parsed if isinstance(parsed, Mapping) else {}


def items_of(value: object) -> Sequence[object]:
    """A list, also when written as JSON text; anything else is an empty one."""
    parsed = decoded(value)
    return parsed if isinstance(parsed, list | tuple) else ()


def joined_text(value: object) -> str:
    """The text of a message's content: a string, or the text blocks of a list, one below the other."""
    if isinstance(value, str):
        return text_of(value)
    blocks = (mapping_of(block) for block in items_of(value) if isinstance(block, Mapping))
    return "\n".join(text_of(block.get("text")) for block in blocks if block.get("type") == "text")


def compact_json(value: object, limit: int) -> str:
    """One line of JSON cut to `limit` characters; "" if the value cannot be written as JSON."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))[:limit]
    except (ValueError, TypeError, RecursionError):
        return ""
