"""One digest of a whole session, out of the memories of its prompt groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from claudetools.domains.memory.distilling.errors import trimmed
from claudetools.domains.memory.distilling.lists import newest_first
from claudetools.domains.memory.distilling.record import ASKED, CONTEXT, OPEN, OUTCOME, TITLE_LIMIT, Memory

SESSION_LIMIT = 1_200
_TOLD = frozenset({"digest", "decision", "change", "failure", "todo"})


def distil_session(memories: Iterable[Memory], *, key: str = "digest:session") -> Memory | None:
    """The digest of a session from the memories of its groups, oldest first; None if there is nothing to tell.

    At most 1,200 characters: what was asked, what came of it, decisions, changes, failures with what worked
    instead, and what is open, the newest first in each line.
    """
    given = [memory for memory in memories if memory.key != key]
    digests = [memory for memory in given if memory.kind == "digest"]
    if not digests:
        return None
    asks = [ask for digest in digests if (ask := _line_of(digest, ASKED))]
    sections = (
        (ASKED, newest_first(asks, 230)),
        (OUTCOME, newest_first((_line_of(digest, OUTCOME) for digest in digests), 300)),
        ("Decided: ", newest_first(_texts(given, "decision"), 160)),
        ("Changed: ", newest_first(_texts(given, "change"), 150)),
        ("Failed: ", newest_first(_texts(given, "failure"), 170)),
        (OPEN, newest_first(_texts(given, "todo"), 130)),
    )
    return Memory(
        key=key,
        kind="digest",
        title=trimmed(f"Session: {'; '.join(asks[:2])}" if asks else "Session", TITLE_LIMIT),
        text=trimmed("\n".join(label + content for label, content in sections if content), SESSION_LIMIT),
        importance=0.6,
        trust=min(memory.trust for memory in given if memory.kind in _TOLD),
        tags=tuple(dict.fromkeys(tag for digest in digests for tag in digest.tags))[:8],
        turn_keys=tuple(dict.fromkeys(turn_key for digest in digests for turn_key in digest.turn_keys[:1])),
    )


def _line_of(digest: Memory, label: str) -> str:
    return next((line[len(label) :] for line in digest.text.splitlines() if line.startswith(label)), "")


def _texts(memories: Sequence[Memory], kind: str) -> list[str]:
    """The texts of one kind without what was asked, which the digest says once."""
    return [memory.text.split(CONTEXT, 1)[0].removeprefix("To do: ") for memory in memories if memory.kind == kind]
