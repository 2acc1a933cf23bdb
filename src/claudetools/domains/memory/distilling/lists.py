"""Puts parts of a digest on one line of limited length."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from claudetools.domains.memory.distilling.errors import trimmed


def listed(parts: Sequence[str], limit: int) -> str:
    """As many of the distinct parts as fit into `limit` characters, with the number of those left out."""
    distinct = list(dict.fromkeys(part for part in parts if part))
    kept: list[str] = []
    for part in distinct:
        if kept and len("; ".join([*kept, part])) > limit:
            break
        kept.append(trimmed(part, limit))
    left = len(distinct) - len(kept)
    return "; ".join(kept) + (f" (+{left})" if left else "")


def newest_first(parts: Iterable[str], limit: int) -> str:
    """The same, beginning with the last part."""
    return listed(list(reversed(list(parts))), limit)
