"""Recognises what somebody still has to do."""

from __future__ import annotations

from claudetools.domains.memory.distilling.phrases import phrases
from claudetools.domains.memory.distilling.sentences import Sentence

_DONE = "tested|verified|migrated|documented|rolled out|deployed|confirmed|configured|rotated|renewed|replaced"
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_LATER = rf"(?:later|tomorrow|tonight|next|by|before|after|once|{_DAY}|week|month)"
_WHO = "(?:we|you|i|someone|somebody|they)"
_LABEL = phrases(
    r"to[- ]?dos?\b",
    r"(?:todo|task) list\b",
    r"open(?: (?:items|points|issues|tasks|questions|to-?dos))?$",
    r"(?:still open|still to do|left to do|left open)\b",
    r"next steps?\b",
    r"(?:remaining|outstanding)(?: \w+)?$",
    r"(?:follow[- ]?ups?|action items?|pending)\b",
    r"not (?:yet )?done(?: yet)?\b",
    r"what'?s (?:left|next|still open)\b",
    r"for (?:tomorrow|later|next (?:time|week|visit))\b",
    r"(?:noch )?offen(?:e(?: punkte| aufgaben| fragen)?)?$",
    r"(?:nächste schritte|noch zu tun|noch zu erledigen|aufgaben|zu erledigen)\b",
    opening=True,
)
_ANNOUNCED = phrases(
    r"(?:to[- ]?do|fixme|follow[- ]?up|still open|still to do|left to do|open item|open point|next steps?|remaining|"
    r"outstanding|action item|pending)\s*(?::|-|is to\b|are\b|is\b)\s*\S",
    opening=True,
)
_OPEN = phrases(
    r"still (?:open|pending|outstanding|to do|to be|missing|unresolved|undone)\b",
    r"still (?:needs?|has|have) to\b",
    r"still needs? (?!to\b)",
    rf"{_WHO} (?:still )?(?:need|have|has) to (?!check|look|see|find)\w+ .{{0,80}}\b{_LATER}\b",
    r"follow up (?:with|on|next|in|by)\b",
    r"(?:remember to|don'?t forget|do not forget)\b",
    r"(?:needs?|has|have) to be (?!able\b|said|careful)\w+(?:ed|en|ne|wn|lt|ut|t|d)\b",
    r"must be (?:replaced|renewed|rotated|updated|migrated|done|removed|tested|changed|scheduled)\b",
    rf"not (?:yet )?(?:been )?(?:{_DONE})\b",
    rf"ha(?:ven|sn)'?t (?:yet )?(?:been )?(?:{_DONE})\b",
    r"(?:remains?|left|yet) to be \w+",
    r"should be (?:replaced|renewed|updated|scheduled|rotated|upgraded|migrated|removed|documented|tested|monitored)\b",
    r"should be (?:decommissioned|moved)\b",
    r"(?:muss|müssen|ist|sind) noch\b",
    r"steht noch aus\b",
    r"(?:nicht vergessen|denk(?:e|t)? daran|erinner(?:e|t)? mich)\b",
    r"^(?:please )?(?:remind|ping) (?:me|us|[A-Z]\w+) (?:to|about|that|on)\b",
    rf"^(?:schedule|plan|ask|call|order|renew|remind) .{{3,80}}\b(?:{_LATER}|on {_DAY})\b",
)
_EXPLICIT = phrases(
    r"(?:remember to|don'?t forget|do not forget|remind (?:me|us))\b",
    r"still (?:open|pending|to do|needs?|has to|have to)\b",
    r"(?:follow[- ]?up|to-?do)\b",
    r"(?:later|tomorrow|next (?:week|month|visit|time))\b",
    r"not (?:yet )?(?:tested|done|migrated|verified|documented)\b",
    r"(?:muss|müssen) noch\b",
    r"(?:nicht vergessen|denk(?:e|t)? daran|erinner(?:e|t)? mich|später|morgen|nächste[nrs]? (?:woche|monat))\b",
)
_CLOSED = phrases(
    r"(?:nothing|none|all done|already|no need|needn'?t)\b",
    r"no (?:open|further|remaining|more|follow[- ]?ups?|outstanding|pending|action)\b",
    r"(?:doesn'?t|don'?t|does not|do not|didn'?t|no longer|not) (?:need|have) to\b",
    r"(?:needed|had) to be\b",
)


def is_listed_as_open(sentence: Sentence) -> bool:
    """Whether the text itself calls the sentence an open point: by a heading, an empty box or an announcement."""
    if sentence.text.endswith("?") or _CLOSED.search(sentence.text):
        return False
    return bool(sentence.is_open_box or _LABEL.match(sentence.label) or _ANNOUNCED.match(sentence.text))


def is_open_point(sentence: Sentence, *, is_user: bool) -> bool:
    """Whether the sentence tells of something left for later.

    "The VPN needs to be fixed" from a person is what is asked for now, so a person has to say it more clearly.
    """
    text = sentence.text
    if text.endswith("?") or _CLOSED.search(text) or not _OPEN.search(text):
        return False
    return not is_user or bool(_EXPLICIT.search(text))
