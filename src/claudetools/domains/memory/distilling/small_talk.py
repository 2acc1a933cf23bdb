"""Tells what carries something from what only keeps a conversation going, and shortens the former."""

from __future__ import annotations

import re

from claudetools.domains.memory.distilling.errors import trimmed
from claudetools.domains.memory.distilling.phrases import phrases
from claudetools.domains.memory.distilling.sentences import sentences

_SMALL_WORDS = frozenset(
    """a ahead all alright and any anything awesome bye can cheers continue cool correct do done else excellent fine
    for get go good got great have hello help hey hi how i if in is it job just keep know let lets lgtm like lot lovely
    me morning much need nice no nope not now of ok okay on one perfect please proceed ready really right see so sounds
    stop super sure tell thank thanks that thats the then there this thx to too try up very wait was welcome well what
    with works wonderful worked would yeah yep yes you your youre again next evening afternoon day weekend problem happy
    glad will be whenever anytime more questions here today
    """.split()  # noqa: SIM905 - a list of a hundred quoted words is harder to read
)
_COURTESY = phrases(
    r"you'?re (?:very )?welcome\b",
    r"(?:glad|happy to|no problem|my pleasure|let me know|feel free|anything else|is there anything)\b",
    r"(?:thanks|thank you|hello|hi|hey|good (?:morning|afternoon|evening))\b",
    r"(?:great|good) (?:question|catch|point)\b",
    r"if you(?:'d| would)? (?:like|want|need|have)\b",
    r"(?:would you like|do you want|shall i|should i|want me to|how can i help)\b",
    r"(?:sorry|i apologi[sz]e|understood|got it|you'?re (?:absolutely )?right|sounds good|excellent|perfect)\b",
    r"(?:sure|of course)[,.!]",
    opening=True,
)
_LOOKING = "check|look|start|try|run|read|verify|test|search|see|inspect|begin|examine|find|review|take|have|fetch|open"
_DOING = (
    "use|get|do|go|continue|update|fix|add|create|make|write|edit|change|set|move|restart|install|apply|implement|wire"
    "|rebuild|build|remove|replace|commit|push|close|compile|configure|extract|claim"
)
_ANNOUNCEMENT = re.compile(
    r"^(?:(?:ok(?:ay)?|right|good|great|now|next|first|then|alright|perfect|so|and)[,.! ]+)*(?:"
    r"let me\b|let's (?:check|see|look|start|try|run|verify|test)\b"
    rf"|i(?:'ll| will) (?:now |first |also |then |just )?(?:{_LOOKING}|{_DOING})\b"
    r"|i(?:'m| am) (?:going to|now)\b|i (?:need|want) to\b|we need to (?:check|look|see)\b"
    r"|(?:looking (?:at|into|for)|checking|running|reading|searching|trying|testing|verifying)\b)",
    re.IGNORECASE,
)
# How a model leads to the use of a tool; from a person it is what is asked for.
_STEP = re.compile(
    rf"^(?:(?:ok(?:ay)?|right|good|great|perfect|excellent|clean compile)[,.!]* )*(?:now|next|then)[, ]+(?:also )?"
    rf"(?:{_LOOKING}|{_DOING})\b|^.{{0,160}}:$",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?", re.IGNORECASE)
_SHORT = 400


def is_small_talk(text: str, *, is_user: bool) -> bool:
    """Whether a text says nothing that anybody will look for: thanks, a go-ahead, "let me check the logs"."""
    return len(text) <= _SHORT and not substance(text, _SHORT, is_user=is_user)


def said_in_short(text: str) -> str:
    """What a model said in one short paragraph, without what it only announces; any other text as it is."""
    return text if len(text) > _SHORT or "\n" in text.strip() else substance(text, _SHORT) or text


def announces_work(text: str) -> bool:
    """Whether a sentence only says what its writer is about to do."""
    return bool(_ANNOUNCEMENT.match(text))


def substance(text: str, limit: int, *, is_user: bool = False) -> str:
    """The first sentences of a text without courtesies and announcements, at most `limit` characters."""
    found = sentences(text[: max(4 * limit, 4_000)])
    if not found:
        whole = " ".join(text.split())
        return "" if not is_user and _STEP.match(whole) else trimmed(whole, limit)
    kept: list[str] = []
    length = 0
    for sentence in found:
        if is_idle(sentence.text) or (not is_user and _STEP.match(sentence.text)):
            continue
        if kept and length + len(sentence.text) > limit:
            break
        kept.append(sentence.text)
        length += len(sentence.text) + 1
    return trimmed(" ".join(kept), limit)


def is_idle(text: str) -> bool:
    """Whether a sentence is a courtesy, a go-ahead or an announcement. One with a number in it never is."""
    if re.search(r"\d", text):
        return False
    words = {word.replace("'", "").lower() for word in _WORD.findall(text)}
    return words <= _SMALL_WORDS or bool(_COURTESY.match(text)) or announces_work(text)
